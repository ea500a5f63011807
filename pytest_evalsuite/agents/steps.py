"""The steps of an agent's call: those that a reply brings, and what they tell of tools and tokens."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_evalsuite.agents.reply import AgentReply, ToolCall, Usage
from pytest_evalsuite.errors import ReplyError
from pytest_evalsuite.tracing.conventions import input_tokens_of, output_tokens_of, tool_name_of
from pytest_evalsuite.tracing.span import MAX_SPANS, Span, Traced, below, described, fault_of, plain, span_id

__all__ = ["completed", "read_spans"]

_TELLING = frozenset({"agent", "llm", "tool"})
"""Kinds of spans by which it is known that a call of a tool would have been told too."""


def read_spans(raw: Any) -> list[Span]:
    """The spans of a reply, checked and copied. Raises ReplyError for what is none, and for more than 10,000."""
    if isinstance(raw, (str, Mapping)) or not isinstance(raw, Iterable):
        raise ReplyError(f"the reply's spans must be a list, not a {type(raw).__name__}")
    spans = [_span(one, number) for number, one in enumerate(raw, 1)]
    if len(spans) > MAX_SPANS:
        raise ReplyError(f"the reply has {len(spans):,} spans, more than {MAX_SPANS:,}")
    if len({span.span_id for span in spans}) < len(spans):
        raise ReplyError("two spans of the reply have the same span_id")
    return spans


def completed(reply: AgentReply, trace: Traced) -> AgentReply:
    """The reply, with the tool calls and the usage that its steps tell, where it does not; the trace takes its spans.

    Tool calls of nested agents count. Tokens are summed over the calls of models alone.
    """
    if reply.spans is not None:
        given = [dataclasses.replace(span) for span in reply.spans]
        for span in given:
            span.span_id = span_id(trace.trace_id, span.span_id)
            span.parent_id = span.parent_id and span_id(trace.trace_id, span.parent_id)
        trace.spans = [*(trace.spans or ()), *map(described, below(trace.root_id, given))]
    if not trace.spans:
        return reply if reply.spans is None else dataclasses.replace(reply, spans=None)
    calls, usage = reply.tool_calls, reply.usage
    return dataclasses.replace(
        reply,
        tool_calls=_tool_calls(trace.spans) if calls is None else calls,
        usage=_usage(trace.spans) if usage is None else usage,
        spans=None,
    )


def _tool_calls(spans: Sequence[Span]) -> list[ToolCall] | None:
    """Tools that were run, in the order in which they began; None where the spans tell nothing of tools."""
    if not any(span.kind in _TELLING for span in spans):
        return None
    return [_tool_call(span) for span in spans if span.kind == "tool"]


def _tool_call(span: Span) -> ToolCall:
    given = span.input
    return ToolCall(
        name=tool_name_of(span.attributes) or span.name,
        arguments=given if isinstance(given, Mapping) else {} if given is None else {"input": given},
        result=span.output,
        error=None if span.status == "ok" else span.message or span.status,
    )


def _usage(spans: Sequence[Span]) -> Usage | None:
    models = [span.attributes for span in spans if span.kind == "llm"]
    counts = [
        [count for count in map(count_of, models) if count is not None]
        for count_of in (input_tokens_of, output_tokens_of)
    ]
    went_in, came_out = (sum(known) if known else None for known in counts)
    return None if went_in is came_out is None else Usage(input_tokens=went_in, output_tokens=came_out)


def _span(raw: Any, number: int) -> Span:
    if isinstance(raw, Mapping):
        try:
            raw = Span(**raw)
        except TypeError as error:
            known = ", ".join(field.name for field in dataclasses.fields(Span))
            raise ReplyError(f"span {number} of the reply has other fields than {known}, or no name") from error
    if not isinstance(raw, Span):
        raise ReplyError(
            f"span {number} of the reply must be a Span or a mapping with a name, not {type(raw).__name__}"
        )
    if (fault := _fault(raw)) is not None:
        raise ReplyError(f"span {number} of the reply: {fault}")
    return dataclasses.replace(
        raw,
        name=plain(raw.name),
        input=plain(raw.input),
        output=plain(raw.output),
        message=plain(raw.message),
        attributes=plain(raw.attributes),
        events=plain(raw.events),
    )


def _fault(span: Span) -> str | None:
    empty = next((field for field in ("name", "span_id") if getattr(span, field) == ""), None)
    return fault_of(span) if empty is None else f"{empty} must be text, not ''"
