"""With `isolation: process` whatever an agent does to its process ends that case, and nothing else."""

from __future__ import annotations

import pytest
from processes import all_gone
from suites import Suite

AGENT = """
    import asyncio, ctypes, os, resource, subprocess, sys, threading, time

    def noted():
        with open("pids.txt", "a") as pids:
            pids.write(f"{os.getpid()}\\n")

    def bot(question):
        noted()
        print("printed", question)
        if question == "exit":
            os._exit(0)
        if question == "segv":
            ctypes.string_at(0)
        if question == "killed":
            os.kill(os.getpid(), 9)
        if question == "memory":
            resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
            return "x" * (4 << 30)
        if question == "loop":
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
            10 ** 10 ** 10
        if question == "raise":
            raise LookupError("no such order")
        if question == "system exit":
            sys.exit("enough")
        if question == "nothing":
            return None
        if question == "thread":
            threading.Thread(target=time.sleep, args=(1000,)).start()
        return question.upper()

    async def coroutine(question):
        await asyncio.sleep(0)
        return {"output": question.upper(), "usage": {"input_tokens": 1}, "tool_calls": ["find"], "metadata": {"a": 1}}

    class Stateful:
        calls = 0

        def __call__(self, question, case, session_id):
            self.calls += 1
            return f"{case.id} {question} {self.calls} {len(session_id)} {case.metadata}"

    instance = Stateful()

    def changes(question, inputs):
        global bot
        bot = None
        return question
"""


@pytest.fixture
def isolated(suite: Suite) -> Suite:
    suite.write("bots.py", AGENT)
    suite.configure("evalsuite_isolation = process", agents=("bot = bots:bot",))
    return suite


def test_a_crash_is_the_error_of_its_case(isolated: Suite) -> None:
    isolated.cases("a: exit -> x", "b: segv -> x", "c: killed -> x", "d: memory -> x", "e: fine -> FINE")
    result = isolated.run("--eval-json", "run.json")
    result.assert_outcomes(errors=4, passed=1)
    causes = {case: record["cause"] for case, record in isolated.results().items() if "cause" in record}
    assert {cause["kind"] for cause in causes.values()} == {"agent"}
    assert "exited with code 0 before it answered" in causes["a"]["message"]
    assert "was ended by SIGSEGV" in causes["b"]["message"]
    assert "in bot" in causes["b"]["message"]  # where: Python's own fault handler tells
    assert "was ended by SIGKILL" in causes["c"]["message"]
    assert causes["d"]["type"] == "MemoryError"
    result.stdout.fnmatch_lines(["*printed segv*"])
    all_gone(isolated)


def test_a_timeout_ends_an_endless_loop_in_c(isolated: Suite) -> None:
    isolated.write(
        "late.eval.yaml",
        """
        defaults: {test_method: exact_match}
        cases:
          - {id: a, question: loop, expected_response: x, timeout: 1.5}
          - {id: b, question: fine, expected_response: FINE}
        """,
    )
    isolated.run("--eval-json", "run.json").assert_outcomes(errors=1, passed=1)
    assert isolated.results()["a"]["cause"]["kind"] == "timeout"
    all_gone(isolated)


def test_what_the_agent_raises_comes_back_as_it_would_without(isolated: Suite) -> None:
    isolated.cases("a: raise -> x", "b: system exit -> x", "c: nothing -> x")
    isolated.run("--eval-json", "with.json").assert_outcomes(errors=3)
    isolated.run("--eval-isolation", "none", "--eval-json", "without.json").assert_outcomes(errors=3)
    with_it, without = isolated.results("with.json"), isolated.results("without.json")
    assert {case: record["cause"] for case, record in with_it.items()} == {
        case: record["cause"] for case, record in without.items()
    }
    assert 'raise LookupError("no such order")' in with_it["a"]["cause"]["traceback"]


def test_a_reply_comes_back_with_all_that_it_says(isolated: Suite) -> None:
    isolated.cases("a: one -> ONE")
    isolated.run("--eval-agent", "bots:coroutine", "--eval-json", "run.json").assert_outcomes(passed=1)
    record = isolated.results()["a"]
    assert record["usage"]["input_tokens"] == 1
    assert record["tool_calls"] == [{"name": "find", "arguments": {}}]
    assert record["reply_metadata"] == {"a": 1}


@pytest.mark.parametrize("name", ["Stateful", "instance"])
def test_each_call_has_a_fresh_object(isolated: Suite, name: str) -> None:
    isolated.cases("a: one -> a one 1 32 {}", "b: two -> b two 1 32 {}")
    isolated.run("--eval-agent", f"bots:{name}", "--eval-iterations", "2").assert_outcomes(passed=2)


