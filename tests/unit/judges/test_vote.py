from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.agents.reply import Usage
from pytest_evalsuite.errors import JudgeError
from pytest_evalsuite.judges import JudgeRequest, Scale, Verdict
from pytest_evalsuite.judges._vote import VotingJudge

REQUEST = JudgeRequest(purpose="quality", scale=Scale(kind="fraction"), answer="Paris")


class Fixed:
    """Gives the verdict that it was made with, or raises it."""

    def __init__(self, name: str, value: Any, **more: Any) -> None:
        self.identity, self.value, self.more = name, value, more

    async def judge(self, request: JudgeRequest) -> Verdict:
        if isinstance(self.value, Exception):
            raise self.value
        return Verdict(value=self.value, reason=f"{self.identity}'s", judge=self.identity, **self.more)


def vote(*values: Any, kind: Literal["majority", "mean"] = "majority") -> Any:
    judges = [Fixed(f"j{number}", value) for number, value in enumerate(values)]
    return asyncio.run(VotingJudge(judges, kind).judge(REQUEST)).value


@pytest.mark.parametrize(
    ("values", "majority", "mean"),
    [
        ((True, True, False), True, True),
        (("a", "b", "b"), "b", "b"),
        ((0.0, 0.9, 1.0), 0.9, pytest.approx(0.6333333)),
        ((0.2, 0.8), 0.5, 0.5),
        ((3, 7, 8, 10), 7.5, 7),
        (((True, False), (True, True), (False, False)), (True, False), (True, False)),
    ],
)
def test_the_votes_are_counted(values: Any, majority: Any, mean: Any) -> None:
    assert vote(*values) == majority
    assert vote(*values, kind="mean") == mean


@pytest.mark.parametrize(
    "values", [(True, False), ("a", "b"), ("a", "a", "b", "b", "c"), ((True, True), (True, False))]
)
def test_a_tie_is_an_error(values: Any) -> None:
    with pytest.raises(JudgeError, match="could not be judged: the vote is a tie"):
        vote(*values)


def test_one_judge_without_a_verdict_makes_the_vote_an_error() -> None:
    with pytest.raises(JudgeError, match="out of reach"):
        vote(1.0, 1.0, JudgeError("out of reach"))


@given(st.lists(st.floats(0, 1), min_size=1), st.sampled_from(["majority", "mean"]))
def test_a_vote_lies_among_the_votes(values: list[float], kind: Any) -> None:
    assert min(values) - 1e-12 <= vote(*values, kind=kind) <= max(values) + 1e-12


@given(st.lists(st.booleans(), min_size=1).filter(lambda votes: len(votes) % 2))
def test_an_odd_number_of_judges_never_ties(votes: list[bool]) -> None:
    assert vote(*votes) is (sum(votes) * 2 > len(votes))


def test_the_record_says_who_said_what_and_what_it_took() -> None:
    judges = [
        Fixed("a", 1.0, usage=Usage(input_tokens=10, output_tokens=1), cost=0.5, raw_reply="A"),
        Fixed("b", 0.5, usage=Usage(input_tokens=5), notes=("odd",)),
        Fixed("c", 0.0, cost=0.25),
    ]
    verdict = asyncio.run(VotingJudge(judges, "mean").judge(REQUEST))
    assert verdict.judge == "mean of a, b, c"
    assert verdict.notes == ("votes: a: 1; b: 0.5; c: 0", "odd")
    assert verdict.reason == "a: a's | b: b's | c: c's"
    assert verdict.usage == Usage(input_tokens=15, output_tokens=1)
    assert verdict.cost == 0.75


def test_the_reason_for_a_rule_is_that_of_a_judge_who_decided_so() -> None:
    judges = [
        Fixed("a", (True, False), reasons=("a1", "a2")),
        Fixed("b", (False, False), reasons=("b1", "b2")),
        Fixed("c", (False, True), reasons=("c1", "c2")),
    ]
    verdict = asyncio.run(VotingJudge(judges, "majority").judge(REQUEST))
    assert (verdict.value, verdict.reasons) == ((False, False), ("b1", "a2"))
