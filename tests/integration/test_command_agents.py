"""A program in any language is an agent: real processes, started, asked, timed out and cleaned up by a real run."""

from __future__ import annotations

import sys

import processes
import pytest
from processes import all_gone, noted_pids
from suites import Suite

BOT = """
    import json, os, signal, subprocess, sys, time

    request = json.load(sys.stdin)
    question = request["question"]
    print("asked", question, file=sys.stderr)
    with open("pids.txt", "a") as pids:
        pids.write(f"{os.getpid()}\\n")
    if question == "segv":
        os.kill(os.getpid(), signal.SIGSEGV)
    if question == "exit":
        sys.exit(3)
    if question == "stuck":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
        with open("pids.txt", "a") as pids:
            pids.write(f"{child.pid}\\n")
        time.sleep(1000)
    print(question.upper())
"""

KEPT = """
    import json, os, sys

    for line in sys.stdin:
        request = json.loads(line)
        with open("pids.txt", "a") as pids:
            pids.write(f"{os.getpid()}\\n")
        if request["question"] == "crash":
            os._exit(7)
        print(json.dumps({"id": request["id"], "output": request["question"].upper()}), flush=True)
    with open("end.txt", "w") as end:
        end.write("stdin was closed")
"""

PYTHON = f'"{sys.executable}"'


def test_a_command_answers_cases(suite: Suite) -> None:
    suite.write("bot.py", BOT)
    suite.configure(agents=(f"bot = command:{PYTHON} bot.py",))
    suite.cases("a: one -> ONE", "b: two -> TWO")
    suite.run("--eval-json", "run.json").assert_outcomes(passed=2)
    record = suite.results()["a"]
    assert record["reply_metadata"] == {"stderr": "asked one\n"}
    all_gone(suite)


def test_inputs_may_have_any_name(suite: Suite) -> None:
    suite.write("bot.py", "import json, sys; request = json.load(sys.stdin); print(json.dumps(request['inputs']))")
    suite.configure(agents=(f"bot = command:{PYTHON} bot.py",))
    suite.write(
        "set.eval.yaml",
        """
        cases:
          - id: a
            inputs: {files: [a], history: none, metadata: 1, session_id: {}, question: q, case: 2, self: 3}
            expected: {files: [a], history: none, metadata: 1, session_id: {}, question: q, case: 2, self: 3}
            test_method: json_match
        """,
    )
    suite.run().assert_outcomes(passed=1)


def test_the_command_line_names_a_command(suite: Suite) -> None:
    suite.write("bot.py", BOT)
    suite.cases("a: one -> ONE")
    result = suite.run("--eval-agent", f"command:{PYTHON} bot.py", "--eval-agent", "agents:echo", "-v")
    result.assert_outcomes(passed=1, failed=1)


def test_commands_run_in_the_root_folder(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.write("bot.py", BOT)
    suite.configure(agents=(f"bot = command:{PYTHON} bot.py",))
    suite.cases("a: one -> ONE", name="below/set.eval.yaml")
    monkeypatch.chdir(suite.path / "below")
    suite.run().assert_outcomes(passed=1)


def test_what_breaks_is_the_error_of_its_case(suite: Suite) -> None:
    suite.write("bot.py", BOT)
    suite.configure(agents=(f"bot = command:{PYTHON} bot.py",))
    suite.cases("a: segv -> x", "b: exit -> x", "c: fine -> FINE")
    result = suite.run("--eval-json", "run.json")
    result.assert_outcomes(errors=2, passed=1)
    causes = {case: record["cause"] for case, record in suite.results().items() if "cause" in record}
    assert {cause["kind"] for cause in causes.values()} == {"agent"}
    assert "was ended by SIGSEGV; stderr: asked segv" in causes["a"]["message"]
    assert "exited with code 3; stderr: asked exit" in causes["b"]["message"]
    result.stdout.fnmatch_lines(["*asked exit*"])


@pytest.mark.parametrize("options", [(), ("--eval-concurrency", "1")])
def test_a_timeout_ends_the_command_and_what_it_started(suite: Suite, options: tuple[str, ...]) -> None:
    suite.write("bot.py", BOT)
    suite.configure(agents=(f"bot = command:{PYTHON} bot.py",))
    suite.write(
        "late.eval.yaml",
        """
        defaults: {test_method: exact_match}
        cases:
          - {id: a, question: stuck, expected_response: x, timeout: 1.5}
          - {id: b, question: fine, expected_response: FINE}
        """,
    )
    suite.run("--eval-json", "run.json", *options).assert_outcomes(errors=1, passed=1)
    assert suite.results()["a"]["cause"]["kind"] == "timeout"
    all_gone(suite)


def test_ctrl_c_ends_what_is_in_flight(suite: Suite) -> None:
    suite.write("bot.py", BOT)
    suite.configure(agents=(f"bot = command:{PYTHON} bot.py",))
    suite.cases("a: stuck -> x", "b: stuck again -> x")
    run = processes.start(suite)
    processes.wait_until(lambda: (suite.path / "pids.txt").exists() and len(noted_pids(suite)) >= 3)
    run.send_signal(2)
    code, _ = processes.finish(run)
    assert code == 2
    all_gone(suite)


def test_a_kept_command_is_one_process_that_is_let_end(suite: Suite) -> None:
    suite.write("bot.py", KEPT)
    keep(suite)
    suite.cases("a: one -> ONE", "b: two -> TWO", "c: three -> THREE")
    suite.run("--eval-concurrency", "8").assert_outcomes(passed=3)
    assert len({*noted_pids(suite)}) == 1
    assert (suite.path / "end.txt").exists()
    all_gone(suite)


def test_a_kept_command_that_crashes_costs_one_case(suite: Suite) -> None:
    suite.write("bot.py", KEPT)
    keep(suite)
    suite.cases("a: one -> ONE", "b: crash -> x", "c: three -> THREE")
    suite.run("--eval-json", "run.json").assert_outcomes(passed=2, errors=1)
    assert "exited with code 7 before it answered; nothing on stderr" in suite.results()["b"]["cause"]["message"]
    first, second, third = noted_pids(suite)
    assert first == second != third


def keep(suite: Suite) -> None:
    suite.configure(agents=())
    suite.write(
        "conftest.py",
        """
        import sys
        from pytest_evalsuite import CommandAgent

        def pytest_evalsuite_agents():
            return {"bot": CommandAgent([sys.executable, "bot.py"], keep_alive=True)}
        """,
    )


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("no-such-program", "*agent 'bot': command 'no-such-program': the program 'no-such-program' is not found*"),
        ("./data.txt", "*the program './data.txt' cannot be executed*"),
        ("'", "*No closing quotation*"),
        ("''", "*a command needs a program*"),
    ],
)
def test_a_command_that_cannot_run_is_said_before_anybody_is_asked(suite: Suite, command: str, why: str) -> None:
    suite.write("data.txt", "no program")
    suite.configure(agents=(f"bot = command:{command}",))
    suite.cases("a: one -> ONE")
    result = suite.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines([why])
