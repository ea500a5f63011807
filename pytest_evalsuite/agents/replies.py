"""Whatever an agent returned becomes an `AgentReply` of text or JSON values, or a `ReplyError`."""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
from collections.abc import Mapping
from typing import Any, Final

from pytest_evalsuite.agents.reply import AgentReply, ToolCall, Usage
from pytest_evalsuite.errors import ReplyError

__all__ = ["MAX_ANSWER_CHARS", "clean_text", "output_text", "read_reply", "tool_calls_json"]

MAX_ANSWER_CHARS: Final = 1_000_000
"""A longer answer is an error: no method can judge it and no report can show it."""

_REPLY_FIELDS: Final = frozenset(field.name for field in dataclasses.fields(AgentReply))


def read_reply(raw: Any, *, max_chars: int = MAX_ANSWER_CHARS) -> AgentReply:
    """Make an `AgentReply` whose ``output`` is clean text or a JSON value.

    Text is taken as it is (a lone surrogate becomes U+FFFD), a mapping with the fields of an `AgentReply` as one, any
    other mapping, list, number or bool as structured output, a dataclass or pydantic model as the mapping that it
    dumps to, and an object with a text ``content`` as that text. Raises ReplyError for everything else, for NaN and
    infinity, and for an answer of more than ``max_chars`` characters.
    """
    if isinstance(raw, str):
        return AgentReply(_checked_text(raw, max_chars))
    if isinstance(raw, AgentReply):
        return _clean(raw, max_chars)
    if isinstance(raw, Mapping) and "output" in raw and raw.keys() <= _REPLY_FIELDS:
        return _clean(AgentReply(**raw), max_chars)
    return AgentReply(_output(raw, max_chars))


def output_text(output: Any) -> str:
    """The output as the text that text methods read: itself, or its JSON."""
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)


def clean_text(text: str) -> str:
    """The text with lone surrogates, which no file or terminal can hold, as U+FFFD."""
    if text.isascii():
        return str(text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def tool_calls_json(reply: AgentReply) -> list[dict[str, Any]]:
    """The reply's tool calls as JSON values, with what is not known left out."""
    return [
        {
            "name": call.name,
            "arguments": dict(call.arguments),
            **({} if call.result is None else {"result": call.result}),
            **({} if call.error is None else {"error": call.error}),
        }
        for call in reply.tool_calls
    ]


def _output(raw: Any, max_chars: int) -> Any:
    if raw is None:
        raise ReplyError("the agent returned None; expected text, a mapping or an AgentReply (is a `return` missing?)")
    if isinstance(raw, (bytes, bytearray, memoryview)):
        raise ReplyError("the agent returned bytes; expected text (decode them)")
    if inspect.isgenerator(raw) or inspect.isasyncgen(raw):
        raise ReplyError("the agent returned a generator; expected the whole answer (join its parts)")
    if inspect.isawaitable(raw):
        raise ReplyError("the agent returned an awaitable inside its answer; expected the answer itself")
    if isinstance(raw, str):
        return _checked_text(raw, max_chars)
    if isinstance(raw, (Mapping, list, tuple, int, float)):
        return _json_value(raw, max_chars)
    if dataclasses.is_dataclass(raw) and not isinstance(raw, type):
        return _json_value(dataclasses.asdict(raw), max_chars)
    dump = getattr(raw, "model_dump", None)
    if callable(dump) and not isinstance(getattr(raw, "content", None), str):
        return _json_value(dump(mode="json"), max_chars)
    content = getattr(raw, "content", None)
    if isinstance(content, str):
        return _checked_text(content, max_chars)
    raise ReplyError(f"the agent returned a {type(raw).__name__}; expected text, a mapping or an AgentReply")


def _checked_text(text: str, max_chars: int) -> str:
    if len(text) > max_chars:
        raise ReplyError(
            f"the agent's answer has {len(text):,} characters, more than {max_chars:,}; it begins {text[:80]!r}"
        )
    return clean_text(text)


def _json_value(value: Any, max_chars: int) -> Any:
    try:
        text = json.dumps(value, ensure_ascii=True, allow_nan=False, default=_jsonable)
    except (TypeError, ValueError, RecursionError) as error:
        raise ReplyError(f"the agent's answer is no JSON value: {error}") from error
    if len(text) > max_chars:
        raise ReplyError(f"the agent's answer has {len(text):,} characters as JSON, more than {max_chars:,}")
    if "\\ud" in text.lower():
        return _clean_strings(json.loads(text))
    return json.loads(text)


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json")
    raise TypeError(f"it holds a {type(value).__name__}")


def _clean_strings(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(key): _clean_strings(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean_strings(item) for item in value]
    return value


def _clean(reply: AgentReply, max_chars: int) -> AgentReply:
    """The reply with every field checked, for nobody has held an agent to their types."""
    usage: Any = reply.usage
    if isinstance(usage, Mapping):
        usage = _fields(Usage, usage, "usage")
    for number in (usage.input_tokens, usage.output_tokens) if usage else ():
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 0):
            raise ReplyError(f"the reply's token counts must be whole numbers, 0 or more, not {number!r}")
    cost: Any = reply.cost
    if cost is not None and (isinstance(cost, bool) or not isinstance(cost, (int, float)) or not _is_amount(cost)):
        raise ReplyError(f"the reply's cost must be a finite number, 0 or more, in US dollars, not {cost!r}")
    trace_id: Any = reply.trace_id
    if trace_id is not None and not isinstance(trace_id, str):
        raise ReplyError(f"the reply's trace_id must be text, not a {type(trace_id).__name__}")
    calls = [_tool_call(call, max_chars) for call in reply.tool_calls]
    return AgentReply(
        _output(reply.output, max_chars),
        tool_calls=calls,
        usage=usage,
        cost=cost,
        trace_id=trace_id and clean_text(trace_id),
        metadata=_json_value(dict(reply.metadata), max_chars) if reply.metadata else {},
    )


def _tool_call(call: Any, max_chars: int) -> ToolCall:
    if isinstance(call, str):
        call = ToolCall(name=call)
    elif isinstance(call, Mapping):
        call = _fields(ToolCall, call, "a tool call")
    if not isinstance(call, ToolCall) or not isinstance(call.name, str):
        raise ReplyError(f"a tool call must be a ToolCall, a name or a mapping with a name, not {type(call).__name__}")
    return ToolCall(
        name=_checked_text(call.name, max_chars),
        arguments=_json_value(dict(call.arguments), max_chars),
        result=None if call.result is None else _json_value(call.result, max_chars),
        error=None if call.error is None else _checked_text(str(call.error), max_chars),
    )


def _fields(kind: Any, values: Mapping[str, Any], what: str) -> Any:
    try:
        return kind(**values)
    except TypeError as error:
        known = ", ".join(field.name for field in dataclasses.fields(kind))
        raise ReplyError(
            f"{what} of the reply has the fields {', '.join(map(str, values))}; known: {known}"
        ) from error


def _is_amount(number: float) -> bool:
    return math.isfinite(number) and number >= 0
