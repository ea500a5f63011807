"""What an agent gives back for one case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_evalsuite.tracing.span import Span

__all__ = ["AgentReply", "ToolCall", "Usage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One tool that the agent ran: its name, its arguments by name, what came back, or the error it ended in."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    result: Any = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens that one answer took; None where the agent does not know."""

    input_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def total_tokens(self) -> int | None:
        """Input and output tokens together, or None when neither is known."""
        known = [n for n in (self.input_tokens, self.output_tokens) if n is not None]
        return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class AgentReply:
    """An answer with what is known of how it came about.

    ``output`` is text or a JSON value (mapping, list, number, bool). ``tool_calls`` are in the order in which they
    were made, failed ones too; None says that the agent does not tell, an empty list that it called no tool. ``cost``
    is in US dollars; ``trace_id`` names the trace of the call in whatever system holds it. ``spans`` are the steps of
    the call, where nothing else tells them (OpenTelemetry, or `pytest_evalsuite.span`); tool calls and usage are taken
    from the spans where the reply does not tell them itself.
    """

    output: Any
    tool_calls: Sequence[ToolCall] | None = None
    usage: Usage | None = None
    cost: float | None = None
    trace_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    spans: Sequence[Span] | None = None
