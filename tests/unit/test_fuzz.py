"""Whatever stands in a file or a reply, a reader takes it or says in one of our exceptions why not."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fuzz
import pytest
from fuzz_readers import (
    ARTIFACT,
    BASELINE,
    NAMES,
    RUN,
    SAID,
    SCALES,
    in_one_line,
    load,
    read_artifact,
    read_baseline,
    reader,
    seeds,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.execution.replay import recorded_attempt
from pytest_evalsuite.judges._reply import Unreadable, fits, read_verdict
from pytest_evalsuite.runs.artifact import run_summary
from pytest_evalsuite.runs.plan import Plan
from pytest_evalsuite.runs.reading import read_run
from pytest_evalsuite.runs.recording import Recording
from pytest_evalsuite.runs.run import CaseKey

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all examples."""
    return tmp_path_factory.mktemp("fuzz")


def in_utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.one_of(YAML.map(in_utf8), st.binary(max_size=200), VALUES.map(lambda value: in_utf8(json.dumps(value)))))
def test_yaml(folder: Path, content: bytes) -> None:
    load(folder, ".eval.yaml", content)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=6), st.lists(st.dictionaries(KEYS, VALUES, max_size=6), max_size=3))
def test_yaml_that_looks_like_a_test_set(folder: Path, head: dict[str, Any], cases: list[dict[str, Any]]) -> None:
    load(folder, ".eval.yaml", in_utf8(json.dumps({**head, "cases": cases})))


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.one_of(
        CSV.map(in_utf8), st.binary(max_size=200), CSV.map(lambda text: in_utf8(f"question,expected_response\n{text}"))
    )
)
def test_csv(folder: Path, content: bytes) -> None:
    load(folder, ".eval.csv", content)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(VALUES, max_size=4).map(lambda lines: in_utf8("\n".join(map(json.dumps, lines)))),
    )
)
def test_jsonl(folder: Path, content: bytes) -> None:
    load(folder, ".eval.jsonl", content)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all that a JSON value holds."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in places(one, (*path, key)))]


def with_change(text: str, place: int, value: Any, *, drop: bool) -> bytes:
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


CHANGES = (st.integers(0, 10_000), VALUES, st.booleans())
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


def cut(text: str, at: int) -> bytes:
    return in_utf8(text)[: at % len(text)]


@pytest.mark.parametrize(
    ("read", "text"), [(read_artifact, ARTIFACT), (read_baseline, BASELINE)], ids=["artifact", "baseline"]
)
class TestDocuments:
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(data=st.data())
    def test_with_a_value_changed(
        self, folder: Path, read: Callable[[Path, bytes], None], text: str, data: Any
    ) -> None:
        place, value, drop = (data.draw(change) for change in CHANGES)
        read(folder, with_change(text, place, value, drop=drop))

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(data=st.data())
    def test_of_any_bytes(self, folder: Path, read: Callable[[Path, bytes], None], text: str, data: Any) -> None:
        read(folder, data.draw(BYTES))
        read(folder, cut(text, data.draw(st.integers(0, len(text)))))

    @pytest.mark.parametrize("content", ODD_DOCUMENTS)
    def test_that_are_odd(self, folder: Path, read: Callable[[Path, bytes], None], text: str, content: bytes) -> None:
        read(folder, content)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(["run.json", "plan.json", "results-main.jsonl"]), st.one_of(BYTES, st.integers()), *CHANGES)
def test_a_folder_of_a_run(
    tmp_path_factory: pytest.TempPathFactory, name: str, content: Any, place: int, value: Any, drop: bool
) -> None:
    folder = tmp_path_factory.mktemp("run")
    lines = [RUN.results.line(key) for evaluation in RUN.evaluations for key in evaluation.keys]
    files = {
        "run.json": json.dumps(run_summary(RUN)),
        "plan.json": json.dumps(Plan(evaluation.plan for evaluation in RUN.evaluations).as_json()),
        "results-main.jsonl": lines[0],
    }
    written = {file: in_utf8(text) for file, text in files.items()}
    written[name] = content if isinstance(content, bytes) else with_change(files[name], place, value, drop=drop)
    for file, data in written.items():
        (folder / file).write_bytes(data)
    try:
        read_run(folder)
    except StoreError as error:
        in_one_line(error)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.one_of(BYTES, st.integers(0, 2)), *CHANGES)
def test_a_recording(
    tmp_path_factory: pytest.TempPathFactory, content: Any, place: int, value: Any, drop: bool
) -> None:
    folder = tmp_path_factory.mktemp("recorded")
    line = content if isinstance(content, bytes) else with_change(json.dumps(SAID[content]), place, value, drop=drop)
    (folder / "recording-main.jsonl").write_bytes(line + b"\n" + line)
    try:
        recording = Recording.read(folder)
    except StoreError as error:
        in_one_line(error)
        return
    answer = recording.answer(CaseKey("s", "c", "a"), "f", 1)
    attempt = recorded_attempt(answer, 1)
    assert (attempt.reply is None) != (attempt.error is None)
    recording.required("s", "a")


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
def test_a_reply_of_a_judge(reply: str) -> None:
    for scale in SCALES:
        try:
            value, reason, notes = read_verdict(reply, scale)
        except Unreadable as error:
            in_one_line(error)
        else:
            assert fits(value, scale)
            assert isinstance(reason, str)
            assert all(isinstance(note, str) for note in notes)


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_takes_what_a_fuzzer_begins_with(name: str, tmp_path: Path) -> None:
    read, given = reader(name, tmp_path), list(seeds(name, Path(__file__).parents[2]))
    assert given
    for content in given:
        read(content)


def test_make_fuzz_leaves_no_reader_out() -> None:
    assert fuzz.READERS == NAMES
