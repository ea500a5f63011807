"""Runnables of LangChain and graphs of LangGraph, with langchain-core's own fake chat models."""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

import pytest

from pytest_evalsuite.agents import ToolCall, Usage, adapt, read_reply
from pytest_evalsuite.agents.frameworks import Ask, recognise
from pytest_evalsuite.errors import AgentError

HISTORY = [{"role": "user", "content": "I am Ada."}, {"role": "assistant", "content": "Hello, Ada."}]


def model(*answers: Any) -> Any:
    """A chat model that says these in turn: text, or the (name, arguments) of a tool."""
    from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel

    class Model(FakeMessagesListChatModel):  # type: ignore[misc]
        asked: list[Any]

        def _generate(self, messages: Any, *args: Any, **options: Any) -> Any:
            self.asked.append(messages)
            return super()._generate(messages, *args, **options)

        def bind_tools(self, tools: Any, **options: Any) -> Any:
            return self

    return Model(responses=[message(answer, number) for number, answer in enumerate(answers)], asked=[])


def message(answer: Any, number: int = 0) -> Any:
    from langchain_core.messages import AIMessage

    told: dict[str, Any] = {
        "usage_metadata": {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12},
        "response_metadata": {"model_name": "m-1"},
    }
    if isinstance(answer, (str, list)):
        return AIMessage(answer, **told)
    name, arguments = answer
    return AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": f"call-{number}"}], **told)


def graph(asking: Any, *tools: Any, **options: Any) -> Any:
    """The usual loop of a model and its tools."""
    from langgraph.graph import START, MessagesState, StateGraph
    from langgraph.prebuilt import ToolNode, tools_condition

    async def ask(state: Any) -> Any:
        return {"messages": [await asking.ainvoke(state["messages"])]}

    made = StateGraph(MessagesState).add_node("model", ask).add_edge(START, "model")
    if tools:
        made.add_node("tools", ToolNode(list(tools), handle_tool_errors=True))
        made.add_conditional_edges("model", tools_condition).add_edge("tools", "model")
    return made.compile(**options)


def lookup(order: int) -> str:
    """Look an order up."""
    if order < 0:
        raise ValueError("no such order")
    return f"order {order} was sent"


def ask_of(target: Any) -> Ask:
    ask = recognise(target)
    assert ask is not None
    return ask


def said(messages: Any) -> list[tuple[str, str]]:
    return [(one.type, one.content) for one in messages]


def test_a_chat_model_is_asked_with_messages() -> None:
    asking = model("Lima")
    reply = asyncio.run(ask_of(asking)(question="Capital?", history=HISTORY))
    assert (reply.output, reply.usage, reply.metadata) == (
        "Lima",
        Usage(input_tokens=10, output_tokens=2),
        {"model": "m-1"},
    )
    assert said(asking.asked[-1]) == [("human", "I am Ada."), ("ai", "Hello, Ada."), ("human", "Capital?")]


def test_a_chain_gets_the_values_that_its_prompt_names() -> None:
    from langchain_core.output_parsers import StrOutputParser
    from langchain_core.prompts import ChatPromptTemplate

    asking = model("Lima")
    prompt = ChatPromptTemplate([("system", "For {tier}."), ("placeholder", "{chat_history}"), ("human", "{input}")])
    chain = prompt | asking | StrOutputParser()
    reply = asyncio.run(ask_of(chain)(question="Capital?", inputs={"tier": "gold"}, history=HISTORY))
    assert (reply.output, reply.usage) == ("Lima", Usage(input_tokens=10, output_tokens=2))
    assert said(asking.asked[-1]) == [
        ("system", "For gold."),
        ("human", "I am Ada."),
        ("ai", "Hello, Ada."),
        ("human", "Capital?"),
    ]


def test_a_prompt_with_one_variable_takes_the_question_whatever_it_is_called() -> None:
    from langchain_core.prompts import ChatPromptTemplate

    asking = model("Lima")
    asyncio.run(ask_of(ChatPromptTemplate([("human", "About {country}")]) | asking)(question="Peru"))
    assert said(asking.asked[-1]) == [("human", "About Peru")]


def test_any_other_runnable_takes_the_question_or_the_inputs() -> None:
    from langchain_core.runnables import RunnableLambda

    ask = ask_of(RunnableLambda(lambda given: {"given": given}))
    assert asyncio.run(ask(question="Why?")).output == {"given": "Why?"}
    assert asyncio.run(ask(inputs={"a": 1})).output == {"given": {"a": 1}}
    assert asyncio.run(ask(question="Why?", inputs={"a": 1})).output == {"given": {"question": "Why?", "a": 1}}


