"""Several checks on one answer: one call, weights, what is required, and negation that keeps errors."""

from __future__ import annotations

import pytest
from suites import Suite

CASES = """
defaults: {{test_method: exact_match}}
cases:
  - id: a
    question: thirty days
    expected_response: thirty days
    {fields}
    checks:
      - {{method: contains, expected_response: thirty, weight: {weight}}}
      - {{method: contains, expected_response: forty, name: the wrong number}}
"""


def run(suite: Suite, fields: str = "", weight: float = 1) -> pytest.RunResult:
    suite.configure(agents=("noted = agents:noted",))
    suite.write("set.eval.yaml", CASES.format(fields=fields, weight=weight))
    return suite.run("--eval-json=run.json")


@pytest.mark.parametrize(
    ("fields", "weight", "passed", "score"),
    [
        ("", 1, False, 0.5),
        ("require: all", 1, False, 0.5),
        ("require: any", 1, True, 0.5),
        ("{require: score, passing_score: 0.5}", 1, True, 0.5),
        ("{require: score, passing_score: 0.51}", 1, False, 0.5),
        ("{require: score, passing_score: 0.75}", 3, True, 0.75),
    ],
)
def test_a_case_passes_as_it_requires(suite: Suite, fields: str, weight: float, passed: bool, score: float) -> None:
    fields = fields.strip("{}").replace(", ", "\n    ")
    result = run(suite, fields, weight)
    result.assert_outcomes(passed=int(passed), failed=int(not passed))
    record = suite.results()["a"]
    assert record["score"] == score
    assert [check["passed"] for check in record["checks"]] == [True, False]
    assert suite.calls() == ["thirty days"]


def test_a_failing_check_is_named(suite: Suite) -> None:
    result = run(suite)
    result.stdout.fnmatch_lines(["*1 of 2 checks failed: the wrong number (score 0.50)*"])


def test_negation_turns_the_score_and_never_an_error_into_a_pass(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        def bot(question):
            if question == "break":
                raise ValueError("no")
            return question
        """,
    )
    suite.write(
        "set.eval.yaml",
        """
        cases:
          - {id: clean, question: fine, checks: [{method: contains, expected_response: sorry, not: true}]}
          - {id: dirty, question: so sorry, checks: [{method: contains, expected_response: sorry, not: true}]}
          - {id: agent, question: break, checks: [{method: contains, expected_response: sorry, not: true}]}
          - {id: method, question: no JSON, checks: [{method: broken, not: true}]}
        """,
    )
    suite.write(
        "conftest.py",
        """
        def broken(actual):
            raise RuntimeError("cannot tell")

        def pytest_evalsuite_methods():
            return {"broken": broken}
        """,
    )
    suite.run("--eval-agent=agents:bot", "--eval-json=run.json", "--tb=no").assert_outcomes(
        passed=1, failed=1, errors=2
    )
    assert suite.statuses() == {"clean": "passed", "dirty": "failed", "agent": "error", "method": "error"}
    records = suite.results()
    assert records["clean"]["checks"][0]["not"] is True
    assert records["dirty"]["score"] == 0.0
    assert records["method"]["actual_response"] == "no JSON"


def test_one_broken_check_makes_the_case_an_error_and_the_others_are_kept(suite: Suite) -> None:
    suite.write(
        "conftest.py",
        """
        def broken(actual):
            raise RuntimeError("cannot tell")

        def pytest_evalsuite_methods():
            return {"broken": broken}
        """,
    )
    suite.write(
        "set.eval.yaml",
        """
        cases:
          - id: a
            question: fine
            require: any
            checks:
              - {method: contains, expected_response: fine}
              - {method: broken}
        """,
    )
    suite.run("--eval-json=run.json").assert_outcomes(errors=1)
    record = suite.results()["a"]
    assert (record["status"], record["score"]) == ("error", None)
    assert record["cause"]["kind"] == "method"
    assert [check["name"] for check in record["checks"]] == ["contains"]
