"""Chat models as agents in whole runs, through the real client."""

from __future__ import annotations

import pytest
from model_server import Canned, ModelServer, as_stream, as_tool_calls
from suites import Suite


def test_a_model_is_an_agent(suite: Suite, model: ModelServer) -> None:
    model.reply = lambda asked: asked["messages"][-1]["content"]
    suite.configure(agents=("bot = openai:m",))
    suite.cases("a: one -> one", "b: two -> three")
    suite.run("--eval-json=run.json").assert_outcomes(passed=1, failed=1)
    assert suite.results()["a"]["usage"] == {"input_tokens": 100, "output_tokens": 20}
    assert model.requests[0]["model"] == "m"


def test_a_model_that_streams_and_calls_tools(suite: Suite, model: ModelServer) -> None:
    suite.write(
        "conftest.py",
        """
        from pytest_evalsuite import ChatAgent

        LOOK = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}

        def look(order):
            return {"status": "sent"}

        def pytest_evalsuite_agents():
            return {"bot": ChatAgent("m", tools=[LOOK], functions={"look": look}, stream=True, price=(1.0, 10.0))}
        """,
    )
    model.replies(as_stream(calls=[("look", '{"order": 7}')], end="tool_calls"), as_stream("it is ", "sent"))
    suite.cases("a: where is it? -> it is sent")
    suite.run("--eval-agent=bot", "--eval-json=run.json").assert_outcomes(passed=1)
    record = suite.results()["a"]
    assert record["tool_calls"] == [{"name": "look", "arguments": {"order": 7}, "result": {"status": "sent"}}]
    assert record["usage"] == {"input_tokens": 200, "output_tokens": 40}
    assert round(record["cost"], 6) == 0.0006


def test_a_model_that_fails_is_the_error_of_its_case(suite: Suite, model: ModelServer) -> None:
    model.replies(Canned(400), as_tool_calls(("look", "{}")), "one")
    suite.configure(agents=("bot = openai:m",))
    suite.cases("a: one -> one", "b: one -> one", "c: one -> one")
    result = suite.run("--eval-concurrency=1", "--eval-json=run.json")
    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(["*error (agent): AgentError: m at http://127.0.0.1:* answered 400: *told to fail*"])


def test_a_missing_key_is_told_before_any_call(
    suite: Suite, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name)
    suite.cases("a: one -> one")
    result = suite.run("--eval-agent=openai:m")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert any("needs OPENAI_API_KEY" in line for line in result.outlines + result.errlines)
    assert model.requests == []


def test_a_conversation_with_a_model_is_told_what_was_said(suite: Suite, model: ModelServer) -> None:
    model.reply = lambda asked: f"{len(asked['messages'])}: {asked['messages'][-1]['content']}"
    suite.configure(agents=("bot = openai:m",))
    suite.write(
        "set.eval.yaml",
        """
        mode: scenario
        defaults: {test_method: exact_match}
        cases:
          - {id: a, question: one, expected_response: "1: one"}
          - {id: b, question: two, expected_response: "3: two"}
        """,
    )
    suite.run().assert_outcomes(passed=2)
    assert [message["role"] for message in model.requests[-1]["messages"]] == ["user", "assistant", "user"]


DESCRIBED = """
    from __future__ import annotations

    from dataclasses import dataclass

    from pytest_evalsuite import ChatAgent

    @dataclass
    class Order:
        number: int

    def look(order: Order, full: bool = False) -> str:
        '''Look an order up.'''
        return f"{order.number} is sent"

    def pytest_evalsuite_agents():
        return {"bot": ChatAgent("m", api_key="sk-l1teral", functions={"look": look}, system="Be brief.")}
"""


def test_functions_of_a_conftest_describe_themselves(suite: Suite, model: ModelServer) -> None:
    suite.write("conftest.py", DESCRIBED)
    model.replies(as_tool_calls(("look", '{"order": {"number": 7}}')), "it is sent")
    suite.write(
        "set.eval.yaml",
        """
        agent: bot
        cases:
          - id: a
            question: where is it?
            checks:
              - {method: exact_match, expected_response: it is sent}
              - {method: reliability, expected_tool_calls: [look]}
        """,
    )
    suite.run("--eval-json=run.json").assert_outcomes(passed=1)
    (sent,) = model.requests[0]["tools"]
    assert sent["function"]["description"] == "Look an order up."
    assert sent["function"]["parameters"]["required"] == ["order"]
    assert suite.results()["a"]["tool_calls"][0] == {
        "name": "look",
        "arguments": {"order": {"number": 7}},
        "result": "7 is sent",
    }


def test_a_written_key_is_neither_printed_nor_kept(suite: Suite, model: ModelServer) -> None:
    suite.write("conftest.py", DESCRIBED)
    model.replies(Canned(401, body='{"error": {"message": "wrong key: sk-l1teral"}}'))
    suite.cases("a: one -> one", head="agent: bot")
    result = suite.run("--eval-json=run.json", "--log-level=DEBUG", "-vv", "--showlocals")
    kept = [path for path in suite.path.rglob("*") if path.is_file() and path.name != "conftest.py"]
    assert len(kept) > 2
    assert "answered 401" in result.stdout.str()
    assert "sk-l1teral" not in result.stdout.str() + result.stderr.str()
    assert [path for path in kept if b"sk-l1teral" in path.read_bytes() and path.suffix != ".pyc"] == []
