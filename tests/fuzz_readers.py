"""Every reader of files and replies, and what a fuzzer may begin with: for the tests, and for `benchmarks/fuzz.py`."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from assessed import keep_answers, trace_of
from kept import FIRST
from records import error, passed, record, run_of

from pytest_evalsuite.agents import AgentReply, ToolCall, Usage
from pytest_evalsuite.assessments import Assessments
from pytest_evalsuite.assessments.agreement import report
from pytest_evalsuite.assessments.human import People
from pytest_evalsuite.assessments.reading import read_assessed_run
from pytest_evalsuite.assessments.sheet import import_rows, sheet_rows
from pytest_evalsuite.comparison.baseline import baseline_of, baseline_text, merge, parse_baseline, side_of_baseline
from pytest_evalsuite.comparison.compare import compare
from pytest_evalsuite.comparison.sides import side_of_artifact, side_of_run
from pytest_evalsuite.errors import AnswerMissing, AssessmentError, JudgeError, StoreError, TestSetError
from pytest_evalsuite.execution.call import Attempt
from pytest_evalsuite.execution.replay import attempt_json, recorded_attempt, stored_attempts
from pytest_evalsuite.groups.file import load_group_file
from pytest_evalsuite.judges._base import JudgeRequest, Scale, Verdict
from pytest_evalsuite.judges._recording import ReplayingJudge
from pytest_evalsuite.judges._reply import Unreadable, fits, read_verdict
from pytest_evalsuite.reporting.otlp import otlp_parts
from pytest_evalsuite.reporting.sheet import read_sheet, sheet_csv
from pytest_evalsuite.reporting.trace import trace_lines
from pytest_evalsuite.runs.artifact import artifact_parts
from pytest_evalsuite.runs.reading import read_run
from pytest_evalsuite.runs.recording import Recording
from pytest_evalsuite.runs.run import CaseKey, Run
from pytest_evalsuite.runs.traces import KeptTraces
from pytest_evalsuite.testsets import Defaults, load_test_set
from pytest_evalsuite.testsets.model import Case
from pytest_evalsuite.tracing.span import Span, Trace, Traced

__all__ = ["NAMES", "reader", "seeds"]

ROOT = Path(__file__).parents[1]
CASE = Case(id="case-0", question="why?", checks=(), line=1, position=0)
REPLY = AgentReply(
    {"so": 1},
    tool_calls=[ToolCall(name="search", arguments={"q": 1}, result="x"), ToolCall(name="ask", error="gone")],
    usage=Usage(input_tokens=3, output_tokens=4),
    cost=0.5,
    metadata={"model": "m"},
)
TRACED = Traced("0" * 32, spans=[Span("search", "tool", {"q": 1}, started_at=1.0, ended_at=1.5, span_id="2" * 16)])
TOLD = {
    "actual_response": '{"so": 1}',
    "actual_output": {"so": 1},
    "tool_calls": [{"name": "search", "arguments": {"q": 1}, "result": "x"}],
    "usage": {"input_tokens": 3, "output_tokens": 4},
    "cost": 0.5,
    "trace_id": TRACED.trace_id,
}
RECORDS = (
    passed(**TOLD, fingerprint=CASE.fingerprint, tags=["a"], history=[{"role": "user", "content": "and?"}]),
    record(
        attempts=[record(number=1, **{**TOLD, "trace_id": "3" * 32}), error(number=2)],
        statistics={"attempts": 2, "scored": 1, "passed": 0},
        confirmation={"trials": 4, "passed": 1, "errors": 0, "against": "new", "stands": True},
        human_verdict={"approval": "approved", "by": "ada", "passed_attempts": 1},
    ),
    error(),
)
RUN = run_of(("Refunds", "echo", RECORDS), ("Other", "echo", [passed()]), id=FIRST)
ARTIFACT = "".join(artifact_parts(RUN))
BASELINE = baseline_text(baseline_of(side_of_run(RUN, "this run")))
EVALUATION = ("set.eval.yaml", "echo")
KEY = CaseKey("set.eval.yaml", CASE.id, "echo")
PLACE = KEY._asdict()
ATTEMPTS = (
    Attempt(1, 10.0, 1.5, reply=REPLY, history=[{"role": "user", "content": "and?"}], trace=TRACED),
    Attempt(2, 10.0, 1.5, error=KeyError("x")),
)
VERDICT = {
    "value": [True, False],
    "reason": "",
    "judge": "j",
    "reasons": ["good", "bad"],
    "raw_reply": None,
    "usage": {"input_tokens": 1, "output_tokens": 2},
    "cost": 0.1,
    "notes": [],
}
SAID: tuple[dict[str, Any], ...] = (
    {
        "kind": "agent",
        "test_set": "set.eval.yaml",
        "agent": "echo",
        "configuration": {"a": 1},
        "required": ["question"],
    },
    {"kind": "verdict", "key": "k", "verdict": VERDICT},
    *({"kind": "answer", **PLACE, "fingerprint": CASE.fingerprint, **attempt_json(one)} for one in ATTEMPTS),
)
CALL = Span("echo", "agent", "why?", {"so": 1}, started_at=0.5, ended_at=2.0, span_id="1" * 16)
STEP = Span("search", "tool", {"q": 1}, span_id="2" * 16, parent_id=CALL.span_id)
TRACE = Trace(TRACED.trace_id, [CALL, STEP], **PLACE)
REPLIES = (
    '{"passed": true, "reason": "right"}',
    '```json\n{"score": 7, "reason": "nearly"}\n```',
    '<think>hm</think>{"label": "a", "reason": "so"}',
    '{"verdicts": [{"rule": 1, "met": false, "reason": "no"}, {"rule": 2, "met": true, "reason": "yes"}]}',
)
SCALES = [
    *(Scale(kind="passed"), Scale(kind="points"), Scale(kind="fraction")),
    *(Scale(kind="label", labels=("a", "b")), Scale(kind="rules", rules=("x", "y"))),
]


@dataclass(frozen=True)
class Reader:
    """Reads a file of this name and does with it what it is read for; gives whether there is what it is read for."""

    name: str
    use: Callable[[Path], bool]
    is_of_run: bool = False
    """Whether the file stands in the folder of a run that is kept."""


def reader(name: str, folder: Path) -> Callable[[bytes], bool]:
    """What reads bytes as if they stood in a file below ``folder``: whether they were taken, or said to be wrong."""
    one, folder = READERS[name], folder / name
    folder.mkdir()
    if name in EXAMPLES:
        for suite in ROOT.glob("example_suites*/*/"):
            shutil.copytree(suite, folder, dirs_exist_ok=True)  # what the files name beside them
    path = (kept_run(folder) if one.is_of_run else folder) / one.name

    def read(data: bytes) -> bool:
        path.write_bytes(data)
        try:
            return one.use(path)
        except TestSetError as error:
            with_places(error, path)
        except (StoreError, AssessmentError) as error:
            in_one_line(error)
        finally:
            path.unlink()
        return False

    return read


def seeds(name: str) -> Iterator[bytes]:
    """What a reader takes: the example suites, or what is written by ourselves."""
    if name in EXAMPLES:
        files = sorted(file for folder in ROOT.glob("example_suites*") for file in folder.rglob(EXAMPLES[name]))
        yield from (file.read_bytes() for file in files)
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield from (text.encode() for text in WRITTEN[name](kept_run(Path(folder))))


def kept_run(folder: Path) -> Path:
    """A run whose answers can be assessed, in a folder of its own."""
    path = folder / ".evalsuite" / "runs" / FIRST
    return path if path.is_dir() else keep_answers(folder, *RECORDS)


def in_one_line(error: Exception) -> None:
    assert "\n" not in str(error)
    assert len(str(error)) < 1_000


def with_places(error: TestSetError, path: Path) -> None:
    assert error.mistakes
    for mistake in error.mistakes:
        assert mistake.path in (path.name, str(path))
        assert mistake.line >= 1
        assert mistake.column >= 1
        assert "\n" not in str(mistake)
        str(mistake).encode("utf-8")


def use_test_set(path: Path) -> bool:
    return bool(load_test_set(path, display_path=path.name, defaults=Defaults(test_method="exact_match")).cases)


def use_group(path: Path) -> bool:
    load_group_file(path, root=path.parent, display_path=path.name)
    return True


def use_run(run: Run) -> bool:
    """Compare a run with another one, put its answers to be scored anew, and write it again."""
    compare(side_of_run(RUN, "that"), side_of_run(run, "this"))
    compare(*(side_of_run(one, "it", key="question", group="metadata", by_people=True) for one in (RUN, run)))
    for evaluation in run.evaluations:
        for one in run.records(evaluation):
            for attempt in stored_attempts(CASE, {**one, "fingerprint": CASE.fingerprint}, "r"):
                assert (attempt.reply is None) != (attempt.error is None)
    "".join(artifact_parts(run)).encode()
    return len(run.results) > 0


def use_artifact(path: Path) -> bool:
    compare(side_of_run(RUN, "that"), side_of_artifact(path, "this"))
    return use_run(read_run(path))


def use_baseline(path: Path) -> bool:
    baseline = parse_baseline(path.read_bytes(), path.name)
    compare(side_of_baseline(baseline, path.name), side_of_run(RUN, "this"))
    again = parse_baseline(baseline_text(merge(baseline, baseline)).encode(), path.name)
    assert again.cases.keys() == baseline.cases.keys()
    return bool(baseline.cases)


def use_journal(path: Path) -> bool:
    return use_run(read_run(path.parent))


def use_recording(path: Path) -> bool:
    recording = Recording.read(path.parent)
    given = [recorded_attempt(recording.answer(KEY, CASE.fingerprint, number), number) for number in (1, 2)]
    for attempt in given:
        assert (attempt.reply is None) != (attempt.error is None)
        json.dumps(attempt_json(attempt), ensure_ascii=False).encode()
    verdict = judged(ReplayingJudge("j", lambda _: recording.verdict("k"), "r"))
    return None not in (given[0].reply, verdict, recording.agent(*EVALUATION))


def judged(judge: ReplayingJudge) -> Verdict | None:
    try:
        judge.judge(JudgeRequest(purpose="quality", scale=SCALES[0], answer="so")).send(None)
    except StopIteration as ended:
        verdict: Verdict = ended.value
        return verdict
    except (AnswerMissing, JudgeError) as error:
        in_one_line(error)
    return None


def use_spans(path: Path) -> bool:
    kept = KeptTraces([path.parent])
    trace = kept.get(TRACED.trace_id)
    for attempt in stored_attempts(CASE, RECORDS[0], "r", kept.get):
        json.dumps(attempt_json(attempt), ensure_ascii=False).encode()
    if trace is None:
        return False
    "".join((*trace_lines(trace, 80), *otlp_parts([trace]))).encode()
    return True


def use_log(path: Path) -> bool:
    assessments = Assessments(path.parent)
    run, problems = read_assessed_run(path.parent)
    "".join(artifact_parts(run)).encode()
    people = People.from_text(People.read(path.parents[3]).as_text())
    for evaluation in run.evaluations:
        for one in run.records(evaluation):
            people.verdict(one, date(2026, 1, 1))
    report([assessments])
    sheet_csv(sheet_rows(assessments)).encode()
    for problem in problems:
        assert "\n" not in problem
    return bool(assessments.history()) and not problems


def use_sheet(path: Path) -> bool:
    rows, unread = read_sheet(path)
    assessments = Assessments(path.parent)
    try:
        came = import_rows(assessments, rows, str(path), author="ann", lenient=True, unread=unread)
        again = import_rows(assessments, rows, str(path), author="ann", lenient=True, unread=unread)
    finally:
        (path.parent / "assessments.jsonl").unlink(missing_ok=True)
    assert (again.created, again.updated) == (0, 0)
    if came.mistakes:
        raise TestSetError(came.mistakes)
    return came.created > 0


def use_reply(path: Path) -> bool:
    text, taken = path.read_bytes().decode("utf-8", "replace"), 0
    for scale in SCALES:
        try:
            value, reason, notes = read_verdict(text, scale)
        except Unreadable as error:
            in_one_line(error)
        else:
            assert fits(value, scale)
            assert all(isinstance(said, str) for said in (reason, *notes))
            taken += 1
    return taken > 0


def written_log(folder: Path) -> str:
    """Everything that people may say, some of it changed and deleted."""
    assessments = Assessments(folder)
    first, other = (trace_of(assessments, case) for case in (0, 2))
    said: tuple[dict[str, Any], ...] = (
        {"rating": 4, "comment": "good"},
        {"approval": "approved", "expires": "2030-01-01"},
        {"rubric": {"polite": "yes"}},
        {"metadata": {"seen": [1, None]}},
        {"overwrite": {"so": 2}},
        {"comment": "and so on"},
    )
    for one in said:
        assessments.create(first, by="ada", **one)
    changed = assessments.create(other, approval="rejected", by="bob").assessment_id
    assessments.update(changed, approval="approved", by="bob")
    assessments.delete(assessments.create(other, rating=1, by="bob").assessment_id, by="bob")
    return (folder / "assessments.jsonl").read_text(encoding="utf-8")


def written_sheet(folder: Path) -> str:
    """The sheet of those, and of answers of which nothing is said."""
    written_log(folder)
    return sheet_csv(sheet_rows(Assessments(folder)))


READERS: dict[str, Reader] = {
    "yaml": Reader("x.eval.yaml", use_test_set),
    "csv": Reader("x.eval.csv", use_test_set),
    "jsonl": Reader("x.eval.jsonl", use_test_set),
    "group": Reader("x.evalgroup.yaml", use_group),
    "artifact": Reader("run.json", use_artifact),
    "baseline": Reader("b.json", use_baseline),
    "info": Reader("run.json", use_journal, is_of_run=True),
    "plan": Reader("plan.json", use_journal, is_of_run=True),
    "journal": Reader("results-main.jsonl", use_journal, is_of_run=True),
    "recording": Reader("recording-main.jsonl", use_recording, is_of_run=True),
    "spans": Reader("spans-main.jsonl", use_spans, is_of_run=True),
    "log": Reader("assessments.jsonl", use_log, is_of_run=True),
    "sheet": Reader("sheet.csv", use_sheet, is_of_run=True),
    "reply": Reader("reply.txt", use_reply),
}
NAMES = tuple(READERS)

EXAMPLES = {"yaml": "*.eval.yaml", "csv": "*.eval.csv", "jsonl": "*.eval.jsonl", "group": "*.evalgroup.yaml"}
WRITTEN: dict[str, Callable[[Path], Iterable[str]]] = {
    "artifact": lambda _: [ARTIFACT],
    "baseline": lambda _: [BASELINE],
    "info": lambda folder: [(folder / "run.json").read_text(encoding="utf-8")],
    "plan": lambda folder: [(folder / "plan.json").read_text(encoding="utf-8")],
    "journal": lambda folder: [(folder / "results-main.jsonl").read_text(encoding="utf-8")],
    "recording": lambda _: ["\n".join(map(json.dumps, SAID))],
    "spans": lambda _: [json.dumps(TRACE.as_json())],
    "log": lambda folder: [written_log(folder)],
    "sheet": lambda folder: [written_sheet(folder)],
    "reply": lambda _: REPLIES,
}
