"""A run of another process is followed while it goes on: cases as they end, how far it is, how it ended."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import commands
import processes
import pytest
from records import passed, record
from suites import Suite

AGENTS = """
    import time
    from pathlib import Path

    def gated(question):
        while not Path("open", question).exists():
            time.sleep(0.01)
        return question
"""
RUN_ID = "20260101T000000Z-01234567"


class Gated:
    """A run whose cases end when the test says so."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self._processes: list[Any] = []
        suite.write("agents.py", AGENTS)
        suite.configure(agents=("gated = agents:gated",))
        suite.cases("a: one -> one", "b: two -> zwei", "c: three -> three")
        (suite.path / "open").mkdir()

    def start(self, *arguments: str, beside: str = "") -> Any:
        """Start the run, and wait until it can be watched."""
        process = processes.start(self.suite, *arguments, beside=beside)
        self._processes.append(process)
        plans = self.suite.path / ".evalsuite" / "runs"
        processes.wait_until(lambda: list(plans.glob("*/plan.json")) or process.poll() is not None)
        assert process.poll() is None
        return process

    def watch(self, *arguments: str) -> Any:
        """Start to watch it."""
        process = commands.start(self.suite, "watch", *arguments)
        self._processes.append(process)
        return process

    def let(self, *questions: str) -> None:
        """Let these cases end."""
        for question in questions:
            (self.suite.path / "open" / question).touch()

    @property
    def run_id(self) -> str:
        """The id of the run."""
        (path,) = (self.suite.path / ".evalsuite" / "runs").iterdir()
        return path.name

    def end(self) -> None:
        """Leave nothing behind."""
        for process in self._processes:
            process.kill()
            process.wait()
            process.stdout.close()


@pytest.fixture
def gated(suite: Suite) -> Iterator[Gated]:
    """A suite of three cases that end when they are let."""
    run = Gated(suite)
    yield run
    run.end()


def event(process: Any) -> Any:
    """The next line of JSON that it prints."""
    return json.loads(process.stdout.readline())


def test_each_case_is_told_of_while_the_run_goes_on(gated: Gated) -> None:
    run = gated.start()
    watch = gated.watch("--json")
    gated.let("one")
    first = event(watch)
    assert first.pop("execution_time_ms") > 0
    assert first == {
        "event": "case",
        "test_set": "set.eval.yaml",
        "case_id": "a",
        "agent": "gated",
        "status": "passed",
        "score": 1.0,
        "passing_score": 1.0,
        "known_failure": None,
        "done": 1,
        "total": 3,
    }
    assert run.poll() is None
    gated.let("two")
    assert (event(watch)["status"], run.poll()) == ("failed", None)
    gated.let("three")
    assert event(watch)["done"] == 3
    assert event(watch) == {
        "event": "end",
        "run": gated.run_id,
        "status": "succeeded",
        "error_message": None,
        "done": 3,
        "total": 3,
        "counts": {"passed": 2, "failed": 1, "error": 0, "skipped": 0, "cancelled": 0, "not_run": 0},
    }
    assert processes.finish(watch) == (0, b"")


def test_failures_and_the_end_are_told_in_words_where_there_is_no_terminal(gated: Gated) -> None:
    gated.start("--eval-run-name=nightly")
    watch = gated.watch("nightly")
    assert watch.stdout.readline() == b"0/3 | 0 passed\n"
    gated.let("one", "two", "three")
    code, written = processes.finish(watch)
    assert code == 0
    lines = written.decode().splitlines()
    assert "score 0.00 < 1.00 (exact_match)  set.eval.yaml:4 b [gated]" in lines
    assert lines[-1] == f"run {gated.run_id} (nightly) succeeded: 3 of 3 cases, 2 passed, 1 failed"


