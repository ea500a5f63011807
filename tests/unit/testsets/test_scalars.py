from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.testsets.scalars import Plain, is_null, plain


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "yes",
        "on",
        "off",
        "y",
        "017",
        "-01",
        "1_000",
        "2024-01-01",
        "12:30",
        "12:30:45",
        "=",
        "0x1F",
        "0o17",
        ".nan",
        ".inf",
        "nan",
        "Infinity",
        "1e",
        ".",
        "-",
        "+",
        "1.2.3",
        "1,5",
        "70%",
        "TRUe",
        "nil",
        "~~",
    ],
)
def test_text_stays_text(text: str) -> None:
    assert plain(text) is text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("30", 30),
        ("-7", -7),
        ("+1", 1),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("1e3", 1000.0),
        ("1.5E-2", 0.015),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_what_may_be_more_than_text_keeps_both(text: str, value: object) -> None:
    found = plain(text)
    assert isinstance(found, Plain)
    assert found.text == text
    assert found.value() == value
    assert type(found.value()) is type(value)


@pytest.mark.parametrize("text", ["9" * 5000, "9223372036854775808", "1e999", "-1e999", "9" * 400 + ".0"])
def test_a_number_that_cannot_be_kept_is_text_or_nothing(text: str) -> None:
    found = plain(text)
    assert isinstance(found, Plain)
    assert found.text == text
    with pytest.raises(ValueError, match=r"too large|beyond 64 bits"):
        found.value()


@given(
    st.one_of(st.integers(-(2**63) + 1, 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
)
def test_every_json_number_is_read_as_itself(value: float) -> None:
    found = plain(json.dumps(value))
    assert isinstance(found, Plain)
    assert found.value() == value


def test_nothing_is_null_in_every_spelling() -> None:
    assert all(is_null(plain(text)) for text in ("", "~", "null", "Null", "NULL"))
    assert not any(is_null(plain(text)) for text in ("0", "false", "nothing"))
