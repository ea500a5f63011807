"""Attempts of a case are scored, check by check, and become its verdict."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_evalsuite.agents.replies import output_text
from pytest_evalsuite.agents.reply import AgentReply
from pytest_evalsuite.errors import CaseError, MethodError
from pytest_evalsuite.execution.call import ENDS_NOTHING, Attempt
from pytest_evalsuite.execution.failure import message_of
from pytest_evalsuite.methods._base import Answer, Score
from pytest_evalsuite.testsets.model import Case, Check, PassRule

if TYPE_CHECKING:
    from pytest_evalsuite.judges import Bench

__all__ = [
    "CheckResult",
    "Context",
    "ScoredAttempt",
    "Verdict",
    "answer_for",
    "judge_case",
    "pass_at_k",
    "pass_hat_k",
    "score_attempt",
    "summary_statistics",
]

TOLERANCE = 1e-9
"""A score this close under the bar reaches it: 0.1 + 0.2 against 0.3."""


@dataclass(slots=True)
class CheckResult:
    """One check's verdict on one answer; ``score`` is after negation."""

    check: Check
    score: float
    passed: bool
    detail: Score


@dataclass(slots=True)
class ScoredAttempt:
    """An attempt with its checks. ``score`` is their weighted mean, None when there is an ``error`` instead."""

    attempt: Attempt
    checks: tuple[CheckResult, ...] = ()
    score: float | None = None
    passed: bool = False
    error: BaseException | None = None


@dataclass(slots=True)
class Verdict:
    """What a case comes to: ``score`` is the mean over the attempts that could be scored, None when none could."""

    status: Literal["passed", "failed", "error"]
    score: float | None
    error: BaseException | None = None


@dataclass(slots=True, kw_only=True)
class Context:
    """What scoring needs besides case and answer.

    The language of reasons, the judges, how long a method may take (seconds), and how to ask the agent once more.
    """

    language: str = "en"
    judges: Bench | None = None
    time_limit: float | None = None
    ask_again: Callable[[], float] | None = None


def score_attempt(case: Case, attempt: Attempt, context: Context | None = None) -> ScoredAttempt:
    """Score an attempt with every check of its case. An error of the agent or of a method is kept, not raised.

    Scores that were begun with the reply (``attempt.awaited``) are waited for.
    """
    if attempt.reply is None:
        return ScoredAttempt(attempt, error=attempt.error)
    context = context or Context()
    awaited = attempt.awaited.result() if attempt.awaited is not None else {}
    results: list[CheckResult] = []
    error: BaseException | None = None
    for number, check in enumerate(case.checks):
        try:
            score = (
                awaited[number]
                if number in awaited
                else _score(check, answer_for(case, check, attempt, attempt.reply, context))
            )
            results.append(_checked(check, score))
        except Exception as broken:
            error = error or broken
    checks = tuple(results)
    if error is not None:
        return ScoredAttempt(attempt, checks, error=error)
    mean = _weighted_mean(case.checks, [result.score for result in checks])
    passed = _required(case, [result.passed for result in checks], mean)
    return ScoredAttempt(attempt, checks, mean, passed)


def judge_case(case: Case, scored: Sequence[ScoredAttempt], rule: PassRule) -> Verdict:
    """Decide a case by its pass rule.

    An attempt that ended in an error counts neither as passed nor as failed: when the verdict would be the same either
    way it stands, else the case is an error.
    """
    if isinstance(rule, int) and rule > len(scored):
        attempts = f"at least {rule} attempts must pass, but the case is asked {len(scored)} times"
        return Verdict("error", None, CaseError(attempts))
    if len(scored) == 1:
        (only,) = scored
        if only.error is not None:
            return Verdict("error", None, only.error)
        return Verdict("passed" if only.passed else "failed", only.score)
    score = _mean([attempt.score for attempt in scored if attempt.score is not None])
    broken = next((attempt.error for attempt in scored if attempt.error is not None), None)
    worst, best = (_decide(case, scored, rule, unknown) for unknown in (False, True))
    if worst != best:
        return Verdict("error", score, broken)
    return Verdict("passed" if worst else "failed", score)


def pass_at_k(attempts: int, passed: int, k: int) -> float:
    """The chance that at least one of k attempts passes: ``1 - C(n-c, k) / C(n, k)``, unbiased (Chen et al. 2021)."""
    return 1.0 - math.comb(attempts - passed, k) / math.comb(attempts, k)


