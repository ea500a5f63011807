"""Agents of every shape answer, and whatever one of them does is at worst an error of its own case."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from suites import Suite

BAD = """
    import asyncio
    import sys

    import pytest


    class Unprintable:
        def __str__(self):
            raise RuntimeError("no text")


    class MuteError(Exception):
        def __str__(self):
            raise RuntimeError("no text")


    def cyclic_cause():
        first, second = ValueError("first"), ValueError("second")
        first.__cause__, second.__cause__ = second, first
        return first


    def endless():
        endless()


    def cyclic():
        value = {}
        value["self"] = value
        return value


    def deep():
        value = "leaf"
        for _ in range(100_000):
            value = [value]
        return value


    def generate():
        yield "part"


    async def generate_later():
        yield "part"


    async def later():
        return "text"


    def throw(error):
        raise error


    ACTIONS = {
        "none": lambda: None,
        "bytes": lambda: b"text",
        "generator": generate,
        "async_generator": generate_later,
        "coroutine_inside": lambda: {"output": later()},
        "unprintable": Unprintable,
        "huge": lambda: "x" * 100_000_000,
        "nan": lambda: {"score": float("nan")},
        "infinity": lambda: float("inf"),
        "cyclic": cyclic,
        "deep": deep,
        "keys": lambda: {("a", "b"): 1},
        "object": object,
        "value_error": lambda: throw(ValueError("no")),
        "huge_error": lambda: throw(ValueError("x" * 10_000_000)),
        "mute_error": lambda: throw(MuteError()),
        "cyclic_error": lambda: throw(cyclic_cause()),
        "surrogate_error": lambda: throw(ValueError("a\\ud800b")),
        "terminal_error": lambda: throw(ValueError("\\x1b]52;c;ZXZpbA==\\x07")),
        "exit": lambda: sys.exit(0),
        "system_exit": lambda: throw(SystemExit),
        "generator_exit": lambda: throw(GeneratorExit()),
        "cancelled": lambda: throw(asyncio.CancelledError()),
        "memory": lambda: throw(MemoryError()),
        "recursion": endless,
        "pytest_fail": lambda: pytest.fail("from the agent"),
        "wrong_usage": lambda: {"output": "text", "usage": {"tokens": 3}},
    }
    if sys.version_info >= (3, 11):
        ACTIONS["group"] = lambda: throw(ExceptionGroup("several", [ValueError("one"), MuteError()]))


    def bad(question):
        return ACTIONS.get(question, lambda: question)()


    async def bad_async(question):
        await asyncio.sleep(0)
        return bad(question)


    async def bad_in_task(question):
        return (await asyncio.gather(bad_async(question)))[0]
"""

BROKEN = [
    "none: None",
    "bytes: bytes",
    "generator: a generator",
    "async_generator: a generator",
    "coroutine_inside: an awaitable",
    "unprintable: a Unprintable",
    "huge: 100,000,000 characters",
    "nan: no JSON value",
    "infinity: no JSON value",
    "cyclic: Circular reference",
    "deep: no JSON value",
    "keys: keys must be str",
    "object: a object",
    "value_error: no",
    "huge_error: 9,998,000 characters left out",
    "mute_error: raised RuntimeError",
    "cyclic_error: first",
    "surrogate_error: a\ufffdb",
    "terminal_error: ZXZpbA==",
    "exit: raised SystemExit(0)",
    "system_exit: raised SystemExit()",
    "generator_exit: raised GeneratorExit",
    "cancelled: raised CancelledError",
    "memory: MemoryError",
    "recursion: maximum recursion depth exceeded",
    "pytest_fail: from the agent",
    "wrong_usage: known: input_tokens",
]
"""What the agent does, and what its case's record says of it."""


@pytest.mark.parametrize(
    "options",
    [
        ["--eval-agent=agents:bad"],
        ["--eval-agent=agents:bad", "--eval-concurrency=4"],
        ["--eval-agent=agents:bad", "--eval-timeout=60"],
        ["--eval-agent=agents:bad_async"],
        ["--eval-agent=agents:bad_async", "--eval-timeout=60"],
        ["--eval-agent=agents:bad_in_task"],
    ],
    ids=lambda options: "-".join(option.rpartition("=")[2].rpartition(":")[2] for option in options),
)
def test_whatever_an_agent_does_is_an_error_of_that_case_and_the_run_goes_on(suite: Suite, options: list[str]) -> None:
    suite.write("agents.py", BAD)
    names = [entry.partition(": ")[0] for entry in BROKEN]
    suite.cases("first: fine -> fine", *(f"{name}: {name} -> {name}" for name in names), "last: fine -> fine")
    result = suite.run("--eval-json=run.json", *options)
    result.assert_outcomes(passed=2, errors=len(BROKEN))
    assert result.ret == 1
    records = suite.results()
    assert records["first"]["status"] == records["last"]["status"] == "passed"
    for entry in BROKEN:
        name, _, told = entry.partition(": ")
        record = records[name]
        assert (record["status"], record["score"]) == ("error", None)
        assert told in record["cause"]["message"], name
        assert len(str(record["cause"])) < 60_000
    assert "\x1b]52" not in result.stdout.str()
    assert "INTERNALERROR" not in result.stdout.str()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python has no exception groups")
