"""Agents of five frameworks in suites of a user's: the real packages, asked by pytest in a process of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from model_server import Asked, Canned, ModelServer, Reply, as_completion
from suites import Suite

# What every model here says, whatever the framework calls its messages.
BRAIN = '''
    def think(turns):
        """The text, or the arguments of a call of `lookup`, after these (role, text)."""
        role, text = turns[-1]
        if role == "tool":
            return "It was sent."
        if "Where" in text:
            return {"order": 7}
        if "Who" in text:
            known = ("user", "I am Ada.") in turns and ("assistant", "Hello, Ada.") in turns
            return "You are Ada." if known else "Nobody that I know."
        return "Hello, Ada."


    def lookup(order: int) -> str:
        """Look an order up."""
        return f"order {order} was sent"
'''

PYDANTIC_AI = """
    from pydantic_ai import Agent, ModelResponse, TextPart, ToolCallPart
    from pydantic_ai.models.function import FunctionModel
    from pydantic_ai.usage import RequestUsage

    from brain import lookup, think

    ROLES = {"user-prompt": "user", "text": "assistant", "tool-return": "tool"}


    def reply(messages, info):
        parts = [part for message in messages for part in message.parts if part.part_kind in ROLES]
        thought = think([(ROLES[part.part_kind], part.content) for part in parts])
        part = TextPart(thought) if isinstance(thought, str) else ToolCallPart("lookup", thought)
        return ModelResponse(parts=[part], usage=RequestUsage(input_tokens=100, output_tokens=20))


    agent = Agent(FunctionModel(reply), tools=[lookup])
"""

LANGGRAPH = """
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage
    from langgraph.graph import START, MessagesState, StateGraph
    from langgraph.prebuilt import ToolNode, tools_condition

    from brain import lookup, think

    ROLES = {"human": "user", "ai": "assistant", "tool": "tool"}
    USED = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}


    async def model(state):
        thought = think([(ROLES[message.type], message.content) for message in state["messages"]])
        answer = AIMessage(thought if isinstance(thought, str) else "", usage_metadata=USED)
        if not isinstance(thought, str):
            answer.tool_calls = [{"name": "lookup", "args": thought, "id": "1"}]
        return {"messages": [await GenericFakeChatModel(messages=iter([answer])).ainvoke("?")]}


    graph = StateGraph(MessagesState).add_node("model", model).add_node("tools", ToolNode([lookup]))
    graph.add_edge(START, "model").add_conditional_edges("model", tools_condition).add_edge("tools", "model")
    agent = graph.compile()
"""

OPENAI_AGENTS = """
    from agents import Agent, OpenAIChatCompletionsModel, function_tool
    from openai import AsyncOpenAI

    from brain import lookup

    agent = Agent(name="support", model=OpenAIChatCompletionsModel("m", AsyncOpenAI()), tools=[function_tool(lookup)])
"""

AGNO = """
    import os

    from agno.agent import Agent
    from agno.models.openai import OpenAIChat

    from brain import lookup

    agent = Agent(model=OpenAIChat(id="m", base_url=os.environ["OPENAI_BASE_URL"]), tools=[lookup])
"""

LLAMA_INDEX = """
    from llama_index.core.agent.workflow import FunctionAgent
    from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
    from llama_index.core.llms.mock import MockFunctionCallingLLM

    from brain import lookup, think


    class Model(MockFunctionCallingLLM):
        async def achat(self, messages, **options):
            reply = await super().achat(messages, **options)
            reply.raw = {"usage": {"prompt_tokens": 100, "completion_tokens": 20}}
            return reply


    def reply(messages, **options):
        thought = think([(message.role.value, message.content) for message in messages])
        if isinstance(thought, str):
            return ChatMessage(role="assistant", content=thought)
        return ChatMessage(role="assistant", blocks=[ToolCallBlock(tool_name="lookup", tool_kwargs=thought)])


    agent = FunctionAgent(llm=Model(response_generator=reply, is_chat_model=True), tools=[lookup], streaming=False)
"""

FRAMEWORKS = {
    "agno": AGNO,
    "langgraph": LANGGRAPH,
    "llama_index": LLAMA_INDEX,
    "openai_agents": OPENAI_AGENTS,
    "pydantic_ai": PYDANTIC_AI,
}


LISTENING = """
    import sys


    def hear(event, arguments):
        if event == "socket.connect" and "127.0.0.1" not in str(arguments[1]):
            with open("connections.txt", "a", encoding="utf-8") as out:
                out.write(f"{arguments[1]}\\n")
        if event == "socket.getaddrinfo" and arguments[0] != "127.0.0.1":
            with open("connections.txt", "a", encoding="utf-8") as out:
                out.write(f"{arguments[0]}\\n")


    sys.addaudithook(hear)
