"""Agents of the OpenAI Agents SDK."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pytest_evalsuite.agents.frameworks._shape import arguments_of, is_a, plain, prompt, usage_of
from pytest_evalsuite.agents.reply import AgentReply, ToolCall
from pytest_evalsuite.errors import AgentError

if TYPE_CHECKING:
    from pytest_evalsuite.agents.frameworks import Ask

__all__ = ["read", "recognise"]

TOOL_FAILED: Final = "An error occurred while running the tool"
"""How the SDK begins what it tells a model of a tool that raised; a result has no other mark of it."""


def recognise(target: Any) -> Ask | None:
    """How to ask an agent of the OpenAI Agents SDK."""
    if not is_a(target, "agents", "Agent") or not hasattr(target, "handoffs"):
        return None

    async def ask(
        question: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        history: Sequence[Mapping[str, str]] = (),
        session_id: str | None = None,
    ) -> AgentReply:
        sdk: Any = sys.modules["agents"]
        text = prompt(question, inputs)
        turns = [{"role": turn["role"], "content": turn["content"]} for turn in history]
        asked = [*turns, {"role": "user", "content": text}] if turns else text
        return _reply(await sdk.Runner.run(target, asked, run_config=sdk.RunConfig(group_id=session_id)))

    return ask


def read(raw: Any) -> AgentReply | None:
    """The reply in the result of a run."""
    return _reply(raw) if is_a(raw, "agents", "RunResultBase") and hasattr(raw, "new_items") else None


def _reply(result: Any) -> AgentReply:
    if waiting := getattr(result, "interruptions", ()):
        names = ", ".join(str(getattr(item, "tool_name", None) or _field(item.raw_item, "name")) for item in waiting)
        raise AgentError(f"the run stopped for tools that wait for approval: {names}")
    usage = result.context_wrapper.usage  # with that of agents which ran as tools
    return AgentReply(
        plain(result.final_output),
        tool_calls=_tool_calls(result.new_items),
        usage=usage_of([(usage.input_tokens, usage.output_tokens)]),
        metadata={"agent": result.last_agent.name},
    )


def _tool_calls(items: Iterable[Any]) -> list[ToolCall]:
    items = list(items)
    outputs = {
        _field(item.raw_item, "call_id"): item.output if item.type == "tool_call_output_item" else None
        for item in items
        if item.type in ("tool_call_output_item", "handoff_output_item")
    }
    return [
        _tool_call(item.raw_item, outputs.get(_field(item.raw_item, "call_id")))
        for item in items
        if item.type in ("tool_call_item", "handoff_call_item")
    ]


def _tool_call(raw: Any, output: Any) -> ToolCall:
    failed = isinstance(output, str) and output.startswith(TOOL_FAILED)
    name = _field(raw, "name") or str(_field(raw, "type")).removesuffix("_call")  # a hosted tool has its type only
    return ToolCall(
        name=name,
        arguments=arguments_of(_field(raw, "arguments")),
        result=None if failed else plain(output),
        error=output if failed else None,
    )


def _field(raw: Any, name: str) -> Any:
    return raw.get(name) if isinstance(raw, Mapping) else getattr(raw, name, None)