def test_a_chain_that_begins_with_a_model_is_asked_with_messages() -> None:
    from langchain_core.output_parsers import StrOutputParser

    asking = model("Lima")
    asyncio.run(ask_of(asking.bind(stop=["!"]) | StrOutputParser())(question="Capital?", history=HISTORY))
    assert said(asking.asked[-1]) == [("human", "I am Ada."), ("ai", "Hello, Ada."), ("human", "Capital?")]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # it is on its way out, but people have it
def test_a_runnable_that_keeps_conversations_is_not_told_them_again() -> None:
    from langchain_core.chat_history import InMemoryChatMessageHistory
    from langchain_core.runnables.history import RunnableWithMessageHistory

    kept: dict[str, Any] = {}
    asking = model("Hello, Ada.", "Ada.")
    ask = ask_of(RunnableWithMessageHistory(asking, lambda name: kept.setdefault(name, InMemoryChatMessageHistory())))

    async def talk() -> None:
        await ask(question="I am Ada.", session_id="s1")
        await ask(question="Who am I?", history=HISTORY, session_id="s1")

    asyncio.run(talk())
    assert list(kept) == ["s1"]
    assert said(asking.asked[-1]) == [("human", "I am Ada."), ("ai", "Hello, Ada."), ("human", "Who am I?")]


def test_a_history_that_has_no_place_is_an_error_and_not_lost() -> None:
    from langchain_core.runnables import RunnableLambda

    with pytest.raises(AgentError, match="no place for what was said before: let it take history, chat_history or"):
        asyncio.run(ask_of(RunnableLambda(str.upper))(question="?", history=HISTORY))


def test_tools_that_a_chain_runs_are_told() -> None:
    from langchain_core.runnables import RunnableLambda
    from langchain_core.tools import tool

    looking = tool(lookup)

    async def run(order: int) -> str:
        try:
            return str(await looking.ainvoke({"order": -1}))
        except ValueError:
            return str(await looking.ainvoke({"order": 7}))

    reply = asyncio.run(ask_of(RunnableLambda(run))(question="7"))
    assert reply.tool_calls == [
        ToolCall(name="lookup", arguments={"order": -1}, error="ValueError: no such order"),
        ToolCall(name="lookup", arguments={"order": 7}, result="order 7 was sent"),
    ]


def test_a_graph_tells_its_tool_calls_and_the_usage_of_all_requests() -> None:
    asking = graph(model(("lookup", {"order": -1}), ("lookup", {"order": 7}), "It was sent."), lookup)
    reply = asyncio.run(ask_of(asking)(question="Where is 7?"))
    assert reply.output == "It was sent."
    assert reply.tool_calls is not None
    failed, done = reply.tool_calls
    assert (failed.name, failed.arguments, failed.result) == ("lookup", {"order": -1}, None)
    assert "no such order" in str(failed.error)
    assert done == ToolCall(name="lookup", arguments={"order": 7}, result="order 7 was sent")
    assert reply.usage == Usage(input_tokens=30, output_tokens=6)


def test_the_history_is_part_of_the_state_and_its_calls_are_not_of_this_turn() -> None:
    asking = model("Ada.")
    reply = asyncio.run(ask_of(graph(asking))(question="Who am I?", history=HISTORY, session_id="s"))
    assert said(asking.asked[-1]) == [("human", "I am Ada."), ("ai", "Hello, Ada."), ("human", "Who am I?")]
    assert reply.usage == Usage(input_tokens=10, output_tokens=2)


def test_a_graph_that_keeps_conversations_is_not_told_them_again() -> None:
    from langgraph.checkpoint.memory import InMemorySaver

    asking = model("Hello, Ada.", "Ada.", "Nobody.")
    ask = ask_of(graph(asking, checkpointer=InMemorySaver()))

    async def talk() -> None:
        await ask(question="I am Ada.", session_id="s1")
        await ask(question="Who am I?", history=HISTORY, session_id="s1")
        await ask(question="Who am I?", session_id="s2")

    asyncio.run(talk())
    assert said(asking.asked[1]) == [("human", "I am Ada."), ("ai", "Hello, Ada."), ("human", "Who am I?")]
    assert said(asking.asked[2]) == [("human", "Who am I?")]


def test_a_state_without_messages_is_filled_from_the_inputs_and_is_the_answer() -> None:
    from langgraph.graph import START, StateGraph
    from typing_extensions import TypedDict

    class Triage(TypedDict, total=False):
        subject: str
        queue: str

    made: Any = StateGraph(Triage)
    made.add_node("sort", lambda state: {"queue": "billing" if "Invoice" in state["subject"] else "other"})
    reply = asyncio.run(ask_of(made.add_edge(START, "sort").compile())(inputs={"subject": "Invoice"}))
    assert reply.output == {"subject": "Invoice", "queue": "billing"}


