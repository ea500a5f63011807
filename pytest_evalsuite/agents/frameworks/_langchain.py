"""Runnables of LangChain, and compiled graphs of LangGraph."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pytest_evalsuite.agents.frameworks._shape import arguments_of, is_a, plain, prompt, usage_of
from pytest_evalsuite.agents.reply import AgentReply, ToolCall, Usage
from pytest_evalsuite.errors import AgentError

if TYPE_CHECKING:
    from pytest_evalsuite.agents.frameworks import Ask

__all__ = ["read", "recognise"]

PACKAGE: Final = "langchain_core"
ROLES: Final = {"user": "HumanMessage", "assistant": "AIMessage", "system": "SystemMessage"}
QUESTION_KEYS: Final = ("question", "input", "query", "user_input", "text", "prompt")
HISTORY_KEYS: Final = ("history", "chat_history", "messages")


def recognise(target: Any) -> Ask | None:
    """How to ask a chat model, a chain or any other runnable, or a graph."""
    if not is_a(target, PACKAGE, "Runnable"):
        return None
    is_graph = is_a(target, "langgraph", "Pregel")
    make_input = _input_of_graph if is_graph else _input_of_runnable

    async def ask(
        question: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        history: Sequence[Mapping[str, str]] = (),
        session_id: str | None = None,
    ) -> AgentReply:
        recorder = _recorder()()
        config = {"callbacks": [recorder], "configurable": {"thread_id": session_id, "session_id": session_id}}
        saves = is_graph and bool(getattr(target, "checkpointer", None))
        before = len(history)
        if saves and (kept := (await target.aget_state(config)).values):
            history, before = (), len(kept.get("messages", ()))  # the graph has kept this conversation itself
        raw = await target.ainvoke(make_input(target, question, inputs or {}, history), config)
        if saves and (waiting := (await target.aget_state(config)).next):
            raise AgentError(f"the graph stopped before {', '.join(waiting)}{_interrupts(raw)}")
        return _with_recorded(_reply(raw, before), recorder)

    return ask


def read(raw: Any) -> AgentReply | None:
    """The reply in a message of a model, or in the state that a graph ended in."""
    if isinstance(raw, Mapping):
        messages = raw["messages"]
        is_state = isinstance(messages, list) and messages and is_a(messages[-1], PACKAGE, "BaseMessage")
        return _reply(raw) if is_state else None
    return _reply(raw) if is_a(raw, PACKAGE, "BaseMessage") else None


def _input_of_graph(
    graph: Any, question: str | None, inputs: Mapping[str, Any], history: Sequence[Mapping[str, str]]
) -> Any:
    """A state to begin with: the conversation as ``messages`` where the graph has them, and the inputs."""
    known = {
        name for name in graph.channels if not name.startswith("__") and ":" not in name
    }  # others are LangGraph's
    if "messages" not in known:
        return _fill(known, question, inputs, history)
    state = {name: value for name, value in inputs.items() if name in known}
    others = {name: value for name, value in inputs.items() if name not in known}
    text = prompt(question, others)
    return {**state, "messages": _messages(history) + ([_message("user", text)] if text else [])}


def _input_of_runnable(
    runnable: Any, question: str | None, inputs: Mapping[str, Any], history: Sequence[Mapping[str, str]]
) -> Any:
    """Messages for a model, the named values for a chain that declares some, else the question or the inputs."""
    if is_a(_first(runnable), PACKAGE, "BaseLanguageModel"):
        return [*_messages(history), _message("user", prompt(question, inputs))]
    if is_a(runnable, PACKAGE, "RunnableWithMessageHistory"):
        history = ()  # it has kept the conversation itself
    declared = set(getattr(runnable.get_input_schema(), "model_fields", ())) - {"root"}
    if declared or history:
        return _fill(declared, question, inputs, history)
    return dict(inputs) if question is None else {"question": question, **inputs} if inputs else question


def _first(runnable: Any) -> Any:
    """What is asked first in a chain, behind what is bound to it."""
    while is_a(runnable, PACKAGE, "RunnableSequence", "RunnableBinding"):
        runnable = runnable.first if is_a(runnable, PACKAGE, "RunnableSequence") else runnable.bound
    return runnable


def _fill(
    declared: set[str], question: str | None, inputs: Mapping[str, Any], history: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """The inputs, the question under a name that is declared, and the history where it is declared."""
    values = dict(inputs)
    past = next((name for name in HISTORY_KEYS if name in declared and name not in values), None)
    if past is not None:
        values[past] = _messages(history)
    elif history:
        raise AgentError(f"the runnable has no place for what was said before: let it take {_either(HISTORY_KEYS)}")
    free = sorted(declared - values.keys())
    if question is not None:
        usual = next((name for name in QUESTION_KEYS if name in free), None)
        if usual is None and len(free) != 1:
            raise AgentError(
                f"none of {', '.join(sorted(declared))} is for the question: give it as one of the inputs"
            )
        values[usual or free[0]] = question
    return values


def _either(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _message(role: str, content: str) -> Any:
    messages: Any = sys.modules["langchain_core.messages"]
    kind = ROLES.get(role)
    return messages.ChatMessage(content, role=role) if kind is None else getattr(messages, kind)(content)


def _messages(history: Iterable[Mapping[str, str]]) -> list[Any]:
    return [_message(turn["role"], turn["content"]) for turn in history]


@functools.cache
def _recorder() -> Any:
    """A class that hears of every model that is asked and every tool that runs, wherever in a chain they are."""
    callbacks: Any = sys.modules["langchain_core.callbacks.base"]

    class Recorder(callbacks.BaseCallbackHandler):  # type: ignore[misc]  # a class that is known at run time only
        def __init__(self) -> None:
            self.answers: list[Any] = []
            self.tools: dict[Any, ToolCall] = {}

        def on_llm_end(self, response: Any, **kwargs: Any) -> None:
            for generations in response.generations:
                self.answers += [g.message for g in generations if getattr(g, "message", None) is not None]

        def on_tool_start(self, serialized: Any, input_str: str, **kwargs: Any) -> None:
            name = kwargs.get("name") or (serialized or {}).get("name")
            self.tools[kwargs["run_id"]] = ToolCall(
                name=str(name), arguments=arguments_of(kwargs.get("inputs") or input_str)
            )

        def on_tool_end(self, output: Any, **kwargs: Any) -> None:
            call = self.tools[kwargs["run_id"]]
            is_message = is_a(output, PACKAGE, "ToolMessage")
            self.tools[kwargs["run_id"]] = _ended(call, output) if is_message else _returned(call, output)

        def on_tool_error(self, error: BaseException, **kwargs: Any) -> None:
            call = self.tools[kwargs["run_id"]]
            self.tools[kwargs["run_id"]] = ToolCall(name=call.name, arguments=call.arguments, error=_said(error))

    return Recorder


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _returned(call: ToolCall, output: Any) -> ToolCall:
    return ToolCall(name=call.name, arguments=call.arguments, result=plain(output))


def _ended(call: ToolCall, message: Any) -> ToolCall:
    text = _text(message)
    if message.status == "error":
        return ToolCall(name=call.name, arguments=call.arguments, error=text)
    return ToolCall(name=call.name, arguments=call.arguments, result=text)


def _with_recorded(reply: AgentReply, recorder: Any) -> AgentReply:
    return AgentReply(
        reply.output,
        tool_calls=list(recorder.tools.values()) if reply.tool_calls is None else reply.tool_calls,
        usage=_usage(recorder.answers) or reply.usage,
        metadata=_model(recorder.answers) or reply.metadata,
    )


def _reply(raw: Any, before: int | None = None) -> AgentReply:
    """The reply in what a runnable returned; the first ``before`` messages of a state were there already.

    Where nobody knows how many were, those after the last question are taken for new.
    """
    if is_a(raw, PACKAGE, "BaseMessage"):
        return AgentReply(_text(raw), tool_calls=_tool_calls([raw]), usage=_usage([raw]), metadata=_model([raw]))
    if not isinstance(raw, Mapping):
        return AgentReply(plain(raw))
    if raw.get("__interrupt__"):
        raise AgentError(f"the graph stopped to be resumed{_interrupts(raw)}")
    messages = raw.get("messages")
    if not (isinstance(messages, list) and messages and is_a(messages[-1], PACKAGE, "BaseMessage")):
        return AgentReply(plain(raw))
    new = _since_last_question(messages) if before is None else messages[before:]
    structured = raw.get("structured_response")
    return AgentReply(
        _text(messages[-1]) if structured is None else plain(structured),
        tool_calls=_tool_calls(new),
        usage=_usage(new),
        metadata=_model(new),
    )


def _since_last_question(messages: Sequence[Any]) -> Sequence[Any]:
    places = [place for place, message in enumerate(messages) if message.type == "human"]
    return messages[places[-1] :] if places else messages


def _interrupts(raw: Any) -> str:
    stops = raw.get("__interrupt__", ()) if isinstance(raw, Mapping) else ()
    return "".join(f": {stop.value}" for stop in stops)


def _tool_calls(messages: Sequence[Any]) -> list[ToolCall]:
    """The calls that a model asked for, in order, with what the tools' messages say of them."""
    ended = {message.tool_call_id: message for message in messages if message.type == "tool"}
    calls = []
    for message in messages:
        for asked in getattr(message, "tool_calls", ()):
            call = ToolCall(name=asked["name"], arguments=arguments_of(asked["args"]))
            calls.append(_ended(call, ended[asked["id"]]) if asked["id"] in ended else call)
        for broken in getattr(message, "invalid_tool_calls", ()):
            error = broken["error"] or "its arguments are no JSON"
            calls.append(ToolCall(name=str(broken["name"]), arguments=arguments_of(broken["args"]), error=error))
    return calls


def _usage(messages: Iterable[Any]) -> Usage | None:
    told = [usage for message in messages if (usage := getattr(message, "usage_metadata", None))]
    return usage_of((usage["input_tokens"], usage["output_tokens"]) for usage in told)


def _model(messages: Iterable[Any]) -> dict[str, str]:
    told = [getattr(message, "response_metadata", {}) for message in messages]
    names = dict.fromkeys(name for one in told if (name := one.get("model_name") or one.get("model")))
    return {"model": ", ".join(names)} if names else {}


def _text(message: Any) -> str:
    """The text of a message, whose content may be a list of blocks."""
    if isinstance(message.content, str):
        return message.content
    blocks = [{"type": "text", "text": block} if isinstance(block, str) else block for block in message.content]
    return "".join(block["text"] for block in blocks if block.get("type") == "text")
