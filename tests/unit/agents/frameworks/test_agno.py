"""Agents, teams and workflows of Agno, over HTTP against a server on this machine, with the real client."""

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

HISTORY = [{"role": "user", "content": "I am Ada."}, {"role": "assistant", "content": "Hello, Ada."}]


MODELS: list[Any] = []


class Ticket(BaseModel):
    category: str
    urgent: bool


def calls(name: str, **arguments: Any) -> Canned:
    """A model's wish to call a tool."""
    reply = as_completion("")
    function = {"name": name, "arguments": json.dumps(arguments)}
    call = {"id": f"call-{name}-{arguments}", "type": "function", "function": function}
    reply["choices"][0]["message"] = {"role": "assistant", "content": None, "tool_calls": [call]}
    return Canned(body=json.dumps(reply))


def client(server: ModelServer) -> Any:
    from agno.models.openai import OpenAIChat

    made = OpenAIChat(id="m", base_url=f"{server.address}/v1", api_key="sk-none", max_retries=0)
    MODELS.append(made)
    return made


def agent(server: ModelServer, **options: Any) -> Any:
    from agno.agent import Agent

    return Agent(model=client(server), **{"name": "support", **options})


def lookup(order: int) -> str:
    """Look an order up."""
    if order < 0:
        raise ValueError("no such order")
    return f"order {order} was sent"


def asked(target: Any, **given: Any) -> AgentReply:
    return talk(target, given)[0]


def talk(target: Any, *given: dict[str, Any]) -> list[AgentReply]:
    """What the target replied to each; the clients that Agno keeps are closed."""
    ask = recognise(target)
    assert ask is not None

    async def talking() -> list[AgentReply]:
        try:
            return [await ask(**one) for one in given]
        finally:
            while MODELS:
                if (kept := MODELS.pop().async_client) is not None:
                    await kept.close()

    return asyncio.run(talking())


def shown(server: ModelServer, number: int = -1) -> list[tuple[str, str]]:
    return [(turn["role"], turn["content"]) for turn in server.requests[number]["messages"]]


def test_tool_calls_failures_and_the_usage_of_all_requests(model: ModelServer) -> None:
    model.replies(calls("lookup", order=-1), calls("lookup", order=7), "It was sent.")
    assert asked(agent(model, tools=[lookup]), question="Where is 7?") == AgentReply(
        "It was sent.",
        tool_calls=[
            ToolCall(name="lookup", arguments={"order": -1}, error="no such order"),
            ToolCall(name="lookup", arguments={"order": 7}, result="order 7 was sent"),
        ],
        usage=Usage(input_tokens=300, output_tokens=60),
        metadata={"model": "m"},
    )


def test_history_goes_before_the_question(model: ModelServer) -> None:
    model.replies("Ada.")
    asked(agent(model), question="Who am I?", history=HISTORY, session_id="s")
    assert shown(model) == [("user", "I am Ada."), ("assistant", "Hello, Ada."), ("user", "Who am I?")]


def test_an_agent_that_keeps_sessions_is_not_told_them_again(model: ModelServer) -> None:
    from agno.db.in_memory import InMemoryDb

    model.replies("Hello, Ada.", "Ada.", "Nobody.")
    keeping = agent(model, db=InMemoryDb(), add_history_to_context=True)
    talk(
        keeping,
        {"question": "I am Ada.", "session_id": "s1"},
        {"question": "Who am I?", "session_id": "s1", "history": HISTORY},
        {"question": "Who am I?", "session_id": "s2"},
        {"question": "Who am I?", "session_id": "s3", "history": HISTORY},
    )
    assert shown(model, 1) == [("user", "I am Ada."), ("assistant", "Hello, Ada."), ("user", "Who am I?")]
    assert shown(model, 2) == [("user", "Who am I?")]
    assert shown(model, 3) == shown(model, 1)  # the session is new to Agno, so it is told


def test_structured_output_is_a_mapping(model: ModelServer) -> None:
    model.replies('{"category": "billing", "urgent": true}')
    reply = read_reply(asked(agent(model, output_schema=Ticket), inputs={"subject": "Invoice"}))
    assert reply.output == {"category": "billing", "urgent": True}
    assert shown(model)[-1] == ("user", '{"subject": "Invoice"}')


def test_a_team_tells_the_tool_calls_of_its_members(model: ModelServer) -> None:
    from agno.team import Team

    member = agent(model, tools=[lookup], id="support")
    team = Team(members=[member], model=client(model))
    model.replies(
        calls("delegate_task_to_member", member_id="support", task="find 7"),
        calls("lookup", order=7),
        "order 7 was sent",
        "It was sent.",
    )
    reply = asked(team, question="Where is 7?")
    assert reply.output == "It was sent."
    assert reply.tool_calls is not None
    assert [call.name for call in reply.tool_calls] == ["lookup", "delegate_task_to_member"]
    assert reply.usage == Usage(input_tokens=400, output_tokens=80)


def test_a_workflow_tells_the_tool_calls_of_its_steps(model: ModelServer) -> None:
    from agno.workflow import Step, Workflow

    workflow = Workflow(name="w", steps=[Step(name="find", agent=agent(model, tools=[lookup]))])
    model.replies(calls("lookup", order=7), "It was sent.")
    reply = asked(workflow, question="Where is 7?", session_id="s")
    assert reply.output == "It was sent."
    assert reply.tool_calls == [ToolCall(name="lookup", arguments={"order": 7}, result="order 7 was sent")]
    assert reply.usage == Usage(input_tokens=200, output_tokens=40)


def test_a_workflow_takes_inputs_as_they_are(model: ModelServer) -> None:
    from agno.workflow import Step, StepOutput, Workflow

    steps = [Step(name="sort", executor=lambda step_input: StepOutput(content=step_input.input["subject"]))]
    assert asked(Workflow(name="w", steps=steps), inputs={"subject": "Invoice"}, session_id="s").output == "Invoice"


def test_a_provider_that_breaks_is_an_error_though_agno_makes_an_answer_of_it(model: ModelServer) -> None:
    model.replies(Canned(status=500))
    with pytest.raises(AgentError, match=r"the run ended as error: .*told to fail"):
        asked(agent(model), question="?")


def test_a_run_that_waits_for_somebody_is_an_error(model: ModelServer) -> None:
    from agno.tools import tool

    model.replies(calls("lookup", order=7))
    with pytest.raises(AgentError, match="the run is paused: it waits for lookup"):
        asked(agent(model, tools=[tool(requires_confirmation=True)(lookup)]), question="?")


def test_a_function_may_return_the_output_of_a_run(model: ModelServer) -> None:
    model.replies("Lima")
    asking = agent(model)
    reply = read_reply(asking.run("Capital?"))
    asking.model.client.close()
    assert (reply.output, reply.tool_calls, reply.usage) == ("Lima", [], Usage(input_tokens=100, output_tokens=20))


def test_an_agent_is_asynchronous_so_that_its_calls_overlap(model: ModelServer) -> None:
    assert adapt(agent(model), "mine").is_async


@pytest.mark.parametrize("status", ["cancelled", "error", "paused"])
def test_a_run_that_failed_is_an_error_also_where_a_function_returns_it(status: str) -> None:
    from agno.run.agent import RunOutput
    from agno.run.base import RunStatus

    with pytest.raises(AgentError, match=rf"the run (ended as|is) {status}: "):
        read_reply(RunOutput(content="why", status=RunStatus[status]))


def test_an_output_that_somebody_made_is_read() -> None:
    from agno.run.agent import RunOutput

    assert read_reply(RunOutput(content="Lima")) == AgentReply("Lima", tool_calls=[])
