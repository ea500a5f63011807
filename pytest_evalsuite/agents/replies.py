"""Whatever an agent returned becomes an `AgentReply` of text or JSON values, or a `ReplyError`."""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pytest_evalsuite.agents.frameworks import read_result
from pytest_evalsuite.agents.reply import AgentReply, ToolCall, Usage
from pytest_evalsuite.agents.steps import read_spans
from pytest_evalsuite.errors import ReplyError
from pytest_evalsuite.redaction import redact

__all__ = ["MAX_ANSWER_CHARS", "clean_text", "output_text", "read_reply", "tool_calls_json"]

MAX_ANSWER_CHARS: Final = 1_000_000
"""A longer answer is an error: no method can judge it and no report can show it."""

MAX_DEPTH: Final = 100
"""Levels of a structured answer. What is nested deeper is no answer that anybody reads, and some tools cannot."""

_REPLY_FIELDS: Final = frozenset(field.name for field in dataclasses.fields(AgentReply))


def read_reply(raw: Any, *, max_chars: int | None = MAX_ANSWER_CHARS) -> AgentReply:
    """Make an `AgentReply` whose ``output`` is clean text or a JSON value.

    Text is taken as it is (a lone surrogate becomes U+FFFD), a mapping with the fields of an `AgentReply` as one, any
    other mapping, list, number or bool as structured output, a dataclass or pydantic model as the mapping that it
    dumps to, the result of a known framework's run as what it tells, and an object with a text ``content`` as that
    text. Raises ReplyError for everything else, for NaN and infinity, and for an answer of more than ``max_chars``
    characters or nested too deeply (None: of any size); AgentError for a run of a framework that came to no answer.
    """
    if isinstance(raw, str):
        return AgentReply(_checked_text(raw, max_chars))
    if isinstance(raw, AgentReply):
        return _clean(raw, max_chars)
    if isinstance(raw, Mapping) and "output" in raw and raw.keys() <= _REPLY_FIELDS:
        return _clean(AgentReply(**raw), max_chars)
    result = read_result(raw)
    if result is not None:
        return _clean(result, max_chars)
    return AgentReply(_output(raw, max_chars))


def output_text(output: Any) -> str:
    """The output as the text that text methods read: itself, or its JSON."""
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)


def clean_text(text: str) -> str:
    """The text as a plain `str`, with lone surrogates, which no file or terminal can hold, as U+FFFD."""
    text = str.__str__(text)  # a subclass may say something else of itself, or raise
    if text.isascii():
        return text
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
        for call in reply.tool_calls or ()
    ]


def _output(raw: Any, max_chars: int | None) -> Any:
    if isinstance(raw, str):
        return _checked_text(raw, max_chars)
    if isinstance(raw, (Mapping, list, tuple, int, float)) or _is_dataclass(raw):
        return _json_value(raw, max_chars)
    if (problem := _no_answer(raw)) is not None:
        raise ReplyError(f"the agent returned {problem}")
    content = getattr(raw, "content", None)
    if isinstance(content, str):
        return _checked_text(content, max_chars)
    if callable(getattr(raw, "model_dump", None)):
        return _json_value(raw, max_chars)
    raise ReplyError(f"the agent returned a {type(raw).__name__}; expected text, a mapping or an AgentReply")


def _no_answer(raw: Any) -> str | None:
    if raw is None:
        return "None; expected text, a mapping or an AgentReply (is a `return` missing?)"
    if isinstance(raw, (bytes, bytearray, memoryview)):
        return "bytes; expected text (decode them)"
    if isinstance(raw, type):
        return f"the class {raw.__name__}; expected an answer (an instance?)"
    if inspect.isgenerator(raw) or inspect.isasyncgen(raw):
        return "a generator; expected the whole answer (join its parts)"
    if inspect.isawaitable(raw):
        if inspect.iscoroutine(raw):
            raw.close()  # else Python warns that nobody awaited it
        return "an awaitable inside its answer; expected the answer itself (await it)"
    return None


def _checked_text(text: str, max_chars: int | None) -> str:
    if max_chars is not None and len(text) > max_chars:
        begin = redact(text[:2_000])[:80]
        raise ReplyError(
            f"the agent's answer has {len(text):,} characters, more than {max_chars:,}; it begins {begin!r}"
        )
    return clean_text(text)


