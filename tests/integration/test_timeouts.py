"""An agent that does not come back costs its own case, not the run, and never the interpreter's exit."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from suites import Suite

GUARD = 60
"""Seconds after which a run is called hanging."""

AGENT = """
    import asyncio
    import socket
    import threading
    import time

    async def waiting(question):
        if question == "stuck":
            await asyncio.sleep(1e6)
        return question

    async def swallowing(question):
        while question == "stuck":
            try:
                await asyncio.sleep(1e6)
            except BaseException:
                pass
        return question

    async def blocking(question):
        if question == "stuck":
            time.sleep(1e6)
        return question

    async def blocking_in_task(question):
        if question == "stuck":
            await asyncio.wait_for(blocking(question), 1e6)
        await asyncio.sleep(0.01)
        return question

    async def in_thread(question):
        if question == "stuck":
            await asyncio.to_thread(time.sleep, 1e6)
        return question

    def sleeping(question):
        if question == "stuck":
            time.sleep(1e6)
        return question

    def spinning(question):
        while question == "stuck":
            pass
        return question

    def locked(question):
        if question == "stuck":
            lock = threading.Lock()
            lock.acquire()
            lock.acquire()
        return question

    def reading(question):
        if question == "stuck":
            ours, _theirs = socket.socketpair()
            ours.recv(1)
        return question

    def deaf(question):
        while question == "stuck":
            try:
                time.sleep(1e6)
            except BaseException:
                pass
        return question
"""

ASYNC = ["waiting", "swallowing", "blocking", "blocking_in_task", "in_thread"]
SYNC = ["sleeping", "spinning", "locked", "reading", "deaf"]


def run_guarded(suite: Suite, *options: str) -> subprocess.CompletedProcess[str]:
    """Run in a process that must end by itself."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--eval-suite",
        "-p",
        "no:randomly",
        "-p",
        "no:asyncio",
        "-p",
        "no:langsmith_plugin",
        *options,
    ]
    command.append("--eval-json=run.json")
    return subprocess.run(command, cwd=suite.path, timeout=GUARD, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("agents", [ASYNC, SYNC], ids=["async", "sync"])
def test_stuck_agents_time_out_the_others_are_answered_and_the_process_ends(suite: Suite, agents: list[str]) -> None:
    suite.write("agents.py", AGENT)
    suite.cases("a: one -> one", "b: stuck -> stuck", "c: two -> two", "d: three -> three")
    result = run_guarded(suite, *(f"--eval-agent=agents:{agent}" for agent in agents), "--eval-timeout=0.4")
    assert result.returncode == 1
    assert f"{3 * len(agents)} passed, {len(agents)} errors" in result.stdout
    assert result.stderr == ""
    artifact = json.loads((suite.path / "run.json").read_text())
    for evaluation in artifact["evaluations"]:
        assert [record["status"] for record in evaluation["results"]] == ["passed", "error", "passed", "passed"]
        cause = evaluation["results"][1]["cause"]
        assert cause["kind"] == "timeout"
        assert cause["message"].startswith(f"agent '{evaluation['agent']}' did not answer within 0.4 s")


def test_threads_that_are_stuck_are_replaced(suite: Suite) -> None:
    suite.write("agents.py", AGENT)
    suite.cases("a: stuck -> stuck", "b: one -> one", "c: stuck -> stuck", "d: two -> two")
    result = run_guarded(suite, "--eval-agent=agents:deaf", "--eval-timeout=0.3", "--eval-concurrency=2")
    assert "2 passed, 2 errors" in result.stdout


@pytest.mark.parametrize("agent", ["swallowing", "sleeping"])
def test_what_is_still_in_flight_when_a_run_stops_holds_nothing_up(suite: Suite, agent: str) -> None:
    suite.write("agents.py", AGENT)
    suite.cases("a: one -> other", "b: stuck -> stuck", "c: two -> two")
    result = run_guarded(suite, f"--eval-agent=agents:{agent}", "-x", "--eval-concurrency=2")
    assert result.returncode == 1
    assert "1 failed" in result.stdout
    assert suite.statuses() == {"a": "failed", "b": "not_run", "c": "not_run"}
    assert result.stderr == ""


def test_a_case_may_say_its_own_timeout_and_the_command_line_wins(suite: Suite) -> None:
    suite.write("agents.py", AGENT)
    suite.write(
        "set.eval.yaml",
        """
        defaults: {test_method: exact_match}
        cases:
          - {id: a, question: stuck, expected_response: stuck, timeout: 0.05}
          - {id: b, question: stuck, expected_response: stuck}
        """,
    )
    suite.configure("evalsuite_timeout = 0.06")
    suite.run("--eval-agent=agents:waiting", "--eval-json=run.json").assert_outcomes(errors=2)
    messages = [record["cause"]["message"] for record in suite.results().values()]
    assert [message.rpartition("within ")[2] for message in messages] == ["0.05 s", "0.06 s"]
    suite.run("--eval-agent=agents:waiting", "--eval-json=run.json", "--eval-timeout=0.07").assert_outcomes(errors=2)
    assert all("within 0.07 s" in record["cause"]["message"] for record in suite.results().values())


def test_each_attempt_has_its_own_time(suite: Suite) -> None:
    suite.write("agents.py", AGENT)
    suite.cases("a: stuck -> stuck")
    suite.run(
        "--eval-agent=agents:waiting", "--eval-timeout=0.05", "--eval-iterations=3", "--eval-json=run.json"
    ).assert_outcomes(errors=1)
    attempts = suite.results()["a"]["attempts"]
    assert [attempt["cause"]["kind"] for attempt in attempts] == ["timeout"] * 3


@pytest.mark.parametrize("agent", ["slow", "slow_async"])
def test_what_a_stuck_agent_has_printed_is_shown(suite: Suite, agent: str) -> None:
    suite.write(
        "agents.py",
        """
        import time

        def slow(question):
            print("about to wait")
            time.sleep(3)

        async def slow_async(question):
            slow(question)
        """,
    )
    suite.cases("a: q -> q")
    result = suite.run(f"--eval-agent=agents:{agent}", "--eval-timeout=0.05")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*did not answer within 0.05 s*", "*Captured stdout setup*", "about to wait"])
