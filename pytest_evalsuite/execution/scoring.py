"""Attempts of a case are scored, check by check, and become its verdict."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, Literal

from pytest_evalsuite.agents.replies import output_text
from pytest_evalsuite.agents.reply import AgentReply, Usage
from pytest_evalsuite.errors import CaseError, MethodError, TurnBroken
from pytest_evalsuite.execution.call import ENDS_NOTHING, Attempt
from pytest_evalsuite.execution.failure import message_of
from pytest_evalsuite.execution.slots import no_slot, slot_of
from pytest_evalsuite.forms import Kind
from pytest_evalsuite.judges import asking_for
from pytest_evalsuite.methods._base import Answer, Score
from pytest_evalsuite.testsets.condition import why_skipped
from pytest_evalsuite.testsets.model import Case, Check, PassRule
from pytest_evalsuite.testsets.paths import structured

if TYPE_CHECKING:
    from pytest_evalsuite.judges import Bench

__all__ = [
    "CheckResult",
    "Context",
    "ScoredAttempt",
    "SkippedCheck",
    "Verdict",
    "answer_for",
    "ascore",
    "judge_case",
    "lacks_slot",
    "score_attempt",
    "why_not",
]

TOLERANCE = 1e-9
"""A score this close under the bar reaches it: 0.1 + 0.2 against 0.3."""

SCORE_FORM: Final[dict[str, Kind]] = {
    "reason": (str, NoneType),
    "evidence": (Mapping, NoneType),
    "judge": (str, NoneType),
    "usage": (Usage, NoneType),
    "cost": (int, float, NoneType),
}
"""The types of what a method may say beside its figure: nobody has held it to them."""

Status = Literal["passed", "failed", "error", "skipped"]


@dataclass(slots=True)
class CheckResult:
    """One check's verdict on one answer; ``score`` is after negation."""

    check: Check
    score: float
    passed: bool
    detail: Score


@dataclass(slots=True)
class SkippedCheck:
    """A check whose conditions do not all hold, and why: it counts neither for nor against the answer."""

    check: Check
    reason: str


@dataclass(slots=True)
class ScoredAttempt:
    """An attempt with its checks, in the case's order, but for those that ended in an error.

    ``score`` is their weighted mean, None when there is an ``error`` instead, or when all of them are skipped.
    """

    attempt: Attempt
    checks: tuple[CheckResult | SkippedCheck, ...] = ()
    score: float | None = None
    passed: bool = False
    error: BaseException | None = None

    @property
    def status(self) -> Status:
        """What came of it."""
        if self.error is not None:
            return "skipped" if isinstance(self.error, TurnBroken) else "error"
        return "skipped" if self.score is None else "passed" if self.passed else "failed"

    @property
    def why_skipped(self) -> str:
        """The reasons of the checks that are skipped, or why the turn was."""
        if self.error is not None:
            return message_of(self.error)
        skipped = [result for result in self.checks if isinstance(result, SkippedCheck)]
        if len(skipped) == 1:
            return skipped[0].reason
        return "; ".join(f"{result.check.name}: {result.reason}" for result in skipped)


@dataclass(slots=True)
class Verdict:
    """What a case comes to: ``score`` is the mean over the attempts that could be scored, None when none could."""

    status: Status
    score: float | None
    error: BaseException | None = None


@dataclass(slots=True, kw_only=True)
class Context:
    """What scoring needs besides case and answer.

    The language of reasons, the agent's name, the test set's tags, the judges, how long a method may take (seconds),
    how to ask the agent once more, what the case is found by, and what a check of this name measured before.
    """

    language: str = "en"
    agent: str = ""
    tags: tuple[str, ...] = ()
    judges: Bench | None = None
    time_limit: float | None = None
    ask_again: Callable[[], float] | None = None
    key: tuple[str, ...] = ()
    before: Callable[[str], Mapping[str, Any] | None] | None = None


def score_attempt(case: Case, attempt: Attempt, context: Context | None = None) -> ScoredAttempt:
    """Score an attempt with every check of its case. An error of the agent or of a method is kept, not raised.

    Scores that were begun with the reply (``attempt.awaited``) are waited for.
    """
    if attempt.reply is None:
        return ScoredAttempt(attempt, error=attempt.error)
    context = context or Context()
    awaited = attempt.awaited.result() if attempt.awaited is not None else {}
    results: list[CheckResult | SkippedCheck] = []
    error: BaseException | None = None
    for number, check in enumerate(case.checks):
        if (reason := why_not(case, check, attempt.reply, context)) is not None:
            results.append(SkippedCheck(check, reason))
            continue
        try:
            if lacks_slot(check, attempt.reply):
                score: Score | BaseException = no_slot(attempt.reply.output, check.slot or "")
            elif number in awaited:
                score = awaited[number]
            else:
                answer = answer_for(case, check, attempt, attempt.reply, context)
                score = _score(number, check, answer, attempt, context)
            results.append(_checked(check, score))
        except Exception as broken:
            error = error or broken
    checks = tuple(results)
    if error is not None:
        return ScoredAttempt(attempt, checks, error=error)
    applied = [result for result in checks if isinstance(result, CheckResult)]
    if not applied:
        return ScoredAttempt(attempt, checks)
    mean = _weighted_mean([result.check for result in applied], [result.score for result in applied])
    passed = _required(case, [result.passed for result in applied], mean)
    return ScoredAttempt(attempt, checks, mean, passed)