def _json_value(value: Any, max_chars: int | None, what: str = "the agent's answer") -> Any:
    try:
        text = json.dumps(value, ensure_ascii=True, allow_nan=False, default=_jsonable)
        if max_chars is not None and len(text) > max_chars:
            raise ReplyError(f"{what} has {len(text):,} characters as JSON, more than {max_chars:,}")
        copied = json.loads(text)
        if max_chars is not None and text.count("[") + text.count("{") > MAX_DEPTH and _is_deeper(copied, MAX_DEPTH):
            raise ReplyError(f"{what} is nested more than {MAX_DEPTH} levels deep")
        return _clean_strings(copied) if "\\ud" in text.lower() else copied
    except (TypeError, ValueError, RecursionError) as error:
        raise ReplyError(f"{what} is no JSON value: {error}") from error


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if _is_dataclass(value):
        return dataclasses.asdict(value)
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json")
    raise TypeError(f"it holds a {type(value).__name__}")


def _is_dataclass(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(part, levels - 1) for part in parts)


def _clean_strings(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(key): _clean_strings(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean_strings(item) for item in value]
    return value


def _clean(reply: AgentReply, max_chars: int | None) -> AgentReply:
    """The reply with every field checked, for nobody has held an agent to their types."""
    cost: Any = reply.cost
    if cost is not None and (isinstance(cost, bool) or not isinstance(cost, (int, float)) or not _is_amount(cost)):
        raise ReplyError(f"the reply's cost must be a finite number, 0 or more, in US dollars, not {cost!r}")
    trace_id: Any = reply.trace_id
    if trace_id is not None and not isinstance(trace_id, str):
        raise ReplyError(f"the reply's trace_id must be text, not a {type(trace_id).__name__}")
    calls: Any = reply.tool_calls
    if calls is not None and (isinstance(calls, str) or not isinstance(calls, Iterable)):
        raise ReplyError(f"the reply's tool_calls must be a list, not a {type(calls).__name__}")
    return AgentReply(
        _output(reply.output, max_chars),
        tool_calls=None if calls is None else [_tool_call(call, max_chars) for call in calls],
        usage=_usage(reply.usage),
        cost=cost,
        trace_id=trace_id and clean_text(trace_id),
        metadata=_mapping(reply.metadata, max_chars, "the reply's metadata"),
        spans=None if reply.spans is None else read_spans(reply.spans),
    )


def _usage(usage: Any) -> Usage | None:
    if isinstance(usage, Mapping):
        usage = _fields(Usage, usage, "usage")
    if usage is None:
        return None
    if not isinstance(usage, Usage):
        raise ReplyError(
            "the reply's usage must be a Usage or a mapping with input_tokens and output_tokens, "
            f"not a {type(usage).__name__}"
        )
    counts: tuple[Any, ...] = (usage.input_tokens, usage.output_tokens)
    for number in counts:
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 0):
            raise ReplyError(f"the reply's token counts must be whole numbers, 0 or more, not {number!r}")
    return usage


def _tool_call(call: Any, max_chars: int | None) -> ToolCall:
    if isinstance(call, str):
        call = ToolCall(name=call)
    elif isinstance(call, Mapping):
        call = _fields(ToolCall, call, "a tool call")
    if not isinstance(call, ToolCall) or not isinstance(call.name, str):
        raise ReplyError(f"a tool call must be a ToolCall, a name or a mapping with a name, not {type(call).__name__}")
    name = _checked_text(call.name, max_chars)
    return ToolCall(
        name=name,
        arguments=_mapping(call.arguments, max_chars, f"the arguments of tool call {name!r}"),
        result=None if call.result is None else _json_value(call.result, max_chars, f"the result of {name!r}"),
        error=None if call.error is None else _checked_text(str(call.error), max_chars),
    )


def _mapping(value: Any, max_chars: int | None, what: str) -> Any:
    if not value:
        return {}
    if not isinstance(value, Mapping):
        raise ReplyError(f"{what} must be a mapping, not a {type(value).__name__}")
    return _json_value(value, max_chars, what)


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
