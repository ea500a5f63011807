"""What chat endpoints, models and tools do that no documentation speaks of, through the real client."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from model_server import Canned, ModelServer, as_completion, as_stream, as_tool_calls

from pytest_evalsuite import AgentReply, Attachment, ChatAgent, ToolCall
from pytest_evalsuite.errors import AgentError, ConfigurationError, ReplyError

TOOLS = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in ("f", "g")]


def ask(agent: ChatAgent, **request: Any) -> AgentReply:
    async def once() -> AgentReply:
        try:
            return await asyncio.wait_for(agent("why?", **request), 10)
        finally:
            await agent.eval_close()

    return asyncio.run(once())


def ended(finish_reason: str, text: str) -> Canned:
    made = as_completion(text)
    made["choices"][0]["finish_reason"] = finish_reason
    return Canned(body=json.dumps(made))


def stream_of(*deltas: Any, end: str | None = "tool_calls") -> Canned:
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices += [{"index": 0, "delta": {}, "finish_reason": end}] if end else []
    frame = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    events = "".join(f"data: {json.dumps({**frame, 'choices': [choice]})}\n\n" for choice in choices)
    return Canned(body=events, content_type="text/event-stream")


def piece(name: str, call_id: str, **index: int) -> dict[str, Any]:
    return {
        "tool_calls": [{**index, "id": call_id, "type": "function", "function": {"name": name, "arguments": "{}"}}]
    }


def test_fields_that_the_client_does_not_know_reach_the_server(model: ModelServer) -> None:
    ask(ChatAgent("m", parameters={"top_k": 5, "extra_body": {"min_p": 0.1}, "max_tokens": 9}))
    assert {name: model.requests[0][name] for name in ("top_k", "min_p", "max_tokens")} == {
        "top_k": 5,
        "min_p": 0.1,
        "max_tokens": 9,
    }


@pytest.mark.parametrize("stream", [False, True])
def test_what_a_content_filter_left_is_no_answer(model: ModelServer, stream: bool) -> None:
    model.replies(as_stream("half", end="content_filter") if stream else ended("content_filter", "half"))
    with pytest.raises(AgentError, match="a content filter stopped the answer"):
        ask(ChatAgent("m", stream=stream))


def test_an_error_with_status_200_is_told(model: ModelServer) -> None:
    model.replies(Canned(body='{"error": {"message": "no credit", "code": 402}}'))
    with pytest.raises(AgentError, match="answered with an error: no credit"):
        ask(ChatAgent("m"))


def test_a_stream_that_ends_too_early_is_no_answer(model: ModelServer) -> None:
    model.replies(stream_of({"content": "half"}, end=None))
    with pytest.raises(ReplyError, match="the stream ended before the answer did"):
        ask(ChatAgent("m", stream=True))


def test_a_connection_that_breaks_within_a_stream_is_told_with_its_place() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 999\r\n\r\n"

    async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + b"data: ")
        writer.close()

    async def asked() -> None:
        async with await asyncio.start_server(breaks, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            agent = ChatAgent("m", base_url=f"http://127.0.0.1:{port}/v1", stream=True, retries=0)
            try:
                await agent("why?")
            finally:
                await agent.eval_close()

    with pytest.raises(AgentError, match=r"m at http://127.0.0.1:\d+ could not be asked: \w+Error: "):
        asyncio.run(asked())


@pytest.mark.parametrize("index", [{}, {"index": 0}], ids=["none", "the same"])
def test_calls_of_a_stream_are_told_apart_by_id_too(model: ModelServer, index: dict[str, int]) -> None:
    model.replies(stream_of(piece("f", "a", **index), piece("g", "b", **index)))
    reply = ask(ChatAgent("m", stream=True, tools=TOOLS))
    assert reply.tool_calls == [ToolCall(name="f"), ToolCall(name="g")]


@pytest.mark.parametrize("written", ['{"a"', "[1]"])
def test_malformed_arguments_are_not_sent_back(model: ModelServer, written: str) -> None:
    model.replies(as_tool_calls(("f", written)), "sorry")
    ask(ChatAgent("m", functions={"f": lambda a: a}))
    _, asked, told = model.requests[1]["messages"]
    assert asked["tool_calls"][0]["function"]["arguments"] == "{}"
    assert "no JSON" in told["content"]


def leaves(value: int) -> None:
    raise SystemExit(value)


def stops(value: int) -> Any:
    return next(iter(()))


async def leaves_later(value: int) -> None:
    raise SystemExit(value)


def cannot_be_told(value: int) -> Any:
    return float("nan")


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (leaves, "SystemExit: 3"),
        (stops, "StopIteration: "),
        (leaves_later, "SystemExit: 3"),
        (cannot_be_told, "its result is no JSON value: Out of range float values are not JSON compliant"),
        (dict.fromkeys, "TypeError: dict.fromkeys() takes no keyword arguments"),
    ],
)
def test_whatever_a_tool_does_is_its_calls_error(model: ModelServer, function: Any, error: str) -> None:
    model.replies(as_tool_calls(("f", '{"value": 3}')), "sorry")
    reply = ask(ChatAgent("m", tools=TOOLS[:1], functions={"f": function}))
    (call,) = reply.tool_calls or ()
    assert (reply.output, call.arguments) == ("sorry", {"value": 3})
    assert (call.error or "").startswith(error)


def test_what_a_tool_does_to_its_arguments_is_not_recorded(model: ModelServer) -> None:
    model.replies(as_tool_calls(("f", '{"rows": [3, 1]}')), "done")
    (call,) = ask(ChatAgent("m", functions={"f": lambda rows: rows.sort()})).tool_calls or ()
    assert call.arguments == {"rows": [3, 1]}


def test_a_function_describes_itself(model: ModelServer) -> None:
    def refund(order: int, reason: str = "none") -> str:
        """Give the money back."""
        return f"{order}: {reason}"

    model.replies(as_tool_calls(("refund", '{"order": 7}')), "done")
    (call,) = ask(ChatAgent("m", functions={"refund": refund})).tool_calls or ()
    assert call.result == "7: none"
    (sent,) = model.requests[0]["tools"]
    assert sent["function"]["description"] == "Give the money back."
    assert sent["function"]["parameters"]["required"] == ["order"]
    assert sent["function"]["parameters"]["properties"]["order"]["type"] == "integer"


def test_a_function_that_describes_itself_gets_what_it_is_annotated_with(model: ModelServer) -> None:
    async def add(numbers: tuple[int, int]) -> int:
        return sum(numbers)

    model.replies(as_tool_calls(("add", '{"numbers": [1, 2]}'), ("add", '{"numbers": [1, "x"], "by": 2}')), "done")
    agent = ChatAgent("m", functions={"add": add})
    right, wrong = ask(agent).tool_calls or ()
    assert right.result == 3
    assert wrong.error == (
        "numbers.1: Input should be a valid integer, unable to parse string as an integer; "
        "by: Unexpected keyword argument"
    )


def by_place(value: int, /) -> None: ...


def of_no_type(value: ModelServer) -> None: ...


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"functions": {"f": by_place}}, "the function 'f': a model gives arguments by name only"),
        ({"functions": {"f": of_no_type}}, "the signature of the function 'f' gives no schema"),
        ({"max_steps": 0}, "max_steps: expected 1 or more, got 0"),
        ({"retries": -1}, "retries: expected 0 or more, got -1"),
        ({"timeout": float("inf")}, r"timeout: expected 0.001 or more, got inf"),
        ({"timeout": "soon"}, r"timeout: expected 0.001 or more, got 'soon'"),
        ({"api_key": ""}, "api_key is no key"),
    ],
)
def test_a_wrong_configuration_is_told_before_any_call(model: ModelServer, options: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ChatAgent("m", **options)


def test_a_key_that_is_written_down_is_shown_nowhere(model: ModelServer) -> None:
    model.replies(Canned(401, body='{"error": {"message": "no: sk-l1teral"}}'))
    agent = ChatAgent("m", api_key="sk-l1teral")
    with pytest.raises(AgentError, match=r"answered 401: .*no: <api_key>") as caught:
        ask(agent)
    assert "sk-l1teral" not in f"{caught.value} {agent!r} {agent.eval_version} {caught.value.__cause__}"
    with pytest.raises(ConfigurationError) as wrong:
        ChatAgent("m", api_key="sk-l1teral\n")
    assert "sk-l1teral" not in str(wrong.value)


def test_a_pdf_is_a_file(model: ModelServer, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"hello")
    file = Attachment(url="a.pdf", mime_type="application/pdf", path=tmp_path / "a.pdf")
    ask(ChatAgent("m"), files=[file])
    assert model.requests[0]["messages"][0]["content"][1] == {
        "type": "file",
        "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,aGVsbG8="},
    }