def test_an_exception_group_is_told_with_its_parts(suite: Suite) -> None:
    suite.write("agents.py", BAD)
    suite.cases("group: group -> group", "last: fine -> fine")
    suite.run("--eval-json=run.json", "--eval-agent=agents:bad")
    cause = suite.results()["group"]["cause"]
    assert cause["message"] == "several (2 sub-exceptions)"
    assert "ValueError: one" in cause["traceback"]


@pytest.mark.parametrize("agent", ["sync", "later"])
@pytest.mark.parametrize(
    ("action", "code", "statuses"),
    [
        ("raise KeyboardInterrupt", 2, {"a": "passed", "b": "not_run", "c": "not_run"}),
        ("pytest.exit('enough')", 2, {"a": "passed", "b": "not_run", "c": "not_run"}),
        ("pytest.skip('not today')", 0, {"a": "passed", "b": "skipped", "c": "passed"}),
        ("pytest.xfail('not yet')", 0, {"a": "passed", "b": "skipped", "c": "passed"}),
    ],
)
def test_what_an_agent_tells_pytest_is_obeyed(
    suite: Suite, agent: str, action: str, code: int, statuses: dict[str, str]
) -> None:
    suite.write(
        "agents.py",
        f"""
        import pytest

        def sync(question):
            if question == "b":
                {action}
            return question

        async def later(question):
            return sync(question)
        """,
    )
    suite.cases("a: a -> a", "b: b -> b", "c: c -> c")
    run = suite.run_subprocess if "KeyboardInterrupt" in action else suite.run
    result = run("--eval-json=run.json", f"--eval-agent=agents:{agent}")
    assert result.ret == code
    assert suite.statuses() == statuses


def test_an_interrupted_case_is_not_asked_again(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        def bot(question):
            with open("calls.txt", "a") as calls:
                calls.write(question + "\\n")
            raise KeyboardInterrupt
        """,
    )
    suite.cases("a: a -> a", "b: b -> b")
    result = suite.run_subprocess("--eval-agent=agents:bot", "--eval-iterations=5")
    assert result.ret == 2
    assert suite.calls() == ["a"]


SHAPES = """
    import functools

    def function(question): return question
    async def coroutine(question): return question
    async def with_prefix(prefix, question): return question
    partial = functools.partial(with_prefix, "x")

    class Called:
        def __call__(self, question): return question
        def method(self, question): return question

    class CalledAsync:
        async def __call__(self, question): return question

    class Runs:
        def run(self, question): return question

    class RunsAsync:
        async def arun(self, question): return question
        def run(self, question): return "not this"

    class Invoked:
        def invoke(self, question): return question
        async def ainvoke(self, question): return question

    class Chats:
        def chat(self, message): return message

    called = Called()
    bound = called.method
    runs = Runs()
"""


def test_every_shape_of_an_agent_can_be_configured(suite: Suite) -> None:
    suite.write("agents.py", SHAPES)
    shapes = ["function", "coroutine", "partial", "Called", "called", "bound", "CalledAsync"]
    shapes += ["Runs", "runs", "RunsAsync", "Invoked", "Chats"]
    suite.configure(agents=tuple(f"{shape} = agents:{shape}" for shape in shapes))
    suite.cases("a: one -> one", "b: two -> two")
    result = suite.run(*(f"--eval-agent={shape}" for shape in shapes))
    result.assert_outcomes(passed=2 * len(shapes))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("agents:nothing", "*agents:nothing*no attribute 'nothing'*"),
        ("agents:broken", "*agent 'bot' is a int, which cannot be called*"),
        ("agents:Needs", "*Needs() failed: TypeError:*"),
        ("agents:wrong", "*requires 'prompt', 'system', which the case does not give*"),
        ("agents:deaf", "*takes neither the question nor any input of the case*"),
        ("nowhere:bot", "*No module named 'nowhere'*"),
        ("quits:bot", "*importing 'quits' failed: SystemExit: 0*"),
    ],
)
def test_an_agent_that_cannot_answer_is_a_usage_error_before_any_call(suite: Suite, target: str, message: str) -> None:
    suite.write("quits.py", "import sys; sys.exit(0)")
    suite.write(
        "agents.py",
        """
        broken = 7
        def wrong(prompt, system): return prompt
        def deaf(session_id): return session_id
        class Needs:
            def __init__(self, key): pass
        def noted(question):
            open("calls.txt", "a").write(question)
            return question
        """,
    )
    suite.configure(agents=("noted = agents:noted", f"bot = {target}"))
    suite.cases("a: one -> one")
    result = suite.run("--eval-agent=noted", "--eval-agent=bot")
    assert result.ret == 4
    result.stderr.fnmatch_lines([message])
    assert suite.calls() == []


def test_arguments_are_given_by_name(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        def everything(question, inputs, history, case, session_id, files, metadata, tier):
            assert (list(history), list(files)) == ([], [])
            return f"{question} {inputs['tier']} {case.id} {len(session_id)} {metadata['owner']} {tier}"
        """,
    )
    suite.write(
        "set.eval.yaml",
        """
        cases:
          - id: a
            question: why?
            inputs: {tier: gold}
            metadata: {owner: me}
            expected_response: why? gold a 32 me gold
            test_method: exact_match
        """,
    )
    suite.run("--eval-agent=agents:everything").assert_outcomes(passed=1)


