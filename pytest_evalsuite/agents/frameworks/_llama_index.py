"""Agents, chat engines and query engines of LlamaIndex."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from pytest_evalsuite.agents.frameworks._shape import arguments_of, is_a, plain, prompt, usage_of
from pytest_evalsuite.agents.reply import AgentReply, ToolCall

if TYPE_CHECKING:
    from pytest_evalsuite.agents.frameworks import Ask

__all__ = ["read", "recognise"]

PACKAGE: Final = "llama_index"


def recognise(target: Any) -> Ask | None:
    """How to ask an agent, a workflow of agents, a chat engine or a query engine of LlamaIndex."""
    if is_a(target, PACKAGE, "BaseWorkflowAgent", "AgentWorkflow"):
        return _agent(target)
    if is_a(target, PACKAGE, "BaseChatEngine"):
        return _chat_engine(target)
    if is_a(target, PACKAGE, "BaseQueryEngine"):
        return _query_engine(target)
    return None


def read(raw: Any) -> AgentReply | None:
    """The reply in an agent's output, or in the response of an engine."""
    if is_a(raw, PACKAGE, "AgentOutput"):
        return _reply(raw, [raw])
    if is_a(raw, PACKAGE, "AgentChatResponse", "Response", "PydanticResponse"):
        return _response(raw)
    return None


def _agent(agent: Any) -> Ask:
    async def ask(
        question: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        history: Sequence[Mapping[str, str]] = (),
    ) -> AgentReply:
        handler = agent.run(user_msg=prompt(question, inputs), chat_history=_messages(history))
        try:
            events = [event async for event in handler.stream_events()]
            return _reply(await handler, events)
        except asyncio.CancelledError:
            await handler.cancel_run()  # it is a task of its own, which would go on
            raise

    return ask


def _chat_engine(engine: Any) -> Ask:
    locks: WeakKeyDictionary[Any, asyncio.Lock] = WeakKeyDictionary()

    async def ask(
        question: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        history: Sequence[Mapping[str, str]] = (),
    ) -> AgentReply:
        lock = locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        async with lock:  # an engine holds one conversation, which the history replaces
            return _response(await engine.achat(prompt(question, inputs), chat_history=_messages(history)))

    return ask


def _query_engine(engine: Any) -> Ask:
    async def ask(question: str | None = None, inputs: Mapping[str, Any] | None = None) -> AgentReply:
        return _response(await engine.aquery(prompt(question, inputs)))

    return ask


def _messages(history: Sequence[Mapping[str, str]]) -> list[Any]:
    kind = sys.modules["llama_index.core.base.llms.types"].ChatMessage
    return [kind(role=turn["role"], content=turn["content"]) for turn in history]


def _reply(output: Any, events: Iterable[Any]) -> AgentReply:
    events = list(events)
    structured = getattr(output, "structured_response", None)
    answers = [event for event in events if is_a(event, PACKAGE, "AgentOutput")]
    ran = [_tool_call(event) for event in events if is_a(event, PACKAGE, "ToolCallResult")]
    return AgentReply(
        plain(structured) if structured is not None else output.response.content or "",
        tool_calls=ran or [_tool_call(call) for call in output.tool_calls],
        usage=usage_of(_counts(answer.raw) for answer in answers),
        metadata={"agent": output.current_agent_name},
    )


def _tool_call(call: Any) -> ToolCall:
    output = getattr(call, "tool_output", None)
    arguments = arguments_of(call.tool_kwargs)
    if output is None:
        return ToolCall(name=call.tool_name, arguments=arguments)
    if output.is_error:
        return ToolCall(name=call.tool_name, arguments=arguments, error=output.content)
    return ToolCall(name=call.tool_name, arguments=arguments, result=_result(output))


def _result(output: Any) -> Any:
    return plain(output.raw_output) if output.raw_output is not None else output.content


def _response(response: Any) -> AgentReply:
    sources = [_source(node) for node in response.source_nodes]
    return AgentReply(
        plain(response.response),
        tool_calls=[
            ToolCall(
                name=output.tool_name,
                arguments=arguments_of(output.raw_input.get("kwargs", output.raw_input)),
                result=None if output.is_error else output.content,
                error=output.content if output.is_error else None,
            )
            for output in getattr(response, "sources", ())
        ],
        metadata={"sources": sources} if sources else {},
    )


def _source(node: Any) -> dict[str, Any]:
    return {"id": node.node.node_id, "score": plain(node.score)}


def _counts(raw: Any) -> tuple[Any, Any]:
    """The tokens in a provider's own response, which LlamaIndex passes on as it is."""
    usage = _field(raw, "usage")
    taken = _field(usage, "prompt_tokens") or _field(usage, "input_tokens")
    given = _field(usage, "completion_tokens") or _field(usage, "output_tokens")
    return taken, given


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
