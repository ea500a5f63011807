"""Workers on another machine do not have the run's folder: what they find out is kept where it is reported."""

from __future__ import annotations

import json

import pytest
from suites import Suite

FAR = """
    import pytest

    @pytest.hookimpl(trylast=True, optionalhook=True)
    def pytest_configure_node(node):
        node.workerinput["evalsuite_run"] = "/no/such/folder"
"""
"""What a worker on another machine sees of the run's folder."""


@pytest.fixture
def far(suite: Suite) -> Suite:
    suite.write("conftest.py", FAR)
    suite.configure(agents=("noted = agents:noted",))
    suite.cases("a: one -> one", "b: two -> zwei", "c: three -> three")
    return suite


def test_results_of_another_machine_are_kept_here(far: Suite) -> None:
    result = far.run_subprocess("-n2", "--eval-json=run.json")
    result.assert_outcomes(passed=2, failed=1)
    assert far.statuses() == {"a": "passed", "b": "failed", "c": "passed"}
    assert far.artifact()["run"]["status"] == "succeeded"
    (run,) = (far.path / ".evalsuite" / "runs").iterdir()
    assert sorted(path.name for path in run.iterdir()) == ["plan.json", "results-main.jsonl", "run.json"]
    lines = (run / "results-main.jsonl").read_text(encoding="utf-8").splitlines()
    assert sorted(json.loads(line)["case_id"] for line in lines) == ["a", "b", "c"]
    assert "problem" not in result.stdout.str()


def test_a_run_of_other_machines_is_gone_on_with(far: Suite) -> None:
    far.run_subprocess("-n2", "set.eval.yaml::a", "set.eval.yaml::b")
    (far.path / "calls.txt").unlink()
    far.run_subprocess("--eval-resume=latest", "--eval-json=run.json")
    assert far.calls() == ["three"]
    assert len(far.results()) == 3


def test_answers_of_another_machine_are_recorded_here(far: Suite) -> None:
    far.run_subprocess("-n2", "--eval-record", "--eval-json=first.json")
    (far.path / "calls.txt").unlink()
    far.run_subprocess("--eval-replay=latest", "--eval-json=run.json")
    assert far.results() == far.results("first.json")
    assert far.calls() == []


def test_a_baseline_is_sent_to_another_machine(far: Suite) -> None:
    far.run_subprocess("--eval-json=base.json", "--eval-fail-on=never")
    far.cases("a: one -> one", "b: two -> zwei", "c: three -> drei")
    (far.path / "calls.txt").unlink()
    far.run_subprocess("-n2", "--eval-baseline=base.json", "--eval-fail-on=regression", "--eval-json=run.json")
    results = far.results()
    assert results["b"]["tolerated"]
    assert results["c"]["confirmation"]["trials"] > 0
