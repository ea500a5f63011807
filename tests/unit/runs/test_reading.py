from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from records import error, passed, record, run_of

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs import reading
from pytest_evalsuite.runs.artifact import artifact_parts, run_summary, write_artifact
from pytest_evalsuite.runs.encoding import encode
from pytest_evalsuite.runs.plan import Plan
from pytest_evalsuite.runs.reading import artifact_results, is_alive, read_info, read_results, read_run
from pytest_evalsuite.runs.run import Run
from pytest_evalsuite.runs.store import RunDirectory

GONE = 2**22 + 1
"""No process has this id: it is beyond what Linux gives out."""


def a_run(**info: Any) -> Run:
    """A run of two test sets, one with a question that looks like the file's own lines, and an empty one."""
    odd = passed(question='"evaluations":[\n]}\n"results":[', actual_response="\u2028 \u00fc \x1b[31m")
    return run_of(("one", "echo", [record(), odd, error()]), ("two", "echo", [passed()]), ("none", "echo", []), **info)


def document(run: Run) -> dict[str, Any]:
    content: dict[str, Any] = json.loads("".join(artifact_parts(run)))
    return content


def written(run: Run, path: Path) -> Path:
    write_artifact(run, path)
    return path


def records_of(run: Run) -> list[dict[str, Any]]:
    return [one for evaluation in run.evaluations for one in run.records(evaluation)]


def folder_of(root: Path, run: Run, *, ended: bool = True, **info: Any) -> Path:
    """The folder that such a run leaves."""
    directory = RunDirectory.create(root)
    plan = Plan(evaluation.plan for evaluation in run.evaluations)
    directory.write_plan(plan.as_json())
    journal = directory.journal("main")
    for one in records_of(run):
        journal.append(encode(one))
    journal.close()
    directory.write_run({**(run_summary(run) if ended else run.info), **info})
    return directory.path


# Artifacts


def test_an_artifact_reads_back_as_the_run_that_it_was_written_from(tmp_path: Path) -> None:
    run = a_run()
    back = read_run(written(run, tmp_path / "run.json"))
    assert records_of(back) == records_of(run)
    assert document(back) == document(run)


