"""What a service answered, taken apart: the answer, tool calls, usage and cost behind JMESPath expressions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from pytest_evalsuite.agents.environment import clipped
from pytest_evalsuite.agents.replies import read_reply
from pytest_evalsuite.agents.reply import AgentReply, ToolCall, Usage
from pytest_evalsuite.agents.usage import usage_of
from pytest_evalsuite.errors import ConfigurationError, ReplyError

__all__ = ["Reader", "read_arguments", "shape"]

USUAL_KEYS: Final = ("output", "answer", "response")
_INPUT: Final = ("input_tokens", "prompt_tokens")
_OUTPUT: Final = ("output_tokens", "completion_tokens")


class Reader:
    """Makes an `AgentReply` of the text of a response.

    Without ``output``, JSON that has the form of an `AgentReply` is taken as one; else the first of the keys
    ``output``, ``answer`` and ``response`` is the answer, else the whole of it. ``told`` makes of a response what a
    message may show. Raises ConfigurationError for an
    expression that is no JMESPath.
    """

    def __init__(self, told: Callable[[str], str] = clipped, **expressions: str | None) -> None:
        self._told = told
        self._paths = {what: _compiled(what, text) for what, text in expressions.items() if text is not None}

    def read(self, text: str, *, is_json: bool) -> AgentReply:
        """Raises ReplyError for what is not as the configuration says."""
        if not self._paths and not is_json:
            return AgentReply(text)
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ReplyError(f"the response is no JSON ({clipped(str(error), 100)}): {self._told(text)!r}") from None
        found = {what: _search(what, path, data) for what, path in self._paths.items()}
        if "output" in found and found["output"] is None:
            raise ReplyError(f"output: {self._paths['output'].expression!r} finds nothing in {shape(data)}")
        base = AgentReply(found["output"]) if "output" in found else read_reply(_usual(data))
        calls, usage, cost = found.get("tool_calls"), found.get("usage"), found.get("cost")
        return AgentReply(
            base.output,
            tool_calls=base.tool_calls if calls is None else _tool_calls(calls),
            usage=base.usage if usage is None else _usage(usage),
            cost=base.cost if cost is None else cost,
            trace_id=base.trace_id,
            metadata=base.metadata,
        )


def read_arguments(arguments: Any) -> tuple[Mapping[str, Any], str | None]:
    """A tool call's arguments as a mapping, from JSON where they are text, and what is wrong with them if anything."""
    if isinstance(arguments, str):
        text = arguments
        try:
            arguments = json.loads(text) if text.strip() else {}
        except (ValueError, RecursionError):
            return {"_raw": text}, "its arguments are no JSON"
    if arguments is None or isinstance(arguments, Mapping):
        return arguments or {}, None
    return {"_raw": arguments}, "its arguments are no JSON object"


def shape(value: Any, limit: int = 200) -> str:
    """What a JSON value is made of, without what it says: ``{id: int, choices: [1 x {text: str}]}``."""
    return clipped(_shape(value, 4), limit)


def _shape(value: Any, levels: int) -> str:
    if isinstance(value, dict) and value:
        inside = (f"{key}: {_shape(item, levels - 1)}" for key, item in list(value.items())[:20])
        return f"{{{', '.join(inside)}}}" if levels else "{...}"
    if isinstance(value, list) and value:
        return f"[{len(value)} x {_shape(value[0], levels - 1)}]" if levels else "[...]"
    return {dict: "{}", list: "[]", type(None): "null"}.get(type(value), type(value).__name__)


def _compiled(what: str, text: str) -> Any:
    import jmespath

    try:
        return jmespath.compile(text)
    except (jmespath.exceptions.JMESPathError, TypeError, ValueError) as error:
        raise ConfigurationError(f"{what}: {text!r} is no JMESPath: {clipped(str(error))}") from None


def _search(what: str, path: Any, data: Any) -> Any:
    import jmespath

    try:
        return path.search(data)
    except jmespath.exceptions.JMESPathError as error:
        told = f"{what}: {path.expression!r} cannot be worked out on {shape(data)}: {clipped(str(error))}"
        raise ReplyError(told) from None


def _usual(data: Any) -> Any:
    if isinstance(data, dict) and not data.keys() <= set(AgentReply.__dataclass_fields__):
        return next((data[key] for key in USUAL_KEYS if key in data), data)
    return data


def _tool_calls(calls: Any) -> list[ToolCall]:
    if not isinstance(calls, list):
        raise ReplyError(f"tool_calls: expected a list of calls, found {shape(calls)}")
    return [_tool_call(call) for call in calls]


def _tool_call(call: Any) -> ToolCall:
    if isinstance(call, str):
        return ToolCall(name=call)
    if not isinstance(call, dict) or not isinstance(call.get("name"), str):
        raise ReplyError(f"tool_calls: expected names or mappings with a name, found {shape(call)}")
    arguments, problem = read_arguments(call.get("arguments"))
    return ToolCall(
        name=call["name"], arguments=arguments, result=call.get("result"), error=call.get("error") or problem
    )


def _usage(usage: Any) -> Usage:
    if isinstance(usage, dict):
        known = usage_of(*(next((usage[key] for key in keys if key in usage), None) for keys in (_INPUT, _OUTPUT)))
        if known is not None:
            return known
    raise ReplyError(f"usage: expected input_tokens and output_tokens, found {shape(usage)}")
