"""The record of one case: what was asked, what came, how it was judged. JSON values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, Final

from pytest_evalsuite.agents.replies import output_text, tool_calls_json
from pytest_evalsuite.agents.reply import AgentReply, Usage
from pytest_evalsuite.execution.call import Attempt
from pytest_evalsuite.execution.failure import describe_error
from pytest_evalsuite.execution.repeats import summary_statistics
from pytest_evalsuite.execution.scoring import CheckResult, ScoredAttempt, SkippedCheck, Verdict
from pytest_evalsuite.testsets.model import Case, Check, PassRule

__all__ = ["case_record", "renewed", "reply_json", "unrun_record"]

IDENTITY: Final = (
    *("test_set", "case_id", "agent", "name", "position", "line", "file"),
    *("fingerprint", "test_method", "tags", "metadata", "known_failure", "required", "conversation"),
    *("file_url", "file_mime_type"),
)
"""What a record says of the case itself, whatever came of it."""

OF_THAT_RUN: Final = ("tolerated", "human_verdict", "assessments")
"""What a record says of what its run made of it."""


def case_record(
    case: Case,
    scored: Sequence[ScoredAttempt],
    verdict: Verdict,
    *,
    test_set: str,
    agent: str,
    rule: PassRule,
    file: str | None = None,
) -> dict[str, Any]:
    """The record of a case that was put to its agent, for `runs.schema.Result`.

    ``file`` is where the case stands, if that is not the test set. What does not apply to the case is left out. With
    several attempts, the answer and the checks at the top are those of the first attempt that speaks for the verdict,
    and ``attempts`` holds them all.
    """
    shown = _spokesman(scored, verdict)
    record = _identity(case, test_set, agent, file)
    record["status"] = verdict.status
    if verdict.error is not None:
        record["cause"] = describe_error(verdict.error)
    elif verdict.status == "skipped":
        record["cause"] = {"kind": "skip", "message": f"no check applies: {shown.why_skipped}"}
    record["score"] = None if verdict.score is None else round(verdict.score, 6)
    record["passing_score"] = _passing_score(case)
    if shown.attempt.history:
        record["history"] = [dict(message) for message in shown.attempt.history]
    record.update(_question(case))
    if case.mapped is not None:
        record["mapped_input"] = dict(case.mapped)
    record["trace_id"] = shown.attempt.trace.trace_id
    record.update(reply_json(shown.attempt.reply))
    record["reasoning"] = _reasoning(shown.checks)
    record["checks"] = [_check(result) for result in shown.checks]
    if len(scored) > 1:
        record["pass_rule"] = {"at_least": rule} if isinstance(rule, int) else rule
        record["statistics"] = summary_statistics(scored)
        record["attempts"] = [_attempt(attempt) for attempt in scored]
        totals = zip(("usage", "cost"), _totals(scored), strict=True)
        record.update({key: value for key, value in totals if value is not None})
    record.update(_timing([attempt.attempt for attempt in scored]))
    return record


def unrun_record(
    case: Case, *, test_set: str, agent: str, status: str, cause: Mapping[str, Any], file: str | None = None
) -> dict[str, Any]:
    """The record of a case that no agent was asked about: skipped, cancelled, not run, or broken around the call."""
    record = _identity(case, test_set, agent, file)
    record.update(status=status, cause=dict(cause), score=None, passing_score=_passing_score(case), **_question(case))
    return record


def renewed(record: Mapping[str, Any], case: Case, *, test_set: str, agent: str, file: str | None) -> dict[str, Any]:
    """An earlier record of the case, as it is where and what the case is now."""
    kept = {key: value for key, value in record.items() if key not in (*IDENTITY, *OF_THAT_RUN)}
    return {**_identity(case, test_set, agent, file), **kept}


def _identity(case: Case, test_set: str, agent: str, file: str | None) -> dict[str, Any]:
    record: dict[str, Any] = {"test_set": test_set, "case_id": case.id, "agent": agent}
    if case.name is not None:
        record["name"] = case.name
    record["position"] = case.position
    record["line"] = case.line
    if file is not None:
        record["file"] = file
    record["fingerprint"] = case.fingerprint
    record["test_method"] = _methods(case)
    if case.tags:
        record["tags"] = list(case.tags)
    if case.metadata:
        record["metadata"] = dict(case.metadata)
    if case.xfail is not None:
        record["known_failure"] = case.xfail
    if case.required:
        record["required"] = True
    if case.conversation is not None:
        record["conversation"] = {"id": case.conversation.id, "turn": case.turn, "turns": len(case.conversation.turns)}
    if case.file is not None:
        record["file_url"] = case.file.url
        record["file_mime_type"] = case.file.mime_type
    return record


def _methods(case: Case) -> str | list[str]:
    if len(case.checks) == 1:
        return case.checks[0].method.method
    methods = list(dict.fromkeys(check.method.method for check in case.checks))
    return methods[0] if len(methods) == 1 else methods


def _question(case: Case) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    if case.question is not None:
        asked["question"] = case.question
    if case.inputs:
        asked["inputs"] = dict(case.inputs)
    if case.expected_responses:
        responses = case.expected_responses
        asked["expected_response"] = responses[0] if len(responses) == 1 else list(responses)
    if case.expected is not None:
        asked["expected"] = case.expected
    return asked


def reply_json(reply: AgentReply | None) -> dict[str, Any]:
    """What an agent answered, as a record holds it; empty for None."""
    if reply is None:
        return {}
    shown: dict[str, Any] = {"actual_response": output_text(reply.output)}
    if not isinstance(reply.output, str):
        shown["actual_output"] = reply.output
    if reply.tool_calls is not None:
        shown["tool_calls"] = tool_calls_json(reply)
    if reply.usage is not None:
        shown["usage"] = _tokens(reply.usage)
    if reply.cost is not None:
        shown["cost"] = reply.cost
    if reply.metadata:
        shown["reply_metadata"] = dict(reply.metadata)
    return shown


def _tokens(usage: Usage) -> dict[str, int | None]:
    return {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}


def _check(result: CheckResult | SkippedCheck) -> dict[str, Any]:
    check = result.check
    if isinstance(result, SkippedCheck):
        return {"name": check.name, "method": check.method.method, "skipped": True, "reason": result.reason}
    detail = result.detail
    shown: dict[str, Any] = {
        "name": check.name,
        "method": check.method.method,
        "score": round(result.score, 6),
        "passing_score": check.passing_score,
        "passed": result.passed,
    }
    shown.update(_slot(check))
    if check.weight != 1.0:
        shown["weight"] = check.weight
    if check.negate:
        shown["not"] = True
    if detail.raw is not None:
        shown["raw_score"] = detail.raw
    if detail.reason:
        shown["reason"] = detail.reason
    if detail.evidence:
        shown["evidence"] = dict(detail.evidence)
    if detail.judge is not None:
        shown["judge"] = detail.judge
    if detail.usage is not None:
        shown["judge_usage"] = _tokens(detail.usage)
    if detail.cost is not None:
        shown["judge_cost"] = detail.cost
    return shown


def _slot(check: Check) -> dict[str, Any]:
    if check.slot is None:
        return {}
    return {"slot": check.slot} | ({} if check.case_field == check.slot else {"case_field": check.case_field})


def _attempt(scored: ScoredAttempt) -> dict[str, Any]:
    attempt = scored.attempt
    shown: dict[str, Any] = {
        "number": attempt.number,
        "status": scored.status,
        "score": None if scored.score is None else round(scored.score, 6),
    }
    if scored.error is not None:
        shown["cause"] = describe_error(scored.error)
    if attempt.history:
        shown["history"] = [dict(message) for message in attempt.history]
    shown["trace_id"] = attempt.trace.trace_id
    shown.update(reply_json(attempt.reply))
    shown["checks"] = [_check(result) for result in scored.checks]
    shown["execution_time_ms"] = round(attempt.seconds * 1000, 3)
    return shown


def _timing(attempts: Sequence[Attempt]) -> dict[str, Any]:
    """Mean latency of the attempts, start of the first, end of the last."""
    return {
        "execution_time_ms": round(sum([attempt.seconds for attempt in attempts]) * 1000 / len(attempts), 3),
        "started_at": _utc(min([attempt.started_at for attempt in attempts])),
        "completed_at": _utc(max([attempt.started_at + attempt.seconds for attempt in attempts])),
    }


def _totals(scored: Sequence[ScoredAttempt]) -> tuple[dict[str, Any] | None, float | None]:
    replies = [attempt.attempt.reply for attempt in scored if attempt.attempt.reply is not None]
    usages = [reply.usage for reply in replies if reply.usage is not None]
    costs = [reply.cost for reply in replies if reply.cost is not None]
    usage = {
        "input_tokens": _sum([usage.input_tokens for usage in usages]),
        "output_tokens": _sum([usage.output_tokens for usage in usages]),
    }
    return (usage if usages else None), (sum(costs) if costs else None)


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _spokesman(scored: Sequence[ScoredAttempt], verdict: Verdict) -> ScoredAttempt:
    if len(scored) == 1:
        return scored[0]
    speakers = (attempt for attempt in scored if attempt.status == verdict.status)
    others = (attempt for attempt in scored if attempt.status != "skipped")
    return next(speakers, None) or next(others, scored[0])


def _reasoning(checks: Sequence[CheckResult | SkippedCheck]) -> str:
    applied = [result for result in checks if isinstance(result, CheckResult)]
    if len(checks) == len(applied) == 1:
        return _check_reason(applied[0])
    return "; ".join(f"{result.check.name}: {_check_reason(result)}" for result in applied if result.detail.reason)


def _check_reason(result: CheckResult) -> str:
    return f"not wanted: {result.detail.reason}" if result.check.negate else result.detail.reason


def _passing_score(case: Case) -> float | None:
    if case.require == "score" or len(case.checks) > 1:
        return case.passing_score if case.require == "score" else None
    return case.checks[0].passing_score


def _utc(seconds: float) -> str:
    whole = int(seconds)
    return f"{_utc_second(whole)}.{int((seconds - whole) * 1000):03d}Z"


@lru_cache(maxsize=16)
def _utc_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
