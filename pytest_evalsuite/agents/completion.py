"""One completion of a chat model, whole or collected from its stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pytest_evalsuite.agents.reading import read_arguments
from pytest_evalsuite.agents.reply import Usage
from pytest_evalsuite.agents.usage import usage_of
from pytest_evalsuite.errors import ReplyError

__all__ = ["Completion", "collected", "completion_of"]


@dataclass(slots=True)
class Completion:
    """What a model said. Tool calls are mappings of ``id``, ``name`` and ``arguments``, the latter JSON text."""

    text: str = ""
    refusal: str = ""
    finish_reason: str | None = None
    tool_calls: list[dict[str, str]] = field(default_factory=list)
    usage: Usage | None = None
    cost: float | None = None

    def as_message(self) -> dict[str, Any]:
        """The message that carries the conversation on."""
        calls = [
            {"id": call["id"], "type": "function", "function": {"name": call["name"], "arguments": _sendable(call)}}
            for call in self.tool_calls
        ]
        return {"role": "assistant", "content": self.text or None, "tool_calls": calls}

    def add_piece(self, places: dict[int, dict[str, str]], part: Any) -> None:
        """Add a piece of a call to that at its index; some servers give none, or the same one to different calls."""
        index = part.index if isinstance(part.index, int) else max(places, default=0)
        call = places.get(index)
        if call is None or (part.id and call["id"] and part.id != call["id"]):
            call = places[index] = {"id": "", "name": "", "arguments": ""}
            self.tool_calls.append(call)
        call["id"] = _text(part.id) or call["id"]
        if part.function is not None:
            call["name"] += _text(part.function.name)
            call["arguments"] += _text(part.function.arguments)

    def take_usage(self, usage: Any) -> None:
        """Keep what the reply says that it took."""
        if usage is not None:
            self.usage = usage_of(getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None))
            cost = getattr(usage, "cost", None)  # OpenRouter says it, in dollars
            self.cost = float(cost) if isinstance(cost, (int, float)) and cost >= 0 else None


def completion_of(reply: Any) -> Completion:
    """A completion that came whole. Raises AttributeError, IndexError or TypeError for what is none."""
    choice = reply.choices[0]
    message = choice.message
    calls = [_call(call.id, call.function) for call in message.tool_calls or ()]
    made = Completion(_text(message.content), _text(getattr(message, "refusal", None)), choice.finish_reason, calls)
    made.take_usage(getattr(reply, "usage", None))
    return made


async def collected(stream: Any) -> Completion:
    """A completion from the chunks of its stream; usage comes with the last one.

    Raises as `completion_of` does, and ReplyError for a stream that ends before the answer does.
    """
    made, places, seen = Completion(), dict[int, dict[str, str]](), False
    async with stream:
        async for chunk in stream:
            made.take_usage(getattr(chunk, "usage", None))
            for choice in chunk.choices[:1]:
                seen = True
                delta = choice.delta
                made.text += _text(delta.content)
                made.refusal += _text(getattr(delta, "refusal", None))
                made.finish_reason = choice.finish_reason or made.finish_reason
                for part in delta.tool_calls or ():
                    made.add_piece(places, part)
    if not seen:
        raise IndexError("no choices")
    if made.finish_reason is None:
        raise ReplyError("the stream ended before the answer did")
    return made


def _sendable(call: dict[str, str]) -> str:
    """The arguments as the model wrote them, unless they are no JSON object: servers break at that."""
    return "{}" if read_arguments(call["arguments"])[1] is not None else call["arguments"] or "{}"


def _call(identity: str, function: Any) -> dict[str, str]:
    return {"id": _text(identity), "name": _text(function.name), "arguments": _text(function.arguments)}


def _text(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise TypeError(value)
    return value or ""
