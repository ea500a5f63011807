"""Every reader of files and replies, and what a fuzzer may begin with: for the tests, and for `benchmarks/fuzz.py`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from records import error, passed, record, run_of

from pytest_evalsuite.assessments.log import Log
from pytest_evalsuite.comparison.baseline import baseline_of, baseline_text, parse_baseline
from pytest_evalsuite.comparison.sides import side_of_run
from pytest_evalsuite.errors import StoreError, TestSetError
from pytest_evalsuite.groups.file import load_group_file
from pytest_evalsuite.judges._base import Scale
from pytest_evalsuite.judges._reply import Unreadable, fits, read_verdict
from pytest_evalsuite.reporting.sheet import read_sheet
from pytest_evalsuite.runs.artifact import artifact_parts, run_summary
from pytest_evalsuite.runs.plan import Plan
from pytest_evalsuite.runs.reading import read_run
from pytest_evalsuite.runs.recording import Recording
from pytest_evalsuite.runs.run import CaseKey
from pytest_evalsuite.runs.traces import read_traces
from pytest_evalsuite.testsets import Defaults, load_test_set

__all__ = [
    "ARTIFACT",
    "BASELINE",
    "NAMES",
    "RUN",
    "SAID",
    "SCALES",
    "in_one_line",
    "load",
    "read_artifact",
    "read_baseline",
    "reader",
    "seeds",
]

NUMBERS = itertools.count()
RUN = run_of(
    ("Refunds", "shop", [passed(), record(), error()]), ("Other", "shop", [passed(usage={"input_tokens": 1})])
)
ARTIFACT = "".join(artifact_parts(RUN))
BASELINE = baseline_text(baseline_of(side_of_run(RUN, "this run")))
SAID = (
    {"kind": "agent", "test_set": "s", "agent": "a", "configuration": {}, "required": ["question"]},
    {"kind": "verdict", "key": "k", "verdict": {"value": True, "reasons": [], "notes": [], "usage": None}},
    {
        "kind": "answer",
        "test_set": "s",
        "case_id": "c",
        "agent": "a",
        "fingerprint": "f",
        "number": 1,
        "actual_response": "x",
    },
)
SCALES = [
    *(Scale(kind="passed"), Scale(kind="points"), Scale(kind="fraction")),
    *(Scale(kind="label", labels=("a", "b")), Scale(kind="rules", rules=("x", "y"))),
]
LINES = [RUN.results.line(key) for evaluation in RUN.evaluations for key in evaluation.keys]
TRACE = {
    "trace_id": "0" * 32,
    "test_set": "s",
    "case_id": "c",
    "agent": "a",
    "number": 1,
    "spans": [
        {"span_id": "1" * 16, "parent_id": None, "name": "invoke_agent a", "kind": "agent", "status": "ok"},
        {"span_id": "2" * 16, "parent_id": "1" * 16, "name": "search", "kind": "tool", "input": {"q": 1}},
    ],
}
EVENT = {
    "event": "create",
    "at": "2026-11-28T12:00:00.000Z",
    "assessment": {"id": "1", "type": "rating", "key": ["s", "c", "a"], "number": 1, "rating": 3, "by": "ada"},
}
REPLIES = (
    '{"passed": true, "reason": "right"}',
    'So:\n```json\n{"score": 7, "reason": "nearly"}\n```',
    '{"label": "a", "reason": ""}',
    '{"verdicts": [{"rule": "x", "passed": false}, {"rule": "y", "passed": true}]}',
)
SHEET = "test_set,case_id,agent,number,question,answer,rating,comment\ns,c,a,1,why?,so,4,good\n"


def in_one_line(error: Exception) -> None:
    assert "\n" not in str(error)
    assert len(str(error)) < 1_000


def with_places(error: TestSetError, name: str) -> None:
    assert error.mistakes
    for mistake in error.mistakes:
        assert (mistake.path, mistake.line >= 1, mistake.column >= 1) == (name, True, True)
        assert "\n" not in str(mistake)
        str(mistake).encode("utf-8")


def load(folder: Path, name: str, content: bytes) -> None:
    """Read a test set: it is one, or its mistakes have places in it."""
    path = folder / f"{next(NUMBERS)}{name}"
    path.write_bytes(content)
    try:
        test_set = load_test_set(path, display_path=name, defaults=Defaults(test_method="exact_match"))
        assert test_set.cases
    except TestSetError as error:
        with_places(error, name)
    finally:
        path.unlink()


def read_artifact(folder: Path, content: bytes) -> None:
    path = folder / f"{next(NUMBERS)}.json"
    path.write_bytes(content)
    try:
        read_run(path)
    except StoreError as error:
        in_one_line(error)
    finally:
        path.unlink()


def read_baseline(folder: Path, content: bytes) -> None:
    try:
        parse_baseline(content, "b.json")
    except StoreError as error:
        in_one_line(error)


def reader(name: str, folder: Path) -> Callable[[bytes], None]:
    """What reads bytes as if they stood in a file of ``folder``, and lets no exception out that is one of ours."""
    return lambda data: _READERS[name](folder, data)


def seeds(name: str, root: Path) -> Iterator[bytes]:
    """What a reader takes: the example suites below ``root``, and what is written by ourselves."""
    patterns = {"yaml": "*.eval.yaml", "csv": "*.eval.csv", "jsonl": "*.eval.jsonl", "group": "*.evalgroup.yaml"}
    if name in patterns:
        files = sorted(file for folder in root.glob("example_suites*") for file in folder.rglob(patterns[name]))
        yield from (file.read_bytes() for file in files)
        return
    written = {
        "artifact": [ARTIFACT],
        "baseline": [BASELINE],
        "journal": ["\n".join(LINES)],
        "recording": ["\n".join(map(json.dumps, SAID))],
        "spans": [json.dumps(TRACE)],
        "log": [json.dumps(EVENT)],
        "sheet": [SHEET],
        "reply": REPLIES,
    }
    yield from (text.encode() for text in written[name])


def _group(folder: Path, data: bytes) -> None:
    path = folder / "x.evalgroup.yaml"
    path.write_bytes(data)
    try:
        load_group_file(path, root=folder, display_path=path.name)
    except TestSetError as error:
        with_places(error, path.name)


def _journal(folder: Path, data: bytes) -> None:
    (folder / "run.json").write_text(json.dumps(run_summary(RUN)), encoding="utf-8")
    plan = Plan(evaluation.plan for evaluation in RUN.evaluations)
    (folder / "plan.json").write_text(json.dumps(plan.as_json()), encoding="utf-8")
    (folder / "results-main.jsonl").write_bytes(data)
    read_run(folder)


def _recording(folder: Path, data: bytes) -> None:
    (folder / "recording-main.jsonl").write_bytes(data)
    try:
        recording = Recording.read(folder)
    except StoreError as error:
        in_one_line(error)
        return
    recording.answer(CaseKey("s", "c", "a"), "f", 1)
    recording.required("s", "a")


def _spans(folder: Path, data: bytes) -> None:
    (folder / "spans.jsonl").write_bytes(data)
    try:
        read_traces(folder).get(str(TRACE["trace_id"]))
    except StoreError as error:
        in_one_line(error)


def _log(folder: Path, data: bytes) -> None:
    path = folder / "assessments.jsonl"
    path.write_bytes(data)
    try:
        Log(path).read()
    except StoreError as error:
        in_one_line(error)


def _sheet(folder: Path, data: bytes) -> None:
    path = folder / "sheet.csv"
    path.write_bytes(data)
    try:
        read_sheet(path)
    except TestSetError as error:
        with_places(error, str(path))


def _reply(_: Path, data: bytes) -> None:
    for scale in SCALES:
        try:
            value, _reason, _notes = read_verdict(data.decode("utf-8", "replace"), scale)
        except Unreadable as error:
            in_one_line(error)
        else:
            assert fits(value, scale)


_READERS: dict[str, Callable[[Path, bytes], None]] = {
    "yaml": lambda folder, data: load(folder, ".eval.yaml", data),
    "csv": lambda folder, data: load(folder, ".eval.csv", data),
    "jsonl": lambda folder, data: load(folder, ".eval.jsonl", data),
    "group": _group,
    "artifact": read_artifact,
    "baseline": read_baseline,
    "journal": _journal,
    "recording": _recording,
    "spans": _spans,
    "log": _log,
    "sheet": _sheet,
    "reply": _reply,
}
NAMES = tuple(_READERS)
