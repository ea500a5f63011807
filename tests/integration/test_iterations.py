"""A case may be asked several times; every attempt is kept, and a rule decides what they come to."""

from __future__ import annotations

import pytest
from suites import Suite

AGENT = """
    import asyncio
    import sys

    sessions = set()
    asked = {}

    def bot(question, session_id):
        assert session_id not in sessions
        sessions.add(session_id)
        number = asked[question] = asked.get(question, 0) + 1
        with open("calls.txt", "a") as calls:
            calls.write(question + "\\n")
        step = question[(number - 1) % len(question)]
        if step == "X":
            raise ValueError(f"broke at {number}")
        return "right" if step == "+" else "wrong"

    async def later(question, session_id):
        answer = bot(question, session_id)
        await asyncio.sleep(0)
        return answer
"""


@pytest.fixture
def trying(suite: Suite) -> Suite:
    """An agent whose question says how its attempts end: + right, - wrong, X broken."""
    suite.write("agents.py", AGENT)
    suite.configure(agents=("bot = agents:bot", "later = agents:later"))
    return suite


@pytest.mark.parametrize("agent", ["bot", "later"])
def test_every_attempt_is_kept_with_its_own_session(trying: Suite, agent: str) -> None:
    trying.cases("a: ++-X -> right", "b: + -> right")
    result = trying.run(f"--eval-agent={agent}", "--eval-iterations=4", "--eval-json=run.json", "--tb=no")
    result.assert_outcomes(passed=1, failed=1)
    records = trying.results()
    attempts = records["a"]["attempts"]
    assert [attempt["number"] for attempt in attempts] == [1, 2, 3, 4]
    assert [attempt["status"] for attempt in attempts] == ["passed", "passed", "failed", "error"]
    assert [attempt["score"] for attempt in attempts] == [1.0, 1.0, 0.0, None]
    assert [attempt.get("actual_response") for attempt in attempts] == ["right", "right", "wrong", None]
    assert attempts[3]["cause"]["message"] == "broke at 4"
    assert records["a"]["statistics"] == {
        "attempts": 4,
        "scored": 3,
        "passed": 2,
        "mean": 0.666667,
        "min": 0.0,
        "max": 1.0,
        "standard_deviation": 0.57735,
        "pass_at_k": {"1": 0.666667, "2": 1.0, "3": 1.0},
        "pass_hat_k": {"1": 0.666667, "2": 0.333333, "3": 0.0},
    }
    assert records["b"]["score"] == 1.0
    assert len(trying.calls()) == 8


RULES = [
    ("mean", "++--", "failed"),
    ("all", "++++", "passed"),
    ("all", "+++-", "failed"),
    ("any", "---+", "passed"),
    ("any", "----", "failed"),
    ("any", "+XXX", "passed"),
    ("any", "---X", "error"),
    ("majority", "+++-", "passed"),
    ("majority", "++--", "failed"),
    ("majority", "+++X", "passed"),
    ("majority", "---X", "failed"),
    ("majority", "++-X", "error"),
    ("{at_least: 2}", "++--", "passed"),
    ("{at_least: 2}", "+---", "failed"),
    ("{at_least: 2}", "+--X", "error"),
    ("all", "X++-", "failed"),
]


def test_the_pass_rule_decides_and_a_broken_attempt_only_where_it_could(trying: Suite) -> None:
    lines = [
        f"  - {{id: c{number}, question: '{question}', expected_response: right, pass_rule: {rule}}}"
        for number, (rule, question, _) in enumerate(RULES)
    ]
    trying.write("set.eval.yaml", "defaults: {test_method: exact_match, iterations: 4}\ncases:\n" + "\n".join(lines))
    trying.run("--eval-agent=bot", "--eval-json=run.json")
    expected = {f"c{number}": (rule, question, status) for number, (rule, question, status) in enumerate(RULES)}
    actual = {case_id: (*expected[case_id][:2], record["status"]) for case_id, record in trying.results().items()}
    assert actual == expected


