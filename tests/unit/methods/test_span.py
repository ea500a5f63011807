"""Queries over the steps of a call."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pytest_evalsuite.agents import AgentReply
from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods import Answer
from pytest_evalsuite.methods.span import Spans
from pytest_evalsuite.tracing.span import Span


def check(**options: Any) -> Spans:
    """The method with these options, as a test set gives them."""
    return Spans(**options)


def step(name: str, below: str | None = None, seconds: float | None = 1.0, **told: Any) -> Span:
    ended = None if seconds is None else 10.0 + seconds
    return Span(name, span_id=name, parent_id=below, started_at=10.0, ended_at=ended, **told)


STEPS = [
    step("plan", kind="chain"),
    step("search", "plan", 0.5, kind="tool", input={"text": "tea", "top": 3}, output=["a", "b"]),
    step("search again", "plan", 2.0, kind="tool", input={"text": "coffee"}, status="error", message="down"),
    step("chat", kind="llm", attributes={"model": "gpt-5", "tokens": 12}),
    step("inner", "search", 0.1, kind="llm"),
]


def answer(spans: list[Span] | None = STEPS, **more: Any) -> Answer:
    return Answer(
        text="", output="", question="", inputs={}, expected_responses=(), expected=None, reply=AgentReply(""),
        spans=spans, **more
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search", 1),
        ({"name": {"regex": "^search"}}, 2),
        ({"kind": "tool"}, 2),
        ({"status": "error"}, 1),
        ({"kind": "llm", "ancestor": "plan"}, 1),
        ({"kind": "llm", "ancestor": {"kind": "tool", "status": "ok"}}, 1),
        ({"kind": "llm", "ancestor": {"name": "search", "ancestor": "plan"}}, 1),
        ({"kind": "llm", "ancestor": "chat"}, 0),
        ({"attributes": {"model": "gpt-5"}}, 1),
        ({"attributes": {"model": {"one_of": ["gpt-4", "gpt-5"]}, "tokens": {"near": 10, "tolerance": 5}}}, 1),
        ({"attributes": {"model": "gpt-5", "other": 1}}, 0),
        ({"input": {"text": "tea"}}, 1),
        ({"input": {"equals": {"text": "tea"}}}, 0),
        ({"output": ["a", "b"]}, 1),
        ({"min_seconds": 0.5}, 4),
        ({"max_seconds": 0.5}, 2),
        ({"min_seconds": 0.5, "max_seconds": 1.0}, 3),
        (None, 5),
    ],
)
def test_what_a_query_finds(query: Any, found: int) -> None:
    score = check(query=query, spans=found).score(answer())
    assert (score.value, score.evidence["found"], score.evidence["of"]) == (1.0, found, 5), score.reason
    assert check(query=query, spans=found + 1).score(answer()).value == 0.0


@pytest.mark.parametrize(
    ("bounds", "passes"),
    [
        ({}, True),
        ({"min_spans": 3}, False),
        ({"max_spans": 1}, False),
        ({"min_spans": 2, "max_spans": 2}, True),
        ({"spans": 0}, False),
    ],
)
def test_how_many_there_must_be(bounds: dict[str, int], passes: bool) -> None:
    assert check(query={"kind": "tool"}, **bounds).score(answer()).value == float(passes)


def test_without_a_count_one_must_be_found_and_where_only_a_limit_is_given_none_need_be() -> None:
    score = check(query="nope").score(answer())
    assert score.value == 0.0
    assert score.reason == (
        "0 spans found, expected at least 1; the call has plan, search, search again (error), chat, inner"
    )
    assert check(query="nope", max_spans=3).score(answer()).value == 1.0
    assert check(query="nope").score(answer([])).reason.endswith("the call has no steps")


def test_every_span_that_is_found_must_be_such_a_one() -> None:
    score = check(query={"kind": "tool"}, every={"max_seconds": 1}).score(answer())
    assert (score.value, score.reason) == (
        0.5,
        "1 of 2 spans found are not as every span must be: search again (error)",
    )
    assert check(query={"kind": "llm"}, every={"status": "ok"}).score(answer()).value == 1.0
    assert (
        check(query="nope", every={"status": "ok"}, max_spans=3).score(answer()).value == 0.0
    )  # nothing was looked at


def test_a_call_whose_steps_nobody_tells_is_an_error_and_one_without_steps_is_none() -> None:
    with pytest.raises(MethodError, match="nothing told any: use OpenTelemetry"):
        check(query="search", spans=0).score(answer(None))
    assert check(query="search", spans=0).score(answer([])).value == 1.0


def test_time_is_not_told_of_an_answer_that_was_given_before() -> None:
    for timed in (check(query={"max_seconds": 9}), check(every={"min_seconds": 0, "kind": "llm"})):
        with pytest.raises(MethodError, match="cannot tell how long steps take"):
            timed.score(answer(is_replayed=True))
    with pytest.raises(MethodError, match="cannot tell"):
        check(query={"ancestor": {"max_seconds": 9}}).score(answer(is_replayed=True))
    assert check(query="search").score(answer(is_replayed=True)).value == 1.0


def test_a_span_without_times_is_an_error_where_they_matter_and_one_that_goes_on_does_not_fit() -> None:
    untold = [Span("a")]
    with pytest.raises(MethodError, match="span 'a' does not tell when it began and ended"):
        check(query={"max_seconds": 9}).score(answer(untold))
    assert check(query={"name": "b", "max_seconds": 9}, spans=0).score(answer(untold)).value == 1.0
    assert check(query={"min_seconds": 0}).score(answer([Span("a", status="unfinished")])).value == 0.0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"spans": 1, "max_spans": 2}, "spans stands alone"),
        ({"min_spans": 3, "max_spans": 2}, "min_spans 3 is above max_spans 2"),
        ({"every": {"status": "ok"}, "spans": 0}, "every has nothing to look at"),
        ({"query": {"min_seconds": 3, "max_seconds": 2}}, "min_seconds 3 is above max_seconds 2"),
        ({"query": {"name": 7}}, "expected text, or a form"),
        ({"query": {"name": {"regex": "("}}}, "name"),
        ({"query": {"attributes": {"a": {"near": 1}}}}, "a: near needs a tolerance"),
        ({"query": {"nam": "x"}}, "nam"),
        ({"query": {"status": "fine"}}, "status"),
        ({"query": ""}, "query"),
        ({"query": {"ancestor": {"nam": "x"}}}, "nam"),
        ({"query": {"attributes": {}}}, "asks for nothing"),
    ],
)
def test_mistakes_are_told(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why.replace("(", r"\(")):
        Spans(**options)


def test_there_must_be_something_to_look_for() -> None:
    needs = check().problem(expected_responses=(), expected=None)
    assert needs == "span needs something to look for: query, every, spans or a bound"
    assert check(max_spans=3).problem(expected_responses=(), expected=None) is None
