"""The record of a case: which of several answers it shows."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_evalsuite.agents import AgentReply
from pytest_evalsuite.execution.call import Attempt
from pytest_evalsuite.execution.result import case_record
from pytest_evalsuite.execution.scoring import judge_case, score_attempt
from pytest_evalsuite.methods import MethodRegistry
from pytest_evalsuite.testsets.condition import read_when
from pytest_evalsuite.testsets.model import Case, Check


def reading(field: str) -> Check:
    """A check of a number in the answer, where it is there."""
    method = MethodRegistry().register("custom", lambda output: output[field])()
    return Check(method, field, passing_score=0.5, when=read_when({f"output.{field}": {"exists": True}}))


def recorded(*answers: dict[str, Any]) -> dict[str, Any]:
    case = Case(id="c", question="why?", checks=(reading("a"), reading("b")), line=1, position=0)
    scored = [score_attempt(case, Attempt(n, 0.0, 0.1, reply=AgentReply(a))) for n, a in enumerate(answers, 1)]
    verdict = judge_case(case, scored, "mean")
    return case_record(case, scored, verdict, test_set="t", agent="x", rule="mean")


SKIPPED: dict[str, Any] = {"other": 1}


@pytest.mark.parametrize(
    ("answers", "status", "shown"),
    [
        ([{"a": 1, "b": 1}, {"a": 0}], "passed", 0),
        ([{"a": 0}, {"a": 0, "b": 1}], "failed", 0),
        ([SKIPPED, {"a": 0}], "failed", 1),
        ([SKIPPED, {"a": 1}], "passed", 1),
        ([SKIPPED, SKIPPED], "skipped", 0),
        ([SKIPPED, {"a": 1, "b": 0}, {"a": 0, "b": 1}], "passed", 1),
    ],
)
def test_the_answer_shown_is_of_an_attempt_that_speaks_for_the_verdict(
    answers: list[dict[str, Any]], status: str, shown: int
) -> None:
    record = recorded(*answers)
    assert record["status"] == status
    assert record["actual_output"] == answers[shown]
    assert record["checks"] == record["attempts"][shown]["checks"]
    assert record["passing_score"] is None
    assert "cost" not in record


def test_the_reasons_of_a_skipped_case() -> None:
    assert recorded(SKIPPED)["cause"] == {
        "kind": "skip",
        "message": "no check applies: a: output.a is absent, wanted it to be there; b: output.b is absent, wanted it "
        "to be there",
    }
