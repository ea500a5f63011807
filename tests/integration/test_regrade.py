"""Answers that were paid for once are scored anew, and nobody is called."""

from __future__ import annotations

import pytest
from suites import Suite

AGENTS = """
    from pytest_evalsuite import AgentReply, ToolCall, Usage

    def noted(question):
        with open("calls.txt", "a", encoding="utf-8") as calls:
            calls.write(question + "\\n")
        if question == "break":
            raise KeyError(question)
        if question == "tools":
            return AgentReply("done", [ToolCall(name="look", arguments={"id": 1})], Usage(input_tokens=7), 0.25)
        if question == "no tools":
            return AgentReply("done", [])
        return question.upper()

    async def asynchronous(question):
        return noted(question)
"""


@pytest.fixture(params=["noted", "asynchronous"])
def graded(suite: Suite, request: pytest.FixtureRequest) -> Suite:
    """A suite of which a run is kept."""
    suite.write("agents.py", AGENTS)
    suite.configure(agents=(f"echo = agents:{request.param}",))
    suite.cases("a: one -> one", "b: two -> TWO", "c: break -> x")
    suite.run("--eval-json=first.json")
    assert suite.statuses("first.json") == {"a": "failed", "b": "passed", "c": "error"}
    (suite.path / "calls.txt").unlink()
    return suite


def test_answers_are_scored_by_what_the_test_set_says_today(graded: Suite) -> None:
    graded.cases("a: one -> ONE", "b: two -> two", "c: break -> x")
    result = graded.run("--eval-regrade=latest", "--eval-json=run.json")
    assert graded.calls() == []
    assert graded.statuses() == {"a": "passed", "b": "failed", "c": "error"}
    first, second = graded.results("first.json"), graded.results()
    assert second["a"]["actual_response"] == "ONE"
    assert second["a"]["execution_time_ms"] == first["a"]["execution_time_ms"]
    assert second["c"]["cause"]["kind"] == "answer"
    assert "has no answer to this case" in second["c"]["cause"]["message"]
    result.stdout.fnmatch_lines(["graded anew: the answers of run *; no agent was called"])


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "xdist"])
def test_an_answer_to_another_question_is_not_taken(graded: Suite, workers: tuple[str, ...]) -> None:
    graded.cases("a: once -> ONCE", "b: two -> TWO", "d: new -> NEW")
    graded.run_subprocess("--eval-regrade=latest", "--eval-json=run.json", *workers)
    assert graded.calls() == []
    assert graded.statuses() == {"a": "error", "b": "passed", "d": "error"}
    assert "the question has changed" in graded.results()["a"]["cause"]["message"]


def test_every_attempt_and_its_tool_calls_are_there_again(suite: Suite) -> None:
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("echo = agents:noted",))
    text = """
        cases:
          - {id: a, question: tools, test_method: reliability, expected_tool_calls: [look]}
          - {id: b, question: no tools, test_method: reliability, expected_tool_calls: []}
    """
    suite.write("set.eval.yaml", text)
    suite.run("--eval-iterations=3", "--eval-json=first.json")
    asked = suite.calls()
    suite.run("--eval-regrade=latest", "--eval-json=run.json")
    assert suite.calls() == asked
    assert suite.statuses() == suite.statuses("first.json") == {"a": "passed", "b": "passed"}
    first, second = suite.results("first.json")["a"], suite.results()["a"]
    assert second["statistics"] == first["statistics"]
    assert [one["tool_calls"] for one in second["attempts"]] == [one["tool_calls"] for one in first["attempts"]]
    assert (second["usage"], second["cost"]) == (first["usage"], first["cost"])


def test_what_must_ask_again_cannot_be_graded_anew(suite: Suite) -> None:
    suite.configure(agents=("echo = agents:noted",))
    suite.write(
        "set.eval.yaml",
        "cases: [{id: a, question: one, test_method: performance, num_iterations: 2, max_seconds: 9}]",
    )
    suite.run()
    asked = suite.calls()
    suite.run("--eval-regrade=latest", "--eval-json=run.json")
    assert suite.calls() == asked
    assert suite.results()["a"]["cause"]["kind"] == "method"
