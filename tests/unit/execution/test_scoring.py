"""Checks become a score, attempts become a verdict, and an error stays an error."""

from __future__ import annotations

import itertools
import json
import math
import statistics
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.agents import AgentReply
from pytest_evalsuite.errors import MethodError, ReplyError
from pytest_evalsuite.execution.call import Attempt
from pytest_evalsuite.execution.repeats import summary_statistics
from pytest_evalsuite.execution.scoring import (
    CheckResult,
    ScoredAttempt,
    Verdict,
    judge_case,
    score_attempt,
)
from pytest_evalsuite.methods import MethodRegistry, Score
from pytest_evalsuite.testsets.condition import read_when
from pytest_evalsuite.testsets.model import Case, Check, PassRule

BROKEN = ReplyError("broken")


def check(function: Callable[..., Any], **fields: Any) -> Check:
    method = MethodRegistry().register("custom", function)()
    fields = {"name": "custom", "passing_score": 0.5, **fields}
    return Check(method, **fields)


def giving(value: Any, **fields: Any) -> Check:
    return check(lambda actual: value, **fields)


def case(*checks: Check, **fields: Any) -> Case:
    return Case(id="a", question="why?", checks=checks, line=1, position=0, **fields)


def answered(output: Any = "text") -> Attempt:
    return Attempt(1, 0.0, 0.1, reply=AgentReply(output))


def scored(*checks: Check, **fields: Any) -> ScoredAttempt:
    return score_attempt(case(*checks, **fields), answered())


@pytest.mark.parametrize(
    ("value", "score"),
    [(True, 1.0), (False, 0.0), (0, 0.0), (1, 1.0), (0.25, 0.25), (Score(0.75, reason="so"), 0.75)],
)
def test_a_function_gives_a_bool_a_number_or_a_score(value: Any, score: float) -> None:
    result = scored(giving(value))
    assert result.score == score
    assert result.passed is (score >= 0.5)
    assert result.error is None


@pytest.mark.parametrize("value", [math.nan, math.inf, 11, -0.1, None, "x", [1.0], object()])
@pytest.mark.parametrize("negate", [False, True])
def test_what_is_no_score_is_an_error_negated_or_not(value: Any, negate: bool) -> None:
    result = scored(giving(value, negate=negate))
    assert isinstance(result.error, MethodError)
    assert (result.score, result.passed) == (None, False)
    assert judge_case(case(giving(value)), [result], "mean").status == "error"


@pytest.mark.parametrize(
    "fields", [{"reason": 5}, {"judge": 5}, {"usage": {"input_tokens": 1}}, {"cost": "much"}, {"evidence": ["a"]}]
)
def test_what_a_score_says_beside_its_figure_has_a_form(fields: dict[str, Any]) -> None:
    result = scored(giving(Score(1.0, **fields)))
    (name,) = fields
    assert isinstance(result.error, MethodError)
    assert str(result.error).startswith(f"method 'custom' returned a Score whose {name} is a ")


def test_a_score_need_not_say_anything_beside_its_figure() -> None:
    fields: dict[str, Any] = dict.fromkeys(("reason", "judge", "usage", "cost", "evidence"))
    assert scored(giving(Score(1.0, **fields))).passed


async def awaited(actual: str) -> float:
    return 0.75


def test_a_coroutine_function_is_awaited() -> None:
    assert scored(check(awaited)).score == 0.75


class WithoutText(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(0), GeneratorExit(), WithoutText(), RecursionError()])
def test_a_method_that_raises_makes_an_error_that_names_it_and_keeps_the_answer(error: BaseException) -> None:
    def custom(actual: str) -> float:
        raise error

    result = scored(check(custom), giving(1.0))
    assert isinstance(result.error, MethodError)
    assert f"method 'custom' raised {type(error).__name__}" in str(result.error)
    assert result.attempt.reply is not None
    assert [other.score for other in result.checks if isinstance(other, CheckResult)] == [1.0]


def test_a_method_does_not_swallow_what_ends_the_session() -> None:
    def custom(actual: str) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scored(check(custom))


@pytest.mark.parametrize(
    ("require", "passing_score", "scores", "passed"),
    [
        ("all", None, (1.0, 0.5), True),
        ("all", None, (1.0, 0.4), False),
        ("any", None, (0.0, 0.5), True),
        ("any", None, (0.0, 0.4), False),
        ("score", 0.7, (1.0, 0.4), True),
        ("score", 0.71, (1.0, 0.4), False),
        ("score", 0.3, (0.1 + 0.2, 0.1 + 0.2 - 1e-12), True),
    ],
)
def test_a_case_of_several_checks_passes_as_it_requires(
    require: Any, passing_score: float | None, scores: Sequence[float], passed: bool
) -> None:
    result = scored(*map(giving, scores), require=require, passing_score=passing_score)
    assert result.passed is passed
    assert result.score == pytest.approx(sum(scores) / len(scores))


