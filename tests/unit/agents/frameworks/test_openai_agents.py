"""Agents of the OpenAI Agents SDK, over HTTP against a server on this machine, with the real client."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from model_server import Canned, ModelServer, as_completion
from pydantic import BaseModel

from pytest_evalsuite.agents import AgentReply, ToolCall, Usage, adapt, read_reply
from pytest_evalsuite.agents.frameworks import recognise
from pytest_evalsuite.errors import AgentError


class Ticket(BaseModel):
    category: str
    urgent: bool


def calls(name: str, arguments: str) -> Canned:
    """A model's wish to call a tool."""
    reply = as_completion("")
    function = {"name": name, "arguments": arguments}
    reply["choices"][0]["message"] = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": f"call-{name}-{arguments}", "type": "function", "function": function}],
    }
    return Canned(body=json.dumps(reply))


def agent(server: ModelServer, **options: Any) -> Any:
    from agents import Agent, OpenAIChatCompletionsModel
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=f"{server.address}/v1", api_key="sk-none")
    return Agent(name="support", model=OpenAIChatCompletionsModel("m", client), **options)


def tool(function: Any, **options: Any) -> Any:
    from agents import function_tool

    return function_tool(function, **options)


def lookup(order: int) -> str:
    """Look an order up."""
    if order < 0:
        raise ValueError("no such order")
    return f"order {order} was sent"


def asked(target: Any, **given: Any) -> AgentReply:
    """What the agent replied; its clients are closed."""
    ask = recognise(target)
    assert ask is not None
    reply: AgentReply = run(ask(**given), target)
    return reply


def run(answer: Any, *agents: Any) -> Any:
    async def closing() -> Any:
        try:
            return await answer
        finally:
            for one in agents:
                await one.model._client.close()

    return asyncio.run(closing())


def test_tool_calls_failures_and_the_usage_of_all_requests(model: ModelServer) -> None:
    model.replies(calls("lookup", '{"order": -1}'), calls("lookup", '{"order": 7}'), "It was sent.")
    reply = asked(agent(model, tools=[tool(lookup)]), question="Where is 7?", session_id="s")
    assert reply.output == "It was sent."
    assert reply.tool_calls is not None
    failed, done = reply.tool_calls
    assert (failed.arguments, failed.result) == ({"order": -1}, None)
    assert str(failed.error).startswith("An error occurred while running the tool")
    assert done == ToolCall(name="lookup", arguments={"order": 7}, result="order 7 was sent")
    assert (reply.usage, reply.metadata) == (Usage(input_tokens=300, output_tokens=60), {"agent": "support"})


def test_history_goes_before_the_question(model: ModelServer) -> None:
    model.replies("Ada.")
    history = [{"role": "user", "content": "I am Ada."}, {"role": "assistant", "content": "Hello, Ada."}]
    asked(agent(model, instructions="Be brief."), question="Who am I?", history=history)
    assert [(turn["role"], turn["content"]) for turn in model.requests[-1]["messages"]] == [
        ("system", "Be brief."),
        ("user", "I am Ada."),
        ("assistant", "Hello, Ada."),
        ("user", "Who am I?"),
    ]


def test_structured_output_is_a_mapping(model: ModelServer) -> None:
    model.replies('{"category": "billing", "urgent": true}')
    reply = read_reply(asked(agent(model, output_type=Ticket), inputs={"subject": "Invoice"}))
    assert reply.output == {"category": "billing", "urgent": True}
    assert model.requests[-1]["messages"][-1]["content"] == '{"subject": "Invoice"}'


def test_a_handoff_is_a_tool_call_and_the_last_agent_is_named(model: ModelServer) -> None:
    model.replies(calls("transfer_to_support", "{}"), "Billing here.")
    support = agent(model)
    first = support.clone(name="triage", handoffs=[support])
    reply = asked(first, question="?")
    assert reply.tool_calls is not None
    assert [call.name for call in reply.tool_calls] == ["transfer_to_support"]
    assert reply.metadata == {"agent": "support"}


def test_the_usage_of_an_agent_that_runs_as_a_tool_counts(model: ModelServer) -> None:
    model.replies(calls("ask_billing", '{"input": "7"}'), "Paid.", "It was paid.")
    billing = agent(model)
    first = billing.clone(tools=[billing.as_tool("ask_billing", "asks billing")])
    reply = asked(first, question="?")
    assert reply.tool_calls == [ToolCall(name="ask_billing", arguments={"input": "7"}, result="Paid.")]
    assert reply.usage == Usage(input_tokens=300, output_tokens=60)


def test_too_many_turns_are_an_error(model: ModelServer) -> None:
    from agents import MaxTurnsExceeded

    model.replies(calls("lookup", '{"order": 7}'))
    with pytest.raises(MaxTurnsExceeded, match=r"Max turns \(10\) exceeded"):
        asked(agent(model, tools=[tool(lookup)]), question="?")


def test_a_tool_that_waits_for_approval_is_an_error(model: ModelServer) -> None:
    model.replies(calls("lookup", '{"order": 7}'))
    with pytest.raises(AgentError, match="stopped for tools that wait for approval: lookup"):
        asked(agent(model, tools=[tool(lookup, needs_approval=True)]), question="?")


def test_a_function_may_return_the_result_of_a_run(model: ModelServer) -> None:
    from agents import Runner

    model.replies("Lima")
    support = agent(model)
    reply = read_reply(run(Runner.run(support, "Capital?"), support))
    assert (reply.output, reply.tool_calls, reply.usage) == ("Lima", [], Usage(input_tokens=100, output_tokens=20))


def test_the_agent_is_asynchronous_so_that_its_calls_overlap(model: ModelServer) -> None:
    assert adapt(agent(model), "mine").is_async


def test_an_agent_of_a_module_that_is_also_called_agents_is_not_taken_for_one() -> None:
    class Agent:
        def run(self, question: str) -> str:
            return question

    Agent.__module__ = "agents"
    assert recognise(Agent()) is None