def test_a_state_with_no_place_for_the_question_is_an_error() -> None:
    from langgraph.graph import START, StateGraph
    from typing_extensions import TypedDict

    class Triage(TypedDict, total=False):
        subject: str
        queue: str

    made: Any = StateGraph(Triage).add_node("sort", lambda state: {"queue": "other"}).add_edge(START, "sort").compile()
    with pytest.raises(AgentError, match="none of queue, subject is for the question: give it as one of the inputs"):
        asyncio.run(ask_of(made)(question="?"))
    assert asyncio.run(ask_of(made)(question="?", inputs={"queue": ""})).output == {"subject": "?", "queue": "other"}


def test_tool_calls_before_a_message_that_the_graph_itself_puts_in_a_users_mouth_count() -> None:
    from langchain_core.messages import HumanMessage
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.graph import START, MessagesState, StateGraph

    def work(state: Any) -> Any:
        return {
            "messages": [message(("lookup", {"order": 7})), HumanMessage("found", name="worker"), message("Sent.")]
        }

    made: Any = StateGraph(MessagesState).add_node("work", work).add_edge(START, "work")
    for ask in (ask_of(made.compile()), ask_of(made.compile(checkpointer=InMemorySaver()))):
        for history in ((), HISTORY):
            reply = asyncio.run(ask(question="?", history=history, session_id="s"))
            assert (reply.output, reply.tool_calls) == ("Sent.", [ToolCall(name="lookup", arguments={"order": 7})])


def test_a_structured_response_is_the_answer() -> None:
    reply = read_reply({"messages": [message("done")], "structured_response": {"queue": "billing"}})
    assert reply.output == {"queue": "billing"}


def test_an_interrupt_is_an_error() -> None:
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.types import interrupt

    def approve(order: int) -> str:
        """Ask somebody."""
        return str(interrupt(f"refund {order}?"))

    asking = graph(model(("approve", {"order": 7}), "Done."), approve, checkpointer=InMemorySaver())
    with pytest.raises(AgentError, match=r"the graph stopped before tools: refund 7\?"):
        asyncio.run(ask_of(asking)(question="?", session_id="s"))


def test_a_graph_that_halts_before_its_tools_is_an_error() -> None:
    from langgraph.checkpoint.memory import InMemorySaver

    asking = graph(model(("lookup", {"order": 7})), lookup, checkpointer=InMemorySaver(), interrupt_before=["tools"])
    with pytest.raises(AgentError, match="the graph stopped before tools"):
        asyncio.run(ask_of(asking)(question="?", session_id="s"))


def test_a_graph_without_end_is_an_error() -> None:
    from langgraph.errors import GraphRecursionError

    asking = graph(model(*[("lookup", {"order": 7})] * 5), lookup).with_config(recursion_limit=4)
    with pytest.raises(GraphRecursionError, match="Recursion limit of 4"):
        asyncio.run(ask_of(asking)(question="?"))


def test_a_function_may_return_a_message_or_a_state() -> None:
    from langchain_core.messages import HumanMessage, ToolMessage

    text = [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "Li"}, "ma"]
    assert read_reply(message(text)).output == "Lima"
    asked = read_reply(message(("lookup", {"order": 7})))
    assert (asked.output, asked.tool_calls) == ("", [ToolCall(name="lookup", arguments={"order": 7})])
    turns = [HumanMessage("1"), message(("old", {}), 1), message("x"), HumanMessage("2"), message(("new", {}), 2)]
    state = read_reply({"messages": [*turns, ToolMessage("ran", tool_call_id="call-2"), message("Lima")], "other": 1})
    assert (state.output, state.tool_calls) == ("Lima", [ToolCall(name="new", result="ran")])
    assert state.usage == Usage(input_tokens=20, output_tokens=4)


def test_arguments_that_are_no_json_are_kept_with_the_error() -> None:
    from langchain_core.messages import AIMessage

    broken = {
        "name": "lookup",
        "args": "{",
        "id": "1",
        "error": "Expecting property name",
        "type": "invalid_tool_call",
    }
    reply = read_reply(AIMessage("", invalid_tool_calls=[broken]))
    assert reply.tool_calls == [ToolCall(name="lookup", arguments={"arguments": "{"}, error="Expecting property name")]


@pytest.mark.parametrize("messages", [[], [{"role": "user", "content": "Hi"}], "text", None])
def test_a_mapping_that_only_looks_like_a_state_is_structured_output(messages: Any) -> None:
    importlib.import_module("langchain_core.messages")
    assert read_reply({"messages": messages}).output == {"messages": messages}


def test_a_graph_is_asynchronous_so_that_its_calls_overlap() -> None:
    assert adapt(graph(model("x")), "mine").is_async
