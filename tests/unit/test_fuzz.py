"""Whatever stands in a file or a reply, a reader takes it or says in one of our exceptions why not."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import fuzz
import pytest
from fuzz_readers import NAMES, reader, seeds
from hypothesis import given, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "50"))
"""A few in a test; by hand as many as one has time for."""
FIELDS = (
    *("id", "name", "question", "inputs", "expected_response", "expected", "test_method", "passing_score", "keywords"),
    *("checks", "cases", "defaults", "mode", "gate", "tags", "metadata", "mapping", "conversations", "turns", "skip"),
    *("xfail", "iterations", "timeout", "file_url", "when", "not", "method", "pattern", "threshold", "order", "agent"),
)
ODD = st.sampled_from(
    ["", "~", "no", "1e3", "017", "\ud800", "\0", "\x1b]0;x\x07", "<<", "=", "-" * 50, "9" * 5_000, "nan"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | ODD
KEYS = st.sampled_from(FIELDS) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=25
)
PIECES = st.sampled_from(
    [
        *FIELDS,
        *":-[]{},&*!|>%@`'\"#?\n\t\r ",
        "- ",
        ": ",
        "  ",
        "&a",
        "*a",
        "<<: *a",
        "!!python/object:x",
        "\ufeff",
        "---\n",
        "\x85",
    ]
)
YAML = st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join)
CSV = st.lists(
    st.sampled_from(
        ["id", "question", "expected_response", "test_method", "keywords", *",;\t\"\r\n'", "exact_match", "\0"]
    )
    | st.text(max_size=4),
    max_size=40,
).map("".join)


Read = Callable[[str, bytes], bool]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """The readers by name, each with a folder for all that it reads."""
    folder = tmp_path_factory.mktemp("fuzz")
    made = cache(lambda name: reader(name, folder))
    return lambda name, content: made(name)(content)


def in_utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.one_of(YAML.map(in_utf8), st.binary(max_size=200), VALUES.map(lambda value: in_utf8(json.dumps(value)))))
def test_yaml(read: Read, content: bytes) -> None:
    read("yaml", content)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=6), st.lists(st.dictionaries(KEYS, VALUES, max_size=6), max_size=3))
def test_yaml_that_looks_like_a_test_set(read: Read, head: dict[str, Any], cases: list[dict[str, Any]]) -> None:
    read("yaml", in_utf8(json.dumps({**head, "cases": cases})))


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.one_of(
        CSV.map(in_utf8), st.binary(max_size=200), CSV.map(lambda text: in_utf8(f"question,expected_response\n{text}"))
    )
)
def test_csv(read: Read, content: bytes) -> None:
    read("csv", content)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(VALUES, max_size=4).map(lambda lines: in_utf8("\n".join(map(json.dumps, lines)))),
    )
)
def test_jsonl(read: Read, content: bytes) -> None:
    read("jsonl", content)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all that a JSON value holds."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in places(one, (*path, key)))]


def with_change(text: str | bytes, place: int, value: Any, *, drop: bool) -> bytes:
    """A JSON document with one of its values replaced or removed."""
    document = json.loads(text)
    *steps, last = (found := places(document)[1:])[place % len(found)]
    parent = document
    for step in steps:
        parent = parent[step]
    if drop:
        del parent[last]
    else:
        parent[last] = value
    return in_utf8(json.dumps(document))


def cut(text: str, at: int) -> bytes:
    return in_utf8(text)[: at % len(text)]


BYTES = st.one_of(st.binary(max_size=200), VALUES.map(lambda value: in_utf8(json.dumps(value))))
ODD_DOCUMENTS = (
    b"",
    b"{}",
    b"[]",
    b"null",
    b"\xef\xbb\xbf{}",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"NaN",
    b'{"schema": {}}',
    b'{"evaluations":[\n]}',
    b'x"evaluations":[\n',
)
DOCUMENTS = {name: next(seeds(name)).decode() for name in ("artifact", "baseline", "info", "plan")}
LINES = {name: next(seeds(name)).decode() for name in ("journal", "recording", "spans", "log")}


@pytest.mark.parametrize("name", [*DOCUMENTS, *LINES])
class TestWhatWeWriteOurselves:
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(st.integers(0, 10_000), VALUES, st.booleans(), st.integers(0, 100))
    def test_with_a_value_changed(self, read: Read, name: str, place: int, value: Any, drop: bool, line: int) -> None:
        if name in DOCUMENTS:
            read(name, with_change(DOCUMENTS[name], place, value, drop=drop))
            return
        lines = [written.encode() for written in LINES[name].splitlines()]
        lines[line % len(lines)] = with_change(lines[line % len(lines)], place, value, drop=drop)
        read(name, b"\n".join(lines))

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(BYTES, st.integers(0, 100_000))
    def test_of_any_bytes(self, read: Read, name: str, content: bytes, at: int) -> None:
        read(name, content)
        read(name, cut(DOCUMENTS.get(name) or LINES[name], at))

    @pytest.mark.parametrize("content", ODD_DOCUMENTS)
    def test_that_is_odd(self, read: Read, name: str, content: bytes) -> None:
        read(name, content)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.one_of(BYTES, CSV.map(in_utf8)), st.integers(0, 10_000), st.text(max_size=30))
def test_a_sheet(read: Read, content: bytes, at: int, cell: str) -> None:
    read("sheet", content)
    sheet = next(seeds("sheet")).decode().split(",")
    sheet[at % len(sheet)] = cell
    read("sheet", in_utf8(",".join(sheet)))


REPLIES = st.one_of(
    st.text(max_size=200),
    VALUES.map(json.dumps),
    st.dictionaries(st.sampled_from(["passed", "score", "reason", "label", "verdicts", "value"]), VALUES).map(
        json.dumps
    ),
    st.dictionaries(st.sampled_from(["passed", "score", "reason", "label"]), VALUES).map(
        lambda v: f"```json\n{json.dumps(v)}\n```"
    ),
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(REPLIES)
def test_a_reply_of_a_judge(read: Read, reply: str) -> None:
    read("reply", in_utf8(reply))


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_takes_what_a_fuzzer_begins_with(read: Read, name: str) -> None:
    given = list(seeds(name))
    assert given
    assert all(map(partial(read, name), given))


def test_make_fuzz_leaves_no_reader_out() -> None:
    assert fuzz.READERS == NAMES
