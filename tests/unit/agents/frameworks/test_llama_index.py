"""Agents, chat engines and query engines of LlamaIndex, with its own mock models."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel, PrivateAttr

from pytest_evalsuite.agents import AgentReply, ToolCall, Usage, adapt, read_reply
from pytest_evalsuite.agents.frameworks import Ask, recognise

# LlamaIndex reads every attribute of an agent that it makes, those among them that pydantic would rather not show.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")

HISTORY = [{"role": "user", "content": "I am Ada."}, {"role": "assistant", "content": "Hello, Ada."}]


class Ticket(BaseModel):
    category: str
    urgent: bool


def model(*answers: Any) -> Any:
    """A model that says these in turn: text, or the (name, arguments) of a tool; it tells what that took."""
    from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
    from llama_index.core.llms.mock import MockFunctionCallingLLM

    class Model(MockFunctionCallingLLM):  # type: ignore[misc]
        _asked: list[Any] = PrivateAttr(default_factory=list)

        async def achat(self, messages: Any, **options: Any) -> Any:
            reply = await super().achat(messages, **options)
            reply.raw = {"usage": {"prompt_tokens": 10, "completion_tokens": 2}}
            return reply

    left = list(answers)

    def reply(messages: Any, **options: Any) -> Any:
        made._asked.append([(one.role.value, one.content) for one in messages])
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, str):
            return ChatMessage(role="assistant", content=answer)
        call = ToolCallBlock(tool_name=answer[0], tool_kwargs=answer[1], tool_call_id=str(len(left)))
        return ChatMessage(role="assistant", blocks=[call])

    made = Model(response_generator=reply, is_chat_model=True)
    return made


def agent(asking: Any, *tools: Any, **options: Any) -> Any:
    from llama_index.core.agent.workflow import FunctionAgent
    from llama_index.core.tools import FunctionTool

    listed = [FunctionTool.from_defaults(one) for one in tools]
    return FunctionAgent(name="support", llm=asking, tools=listed, streaming=False, **options)


def lookup(order: int) -> dict[str, Any]:
    """Look an order up."""
    if order < 0:
        raise ValueError("no such order")
    return {"order": order, "state": "sent"}


def ask_of(target: Any) -> Ask:
    ask = recognise(target)
    assert ask is not None
    return ask


def test_an_agent_tells_its_tool_calls_and_the_usage_of_all_requests() -> None:
    asking = agent(model(("lookup", {"order": -1}), ("lookup", {"order": 7}), "It was sent."), lookup)
    assert asyncio.run(ask_of(asking)(question="Where is 7?")) == AgentReply(
        "It was sent.",
        tool_calls=[
            ToolCall(name="lookup", arguments={"order": -1}, error="no such order"),
            ToolCall(name="lookup", arguments={"order": 7}, result={"order": 7, "state": "sent"}),
        ],
        usage=Usage(input_tokens=30, output_tokens=6),
        metadata={"agent": "support"},
    )


def test_history_goes_before_the_question_and_another_conversation_knows_nothing_of_it() -> None:
    asking = model("Ada.", "Nobody.")
    ask = ask_of(agent(asking, system_prompt="Be brief."))

    async def talk() -> None:
        await ask(question="Who am I?", history=HISTORY)
        await ask(question="Who am I?")

    asyncio.run(talk())
    assert asking._asked == [
        [("system", "Be brief."), ("user", "I am Ada."), ("assistant", "Hello, Ada."), ("user", "Who am I?")],
        [("system", "Be brief."), ("user", "Who am I?")],
    ]


def test_a_workflow_of_agents_names_the_last_one() -> None:
    from llama_index.core.agent.workflow import AgentWorkflow

    handing = model(("handoff", {"to_agent": "billing", "reason": "money"}))
    first = agent(handing, description="first", can_handoff_to=["billing"])
    second = agent(model("Billing here."), description="money").model_copy(update={"name": "billing"})
    reply = asyncio.run(ask_of(AgentWorkflow([first, second], root_agent="support"))(question="?"))
    assert (reply.output, reply.metadata) == ("Billing here.", {"agent": "billing"})
    assert reply.tool_calls is not None
    assert [(call.name, call.arguments["to_agent"]) for call in reply.tool_calls] == [("handoff", "billing")]


def test_structured_output_is_a_mapping() -> None:
    async def structure(messages: Any) -> dict[str, Any]:
        return {"category": "billing", "urgent": True}

    asking = agent(model("It is urgent."), structured_output_fn=structure)
    reply = asyncio.run(ask_of(asking)(inputs={"subject": "Invoice"}))
    assert reply.output == {"category": "billing", "urgent": True}


def test_too_many_iterations_are_an_error() -> None:
    from workflows.errors import WorkflowRuntimeError

    asking = agent(model(("lookup", {"order": 7})), lookup)
    with pytest.raises(WorkflowRuntimeError, match="Max iterations of 20 reached"):
        asyncio.run(ask_of(asking)(question="?"))


def test_an_agent_that_is_cancelled_is_stopped() -> None:
    running = asyncio.Event()
    stopped: list[str] = []

    async def wait() -> str:
        """Wait."""
        running.set()
        try:
            await asyncio.sleep(60)
        finally:
            stopped.append("wait")
        return "late"

    async def talk() -> None:
        task = asyncio.create_task(ask_of(agent(model(("wait", {})), wait))(question="?"))
        await running.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.05)

    asyncio.run(talk())
    assert stopped == ["wait"]


def test_a_chat_engine_talks_of_one_conversation_at_a_time() -> None:
    from llama_index.core.chat_engine import SimpleChatEngine
    from llama_index.core.memory import ChatMemoryBuffer

    asking = model("Yes.")
    ask = ask_of(SimpleChatEngine.from_defaults(llm=asking, memory=ChatMemoryBuffer.from_defaults()))

    async def talk() -> list[AgentReply]:
        return list(await asyncio.gather(ask(question="a", history=HISTORY), *(ask(question=one) for one in "bcd")))

    assert [reply.output for reply in asyncio.run(talk())] == ["Yes."] * 4
    assert asking._asked[0] == [("user", "I am Ada."), ("assistant", "Hello, Ada."), ("user", "a")]
    assert asking._asked[1:] == [[("user", one)] for one in "bcd"]


def test_a_function_may_return_the_response_of_an_engine() -> None:
    from llama_index.core.chat_engine.types import AgentChatResponse
    from llama_index.core.tools import ToolOutput

    sources = [
        ToolOutput("lookup", content="was sent", raw_input={"kwargs": {"order": 7}}),
        ToolOutput("lookup", content="no such order", raw_input={"order": -1}, is_error=True),
    ]
    assert read_reply(AgentChatResponse("Sent.", sources=sources)) == AgentReply(
        "Sent.",
        tool_calls=[
            ToolCall(name="lookup", arguments={"order": 7}, result="was sent"),
            ToolCall(name="lookup", arguments={"order": -1}, error="no such order"),
        ],
    )


def test_a_query_engine_tells_its_sources() -> None:
    from llama_index.core.query_engine import RetrieverQueryEngine
    from llama_index.core.response_synthesizers import get_response_synthesizer
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, TextNode

    class Retriever(BaseRetriever):  # type: ignore[misc]
        def _retrieve(self, query_bundle: Any) -> Any:
            return [NodeWithScore(node=TextNode(id_="peru", text="Lima is the capital."), score=0.5)]

    from llama_index.core.llms.mock import MockLLM

    synthesizer = get_response_synthesizer(llm=MockLLM(max_tokens=1))
    engine = RetrieverQueryEngine(Retriever(), response_synthesizer=synthesizer)
    reply = asyncio.run(ask_of(engine)(question="Capital?"))
    assert isinstance(reply.output, str)
    assert reply.output
    assert reply.metadata == {"sources": [{"id": "peru", "score": 0.5}]}


def test_a_function_may_return_the_output_of_an_agent() -> None:
    async def answer() -> Any:
        return await agent(model(("lookup", {"order": 7}), "Sent."), lookup).run("?")

    reply = read_reply(asyncio.run(answer()))
    assert (reply.output, reply.usage) == ("Sent.", Usage(input_tokens=10, output_tokens=2))
    assert reply.tool_calls is not None
    assert [(call.name, call.arguments) for call in reply.tool_calls] == [("lookup", {"order": 7})]


def test_an_agent_is_asynchronous_so_that_its_calls_overlap() -> None:
    assert adapt(agent(model("x")), "mine").is_async