def laid_out(*, indent: int | None, sort_keys: bool) -> Callable[[bytes], bytes]:
    return lambda text: json.dumps(json.loads(text), indent=indent, sort_keys=sort_keys).encode()


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(laid_out(indent=2, sort_keys=False), id="as jq lays it out"),
        pytest.param(laid_out(indent=None, sort_keys=False), id="on one line"),
        pytest.param(laid_out(indent=4, sort_keys=True), id="sorted"),
        pytest.param(lambda text: b"\xef\xbb\xbf" + text, id="with a byte order mark"),
        pytest.param(lambda text: b"\xef\xbb\xbf" + laid_out(indent=2, sort_keys=True)(text), id="both"),
        pytest.param(lambda text: text.replace(b"\n", b"\r\n"), id="with line ends of Windows"),
        pytest.param(lambda text: text + b"\n\n", id="with empty lines at its end"),
    ],
)
def test_an_artifact_that_something_has_laid_out_anew_says_the_same(
    again: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    run = a_run()
    path = written(run, tmp_path / "run.json")
    path.write_bytes(again(path.read_bytes()))
    assert document(read_run(path)) == document(run)


def test_an_artifact_that_is_cut_off_after_any_line_is_refused(tmp_path: Path) -> None:
    lines = written(a_run(), tmp_path / "run.json").read_bytes().splitlines(keepends=True)
    cut = tmp_path / "cut.json"
    for number in range(len(lines)):
        cut.write_bytes(b"".join(lines[:number]))
        with pytest.raises(StoreError, match=r"cut\.json"):
            read_run(cut)
    cut.write_bytes(b"".join(lines))
    read_run(cut)


def test_an_artifact_that_is_cut_off_within_any_line_is_refused(tmp_path: Path) -> None:
    lines = written(a_run(), tmp_path / "run.json").read_bytes().splitlines(keepends=True)
    cut = tmp_path / "cut.json"
    for number, line in enumerate(lines):
        cut.write_bytes(b"".join(lines[:number]) + line[: len(line) // 2])
        with pytest.raises(StoreError, match=r"cut\.json"):
            read_run(cut)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no JSON"),
        (b"\n\n", "no JSON"),
        (b"[]", "this is no artifact of a run"),
        (b"{}", "this is no artifact of a run"),
        (b"null", "this is no artifact of a run"),
        (b'{"schema": []}', "this is no artifact of a run"),
        (b'{"schema": {"name": "pytest-evalsuite/baseline", "version": "1.0"}}', "this is no artifact of a run"),
        (b"\xff\xfe{\0}\0", "no (JSON|artifact)"),
        (b'{"a": NaN}', "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b"PK\x03\x04", "no JSON"),
    ],
)
def test_what_is_no_artifact_is_refused_in_one_line(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=message) as refused:
        read_run(path)
    assert str(refused.value).startswith(f"{path}:")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("version", "read"), [("1.0", True), ("1.7", True), ("2.0", False), (3, False), (None, False)]
)
def test_a_newer_minor_version_is_read_and_a_newer_major_version_is_not(
    version: Any, read: bool, tmp_path: Path
) -> None:
    content = document(a_run())
    content["schema"]["version"] = version
    content["new"] = content["evaluations"][0]["new"] = content["evaluations"][1]["results"][0]["new"] = {"a": 1}
    path = tmp_path / "run.json"
    path.write_text(json.dumps(content))
    if read:
        assert len(records_of(read_run(path))) == 4
    else:
        with pytest.raises(StoreError, match=r"an artifact of version .*; this version of .* reads 1\.x"):
            read_run(path)


def damaged(change: Callable[[dict[str, Any]], object]) -> str:
    content = document(a_run())
    change(content)
    return json.dumps(content)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.pop("run"), "does not say which run it is of"),
        (lambda content: content["run"].pop("id"), "does not say which run it is of"),
        (lambda content: content.update(run=[]), "does not say which run it is of"),
        (lambda content: content.pop("evaluations"), "the artifact has no evaluations"),
        (lambda content: content.update(evaluations={}), "the artifact has no evaluations"),
        (lambda content: content.update(evaluations=[5]), "an evaluation is not as an artifact has it"),
        (lambda content: content["evaluations"][0].pop("agent"), "an evaluation is not as an artifact has it"),
        (lambda content: content["evaluations"][1].update(name=None), "an evaluation is not as an artifact has it"),
        (
            lambda content: content["evaluations"][1].update(collected=None),
            "an evaluation is not as an artifact has it",
        ),
        (lambda content: content["evaluations"][1].update(gate=[]), "an evaluation is not as an artifact has it"),
        (
            lambda content: content["evaluations"][1].update(cases_in_test_set="2"),
            "an evaluation is not as an artifact has it",
        ),
        (lambda content: content["evaluations"][1].update(results="abc"), "a result of one.eval.yaml is not as"),
        (lambda content: content["evaluations"][1].update(results=None), "a result of one.eval.yaml is not as"),
        (lambda content: content["evaluations"][1].pop("results"), "a result of one.eval.yaml is not as"),
        (lambda content: content["evaluations"][1]["results"].append([]), "a result of one.eval.yaml is not as"),
    ],
)
def test_an_artifact_that_has_lost_a_part_is_refused(
    change: Callable[[dict[str, Any]], object], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "run.json"
    path.write_text(damaged(change))
    with pytest.raises(StoreError, match=message):
        read_run(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "great"},
        {"status": ["passed"]},
        {"status": ...},
        {"score": 11},
        {"score": -0.1},
        {"score": "0.5"},
        {"score": [1]},
        {"fingerprint": ...},
        {"fingerprint": 5},
        {"case_id": None},
        {"test_set": "other.eval.yaml"},
        {"agent": "somebody"},
        {"position": ...},
        {"position": "0"},
        {"line": None},
        {"usage": "many"},
        {"usage": {"input_tokens": "many"}},
        {"cost": "much"},
        {"execution_time_ms": "long"},
        {"execution_time_ms": 10**400},
        {"checks": 5},
        {"checks": [{"judge": 5}]},
        {"usage": []},
        {"statistics": {"passed": 1}},
        {"statistics": {"passed": 1, "scored": "2"}},
        {"statistics": {"passed": -1, "scored": 2}},
        {"statistics": {"passed": 3, "scored": 2}},
        {"statistics": {"passed": 1, "scored": 10**30}},
        {"statistics": {"passed": 1, "scored": 2}, "human_verdict": {"approval": "approved", "passed_attempts": 3}},
        {"confirmation": {"passed": 1}},
        {"confirmation": {"passed": True, "trials": 1}},
        {"cause": {"kind": "agent"}},
        {"cause": "it broke"},
        {"trace_id": 5},
        {"metadata": ["a"]},
        {"attempts": {"number": 1}},
        {"attempts": [{"trace_id": 5}]},
        {"attempts": ["x"]},
        {"attempts": [{"usage": {"input_tokens": "many"}}]},
        {"attempts": [{"execution_time_ms": "long"}]},
    ],
)
def test_a_result_of_another_form_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        results = content["evaluations"][1]["results"]
        results[0] = {key: value for key, value in {**results[0], **changes}.items() if value is not ...}

    path = tmp_path / "run.json"
    path.write_text(damaged(change))
    with pytest.raises(StoreError, match=r"run\.json: a result of one\.eval\.yaml is not as an artifact has it"):
        read_run(path)