def test_an_input_that_the_agent_would_ignore_is_a_usage_error(suite: Suite) -> None:
    suite.write(
        "set.eval.yaml",
        """
        cases:
          - {id: a, question: q, inputs: {tier: gold}, expected_response: q, test_method: exact_match}
        """,
    )
    result = suite.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*set.eval.yaml:2: case 'a': *'echo' does not take the input 'tier'*"])


REPLIES = """
    import dataclasses
    from pytest_evalsuite import AgentReply, ToolCall, Usage

    @dataclasses.dataclass
    class Triage:
        category: str
        priority: int = 1

    class Message:
        content = "from content"

    def bot(question):
        return {
            "reply": AgentReply(
                "text",
                tool_calls=[ToolCall(name="lookup", arguments={"id": 7}, result={"found": True})],
                usage=Usage(input_tokens=12, output_tokens=3),
                cost=0.002,
                trace_id="t-1",
                metadata={"model": "m"},
            ),
            "shaped": {"output": "text", "usage": {"input_tokens": 5}},
            "mapping": {"category": "billing"},
            "dataclass": Triage("billing"),
            "number": 42,
            "list": [1, 2],
            "content": Message(),
            "surrogate": "a\\ud800b",
        }[question]
"""


def test_replies_of_every_kind_are_recorded(suite: Suite) -> None:
    suite.write("agents.py", REPLIES)
    answers: dict[str, Any] = {
        "reply": "text",
        "shaped": "text",
        "mapping": '{"category": "billing"}',
        "dataclass": '{"category": "billing", "priority": 1}',
        "number": "42",
        "list": "[1, 2]",
        "content": "from content",
        "surrogate": "a\ufffdb",
    }
    suite.cases(*(f"{name}: {name} -> {answer}" for name, answer in answers.items()))
    suite.run("--eval-json=run.json", "--eval-agent=agents:bot").assert_outcomes(passed=len(answers))
    records = suite.results()
    assert {name: record["actual_response"] for name, record in records.items()} == answers
    reply = records["reply"]
    assert reply["tool_calls"] == [{"name": "lookup", "arguments": {"id": 7}, "result": {"found": True}}]
    assert reply["usage"] == {"input_tokens": 12, "output_tokens": 3}
    assert (reply["cost"], reply["trace_id"]) == (0.002, "t-1")
    assert records["shaped"]["usage"] == {"input_tokens": 5, "output_tokens": None}
    assert records["dataclass"]["actual_output"] == {"category": "billing", "priority": 1}
    assert records["number"]["actual_output"] == 42


def test_an_agent_may_answer_otherwise_each_time(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        import itertools
        answers = itertools.cycle(["text", {"a": 1}, 7, None])

        def bot(question):
            return next(answers)
        """,
    )
    suite.cases("a: q -> text")
    suite.run("--eval-json=run.json", "--eval-agent=agents:bot", "--eval-iterations=4").assert_outcomes(failed=1)
    attempts = suite.results()["a"]["attempts"]
    assert [attempt["status"] for attempt in attempts] == ["passed", "failed", "failed", "error"]


FIXTURE = """
    import pytest

    made = []

    @pytest.fixture({scope})
    def eval_agent():
        made.append(1)

        async def bot(question):
            return f"{{question}} {{len(made)}}"

        return bot
"""


@pytest.mark.parametrize(("scope", "second"), [('scope="session"', "q 1"), ("", "q 2")])
def test_a_fixture_may_give_the_agent(suite: Suite, scope: str, second: str) -> None:
    suite.write("conftest.py", FIXTURE.format(scope=scope))
    suite.cases("a: q -> q 1", f"b: q -> {second}")
    suite.run().assert_outcomes(passed=2)


def test_an_agent_made_anew_for_each_case_leaves_no_thread_behind(suite: Suite) -> None:
    suite.write(
        "conftest.py",
        """
        import threading
        import pytest

        before = threading.active_count()  # other tests leave agents behind that never answer

        @pytest.fixture
        def eval_agent():
            async def bot(question):
                assert threading.active_count() < before + 9
                return question
            return bot
        """,
    )
    suite.cases(*(f"c{number}: q -> q" for number in range(40)))
    suite.run().assert_outcomes(passed=40)


@pytest.mark.parametrize("agents", [(), ("echo = agents:echo",)])
def test_a_fixture_that_gives_nothing_is_an_error_and_no_other_agent_is_asked(
    suite: Suite, agents: tuple[str, ...]
) -> None:
    suite.configure(agents=agents)
    suite.write("conftest.py", "import pytest\n\n@pytest.fixture\ndef eval_agent():\n    lambda question: question\n")
    suite.cases("a: q -> q")
    result = suite.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*is a NoneType, which cannot be called*"])
