from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.runs.encoding import decode, encode

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def strictly(text: str) -> Any:
    """Parsed by a parser that knows no NaN and no lone surrogate."""
    value = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError


@given(JSON.filter(lambda value: "\ud800" not in repr(value)))
def test_json_values_come_back_as_they_were(value: Any) -> None:
    text = encode({"value": value})
    assert "\n" not in text
    assert decode(text) == strictly(text) == {"value": value}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        ("a\ud800b", "a\ufffdb"),
        ({"a\udfff": 1}, {"a\ufffd": 1}),
        ((1, 2), [1, 2]),
        ({1: "one"}, {"1": "one"}),
        (b"\xff", r"b'\xff'"),
        (Decimal("1.5"), "1.5"),
        (2**70, 2**70),
        (Broken(), "<Broken: repr() raised RuntimeError>"),
        ([Broken(), "\ud800"], ["<Broken: repr() raised RuntimeError>", "\ufffd"]),
    ],
)
def test_whatever_a_method_leaves_as_evidence_becomes_json(value: Any, kept: Any) -> None:
    assert strictly(encode({"value": value})) == {"value": kept}


def test_where_an_object_lies_in_memory_is_left_out() -> None:
    assert strictly(encode({"value": object()})) == {"value": "<object object at 0x...>"}


@pytest.mark.parametrize("depth", [50, 199, 200, 250, 300, 900])
def test_what_was_written_can_be_read_however_deep_it_is(depth: int) -> None:
    assert decode(encode({"value": nested(depth)}))["value"][0][0]


def test_a_character_of_two_halves_is_one() -> None:
    assert decode("[" * 300 + '"\\ud83d\\ude00"' + "]" * 300)
    assert decode('"\\ud83d\\ude00"') == "\U0001f600"


def test_a_value_that_holds_itself_ends_somewhere() -> None:
    endless: list[Any] = []
    endless.append(endless)
    strictly(encode({"value": endless}))


@pytest.mark.parametrize(
    "text",
    ["", "{", "NaN", '{"a": Infinity}', b"\xff", "[1] 2", '["\\ud800"]', '{"\\udc00": 1}', '"\udc80"', "[" * 100_000],
)
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - two parsers have two messages
        decode(text)
