"""What a run leaves behind is there as soon as it is known, whatever happens next."""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path
from typing import Any

import processes
import pytest
from suites import Suite

from pytest_evalsuite.cli.main import main as cli_main

AGENTS = """
    import os, time

    def echo(question):
        return question

    def dying(question):
        if question == "three":
            os._exit(9)
        return question

    def slow(question):
        if question == "two":
            time.sleep(60)
        return question
"""


def the_run(suite: Suite) -> Path:
    """The folder of the only run."""
    (path,) = (suite.path / ".evalsuite" / "runs").iterdir()
    return path


def content(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((path / "run.json").read_text())
    return found


def journal(path: Path, name: str = "results-main.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (path / name).read_text().splitlines()]


@pytest.fixture
def three(suite: Suite) -> Suite:
    """Three cases and agents that do not survive them."""
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("dying = agents:dying", "slow = agents:slow", "echo = agents:echo"))
    suite.cases("a: one -> one", "b: two -> two", "c: three -> three")
    return suite


def test_a_run_leaves_its_results_and_how_it_ended(suite: Suite) -> None:
    suite.cases("a: one -> one", "b: two -> zwei")
    suite.run("--eval-run-name", "first")
    path = the_run(suite)
    assert (suite.path / ".evalsuite" / ".gitignore").read_text() == "*\n"
    assert {entry.name for entry in path.iterdir()} == {"run.json", "plan.json", "results-main.jsonl"}
    assert [record["status"] for record in journal(path)] == ["passed", "failed"]
    run = content(path)
    assert (run["id"], run["name"], run["status"]) == (path.name, "first", "succeeded")
    assert (run["totals"]["passed"], run["totals"]["failed"]) == (1, 1)


@pytest.mark.parametrize("options", [["--collect-only"], ["--setup-only"], ["--fixtures"], ["--help"], ["--version"]])
def test_a_session_that_only_looks_leaves_nothing_and_removes_nothing(suite: Suite, options: list[str]) -> None:
    suite.cases("a: one -> one")
    suite.write("run.json", "from yesterday")
    suite.run(*options, "--eval-json", "run.json")
    assert not (suite.path / ".evalsuite").exists()
    assert (suite.path / "run.json").read_text() == "from yesterday"


def test_a_killed_process_leaves_the_cases_that_had_ended(three: Suite) -> None:
    code, _ = processes.run(three, "--eval-agent", "dying")
    path = the_run(three)
    assert code == 9
    assert [record["case_id"] for record in journal(path)] == ["a", "b"]
    assert content(path)["status"] == "running"
    assert content(path)["completed_at"] is None


def test_an_interrupted_run_says_what_it_did_not_do(three: Suite) -> None:
    process = processes.start(three, "--eval-agent", "slow", "--eval-json", "run.json")
    runs = three.path / ".evalsuite" / "runs"
    processes.wait_until(lambda: list(runs.glob("*/results-main.jsonl")))
    process.send_signal(signal.SIGINT)
    code, output = processes.finish(process)
    assert code == pytest.ExitCode.INTERRUPTED
    assert three.statuses() == {"a": "passed", "b": "not_run", "c": "not_run"}
    artifact = json.loads((three.path / "run.json").read_text())
    for run in (artifact["run"], content(the_run(three))):
        assert (run["status"], run["error_message"]) == ("cancelled", "interrupted")
    assert b"run cancelled: interrupted" in output


def test_each_worker_has_a_journal_of_its_own(three: Suite) -> None:
    processes.run(three, "--eval-agent", "echo", "-n2", beside="xdist")
    path = the_run(three)
    kept = {file.stem: journal(path, file.name) for file in path.glob("results-*")}
    assert kept.keys() == {"results-gw0", "results-gw1"}
    assert sorted(record["case_id"] for records in kept.values() for record in records) == ["a", "b", "c"]
    assert content(path)["status"] == "succeeded"


def test_two_runs_at_once_do_not_meet(three: Suite) -> None:
    running = [processes.start(three, "--eval-agent", "echo", f"--eval-json={n}.json") for n in range(2)]
    assert [processes.finish(process)[0] for process in running] == [0, 0]
    paths = sorted((three.path / ".evalsuite" / "runs").iterdir())
    assert [len(journal(path)) for path in paths] == [3, 3]
    assert len({content(path)["process"] for path in paths}) == 2
    assert three.statuses("0.json") == three.statuses("1.json")


def test_a_rerun_leaves_both_results_and_the_last_one_counts(suite: Suite) -> None:
    suite.write("agents.py", "seen = []\ndef twice(question):\n    seen.append(1)\n    return str(len(seen))\n")
    suite.configure(agents=("twice = agents:twice",))
    suite.cases("a: which -> 2")
    code, _ = processes.run(suite, "--reruns=1", "--eval-json=run.json", beside="rerunfailures")
    assert code == 0
    assert [record["status"] for record in journal(the_run(suite))] == ["failed", "passed"]
    assert suite.statuses() == {"a": "passed"}


def test_results_are_for_the_eyes_of_their_owner(suite: Suite) -> None:
    suite.cases("a: one -> one")
    previous = os.umask(0)
    try:
        suite.run()
    finally:
        os.umask(previous)
    assert the_run(suite).stat().st_mode & 0o077 == 0


def test_all_that_a_run_leaves_is_its_owners_alone(suite: Suite) -> None:
    outputs = ("--eval-json=out/run.json", "--eval-csv=out/run.csv", "--eval-markdown=out/run.md", "--eval-record")
    suite.cases("a: one -> one", "b: two -> other")
    previous = os.umask(0)
    try:
        suite.run(*outputs)
        cli_main(
            ["export", "latest", f"--root={suite.path}", "--format=junit", f"--output={suite.path}/out/junit.xml"]
        )
    finally:
        os.umask(previous)
    kept = [suite.path / ".evalsuite", *(suite.path / ".evalsuite").rglob("*"), *(suite.path / "out").iterdir()]
    assert len(kept) >= 12
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600, 0o700}