"""


@pytest.fixture
def brain(suite: Suite, model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A suite with what models say, over HTTP too, and with two test sets."""
    scope: dict[str, Any] = {}
    exec(compile(suite.write("brain.py", BRAIN).read_text(encoding="utf-8"), "brain.py", "exec"), scope)

    def reply(asked: Asked) -> Reply:
        thought = scope["think"]([(turn["role"], turn.get("content")) for turn in asked["messages"]])
        return thought if isinstance(thought, str) else call("lookup", thought)

    model.reply = reply
    for name, value in (
        ("AGNO_TELEMETRY", "false"),
        ("LANGSMITH_TRACING", "false"),
        ("OPENAI_AGENTS_DISABLE_TRACING", "1"),
    ):
        monkeypatch.setenv(name, value)
    suite.write(
        "order.eval.yaml",
        """
        cases:
          - id: order
            question: Where is order 7?
            checks:
              - {method: exact_match, expected_response: It was sent.}
              - {method: reliability, expected_tool_calls: [{name: lookup, arguments: {order: 7}}],
                 allow_additional_tool_calls: false}
              - {method: tokens, max_total: 240}
        """,
    )
    suite.write(
        "talk.eval.yaml",
        """
        mode: scenario
        defaults: {test_method: exact_match}
        cases:
          - {id: hello, order: 1, question: I am Ada., expected_response: 'Hello, Ada.'}
          - {id: who, order: 2, question: Who am I?, expected_response: You are Ada.}
        """,
    )
    (suite.path / "agents.py").unlink()  # it would hide the package of the OpenAI Agents SDK
    return suite


def call(name: str, arguments: dict[str, Any]) -> Canned:
    """A model's wish to call a tool, over HTTP."""
    reply = as_completion("")
    function = {"name": name, "arguments": json.dumps(arguments)}
    wish = {"id": "call-1", "type": "function", "function": function}
    reply["choices"][0]["message"] = {"role": "assistant", "content": None, "tool_calls": [wish]}
    return Canned(body=json.dumps(reply))


def test_suites_see_tool_calls_and_usage_and_hold_conversations(brain: Suite) -> None:
    for name, text in FRAMEWORKS.items():
        brain.write(f"with_{name}.py", text)
    brain.write("conftest.py", LISTENING)
    brain.configure(agents=tuple(f"{name} = with_{name}:agent" for name in FRAMEWORKS))
    brain.run_subprocess("--eval-json=run.json", *(f"--eval-agent={name}" for name in FRAMEWORKS))
    records = {
        (record["agent"], record["case_id"]): record
        for evaluation in brain.artifact()["evaluations"]
        for record in evaluation["results"]
    }
    assert {key: record["status"] for key, record in records.items()} == {
        (name, case): "passed" for name in FRAMEWORKS for case in ("order", "hello", "who")
    }
    assert not (brain.path / "connections.txt").exists()  # nothing leaves this machine by the framework's own doing
    for name in FRAMEWORKS:
        order, who = records[name, "order"], records[name, "who"]
        assert order["tool_calls"] == [{"name": "lookup", "arguments": {"order": 7}, "result": "order 7 was sent"}]
        assert order["usage"] == {"input_tokens": 200, "output_tokens": 40}
        assert (who["tool_calls"], who["usage"]) == ([], {"input_tokens": 100, "output_tokens": 20})


def test_a_run_that_stops_halfway_is_an_error_also_where_a_function_returns_it(brain: Suite) -> None:
    brain.write(
        "support.py",
        """
        from langgraph.checkpoint.memory import InMemorySaver
        from langgraph.graph import START, MessagesState, StateGraph
        from langgraph.types import interrupt


        def approve(state):
            return {"messages": [interrupt("May I?")]}


        agent = StateGraph(MessagesState).add_node("approve", approve).add_edge(START, "approve")
        agent = agent.compile(checkpointer=InMemorySaver())


        def answer(question, session_id):
            config = {"configurable": {"thread_id": session_id}}
            return agent.invoke({"messages": [{"role": "user", "content": question}]}, config)
        """,
    )
    brain.configure(agents=("object = support:agent", "function = support:answer"))
    brain.run_subprocess("--eval-json=run.json", "--eval-agent=object", "--eval-agent=function", "order.eval.yaml")
    causes = {evaluation["agent"]: evaluation["results"][0]["cause"] for evaluation in brain.artifact()["evaluations"]}
    assert {name: (cause["kind"], cause["message"]) for name, cause in causes.items()} == {
        "function": ("agent", "the graph stopped to be resumed: May I?"),
        "object": ("agent", "the graph stopped before approve: May I?"),
    }