def test_a_thread_that_goes_on_does_not_hold_the_answer(isolated: Suite) -> None:
    isolated.cases("a: thread -> THREAD")
    isolated.run().assert_outcomes(passed=1)
    all_gone(isolated)


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_a_function_of_a_conftest_is_found_by_its_file(suite: Suite, mode: str) -> None:
    suite.configure(agents=())
    suite.write("conftest.py", "raise_me = 1\n")
    for name in ("one", "two"):
        suite.write(
            f"{name}/conftest.py",
            f"""
            def answer(question):
                return question + " {name}"

            def pytest_evalsuite_agents():
                return {{"mine": answer}}
            """,
        )
        suite.cases(f"a: hello -> hello {name}", name=f"{name}/set.eval.yaml", head="isolation: process\nagent: mine")
    suite.run(f"--import-mode={mode}").assert_outcomes(passed=2)


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_a_conftest_of_a_package_may_import_beside_it(suite: Suite, mode: str) -> None:
    suite.configure(agents=())
    suite.write("suites/pack/__init__.py", "")
    suite.write("suites/pack/bot.py", "def answer(question):\n    return question.upper()\n")
    suite.write(
        "suites/pack/conftest.py",
        "from .bot import answer\ndef pytest_evalsuite_agents():\n    return {'mine': answer}\n",
    )
    suite.cases("a: one -> ONE", name="suites/pack/set.eval.yaml", head="isolation: process")
    suite.run(f"--import-mode={mode}", "-p", "no:cacheprovider").assert_outcomes(passed=1)


UNNAMED = {
    "lambda question: question": "*'mine': isolation needs an agent that another process can import*lambda*",
    "made()": "*isolation needs an agent that another process can import*function (made.<locals>.inner)*",
    "Bot()": "*isolation needs an agent that another process can import, and this Bot object cannot be*",
    "functools.partial(top, tier=1)": "*this partial object cannot be*",
    "Bot().run": "*isolation needs*",
}

CONFTEST = """
    import functools
    import pytest

    def top(question, tier=0):
        return question

    def made():
        def inner(question):
            open("asked.txt", "w").close()
            return question
        return inner

    class Bot:
        def run(self, question):
            return question

    {}
"""


@pytest.mark.parametrize("agent", UNNAMED)
def test_an_agent_that_has_no_name_is_a_mistake(suite: Suite, agent: str) -> None:
    suite.configure("evalsuite_isolation = process", agents=())
    hook = f"def pytest_evalsuite_agents():\n        return {{'mine': {agent}}}"
    suite.write("conftest.py", CONFTEST.format(hook))
    suite.cases("a: one -> one")
    result = suite.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines([UNNAMED[agent]])


def test_so_is_one_that_a_fixture_makes(suite: Suite) -> None:
    suite.configure("evalsuite_isolation = process", agents=())
    suite.write("conftest.py", CONFTEST.format("@pytest.fixture\n    def eval_agent():\n        return made()"))
    suite.cases("a: one -> one")
    result = suite.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*isolation needs an agent that another process can import*"])
    assert not (suite.path / "asked.txt").exists()


def test_a_fixture_may_give_a_function_that_has_a_name(suite: Suite) -> None:
    suite.configure("evalsuite_isolation = process", agents=())
    suite.write("conftest.py", CONFTEST.format("@pytest.fixture\n    def eval_agent():\n        return top"))
    suite.cases("a: one -> one")
    suite.run().assert_outcomes(passed=1)


def test_the_test_set_says_where_and_the_command_line_has_the_last_word(isolated: Suite) -> None:
    isolated.write("where.py", "import os\nhere = os.environ.get('HERE')\ndef bot(question):\n    return str(here)\n")
    isolated.write("conftest.py", "import where\nwhere.here = 'changed'\n")
    isolated.configure(agents=("bot = where:bot",))
    isolated.cases("a: one -> changed", name="here.eval.yaml", head="isolation: none")
    isolated.cases("b: one -> None", name="there.eval.yaml", head="isolation: process")
    isolated.run().assert_outcomes(passed=2)
    isolated.run("--eval-isolation", "process").assert_outcomes(passed=1, failed=1)
    isolated.run("-o", "evalsuite_isolation=process").assert_outcomes(passed=2)


def test_an_impossible_isolation_is_a_mistake(isolated: Suite) -> None:
    isolated.cases("a: one -> ONE", head="isolation: thread")
    isolated.run().stdout.fnmatch_lines(["*set.eval.yaml:1:12:*none*process*"])
    isolated.cases("a: one -> ONE")
    result = isolated.run("-o", "evalsuite_isolation=vm")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*evalsuite_isolation: expected none or process, got 'vm'*"])
