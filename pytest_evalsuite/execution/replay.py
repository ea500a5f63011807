"""Answers that were given before, as attempts to be scored anew: nobody is called for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from pytest_evalsuite.agents.calling import Agent
from pytest_evalsuite.agents.replies import read_reply
from pytest_evalsuite.agents.reply import AgentReply, ToolCall, Usage
from pytest_evalsuite.errors import AnswerMissing, RemoteError, ReplyError, StoreError, TurnBroken
from pytest_evalsuite.execution.call import Attempt
from pytest_evalsuite.execution.failure import describe_error
from pytest_evalsuite.execution.result import reply_json
from pytest_evalsuite.forms import hold
from pytest_evalsuite.testsets.fingerprint import changed_parts
from pytest_evalsuite.testsets.model import Case
from pytest_evalsuite.tracing.span import Trace, Traced

__all__ = ["GIVEN", "NOBODY", "attempt_json", "given_attempt", "recorded_attempt", "stored_attempts"]


async def _answer(**_: Any) -> None:
    raise AnswerMissing("no agent is called")


NOBODY = Agent("nobody", _answer)
"""Stands for the agent where answers are there already."""

GIVEN: Final = "given"
"""What the agent of answers is called that test sets carry themselves."""

NO_ANSWER: Final = (ArithmeticError, KeyError, TypeError, ValueError, ReplyError, StoreError)
"""What reading an answer raises that nobody can have given: its file was changed or damaged."""


def given_attempt(case: Case, number: int = 1) -> Attempt:
    """The answer that the case carries, as an attempt: how long it took is not known."""
    told = None if case.actual is None else case.actual.trace_id
    trace = Traced() if told is None else Traced(told)
    return Attempt(number, time.time(), 0.0, reply=case.actual, is_replayed=True, trace=trace)


def stored_attempts(
    case: Case,
    record: Mapping[str, Any] | None,
    run_id: str,
    trace_of: Callable[[str], Trace | None] = lambda trace_id: None,
) -> list[Attempt]:
    """The attempts that a record holds; one that ends in AnswerMissing where it holds no answer to this case.

    ``trace_of`` gives the trace of this id, where its spans were kept.
    """
    if record is None:
        return [_missing(1, f"run {run_id} has no answer to this case")]
    if "question" in changed_parts(record["fingerprint"], case.fingerprint):
        return [_missing(1, f"the question has changed since run {run_id}: its answer is to another one")]
    return list(_attempts(record, run_id, trace_of))


def attempt_json(attempt: Attempt) -> dict[str, Any]:
    """An attempt as JSON values, from which `recorded_attempt` makes it again."""
    came: dict[str, Any] = {
        "number": attempt.number,
        "started_at": attempt.started_at,
        "seconds": attempt.seconds,
        "history": [dict(message) for message in attempt.history],
        "trace": attempt.trace.as_json(),
    }
    if attempt.error is not None:
        return {**came, "cause": describe_error(attempt.error)}
    return {**came, **reply_json(attempt.reply)}


def recorded_attempt(found: Mapping[str, Any] | str, number: int) -> Attempt:
    """The attempt that was recorded; one that ends in AnswerMissing for a text that says why there is none."""
    if isinstance(found, str):
        return _missing(number, found)
    try:
        return _recorded(found, number)
    except NO_ANSWER as error:
        return _missing(number, f"what was recorded is no answer: {type(error).__name__}: {error!s:.300}")


def _recorded(found: Mapping[str, Any], number: int) -> Attempt:
    attempt = Attempt(
        number,
        found["started_at"],
        found["seconds"],
        history=[dict(message) for message in found["history"]],
        is_replayed=True,
        trace=Traced.from_json(found["trace"]) if "trace" in found else Traced(),
    )
    cause = found.get("cause")
    if cause is None:
        attempt.reply = _reply(found)
    else:
        hold(cause, kind=str, type=str, message=str)
        attempt.error = TurnBroken(cause["message"]) if cause["kind"] == TurnBroken.kind else RemoteError(cause)
    return attempt


def _attempts(record: Mapping[str, Any], run_id: str, trace_of: Callable[[str], Trace | None]) -> Iterator[Attempt]:
    started_at = _seconds(record.get("started_at"))
    for number, one in enumerate(record.get("attempts") or (record,), 1):
        if "actual_response" not in one:
            why = (one.get("cause") or {}).get("message", "the case was not asked")
            yield _missing(number, f"run {run_id} has no answer to this case: {why}")
            continue
        try:
            yield _stored(one, number, started_at, trace_of)
        except NO_ANSWER as error:
            yield _missing(number, f"what run {run_id} has is no answer: {type(error).__name__}: {error!s:.300}")


def _stored(
    one: Mapping[str, Any], number: int, started_at: float, trace_of: Callable[[str], Trace | None]
) -> Attempt:
    history = [dict(message) for message in one.get("history", ())]
    attempt = Attempt(number, started_at, one["execution_time_ms"] / 1000, reply=_reply(one), history=history)
    if "trace_id" in one:
        kept = trace_of(one["trace_id"])
        attempt.trace = Traced(one["trace_id"]) if kept is None else kept.traced()
    return attempt


def _reply(answered: Mapping[str, Any]) -> AgentReply:
    """The reply, held to the forms of an agent's but to no bounds: steps may tell more of its tools than it may."""
    calls, usage = answered.get("tool_calls"), answered.get("usage")
    reply = AgentReply(
        output=answered["actual_output"] if "actual_output" in answered else answered["actual_response"],
        tool_calls=None if calls is None else [ToolCall(**call) for call in calls],
        usage=None if usage is None else Usage(**usage),
        cost=answered.get("cost"),
        metadata=answered.get("reply_metadata", {}),
    )
    return read_reply(reply, max_chars=None)


def _missing(number: int, message: str) -> Attempt:
    return Attempt(number, time.time(), 0.0, error=AnswerMissing(message))


def _seconds(time: str | None) -> float:
    with suppress(ValueError, TypeError, AttributeError):
        return datetime.fromisoformat((time or "").replace("Z", "+00:00")).timestamp()
    return 0.0