def pass_hat_k(attempts: int, passed: int, k: int) -> float:
    """The chance that all of k attempts pass: ``C(c, k) / C(n, k)``, unbiased (Yao et al. 2024, tau-bench)."""
    return math.comb(passed, k) / math.comb(attempts, k)


def answer_for(case: Case, check: Check, attempt: Attempt, reply: AgentReply, context: Context) -> Answer:
    """What a check's method may look at: the attempt's reply, and what the case says."""
    return Answer(
        text=output_text(reply.output),
        output=reply.output,
        question=case.question,
        inputs=case.inputs,
        expected_responses=check.expected_responses,
        expected=check.expected,
        reply=reply,
        metadata=case.metadata,
        time_limit=context.time_limit,
        seconds=attempt.seconds,
        language=context.language,
        judges=context.judges,
        ask_again=context.ask_again,
    )


def _score(check: Check, answer: Answer) -> Score | BaseException:
    try:
        return asyncio.run(check.method.ascore(answer)) if check.method.is_async else check.method.score(answer)
    except (Exception, *ENDS_NOTHING) as error:
        return error


def _checked(check: Check, score: Score | BaseException) -> CheckResult:
    """The check's verdict. Raises CaseError where there is no score."""
    method = check.method.method
    if isinstance(score, CaseError):
        raise score
    if isinstance(score, BaseException):
        error = MethodError(f"method {method!r} raised {type(score).__name__}: {message_of(score)}")
        raise error from score
    if not isinstance(score, Score):
        raise MethodError(f"method {method!r} returned a {type(score).__name__}; expected a Score")
    value = 1.0 - score.value if check.negate else score.value
    return CheckResult(check, value, value >= check.passing_score - TOLERANCE, score)


def _required(case: Case, passed: Sequence[bool], score: float) -> bool:
    if case.require == "score":
        return score >= (case.passing_score or 0.0) - TOLERANCE
    return all(passed) if case.require == "all" else any(passed)


def _decide(case: Case, scored: Sequence[ScoredAttempt], rule: PassRule, unknown: bool) -> bool:
    """Whether the case passes if every attempt that ended in an error had passed with score 1, or failed with 0."""
    if rule == "mean":
        means = [
            _mean([float(unknown) if a.error is not None else a.checks[i].score for a in scored])
            for i in range(len(case.checks))
        ]
        known = [mean or 0.0 for mean in means]
        passed = [mean >= check.passing_score - TOLERANCE for mean, check in zip(known, case.checks, strict=True)]
        return _required(case, passed, _weighted_mean(case.checks, known))
    count = sum(unknown if attempt.error is not None else attempt.passed for attempt in scored)
    if rule == "all":
        return count == len(scored)
    if rule == "any":
        return count > 0
    return count > len(scored) / 2 if rule == "majority" else count >= rule


def _weighted_mean(checks: Sequence[Check], scores: Sequence[float]) -> float:
    if len(checks) == 1:
        return scores[0]
    total = math.fsum(check.weight for check in checks)
    weighted = math.fsum(check.weight * score for check, score in zip(checks, scores, strict=True))
    return min(1.0, weighted / total)


def _mean(scores: Sequence[float]) -> float | None:
    return math.fsum(scores) / len(scores) if scores else None


def summary_statistics(scored: Sequence[ScoredAttempt]) -> dict[str, Any]:
    """Mean, min, max and sample standard deviation of the scores, pass@k and pass^k, over the scored attempts."""
    import statistics  # slow to load, and only repeated cases need it

    scores = [attempt.score for attempt in scored if attempt.score is not None]
    passed = sum(attempt.passed for attempt in scored)
    count = len(scores)
    ks = sorted({k for k in (1, 2, 3, 5, 10, 20, 50, count) if 0 < k <= count})
    return {
        "attempts": len(scored),
        "scored": count,
        "passed": passed,
        "mean": _round(_mean(scores)),
        "min": _round(min(scores, default=None)),
        "max": _round(max(scores, default=None)),
        "standard_deviation": _round(statistics.stdev(scores)) if count > 1 else None,
        "pass_at_k": {str(k): _round(pass_at_k(count, passed, k)) for k in ks},
        "pass_hat_k": {str(k): _round(pass_hat_k(count, passed, k)) for k in ks},
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