def test_the_answer_shown_is_one_that_speaks_for_the_verdict(trying: Suite) -> None:
    trying.write(
        "set.eval.yaml",
        """
        defaults: {test_method: exact_match, iterations: 3}
        cases:
          - {id: failed, question: +--, expected_response: right, pass_rule: majority}
          - {id: passed, question: -++, expected_response: right, pass_rule: majority}
          - {id: broken, question: +-X, expected_response: right, pass_rule: majority}
        """,
    )
    trying.run("--eval-agent=bot", "--eval-json=run.json", "--tb=no")
    records = trying.results()
    assert records["failed"]["actual_response"] == "wrong"
    assert records["passed"]["actual_response"] == "right"
    assert records["broken"]["cause"]["message"] == "broke at 3"


def test_the_mean_of_the_scores_is_held_against_the_bar(trying: Suite) -> None:
    trying.write(
        "set.eval.yaml",
        """
        defaults: {test_method: exact_match, iterations: 4, passing_score: 0.7}
        cases:
          - {id: over, question: +++-, expected_response: right}
          - {id: under, question: ++--, expected_response: right}
        """,
    )
    result = trying.run("--eval-agent=bot", "--eval-json=run.json")
    result.assert_outcomes(passed=1, failed=1)
    assert {name: record["score"] for name, record in trying.results().items()} == {"over": 0.75, "under": 0.5}
    result.stdout.fnmatch_lines(["*score 0.50 < 0.70 (exact_match, mean of 4 attempts)*"])


def test_the_command_line_wins_over_the_case_and_the_case_over_the_ini_value(trying: Suite) -> None:
    trying.configure("evalsuite_iterations = 2", "evalsuite_pass_rule = any", agents=("bot = agents:bot",))
    trying.write(
        "set.eval.yaml",
        """
        defaults: {test_method: exact_match}
        cases:
          - {id: a, question: -+, expected_response: right}
          - {id: b, question: -++, expected_response: right, iterations: 3, pass_rule: all}
        """,
    )
    trying.run("--eval-json=run.json").assert_outcomes(passed=1, failed=1)
    assert {name: len(record["attempts"]) for name, record in trying.results().items()} == {"a": 2, "b": 3}
    trying.run("--eval-json=run.json", "--eval-iterations=5")
    assert {name: len(record["attempts"]) for name, record in trying.results().items()} == {"a": 5, "b": 5}


@pytest.mark.parametrize("number", ["0", "101", "-1", "many", "1.5"])
def test_a_number_of_iterations_that_cannot_be_is_a_usage_error(trying: Suite, number: str) -> None:
    trying.cases("a: + -> right")
    result = trying.run("--eval-agent=bot", f"--eval-iterations={number}")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--eval-iterations: expected *1..100, got *"])
    assert trying.calls() == []


def test_usage_and_cost_are_those_of_all_attempts(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        def bot(question):
            return {"output": question, "cost": 0.5, "usage": {"input_tokens": 10, "output_tokens": None}}
        """,
    )
    suite.cases("a: q -> q")
    suite.run("--eval-agent=agents:bot", "--eval-iterations=3", "--eval-json=run.json").assert_outcomes(passed=1)
    record = suite.results()["a"]
    assert (record["cost"], record["usage"]) == (1.5, {"input_tokens": 30, "output_tokens": None})


@pytest.mark.parametrize("iterations", [1, 2])
def test_a_rule_that_wants_more_attempts_than_there_are_is_an_error(trying: Suite, iterations: int) -> None:
    trying.write(
        "set.eval.yaml",
        """
        defaults: {test_method: exact_match}
        cases:
          - {id: a, question: +, expected_response: right, iterations: 3, pass_rule: {at_least: 3}}
        """,
    )
    trying.run("--eval-agent=bot", f"--eval-iterations={iterations}", "--eval-json=run.json").assert_outcomes(errors=1)
    message = trying.results()["a"]["cause"]["message"]
    assert message == f"at least 3 attempts must pass, but the case is asked {iterations} times"
