"""An agent that is a chat model, through the real client and a server on this machine."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from model_server import Canned, ModelServer, as_completion, as_stream, as_tool_calls

from pytest_evalsuite import AgentReply, Attachment, ChatAgent, ToolCall, Usage
from pytest_evalsuite.agents import Request, adapt
from pytest_evalsuite.errors import AgentError, ConfigurationError, ReplyError

TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in ("look", "refund")
]


def ask(agent: ChatAgent, request: Request | None = None) -> AgentReply:
    async def once() -> AgentReply:
        try:
            reply: AgentReply = await adapt(agent, "model")(request or Request(question="why?", session_id="s"))
            return reply
        finally:
            await agent.eval_close()

    return asyncio.run(once())


def test_system_history_and_question_are_the_conversation(model: ModelServer) -> None:
    model.replies("because")
    history = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
    reply = ask(
        ChatAgent("m", system="Be brief.", parameters={"temperature": 0}, price=(1.0, 10.0)),
        Request(question="why?", session_id="s", history=history),
    )
    assert (reply.output, reply.usage) == ("because", Usage(input_tokens=100, output_tokens=20))
    assert reply.cost == pytest.approx(0.0003)
    assert reply.tool_calls == []
    (asked,) = model.requests
    assert asked == {
        "model": "m",
        "temperature": 0,
        "messages": [{"role": "system", "content": "Be brief."}, *history, {"role": "user", "content": "why?"}],
    }


@pytest.mark.parametrize(("question", "content"), [(None, '{"tier": "gold"}'), ("why?", 'why?\n\n{"tier": "gold"}')])
def test_inputs_are_told_as_json(model: ModelServer, question: str | None, content: str) -> None:
    ask(ChatAgent("m"), Request(question=question, session_id="s", inputs={"tier": "gold"}))
    assert model.requests[0]["messages"] == [{"role": "user", "content": content}]


def test_attachments_are_parts(model: ModelServer, tmp_path: Path) -> None:
    for name in ("a.png", "b.txt"):
        (tmp_path / name).write_bytes(b"hello")
    files = [
        Attachment(url="a.png", mime_type="image/png", path=tmp_path / "a.png"),
        Attachment(url="b.txt", mime_type="text/plain", path=tmp_path / "b.txt"),
        Attachment(url="https://x.test/c.png", mime_type="image/png"),
        Attachment(url="https://x.test/d.pdf", mime_type="application/pdf"),
    ]
    ask(ChatAgent("m"), Request(question="?", session_id="s", files=files))
    assert model.requests[0]["messages"][0]["content"] == [
        {"type": "text", "text": "?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGVsbG8="}},
        {"type": "text", "text": "b.txt:\nhello"},
        {"type": "image_url", "image_url": {"url": "https://x.test/c.png"}},
        {"type": "text", "text": "https://x.test/d.pdf"},
    ]


@pytest.mark.parametrize(
    ("mime_type", "message"), [("application/zip", "not application/zip"), ("text/plain", "must be UTF-8")]
)
def test_a_file_that_no_model_reads_is_an_error(
    model: ModelServer, tmp_path: Path, mime_type: str, message: str
) -> None:
    (tmp_path / "a").write_bytes(b"\xff\xff")
    file = Attachment(url="a", mime_type=mime_type, path=tmp_path / "a")
    with pytest.raises(AgentError, match=message):
        ask(ChatAgent("m"), Request(question="?", session_id="s", files=[file]))
    assert model.requests == []


def test_a_stream_is_put_together_with_its_usage(model: ModelServer) -> None:
    model.replies(as_stream("be", "cau", "se", calls=[("look", '{"id": 1}'), ("refund", "{}")], end="tool_calls"))
    reply = ask(ChatAgent("m", stream=True, tools=TOOLS))
    assert (reply.output, reply.usage) == ("because", Usage(input_tokens=100, output_tokens=20))
    assert reply.tool_calls == [ToolCall(name="look", arguments={"id": 1}), ToolCall(name="refund")]
    assert model.requests[0]["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("stream", [False, True])
def test_tools_are_run_until_the_model_answers(model: ModelServer, stream: bool) -> None:
    calls = [("look", '{"id": 1}'), ("refund", '{"id": 2}')]
    first = as_stream(calls=calls, end="tool_calls") if stream else as_tool_calls(*calls)
    model.replies(first, as_stream("done") if stream else "done")

    def look(id: int) -> dict[str, int]:  # noqa: A002
        return {"order": id}

    async def refund(id: int) -> None:  # noqa: A002
        raise ValueError(f"no order {id}")

    reply = ask(ChatAgent("m", tools=TOOLS, functions={"look": look, "refund": refund}, stream=stream, price=(1, 1)))
    assert reply.output == "done"
    assert reply.tool_calls == [
        ToolCall(name="look", arguments={"id": 1}, result={"order": 1}),
        ToolCall(name="refund", arguments={"id": 2}, error="ValueError: no order 2"),
    ]
    assert reply.usage == Usage(input_tokens=200, output_tokens=40)
    assert reply.cost == pytest.approx(0.00024)
    assert model.requests[1]["messages"][-2:] == [
        {"role": "tool", "tool_call_id": "call-0", "content": '{"order": 1}'},
        {"role": "tool", "tool_call_id": "call-1", "content": "error: ValueError: no order 2"},
    ]


@pytest.mark.parametrize("arguments", ['{"id": ', "[1]"])
def test_malformed_arguments_are_kept_and_not_run(model: ModelServer, arguments: str) -> None:
    model.replies(as_tool_calls(("look", arguments), ("nope", "{}")), "sorry")
    ran: list[Any] = []
    reply = ask(ChatAgent("m", tools=TOOLS[:1], functions={"look": ran.append}))
    look, nope = reply.tool_calls or ()
    assert look.error is not None
    assert look.error.startswith("its arguments are no JSON")
    assert "_raw" in look.arguments
    assert nope.error == "there is no tool 'nope'"
    assert ran == []


def test_tools_are_not_called_for_ever(model: ModelServer) -> None:
    model.replies(as_tool_calls(("look", "{}")))
    with pytest.raises(AgentError, match=r"m still calls tools after 2 rounds \(max_steps\)"):
        ask(ChatAgent("m", tools=TOOLS[:1], functions={"look": dict}, max_steps=2))
    assert len(model.requests) == 3


def completion(finish_reason: str = "stop", **message: Any) -> Canned:
    made = as_completion("")
    made["choices"][0] |= {"finish_reason": finish_reason, "message": {"role": "assistant", **message}}
    return Canned(body=json.dumps(made))


def test_a_refusal_and_a_cut_answer_are_told_apart(model: ModelServer) -> None:
    model.replies(completion(content=None, refusal="I will not."), completion("length", content="The answ"))
    refused, cut = ask(ChatAgent("m")), ask(ChatAgent("m"))
    assert (refused.output, refused.metadata) == ("I will not.", {"refusal": "I will not."})
    assert (cut.output, cut.metadata) == ("The answ", {"finish_reason": "length"})


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ("", r"m at http://127.0.0.1:\d+ said nothing$"),
        (completion("length", content=None), r"said nothing \(finish_reason length\)"),
        (Canned(body='{"hello": 1}'), "no reply of a model; is its address right"),
        (Canned(body='{"choices": []}'), "no reply of a model"),
        (Canned(body="<html>", content_type="text/html"), "no reply of a model"),
    ],
)
def test_no_answer_is_an_error(model: ModelServer, reply: str | Canned, message: str) -> None:
    model.replies(reply)
    with pytest.raises(ReplyError, match=message):
        ask(ChatAgent("m"))


def test_busy_is_asked_again_and_refused_is_not(model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "s3cr3t-value-17")
    model.replies(
        Canned(429, headers={"retry-after-ms": "5"}),
        "fine",
        Canned(401, body='{"error": {"message": "no: s3cr3t-value-17"}}'),
    )
    agent = ChatAgent("m")
    assert ask(agent).output == "fine"
    with pytest.raises(AgentError, match=r"m at http://.* answered 401: .*no: \$\{OPENAI_API_KEY\}") as caught:
        ask(agent)
    assert len(model.requests) == 3
    assert "s3cr3t" not in f"{caught.value} {agent!r} {agent.eval_version} {caught.value.__cause__}"


def test_nobody_there() -> None:
    with pytest.raises(AgentError, match=r"m at http://127.0.0.1:1 could not be asked: APIConnectionError"):
        ask(ChatAgent("m", base_url="http://127.0.0.1:1/v1", retries=0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"api_key": "${NO_SUCH}"}, "needs the environment variable NO_SUCH"),
        ({"parameters": {"messages": []}}, "messages: not among the parameters"),
        ({"tools": [{"name": "look"}]}, "tools: expected"),
        ({"tools": TOOLS, "functions": {"look": dict}}, "do not have the same names: refund"),
        ({"price": (1.0, float("nan"))}, "price: expected US dollars"),
    ],
)
def test_a_wrong_configuration_is_told_before_any_call(model: ModelServer, options: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ChatAgent("m", **options)


def test_without_key_and_address_nobody_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError, match="needs OPENAI_API_KEY, or OPENAI_BASE_URL"):
        ChatAgent("m")
    with pytest.raises(ConfigurationError, match="needs a model"):
        ChatAgent("")
    assert ChatAgent("m", base_url="http://x/v1").eval_version != ChatAgent("n", base_url="http://x/v1").eval_version