def test_weights_weigh() -> None:
    assert scored(giving(1.0, weight=3.0), giving(0.0)).score == 0.75


def test_negation_turns_the_score_and_keeps_the_bar() -> None:
    result = scored(giving(0.2, negate=True, passing_score=0.8))
    assert (result.score, result.passed) == (0.8, True)
    assert not scored(giving(0.3, negate=True, passing_score=0.8)).passed


def outcome(score: float | None, bar: float = 0.5) -> ScoredAttempt:
    """An attempt of a case of one check, None for one that ended in an error."""
    if score is None:
        return ScoredAttempt(Attempt(1, 0.0, 0.1, error=BROKEN), error=BROKEN)
    result = CheckResult(ONE, score, score >= bar, Score(score))
    return ScoredAttempt(answered(), (result,), score, score >= bar)


ONE = giving(1.0)
X = None


@pytest.mark.parametrize(
    ("rule", "scores", "verdict"),
    [
        ("mean", (1.0, 0.0), "passed"),
        ("mean", (0.9, 0.0), "failed"),
        ("mean", (1.0, 1.0, 0.0, X), "passed"),
        ("mean", (1.0, 0.0, X), "error"),
        ("mean", (0.2, 0.2, X), "failed"),
        ("all", (1.0, 1.0), "passed"),
        ("all", (1.0, 0.4), "failed"),
        ("all", (1.0, X), "error"),
        ("all", (0.4, X), "failed"),
        ("any", (0.0, 0.5), "passed"),
        ("any", (0.0, 0.4), "failed"),
        ("any", (0.0, X), "error"),
        ("any", (1.0, X), "passed"),
        ("majority", (1.0, 1.0, 0.0), "passed"),
        ("majority", (1.0, 0.0), "failed"),
        ("majority", (1.0, 1.0, X), "passed"),
        ("majority", (1.0, 0.0, X), "error"),
        ("majority", (0.0, 0.0, X), "failed"),
        (2, (1.0, 1.0, 0.0), "passed"),
        (2, (1.0, 0.0, 0.0), "failed"),
        (2, (1.0, X, 0.0), "error"),
        (2, (1.0, 1.0, X), "passed"),
        ("mean", (X, X), "error"),
        ("all", (X,), "error"),
    ],
)
def test_an_attempt_that_broke_counts_as_neither(rule: PassRule, scores: Sequence[float | None], verdict: str) -> None:
    judged = judge_case(case(ONE), [outcome(score) for score in scores], rule)
    assert judged.status == verdict
    assert (judged.error is BROKEN) is (verdict == "error")


@given(
    st.lists(st.none() | st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=2, max_size=5),
    st.sampled_from(["mean", "all", "any", "majority", 1, 2]),
)
def test_the_verdict_is_an_error_just_where_the_broken_attempts_could_decide(
    scores: list[float | None], rule: PassRule
) -> None:
    judged = judge_case(case(ONE), [outcome(score) for score in scores], rule)
    unknown = [place for place, score in enumerate(scores) if score is None]
    possible = set()
    for guesses in itertools.product([0.0, 1.0], repeat=len(unknown)):
        known = dict(zip(unknown, guesses, strict=True))
        filled = [known.get(place, score) for place, score in enumerate(scores)]
        possible.add(passes([score for score in filled if score is not None], rule))
    assert judged.status == ("error" if len(possible) == 2 else "passed" if possible == {True} else "failed")
    kept = [score for score in scores if score is not None]
    assert judged.score == (pytest.approx(statistics.fmean(kept)) if kept else None)


def passes(scores: list[float], rule: PassRule) -> bool:
    """The rules as the documentation says them, for one check with the bar at 0.5."""
    count = len([score for score in scores if score >= 0.5])
    if isinstance(rule, int):
        return count >= rule
    return {
        "mean": sum(scores) / len(scores) >= 0.5,
        "all": count == len(scores),
        "any": count >= 1,
        "majority": count * 2 > len(scores),
    }[rule]


NEVER = read_when({"tags": "never"})


