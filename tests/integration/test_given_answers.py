"""A case may carry its answer: it is graded as it stands, and no agent is called."""

from __future__ import annotations

import pytest
from suites import Suite


def test_an_answer_that_a_case_carries_is_graded_and_nobody_is_called(suite: Suite) -> None:
    suite.configure(agents=())
    suite.write(
        "set.eval.yaml",
        """
        cases:
          - {id: text, question: Hi, actual_response: Hello there, test_method: contains, expected_response: Hello}
          - {id: number, question: Six, actual_response: 6.50, test_method: exact_match, expected_response: "6.50"}
          - id: calls
            question: Refund
            actual_response: {status: done}
            actual_tool_calls: [look_up, {name: refund, arguments: {id: 3}}]
            checks:
              - {method: reliability, expected_tool_calls: [look_up, {name: refund, arguments: {id: 3}}]}
              - {method: json_match, expected: {status: done}}
          - {id: wrong, question: Hi, actual_response: Bye, test_method: contains, expected_response: Hello}
        """,
    )
    result = suite.run("--eval-json=run.json")
    assert suite.statuses() == {"text": "passed", "number": "passed", "calls": "passed", "wrong": "failed"}
    record = suite.results()["calls"]
    assert (record["agent"], record["actual_output"]) == ("given", {"status": "done"})
    assert [call["name"] for call in record["tool_calls"]] == ["look_up", "refund"]
    result.assert_outcomes(passed=3, failed=1)


def test_beside_cases_that_an_agent_is_asked(suite: Suite) -> None:
    suite.write(
        "conftest.py", "import pytest\n@pytest.fixture\ndef eval_agent():\n    return lambda question: question\n"
    )
    suite.write(
        "set.eval.yaml",
        """
        defaults: {test_method: exact_match, iterations: 3}
        cases:
          - {id: asked, question: Hi, expected_response: Hi}
          - {id: told, question: Hi there, actual_response: Hello, expected_response: Hello, agent: yesterday}
        """,
    )
    suite.run("--eval-json=run.json", "--eval-concurrency=4")
    results = suite.results()
    assert {name: record["agent"] for name, record in results.items()} == {"asked": "echo", "told": "yesterday"}
    assert len(results["asked"]["attempts"]) == 3
    assert "attempts" not in results["told"]


def test_several_agents_are_not_put_a_case_that_is_answered(suite: Suite) -> None:
    suite.write(
        "set.eval.yaml",
        """
        defaults: {test_method: exact_match}
        cases:
          - {id: asked, question: Hi, expected_response: Hi}
          - {id: told, question: Hi there, actual_response: Hello, expected_response: Hello}
        """,
    )
    result = suite.run("--eval-agent=echo", "--eval-agent=agents:async_echo", "-v")
    result.assert_outcomes(passed=3)


def test_columns_of_a_csv_file_hold_answers(suite: Suite) -> None:
    suite.write(
        "set.eval.csv",
        """
        question,expected_response,test_method,actual_response
        Hi,Hello,exact_match,Hello
        Bye,Bye,exact_match,
        """,
    )
    suite.run("--eval-json=run.json")
    assert [record["agent"] for record in suite.results().values()] == ["echo", "given"]
    assert {*suite.statuses().values()} == {"passed"}


def test_a_scripted_answer_in_a_conversation_is_what_later_turns_are_told(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        def last(question, history):
            return history[-1]["content"] if history else "nothing"
        """,
    )
    suite.configure(agents=("last = agents:last",))
    suite.write(
        "set.eval.yaml",
        """
        mode: scenario
        defaults: {test_method: exact_match}
        cases:
          - {id: told, question: Hi, actual_response: Hello, expected_response: Hello}
          - {id: asked, question: What did you say?, expected_response: Hello}
        """,
    )
    suite.run("--eval-json=run.json")
    assert suite.statuses() == {"told": "passed", "asked": "passed"}


@pytest.mark.parametrize("check", ["latency, max_seconds: 60", "cost, max_usd: 1", "performance, max_seconds: 60"])
def test_no_such_answer_satisfies_a_check_of_time_or_cost(suite: Suite, check: str) -> None:
    suite.write(
        "set.eval.yaml",
        f"cases:\n  - {{id: one, question: Hi, actual_response: Hello, checks: [{{method: {check}}}]}}\n",
    )
    suite.run("--eval-json=run.json")
    assert suite.statuses() == {"one": "error"}


@pytest.mark.parametrize(
    ("keys", "mistake"),
    [
        ("actual_tool_calls: [look]", "*:2:*: tool calls need the answer that they led to: 'actual_response'"),
        ("actual_response: Hi, actual_tool_calls: look", "*: actual_tool_calls: expected a list of tool calls*"),
        ("actual_response: Hi, actual_tool_calls: [{nam: x}]", "*: actual_tool_calls: a tool call of the reply *"),
        ("actual_response: Hi, iterations: 3", "*: an answer that is given is graded once: nobody is asked"),
        ("actual_response: ", "*: actual_response: *"),
    ],
)
def test_mistakes(suite: Suite, keys: str, mistake: str) -> None:
    suite.write(
        "set.eval.yaml",
        f"cases:\n  - {{question: Q, expected_response: A, test_method: exact_match, {keys}}}\n",
    )
    result = suite.run()
    result.stdout.fnmatch_lines([mistake])
    assert result.ret == 2


def test_fresh_trials_of_it_would_tell_nothing(suite: Suite) -> None:
    suite.write(
        "set.eval.yaml",
        """
        defaults: {test_method: exact_match}
        cases:
          - {id: told, question: Hi, actual_response: Hello, expected_response: Hello}
        """,
    )
    suite.run("--eval-json=base.json")
    path = suite.path / "set.eval.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("actual_response: Hello", "actual_response: Bye"))
    result = suite.run("--eval-baseline=base.json", "--eval-fail-on=regression", "--eval-json=run.json")
    assert "confirmation" not in suite.results()["told"]
    assert result.ret == 1


def test_a_resumed_run_grades_another_answer_anew_and_keeps_the_same(suite: Suite) -> None:
    text = """
        defaults: {test_method: exact_match}
        cases:
          - {id: one, question: Hi, actual_response: Hello, expected_response: Hello}
          - {id: two, question: Six, actual_response: {n: 6}, expected_response: '{"n": 6}'}
        """
    suite.write("set.eval.yaml", text)
    suite.run().assert_outcomes(passed=2)
    suite.write("set.eval.yaml", text.replace("actual_response: Hello", "actual_response: Bye"))
    suite.run("--eval-resume", "--eval-json=run.json").assert_outcomes(passed=1, failed=1)
    assert suite.statuses() == {"one": "failed", "two": "passed"}
    info = suite.artifact()["run"]["resume"]
    assert (info["reused"], [one["reason"] for one in info["dropped"]]) == (1, ["answer changed"])


def test_a_resumed_run_holds_a_conversation_anew_that_is_scripted_otherwise(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        def talk(question, history):
            return history[-1]["content"]
        """,
    )
    suite.configure(agents=("bot = agents:talk",))
    text = """
        mode: scenario
        defaults: {test_method: exact_match}
        cases:
          - {id: told, question: Hi, actual_response: Hello, expected_response: Hello}
          - {id: asked, question: What did you say?, expected_response: Hello}
        """
    suite.write("set.eval.yaml", text)
    suite.run().assert_outcomes(passed=2)
    suite.write("set.eval.yaml", text.replace("actual_response: Hello", "actual_response: Bye"))
    suite.run("--eval-resume").assert_outcomes(failed=2)
