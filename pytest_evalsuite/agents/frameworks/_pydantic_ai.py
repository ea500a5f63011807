"""Agents of pydantic-ai."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pytest_evalsuite.agents.frameworks._shape import arguments_of, is_a, plain, prompt, usage_of
from pytest_evalsuite.agents.reply import AgentReply, ToolCall
from pytest_evalsuite.errors import AgentError

if TYPE_CHECKING:
    from pytest_evalsuite.agents.frameworks import Ask

__all__ = ["read", "recognise"]

CALLED: Final = ("tool-call", "builtin-tool-call")
RETURNED: Final = ("tool-return", "builtin-tool-return", "retry-prompt")
OUTPUT_TOOL: Final = "final_result"
"""How the tools are named by which a model gives a structured output."""


def recognise(target: Any) -> Ask | None:
    """How to ask an agent of pydantic-ai."""
    if not is_a(target, "pydantic_ai", "AbstractAgent", "Agent") or not hasattr(target, "run"):
        return None
    takes = inspect.signature(sys.modules["pydantic_ai.agent"].AbstractAgent.run).parameters

    async def ask(
        question: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        history: Sequence[Mapping[str, str]] = (),
        session_id: str | None = None,
    ) -> AgentReply:
        context = _context(history, takes) if history else {}
        if "conversation_id" in takes:
            context["conversation_id"] = session_id
        result = await target.run(prompt(question, inputs), **context)
        return _reply(result)

    return ask


def read(raw: Any) -> AgentReply | None:
    """The reply in the result of a run."""
    return _reply(raw) if is_a(raw, "pydantic_ai", "AgentRunResult") else None


def _context(history: Sequence[Mapping[str, str]], takes: Container[str]) -> dict[str, Any]:
    """What goes before, and the agent's own system prompt, which is else left out where there is a history."""
    context: dict[str, Any] = {"message_history": _messages(history)}
    if "capabilities" in takes:
        context["capabilities"] = [sys.modules["pydantic_ai.capabilities"].ReinjectSystemPrompt()]
    return context


def _messages(history: Sequence[Mapping[str, str]]) -> list[Any]:
    messages: Any = sys.modules["pydantic_ai.messages"]

    def message(role: str, content: str) -> Any:
        if role == "assistant":
            return messages.ModelResponse(parts=[messages.TextPart(content)])
        kind = messages.SystemPromptPart if role == "system" else messages.UserPromptPart
        return messages.ModelRequest(parts=[kind(content)])

    return [message(turn["role"], turn["content"]) for turn in history]


def _reply(result: Any) -> AgentReply:
    if is_a(result.output, "pydantic_ai", "DeferredToolRequests"):
        waiting = [call.tool_name for call in (*result.output.approvals, *result.output.calls)]
        raise AgentError(f"the run stopped for tools that wait for approval or a result: {', '.join(waiting)}")
    messages = result.new_messages()
    responses = [message for message in messages if message.kind == "response"]
    usage = result.usage if hasattr(result.usage, "input_tokens") else result.usage()  # a method before 2.0
    cost = getattr(usage, "cost", None)
    models = dict.fromkeys(response.model_name for response in responses if response.model_name)
    return AgentReply(
        plain(result.output),
        tool_calls=_tool_calls(messages, getattr(result, "_output_tool_name", None)),
        usage=usage_of([(usage.input_tokens, usage.output_tokens)]),
        cost=None if cost is None else float(cost),
        metadata={"model": ", ".join(models)} if models else {},
    )


def _tool_calls(messages: Iterable[Any], output_tool: str | None) -> list[ToolCall]:
    """The calls of tools, without those by which a model only gives its structured output."""
    parts = [part for message in messages for part in message.parts]
    returned = {part.tool_call_id: part for part in parts if part.part_kind in RETURNED}
    return [
        _tool_call(part, returned.get(part.tool_call_id))
        for part in parts
        if part.part_kind in CALLED and part.tool_name != output_tool and not part.tool_name.startswith(OUTPUT_TOOL)
    ]


def _tool_call(call: Any, returned: Any) -> ToolCall:
    result, error = None, None
    if returned is not None:
        failed = getattr(returned, "outcome", "success") != "success" or returned.part_kind == "retry-prompt"
        result, error = (None, _text(returned)) if failed else (plain(returned.content), None)
    return ToolCall(name=call.tool_name, arguments=arguments_of(call.args), result=result, error=error)


def _text(returned: Any) -> str:
    """What the model was told of a call that failed; of arguments that are not valid, a list of what is wrong."""
    return returned.content if isinstance(returned.content, str) else json.dumps(plain(returned.content))