def test_a_case_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(
        damaged(lambda content: content["evaluations"][1].update(results=[record(test_set="one.eval.yaml")] * 2))
    )
    with pytest.raises(StoreError, match=r"case 'a' of one\.eval\.yaml is there twice"):
        read_run(path)


def test_something_behind_the_end_is_refused(tmp_path: Path) -> None:
    path = written(a_run(), tmp_path / "run.json")
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(StoreError, match="something stands behind the end of the artifact"):
        read_run(path)


def test_a_line_between_results_is_named(tmp_path: Path) -> None:
    path = written(a_run(), tmp_path / "run.json")
    first, *others = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b"<<<<<<< HEAD\n" + b"".join(others))
    with pytest.raises(StoreError, match=r"run\.json:2: expected a result, or the end of the results"):
        read_run(path)


def test_any_line_that_is_missing_is_missed_or_its_result_is(tmp_path: Path) -> None:
    lines = written(a_run(), tmp_path / "run.json").read_bytes().splitlines(keepends=True)
    path = tmp_path / "less.json"
    for number in range(len(lines)):
        path.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))
        if b'"case_id"' in lines[number]:
            assert len(records_of(read_run(path))) == 3
        else:
            with pytest.raises(StoreError):
                read_run(path)


def test_the_head_is_there_before_any_result_is_read(tmp_path: Path) -> None:
    path = written(a_run(name="nightly"), tmp_path / "run.json")
    path.write_bytes(path.read_bytes().partition(b"\n")[0] + b"\nbroken\n")
    head, results = artifact_results(path)
    assert head["run"]["name"] == "nightly"
    with pytest.raises(StoreError, match="expected a result"):
        next(results)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot read .*none\.json: No such file or directory"):
        read_run(tmp_path / "none.json")


def test_verdicts_on_a_run_come_with_it(tmp_path: Path) -> None:
    run = a_run()
    run.verdicts = {"gate": {"passed": False}}
    assert read_run(written(run, tmp_path / "run.json")).verdicts == run.verdicts
    assert read_run(folder_of(tmp_path, run)).verdicts == run.verdicts


# Folders


def test_a_folder_reads_back_as_the_run_that_left_it(tmp_path: Path) -> None:
    run = a_run()
    assert document(read_run(folder_of(tmp_path, run))) == document(run)


def test_a_case_without_a_result_says_why(tmp_path: Path) -> None:
    run = a_run()
    for status, process, reason in [
        ("running", os.getpid(), "the run has not come to it yet"),
        ("running", GONE, "its process ended without a word"),
        ("cancelled", GONE, "interrupted"),
    ]:
        message = "interrupted" if status == "cancelled" else None
        path = folder_of(tmp_path, run, ended=False, status=status, process=process, error_message=message)
        (path / "results-main.jsonl").unlink()
        first = records_of(read_run(path))[0]
        assert (first["status"], first["cause"]) == ("not_run", {"kind": "stopped", "message": reason})


def test_a_run_whose_process_is_gone_was_interrupted(tmp_path: Path) -> None:
    path = folder_of(tmp_path, a_run(), ended=False, status="running", process=os.getpid())
    assert read_info(path)["status"] == "running"
    path = folder_of(tmp_path, a_run(), ended=False, status="running", process=GONE)
    assert read_info(path)["status"] == "interrupted"
    assert json.loads((path / "run.json").read_text())["status"] == "running"


def test_a_process_that_ends_well_while_it_is_looked_at_was_not_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder_of(tmp_path, a_run(), ended=False, status="running", process=GONE)

    def ends_now(info: Any) -> bool:
        RunDirectory(path).write_run(run_summary(a_run()))
        return False

    monkeypatch.setattr(reading, "is_alive", ends_now)
    assert read_info(path)["status"] == "succeeded"


def test_a_process_is_alive_until_it_has_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_alive({"process": child.pid})
    child.communicate(b"\n")
    assert not is_alive({"process": child.pid})


