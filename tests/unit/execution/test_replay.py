"""Answers that were kept, as attempts: what was kept comes back; what cannot have been kept is no answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from records import record

from pytest_evalsuite.agents import AgentReply, ToolCall, Usage
from pytest_evalsuite.errors import AnswerMissing, StoreError, TurnBroken
from pytest_evalsuite.execution.call import Attempt
from pytest_evalsuite.execution.failure import describe_error
from pytest_evalsuite.execution.replay import attempt_json, recorded_attempt, stored_attempts
from pytest_evalsuite.testsets.model import Case
from pytest_evalsuite.tracing.span import Span, Traced

CASE = Case(id="c", question="why?", checks=(), line=1, position=0)
REPLY = AgentReply(
    {"because": "so"},
    tool_calls=[ToolCall(name="look", arguments={"at": 1}, result="seen"), ToolCall(name="ask", error="gone")],
    usage=Usage(input_tokens=3, output_tokens=4),
    cost=0.5,
    metadata={"model": "m"},
)
SPAN = Span(span_id="1" * 16, parent_id=None, name="look", kind="tool", started_at=1.0, ended_at=1.5)


def kept(attempt: Attempt) -> dict[str, Any]:
    """What a file gives of an attempt that was written into it."""
    found: dict[str, Any] = json.loads(json.dumps(attempt_json(attempt)))
    return found


def answered() -> Attempt:
    said = [{"role": "user", "content": "and?"}]
    return Attempt(2, 10.0, 1.5, reply=REPLY, history=said, trace=Traced(spans=[SPAN]))


def test_an_answer_comes_back_whole() -> None:
    first = answered()
    again = recorded_attempt(kept(first), 2)
    assert (again.reply, again.error, again.history) == (first.reply, None, first.history)
    assert (again.number, again.started_at, again.seconds, again.trace) == (2, 10.0, 1.5, first.trace)
    assert again.is_replayed


@pytest.mark.parametrize("error", [KeyError("x"), TurnBroken("turn 1 got no answer")])
def test_an_error_comes_back_as_it_was_told(error: Exception) -> None:
    again = recorded_attempt(kept(Attempt(1, 10.0, 1.5, error=error)), 1)
    assert again.error is not None
    assert describe_error(again.error) == describe_error(error)


def without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda found: found.pop(name)


def with_(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda found: found.update(changes)


DAMAGE = {
    "no-answer": without("actual_response"),
    "calls-of-text": with_(tool_calls="look"),
    "a-call-without-name": with_(tool_calls=[{"arguments": {}}]),
    "a-call-with-more": with_(tool_calls=[{"name": "look", "more": 1}]),
    "tokens-of-text": with_(usage={"input_tokens": "many"}),
    "usage-of-text": with_(usage="many"),
    "a-cost-of-text": with_(cost="dear"),
    "metadata-of-text": with_(reply_metadata="m"),
    "history-of-text": with_(history=["and?"]),
    "a-number-of-history": with_(history=7),
    "usage-of-a-strange-name": with_(usage={f"input\n{'x' * 5_000}": 1}),
    "no-output": with_(actual_output=None),
}


@pytest.mark.parametrize(
    "damage",
    [
        *(pytest.param(damage, id=name) for name, damage in DAMAGE.items()),
        pytest.param(without("started_at"), id="no-start"),
        pytest.param(without("history"), id="no-history"),
        pytest.param(with_(trace="t"), id="a-trace-of-text"),
        pytest.param(with_(trace={"trace_id": "t"}), id="a-trace-without-spans"),
        pytest.param(with_(cause="x"), id="a-cause-of-text"),
        pytest.param(with_(cause={"kind": "agent", "type": "KeyError"}), id="a-cause-without-message"),
        pytest.param(with_(cause={"kind": 1, "type": "KeyError", "message": "x"}), id="a-cause-of-no-kind"),
    ],
)
def test_what_nobody_can_have_recorded_is_no_answer(damage: Callable[[dict[str, Any]], object]) -> None:
    found = kept(Attempt(1, 10.0, 1.5, reply=AgentReply("so"), history=[]))
    damage(found)
    attempt = recorded_attempt(found, 1)
    assert attempt.reply is None
    assert isinstance(attempt.error, AnswerMissing)
    assert str(attempt.error).startswith("what was recorded is no answer: ")
    assert ("\n" in str(attempt.error), len(str(attempt.error)) < 400) == (False, True)


@pytest.mark.parametrize(
    "damage",
    [
        *(pytest.param(damage, id=name) for name, damage in DAMAGE.items() if name != "no-answer"),
        pytest.param(without("execution_time_ms"), id="no-time"),
        pytest.param(with_(execution_time_ms="long"), id="a-time-of-text"),
        pytest.param(with_(execution_time_ms=10**400), id="a-time-without-end"),
    ],
)
def test_what_no_run_can_have_kept_is_no_answer(damage: Callable[[dict[str, Any]], object]) -> None:
    found = record(fingerprint=CASE.fingerprint)
    damage(found)
    (attempt,) = stored_attempts(CASE, found, "r")
    assert attempt.reply is None
    assert isinstance(attempt.error, AnswerMissing)
    assert str(attempt.error).startswith("what run r has is no answer: ")


def test_a_trace_that_is_damaged_is_the_error_of_its_answer() -> None:
    def trace_of(trace_id: str) -> None:
        raise StoreError(f"trace {trace_id} cannot be read")

    (attempt,) = stored_attempts(CASE, record(fingerprint=CASE.fingerprint, trace_id="t"), "r", trace_of)
    assert isinstance(attempt.error, AnswerMissing)


def test_what_steps_told_of_tools_comes_back_however_much_it_is() -> None:
    deep: Any = "x" * 2_000_000
    for _ in range(150):
        deep = [deep]
    reply = AgentReply("so", tool_calls=[ToolCall(name="look", result=deep)])
    assert recorded_attempt(kept(Attempt(1, 10.0, 1.5, reply=reply)), 1).reply == reply


def test_one_damaged_attempt_leaves_the_others() -> None:
    good = {"actual_response": "so", "execution_time_ms": 1.5}
    found = record(fingerprint=CASE.fingerprint, attempts=[good, {**good, "usage": 1}, good])
    attempts = stored_attempts(CASE, found, "r")
    assert [attempt.number for attempt in attempts] == [1, 2, 3]
    assert [attempt.reply == AgentReply("so") for attempt in attempts] == [True, False, True]
    assert attempts[0].seconds == 0.0015