def judge_case(case: Case, scored: Sequence[ScoredAttempt], rule: PassRule) -> Verdict:
    """Decide a case by its pass rule.

    An attempt that ended in an error counts neither as passed nor as failed: when the verdict would be the same either
    way it stands, else the case is an error. One whose checks are all skipped does not count; when no other is left,
    the case is skipped. So it is when an earlier turn is to blame each time; else such an attempt is an error.
    """
    if isinstance(rule, int) and rule > len(scored):
        attempts = f"at least {rule} attempts must pass, but the case is asked {len(scored)} times"
        return Verdict("error", None, CaseError(attempts))
    if len(scored) == 1:
        (only,) = scored
        return Verdict(only.status, only.score, only.error)
    if all(attempt.status == "skipped" for attempt in scored):
        return Verdict("skipped", None, next((a.error for a in scored if a.error is not None), None))
    scored = [attempt for attempt in scored if attempt.status != "skipped" or attempt.error is not None]
    score = _mean([attempt.score for attempt in scored if attempt.score is not None])
    broken = next((attempt.error for attempt in scored if attempt.error is not None), None)
    worst, best = (_decide(case, scored, rule, unknown) for unknown in (False, True))
    if worst != best:
        return Verdict("error", score, broken)
    return Verdict("passed" if worst else "failed", score)


def why_not(case: Case, check: Check, reply: AgentReply, context: Context) -> str | None:
    """Why a check does not apply to this reply, or None when it does. An answer in JSON text has fields too."""
    if not check.when:
        return None
    facts = {
        "inputs": case.inputs,
        "metadata": case.metadata,
        "tags": (*context.tags, *case.tags),
        "language": context.language,
        "agent": context.agent,
    }
    if check.looks_at_answer:
        facts["output"] = structured(reply.output)
    return why_skipped(check.when, facts)


def lacks_slot(check: Check, reply: AgentReply) -> bool:
    """Whether a check is about a field that this reply does not have, so that there is nothing to score."""
    return check.slot is not None and not slot_of(reply.output, check.slot)


def answer_for(case: Case, check: Check, attempt: Attempt, reply: AgentReply, context: Context) -> Answer:
    """What a check's method may look at: the attempt's reply, or its slot, and what the case says.

    Raises ValueError where the reply has no such slot.
    """
    output = reply.output
    if check.slot is not None:
        (output,) = slot_of(output, check.slot)
    return Answer(
        text=output_text(output),
        output=output,
        question=case.question,
        inputs=case.inputs,
        expected_responses=check.expected_responses,
        expected=check.expected,
        reply=reply,
        metadata=case.metadata,
        time_limit=context.time_limit,
        seconds=None if attempt.is_replayed else attempt.seconds,
        is_replayed=attempt.is_replayed,
        before=context.before(check.name) if context.before is not None and check.method.measures else None,
        language=context.language,
        judges=context.judges,
        ask_again=context.ask_again,
        history=attempt.history,
        slot=check.slot,
        spans=attempt.trace.spans,
    )


async def ascore(number: int, check: Check, answer: Answer, attempt: Attempt, context: Context) -> Score:
    """Score an answer with an asynchronous check, the case's ``number``-th from 0."""
    with asking_for(json.dumps([*context.key, attempt.number, number])):
        return await check.method.ascore(answer)


def _score(number: int, check: Check, answer: Answer, attempt: Attempt, context: Context) -> Score | BaseException:
    try:
        if check.method.is_async:
            return asyncio.run(ascore(number, check, answer, attempt, context))
        return check.method.score(answer)
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
    for name, kind in SCORE_FORM.items():
        if not isinstance(told := getattr(score, name), kind):
            raise MethodError(f"method {method!r} returned a Score whose {name} is a {type(told).__name__}")
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
            (check, mean)
            for number, check in enumerate(case.checks)
            if (mean := _mean(_scores_of(check, number, scored, unknown))) is not None
        ]
        passed = [mean >= check.passing_score - TOLERANCE for check, mean in means]
        return _required(case, passed, _weighted_mean([check for check, _ in means], [mean for _, mean in means]))
    count = sum(unknown if attempt.error is not None else attempt.passed for attempt in scored)
    if rule == "all":
        return count == len(scored)
    if rule == "any":
        return count > 0
    return count > len(scored) / 2 if rule == "majority" else count >= rule


def _scores_of(check: Check, number: int, scored: Sequence[ScoredAttempt], unknown: bool) -> list[float]:
    """The scores of a check over the attempts that it applies to, and what is supposed where that is not known."""
    results = [attempt.checks[number] for attempt in scored if attempt.error is None]
    scores = [result.score for result in results if isinstance(result, CheckResult)]
    if results and not scores and not check.looks_at_answer:
        return []  # it is skipped whatever the agent answers
    return [*scores, *[float(unknown)] * (len(scored) - len(results))]


def _weighted_mean(checks: Sequence[Check], scores: Sequence[float]) -> float:
    if len(checks) == 1:
        return scores[0]
    total = math.fsum(check.weight for check in checks)
    weighted = math.fsum(check.weight * score for check, score in zip(checks, scores, strict=True))
    return min(1.0, weighted / total)


def _mean(scores: Sequence[float]) -> float | None:
    return math.fsum(scores) / len(scores) if scores else None
