from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from records import passed

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.encoding import encode
from pytest_evalsuite.runs.plan import Plan
from pytest_evalsuite.runs.recorder import Recorder
from pytest_evalsuite.runs.run import PlannedCase, PlannedEvaluation, Run

FINGERPRINT = "01234567-89abcdef-01234567-89abcdef-01234567"


def planned(*case_ids: str) -> Plan:
    cases = [PlannedCase(case_id, n, n + 3, FINGERPRINT, case_id) for n, case_id in enumerate(case_ids)]
    return Plan([PlannedEvaluation("set.eval.yaml", "echo", "set", len(cases), cases)])


def recording(root: Path, *case_ids: str) -> Recorder:
    recorder = Recorder(root / ".evalsuite", name=None, versions={})
    recorder.open()
    recorder.write_plan(planned(*case_ids))
    return recorder


def finish(recorder: Recorder, case_id: str, **changes: Any) -> None:
    line = encode(passed(case_id=case_id, **changes))
    recorder.results.add(line)
    recorder.keep(line)


def run_json(recorder: Recorder) -> dict[str, Any]:
    assert recorder.path is not None
    content: dict[str, Any] = json.loads((recorder.path / "run.json").read_text())
    return content


def test_a_run_says_that_it_is_running_and_then_how_it_ended(tmp_path: Path) -> None:
    recorder = recording(tmp_path, "a")
    assert (run_json(recorder)["status"], run_json(recorder)["completed_at"]) == ("running", None)
    finish(recorder, "a")
    run = recorder.settle([])
    assert (run_json(recorder)["status"], run_json(recorder)["error_message"]) == ("succeeded", None)
    assert run_json(recorder)["totals"]["passed"] == 1
    assert run.info["completed_at"] >= run.info["started_at"]


@pytest.mark.parametrize(
    ("cases", "finished", "more", "status", "message"),
    [
        (["a", "b"], ["a"], {"stopped": "interrupted"}, "cancelled", "interrupted"),
        (["a", "b"], ["a"], {}, "cancelled", "1 of 2 selected cases have no result"),
        (["a"], ["a"], {"stopped": "stopping after 1 failures"}, "succeeded", None),
        ([], [], {}, "failed", "no case was selected"),
        (["a"], ["a"], {"uncollected": ["x:1:2: bad"]}, "failed", "not everything could be collected:\nx:1:2: bad"),
    ],
)
def test_the_status_of_a_run_is_about_the_run_and_not_about_verdicts(
    cases: list[str], finished: list[str], more: dict[str, Any], status: str, message: str | None, tmp_path: Path
) -> None:
    recorder = recording(tmp_path, *cases)
    for case_id in finished:
        finish(recorder, case_id, status="failed", score=0.0)
    run = recorder.settle([], **more)
    assert (run.info["status"], run.info["error_message"]) == (status, message)


def test_a_folder_that_cannot_be_made_is_said_once_and_the_run_is_kept_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / ".evalsuite").write_text("in the way")
    recorder = recording(tmp_path, "a")
    finish(recorder, "a")
    assert recorder.settle([]).info["status"] == "succeeded"
    (problem,) = recorder.problems
    assert recorder.path is not None
    assert recorder.path.is_relative_to(tmp_path / "temporary")
    assert problem.endswith(f"; this run is kept in {recorder.path}")
    assert len((recorder.path / "results-main.jsonl").read_text().splitlines()) == 1


def test_a_folder_that_vanishes_is_said_once(tmp_path: Path) -> None:
    recorder = recording(tmp_path, "a")
    finish(recorder, "a")
    shutil.rmtree(tmp_path / ".evalsuite")
    assert recorder.settle([]).info["status"] == "succeeded"
    assert len(recorder.problems) == 1


def test_an_output_that_cannot_be_written_does_not_keep_others_from_being_written(tmp_path: Path) -> None:
    def broken(run: Run) -> None:
        raise StoreError("cannot write out.json: No space left on device")

    written: list[Run] = []
    recorder = recording(tmp_path, "a")
    finish(recorder, "a")
    recorder.settle([broken, written.append])
    assert recorder.problems == ["cannot write out.json: No space left on device"]
    assert len(written) == 1


def test_a_case_whose_worker_died_is_an_error_unless_it_has_a_result(tmp_path: Path) -> None:
    recorder = recording(tmp_path, "a", "b")
    finish(recorder, "a")
    for case_id in "ab":
        recorder.lost_with_worker(f"set.eval.yaml::{case_id}", "worker 'gw0' crashed")
    run = recorder.settle([])
    assert [one["status"] for one in run.records(run.evaluations[0])] == ["passed", "error"]
    assert run.info["status"] == "succeeded"


def test_a_worker_writes_into_the_folder_of_the_process_that_reports(tmp_path: Path) -> None:
    reporting = Recorder(tmp_path / ".evalsuite", name=None, versions={})
    reporting.open()
    assert reporting.path is not None
    worker = Recorder(tmp_path / ".evalsuite", name=None, versions={})
    worker.join(reporting.path, "gw0")
    worker.write_plan(planned("a"))
    worker.keep(encode(passed()))
    worker.close()
    assert len(reporting.read_plan()) == 1
    assert (reporting.path / "results-gw0.jsonl").exists()
    reporting.note(["cannot write x"])
    reporting.note(["cannot write y"])
    assert reporting.problems == ["cannot write x"]