def test_the_journals_of_several_workers_are_followed(gated: Gated) -> None:
    gated.start("-n2", beside="xdist")
    watch = gated.watch("--json")
    gated.let("one", "two", "three")
    code, written = processes.finish(watch)
    *cases, end = map(json.loads, written.splitlines())
    assert sorted(case["case_id"] for case in cases) == ["a", "b", "c"]
    assert (code, end["done"], end["status"]) == (0, 3, "succeeded")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_run_that_is_killed_was_interrupted_and_can_be_gone_on_with(gated: Gated) -> None:
    run = gated.start()
    watch = gated.watch()
    gated.let("one")
    processes.wait_until(lambda: list(gated.suite.path.glob(".evalsuite/runs/*/results-main.jsonl")))
    run.kill()
    run.wait()
    code, written = processes.finish(watch)
    assert code == 1
    assert written.decode().splitlines()[-2:] == [
        f"run {gated.run_id} interrupted: 1 of 3 cases, 1 passed",
        f"go on with: pytest --eval-suite --eval-resume={gated.run_id}",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT for one process")
def test_ctrl_c_ends_the_watching_and_not_the_run(gated: Gated) -> None:
    run = gated.start()
    watch = gated.watch()
    assert watch.stdout.readline() == b"0/3 | 0 passed\n"
    watch.send_signal(signal.SIGINT)
    assert processes.finish(watch) == (130, b"stopped watching; the run goes on by itself\n")
    gated.let("one", "two", "three")
    code, _ = processes.finish(run)
    assert code == pytest.ExitCode.TESTS_FAILED


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_terminal_has_one_line_that_is_written_over(gated: Gated) -> None:
    gated.start()
    watch, terminal = commands.on_a_terminal(gated.suite, "watch", columns=60)
    gated.let("one")
    written = commands.read_until(terminal, "1/3 | 1 passed | ")
    gated.let("two")
    written += commands.read_until(terminal, "2/3 | 1 passed | 1 failed | ")
    gated.let("three")
    written += commands.read_until(terminal)
    os.close(terminal)
    assert commands.end(watch) == 0
    assert "\x1b" not in written
    assert re.search(r"\r1/3 \| 1 passed \| [\d.]+/(s|min) \| .* left *", written)
    seen = [line.rpartition("\r")[2].rstrip() for line in written.replace("\r\n", "\n").split("\n")]
    assert seen == [
        "score 0.00 < 1.00 (exact_match)  set.eval.yaml:4 b [gated]",
        f"run {gated.run_id} succeeded: 3 of 3 cases, 2 passed, 1 failed",
        "",
    ]
    assert max(map(len, re.findall(r"\r(\d/3 [^\r\n]*)", written))) < 60


# Runs that are made by hand


@pytest.fixture
def by_hand(suite: Suite) -> Path:
    """The folder of a run of three cases that this process seems to keep."""
    path = suite.path / ".evalsuite" / "runs" / RUN_ID
    path.mkdir(parents=True)
    cases = [[case_id, n, n + 3, "0", case_id, ""] for n, case_id in enumerate("abc")]
    plan = {"evaluations": [{"test_set": "set.eval.yaml", "name": "set", "agent": "echo", "cases": cases}]}
    (path / "plan.json").write_text(json.dumps(plan))
    settle(path, "running")
    return path


def settle(path: Path, status: str, message: str | None = None) -> None:
    """Say how the run is."""
    info = {
        "status": status,
        "process": os.getpid(),
        "started_at": "2026-01-01T00:00:00.000Z",
        "error_message": message,
    }
    (path / "new.json").write_text(json.dumps(info))
    (path / "new.json").replace(path / "run.json")


def line(**changes: Any) -> bytes:
    return json.dumps(record(**changes)).encode() + b"\n"


def append(path: Path, text: bytes) -> None:
    with path.open("ab") as journal:
        journal.write(text)


def test_torn_lines_are_waited_for_and_broken_ones_are_passed_over(suite: Suite, by_hand: Path) -> None:
    watch = commands.start(suite, "watch", "--json")
    first, second = by_hand / "results-gw0.jsonl", by_hand / "results-gw1.jsonl"
    one, two = line(case_id="a", question="\u00fc"), line(case_id="b")
    append(first, one[:50])
    append(second, two[:-1])
    append(first, one[50:] + b"broken\n{}\n")
    assert event(watch)["case_id"] == "a"
    append(second, two[-1:])
    assert event(watch)["case_id"] == "b"
    append(first, line(case_id="c")[:-20])
    settle(by_hand, "succeeded")
    assert event(watch)["done"] == 2
    assert processes.finish(watch) == (0, b"")


def test_a_case_that_is_run_again_counts_once_by_its_last_result(suite: Suite, by_hand: Path) -> None:
    append(by_hand / "results-main.jsonl", line(case_id="a") + json.dumps(passed(case_id="a")).encode() + b"\n")
    settle(by_hand, "succeeded")
    code, written = commands.run(suite, "watch", "--json")
    *cases, end = map(json.loads, written.splitlines())
    assert [case["status"] for case in cases] == ["failed", "passed"]
    assert (code, end["done"], end["counts"]["passed"], end["counts"]["failed"]) == (0, 1, 1, 0)


def test_a_known_failure_is_counted_and_not_told_of(suite: Suite, by_hand: Path) -> None:
    append(by_hand / "results-main.jsonl", line(case_id="a", known_failure="a gap"))
    settle(by_hand, "succeeded")
    assert commands.run(suite, "watch") == (0, f"run {RUN_ID} succeeded: 1 of 3 cases, 0 passed, 1 failed\n")


@pytest.mark.parametrize("status", ["cancelled", "failed"])
def test_a_run_that_has_not_succeeded_is_no_success(status: str, suite: Suite, by_hand: Path) -> None:
    settle(by_hand, status, "interrupted\nand more")
    assert commands.run(suite, "watch") == (1, f"run {RUN_ID} {status}: 0 of 3 cases, 0 passed\ninterrupted\n")


def test_a_run_that_is_removed_meanwhile_ends_the_watching(suite: Suite, by_hand: Path) -> None:
    watch = commands.start(suite, "watch")
    assert watch.stdout.readline() == b"0/3 | 0 passed\n"
    shutil.rmtree(by_hand)
    code, written = processes.finish(watch)
    assert code == 1
    assert written.decode().startswith("cannot read ") or b"holds no run: No such file or directory" in written


def test_what_cannot_be_watched_is_said(suite: Suite, by_hand: Path) -> None:
    suite.write("run.json", "{}")
    code, written = commands.run(suite, "watch", "run.json")
    assert (code, written) == (1, "run.json is the artifact of a run that has ended: `evalsuite show` shows it\n")
    (by_hand / "run.json").write_text("{")
    code, written = commands.run(suite, "watch", RUN_ID)
    assert (code, written.endswith("run.json: no JSON\n")) == (1, True)
    code, written = commands.run(suite, "watch")
    assert (code, written.startswith("no run is kept in ")) == (1, True)