@given(
    st.lists(
        st.none() | st.lists(st.sampled_from([0.0, 0.4, 0.5, 1.0]), min_size=2, max_size=2), min_size=1, max_size=4
    ),
    st.sampled_from(["mean", "all", "any", "majority", 1]),
    st.sampled_from(["all", "any", "score"]),
)
def test_a_check_that_never_applies_might_as_well_not_be_there(
    answers: list[list[float] | None], rule: PassRule, require: Any
) -> None:
    def decided(*more: Check) -> Verdict:
        whole = case(
            check(lambda actual: json.loads(actual)[0], name="first"),
            *more,
            check(lambda actual: json.loads(actual)[1], name="second", weight=2.0),
            require=require,
            passing_score=0.5,
        )
        attempts = [Attempt(1, 0.0, 0.1, error=BROKEN) if a is None else answered(json.dumps(a)) for a in answers]
        return judge_case(whole, [score_attempt(whole, attempt) for attempt in attempts], rule)

    assert decided(giving(0.0, weight=7.0, when=NEVER)) == decided()


def test_an_attempt_to_which_no_check_applies_is_not_counted() -> None:
    whole = case(giving(1.0, when=read_when({"output.kind": "a"})), giving(0.0, when=read_when({"output.kind": "b"})))
    attempts = [score_attempt(whole, answered({"kind": kind})) for kind in "abca"]
    assert [attempt.status for attempt in attempts] == ["passed", "failed", "skipped", "passed"]
    assert attempts[2].why_skipped == "custom: output.kind is 'c', wanted 'a'; custom: output.kind is 'c', wanted 'b'"
    verdicts = {rule: judge_case(whole, attempts, rule).status for rule in ("all", "any", "majority", 2, 3)}
    assert verdicts == {"all": "failed", "any": "passed", "majority": "passed", 2: "passed", 3: "failed"}
    assert judge_case(whole, attempts, "mean") == Verdict("failed", 2 / 3)
    assert judge_case(whole, [attempts[0], attempts[2]], "mean") == Verdict("passed", 1.0)
    assert judge_case(whole, [attempts[2], attempts[2]], "mean") == Verdict("skipped", None)
    assert summary_statistics(attempts)["scored"] == 3


def test_whether_a_check_applies_to_an_attempt_that_broke_is_not_known() -> None:
    bound = giving(1.0, when=read_when({"output.kind": "a"}))
    whole = case(giving(1.0), bound)
    broken = ScoredAttempt(Attempt(1, 0.0, 0.1, error=BROKEN), error=BROKEN)
    other = score_attempt(whole, answered({"kind": "b"}))
    assert judge_case(whole, [other, other, broken], "mean").status == "error"
    assert judge_case(case(giving(1.0), giving(1.0, when=NEVER)), [other, other, broken], "mean").status == "passed"


def test_a_skipped_check_is_not_asked_and_cannot_break() -> None:
    result = scored(check(lambda actual: 1 / 0, when=NEVER), giving(1.0))
    assert (result.status, result.score) == ("passed", 1.0)
    assert scored(check(lambda actual: 1 / 0), giving(1.0, when=NEVER)).status == "error"


def test_the_mean_of_each_check_is_held_against_its_own_bar() -> None:
    checks = (giving(1.0, passing_score=0.9), giving(1.0, passing_score=0.1))

    def attempt(first: float, second: float) -> ScoredAttempt:
        values = zip(checks, (first, second), strict=True)
        results = tuple(CheckResult(c, v, v >= c.passing_score, Score(v)) for c, v in values)
        return ScoredAttempt(answered(), results, (first + second) / 2, all(r.passed for r in results))

    assert judge_case(case(*checks), [attempt(1.0, 0.0), attempt(0.8, 0.2)], "mean") == Verdict("passed", 0.5)
    assert judge_case(case(*checks), [attempt(1.0, 1.0), attempt(0.7, 1.0)], "mean").status == "failed"


def test_the_statistics_say_how_many_they_are_over() -> None:
    shown = summary_statistics([outcome(1.0), outcome(0.0), outcome(None), outcome(0.5)])
    assert shown == {
        "attempts": 4,
        "scored": 3,
        "passed": 2,
        "mean": 0.5,
        "min": 0.0,
        "max": 1.0,
        "standard_deviation": 0.5,
        "pass_at_k": {"1": 0.666667, "2": 1.0, "3": 1.0},
        "pass_hat_k": {"1": 0.666667, "2": 0.333333, "3": 0.0},
    }


def test_the_statistics_of_one_or_no_scored_attempt_are_empty_where_nothing_can_be_said() -> None:
    one = summary_statistics([outcome(0.5), outcome(None)])
    assert (one["mean"], one["standard_deviation"], one["pass_at_k"]) == (0.5, None, {"1": 1.0})
    none = summary_statistics([outcome(None)])
    assert (none["mean"], none["min"], none["max"], none["pass_at_k"]) == (None, None, None, {})