@pytest.mark.parametrize(
    ("info", "alive"),
    [
        ({"process": os.getpid()}, True),
        ({"process": 1}, True),  # another user's, or ours
        ({"process": GONE, "host": "some-other-machine"}, True),
        ({"process": GONE}, False),
        ({"process": 10**30}, False),
        ({"process": 0}, False),
        ({"process": -1}, False),
        ({"process": "1"}, False),
        ({}, False),
    ],
)
def test_who_is_alive(info: dict[str, Any], alive: bool) -> None:
    assert is_alive(info) is alive


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "holds no run: No such file or directory"),
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "no JSON"),
        (b"[]", "no description of a run"),
        (b"{}", "no description of a run"),
        (b'{"status": 5}', "no description of a run"),
    ],
)
def test_a_folder_that_describes_no_run_is_refused(content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(StoreError, match=message):
        read_run(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"evaluations": [{}]}', b'{"evaluations": 5}', b"[" * 100_000]
)
def test_a_plan_that_is_none_is_refused(content: bytes, tmp_path: Path) -> None:
    path = folder_of(tmp_path, a_run())
    (path / "plan.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"plan\.json: no plan of a run"):
        read_run(path)


# Journals


def journal_lines(path: Path) -> Iterator[bytes]:
    yield from (path / "results-main.jsonl").read_bytes().splitlines(keepends=True)


def test_a_line_that_is_torn_at_any_byte_costs_no_other(tmp_path: Path) -> None:
    path = folder_of(tmp_path, run_of(("set", "echo", [passed(actual_response="\u00fc \u65e5"), passed()])))
    first, second = journal_lines(path)
    journal = path / "results-main.jsonl"
    for length in range(len(second)):
        journal.write_bytes(first + second[:length])
        results = read_results(path)
        whole = length >= len(second) - 1  # all but its line break
        assert (len(results), results.broken) == (2 if whole else 1, 0 if whole or not length else 1)


def test_a_torn_line_in_the_middle_costs_no_other(tmp_path: Path) -> None:
    path = folder_of(tmp_path, run_of(("set", "echo", [passed(), passed(), passed()])))
    first, second, third = journal_lines(path)
    (path / "results-main.jsonl").write_bytes(first + second[:50] + b"\n" + third)
    assert [key.case_id for key in read_results(path).keys()] == ["case-0", "case-2"]  # noqa: SIM118


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b"5", b"null", b"\xff\xfe", b"\0" * 100, b"[" * 100_000, b'{"status": "passed"}']
)
def test_a_line_that_is_no_result_is_counted_and_passed_over(line: bytes, tmp_path: Path) -> None:
    path = folder_of(tmp_path, run_of(("set", "echo", [passed()])))
    with (path / "results-main.jsonl").open("ab") as journal:
        journal.write(line + b"\n")
    results = read_results(path)
    assert (len(results), results.broken) == (1, 1)
    assert read_run(path).results.broken == 1


def test_a_result_of_the_process_that_reports_counts_more_than_a_worker_s(tmp_path: Path) -> None:
    path = folder_of(tmp_path, run_of(("set", "echo", [passed()])))
    (line,) = journal_lines(path)
    crashed = json.loads(line) | {"status": "error", "score": None}
    for worker in ("gw0", "zz9"):
        (path / f"results-{worker}.jsonl").write_text(json.dumps(crashed) + "\n")
    assert [one["status"] for one in records_of(read_run(path))] == ["passed"]


def test_other_files_in_a_folder_are_no_journals(tmp_path: Path) -> None:
    path = folder_of(tmp_path, run_of(("set", "echo", [passed()])))
    for name in ("results-main.jsonl.bak", "spans.jsonl", ".results-x.jsonl", "results-.txt"):
        (path / name).write_text("{}\n")
    assert read_results(path).broken == 0


def test_a_journal_or_folder_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    path = folder_of(tmp_path, run_of(("set", "echo", [passed()])))
    (path / "results-gw0.jsonl").mkdir()
    with pytest.raises(StoreError, match=r"cannot read .*results-gw0\.jsonl: Is a directory"):
        read_run(path)
    with pytest.raises(StoreError, match=r"cannot read .*none: No such file or directory"):
        read_results(tmp_path / "none")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_whose_names_are_hidden_is_no_empty_one(tmp_path: Path) -> None:
    path = folder_of(tmp_path, run_of(("set", "echo", [passed()])))
    path.chmod(0o300)
    with pytest.raises(StoreError, match="Permission denied"):
        read_run(path)
    path.chmod(0o700)
