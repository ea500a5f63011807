"""Agents of pydantic-ai, with models of pydantic-ai's own that need no network."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from pytest_evalsuite.agents import AgentReply, ToolCall, Usage, adapt, read_reply
from pytest_evalsuite.agents.frameworks import Ask, recognise
from pytest_evalsuite.errors import AgentError


class Ticket(BaseModel):
    category: str
    urgent: bool


def agent(*answers: Any, **options: Any) -> Any:
    """An agent whose model says these in turn: text, or the (name, arguments) of a tool."""
    from pydantic_ai import Agent, ModelResponse, TextPart, ToolCallPart
    from pydantic_ai.models.function import FunctionModel
    from pydantic_ai.usage import RequestUsage

    left = list(answers)

    def reply(messages: Any, info: Any) -> Any:
        made.shown.append(messages)
        answer = left.pop(0)
        part: Any = TextPart(answer) if isinstance(answer, str) else ToolCallPart(*answer)
        return ModelResponse(parts=[part], usage=RequestUsage(input_tokens=10, output_tokens=2))

    made: Any = Agent(FunctionModel(reply), **options)
    made.shown = []
    return made


def ask_of(target: Any) -> Ask:
    ask = recognise(target)
    assert ask is not None
    return ask


def asked(target: Any, *, number: int = -1) -> list[tuple[str, str]]:
    """What the model was shown, as (kind, text)."""
    return [(part.part_kind, part.content) for message in target.shown[number] for part in message.parts]


def test_an_answer_with_its_usage_and_its_model() -> None:
    reply = asyncio.run(ask_of(agent("Lima"))(question="Capital?"))
    assert (reply.output, reply.tool_calls, reply.usage) == ("Lima", [], Usage(input_tokens=10, output_tokens=2))
    assert reply.metadata == {"model": "function:reply:"}


def test_tool_calls_with_results_and_failures_and_usage_of_all_requests() -> None:
    from pydantic_ai import ModelRetry

    def lookup(order: int) -> dict[str, Any]:
        if order < 0:
            raise ModelRetry("an order is a positive number")
        return {"order": order, "state": "sent"}

    asking = agent(
        ("lookup", {"order": -1}),
        ("lookup", '{"order": "x"}'),
        ("lookup", {"order": 7}),
        "Sent.",
        tools=[lookup],
        retries=3,
    )
    reply = asyncio.run(ask_of(asking)(question="Where is 7?"))
    assert reply.tool_calls is not None
    retried, invalid, done = reply.tool_calls
    assert (retried.arguments, retried.result) == ({"order": -1}, None)
    assert "an order is a positive number" in str(retried.error)
    assert "valid integer" in str(invalid.error)
    assert done == ToolCall(name="lookup", arguments={"order": 7}, result={"order": 7, "state": "sent"})
    assert reply.usage == Usage(input_tokens=40, output_tokens=8)


def test_structured_output_is_a_mapping_and_no_tool_call() -> None:
    asking = agent(("final_result", {"category": "billing", "urgent": True}), output_type=Ticket)
    reply = read_reply(asyncio.run(ask_of(asking)(inputs={"subject": "Invoice"})))
    assert (reply.output, reply.tool_calls) == ({"category": "billing", "urgent": True}, [])
    assert asked(asking) == [("user-prompt", '{"subject": "Invoice"}')]


def test_an_output_tool_of_another_name_is_no_tool_call() -> None:
    from pydantic_ai import ToolOutput

    asking = agent(("file_it", {"category": "x", "urgent": False}), output_type=ToolOutput(Ticket, name="file_it"))
    assert asyncio.run(ask_of(asking)(question="?")).tool_calls == []


def test_history_goes_before_the_question_and_keeps_the_system_prompt() -> None:
    history = [{"role": "user", "content": "I am Ada."}, {"role": "assistant", "content": "Hello, Ada."}]
    asking = agent("Ada.", system_prompt="Be brief.")
    asyncio.run(ask_of(asking)(question="Who am I?", history=history, session_id="s1"))
    assert asked(asking) == [
        ("system-prompt", "Be brief."),
        ("user-prompt", "I am Ada."),
        ("text", "Hello, Ada."),
        ("user-prompt", "Who am I?"),
    ]
    assert {message.conversation_id for message in asking.shown[-1] if message.conversation_id} == {"s1"}


def test_a_system_turn_in_the_history_stands() -> None:
    asking = agent("Hi", system_prompt="Be brief.")
    asyncio.run(ask_of(asking)(question="Hi", history=[{"role": "system", "content": "Be long."}]))
    assert asked(asking) == [("system-prompt", "Be long."), ("user-prompt", "Hi")]


def test_a_limit_that_is_exceeded_is_an_error() -> None:
    from pydantic_ai import Agent, UsageLimitExceeded, UsageLimits
    from pydantic_ai.agent import WrapperAgent
    from pydantic_ai.models.test import TestModel

    class Limited(WrapperAgent):  # type: ignore[misc]
        async def run(self, *args: Any, **options: Any) -> Any:
            return await super().run(*args, usage_limits=UsageLimits(request_limit=1), **options)

    asking = Agent(TestModel())
    asking.tool_plain(again)
    with pytest.raises(UsageLimitExceeded, match="request_limit"):
        asyncio.run(ask_of(Limited(asking))(question="?"))


def again() -> str:
    """Ask again."""
    return "again"


def test_tools_that_wait_for_approval_are_an_error() -> None:
    from pydantic_ai import DeferredToolRequests, Tool

    asking = agent(("again", {}), tools=[Tool(again, requires_approval=True)], output_type=[str, DeferredToolRequests])
    with pytest.raises(AgentError, match=r"stopped for tools that wait for approval or a result: again"):
        asyncio.run(ask_of(asking)(question="?"))


def test_a_function_may_return_the_result_of_a_run() -> None:
    asking = agent(("again", {}), "Done.", tools=[again])
    reply = read_reply(asyncio.run(asking.run("?")))
    assert reply == AgentReply(
        "Done.",
        tool_calls=[ToolCall(name="again", result="again")],
        usage=Usage(input_tokens=20, output_tokens=4),
        metadata={"model": "function:reply:"},
    )


def test_the_agent_is_asynchronous_so_that_its_calls_overlap() -> None:
    assert adapt(agent("Lima"), "mine").is_async
