"""An agent behind an HTTP address, against a real server: what it sends, what it reads, when it asks again."""

from __future__ import annotations

import asyncio
import gzip
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from http_service import Reply, Service

from pytest_evalsuite import AgentReply, Attachment, HttpAgent, ToolCall, Usage
from pytest_evalsuite.agents import Agent, Request, adapt
from pytest_evalsuite.agents.waiting import MAX_WAIT, backoff_of, retry_after
from pytest_evalsuite.errors import AgentError, CaseError, ConfigurationError, ReplyError

SECRET = "s3cr3t-value-17"


def ask(agent: HttpAgent, *requests: Request) -> list[AgentReply]:
    """The replies to these requests, made one after the other on one loop, and the connections closed."""

    async def all_of_them() -> list[AgentReply]:
        adapted = adapt(agent, "service")
        try:
            return [await adapted(request) for request in requests or (Request(question="why?", session_id="s1"),)]
        finally:
            await agent.eval_close()

    return asyncio.run(all_of_them())


def made(service: Service, **options: Any) -> HttpAgent:
    return HttpAgent(f"{service.address}/ask", **{"backoff": 0.001, **options})


def test_by_default_the_case_goes_out_and_the_usual_key_comes_back(service: Service) -> None:
    (reply,) = ask(made(service))
    assert reply.output == "why?"
    assert service.asked[0].json == {"question": "why?", "session_id": "s1"}
    history = [{"role": "user", "content": "hi"}]
    request = Request(question="so?", session_id="s2", inputs={"tier": "gold"}, history=history)
    ask(made(service), request)
    assert service.asked[1].json == {
        "question": "so?",
        "inputs": {"tier": "gold"},
        "history": history,
        "session_id": "s2",
    }


def test_body_query_and_headers_are_templates(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "{question}")
    agent = made(
        service,
        headers={"Authorization": "Bearer ${TOKEN}", "X-Session": "{session_id}"},
        params={"tier": "{inputs.tier}", "n": 2},
        body={"q": "Q: {question}", "all": ["{inputs}", "{metadata.tags}"], "literal": "{{question}} {not one}"},
    )
    request = Request(question="é\n?", session_id="s", inputs={"tier": "a&b"}, metadata={"tags": [1, "two"]})
    service.replies(Reply({"answer": "x"}))
    ask(agent, request)
    (asked,) = service.asked
    assert asked.json == {
        "q": "Q: é\n?",
        "all": [{"tier": "a&b"}, [1, "two"]],
        "literal": "{question} {not one}",
    }
    assert asked.path == "/ask?tier=a%26b&n=2"
    assert (asked.headers["Authorization"], asked.headers["X-Session"]) == ("Bearer {question}", "s")


def test_attachments_are_sent_by_value_and_addresses_by_name(service: Service, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"hello")
    files = [
        Attachment(url="in/a.txt", mime_type="text/plain", path=tmp_path / "a.txt"),
        Attachment(url="https://x.test/b.png?v=1", mime_type="image/png"),
    ]
    ask(made(service), Request(question="?", session_id="s", files=files))
    assert service.asked[0].json["files"] == [
        {"name": "a.txt", "mime_type": "text/plain", "data": "aGVsbG8="},
        {"name": "b.png", "mime_type": "image/png", "url": "https://x.test/b.png?v=1"},
    ]


def test_jmespath_takes_the_answer_apart(service: Service) -> None:
    call = {"tool": "look", "args": '{"id": 1}'}
    data = {"data": {"texts": ["no", "yes"]}, "steps": [call], "tokens": {"prompt_tokens": 3, "completion_tokens": 4}}
    service.replies(Reply({**data, "usd": 0.25}))
    paths = {"output": "data.texts[-1]", "tool_calls": "steps[].{name: tool, arguments: args}", "usage": "tokens"}
    (reply,) = ask(made(service, **paths, cost="usd"))
    assert reply.output == "yes"
    assert reply.tool_calls == [ToolCall(name="look", arguments={"id": 1})]
    assert (reply.usage, reply.cost) == (Usage(input_tokens=3, output_tokens=4), 0.25)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply({"response": "r", "answer": "a"}), "a"),
        (Reply({"category": "billing"}), {"category": "billing"}),
        (Reply("plain", content_type="text/plain"), "plain"),
        (Reply("é".encode("latin-1"), content_type="text/plain; charset=latin-1"), "é"),
        (Reply("x", content_type="text/plain; charset=no-such"), "x"),
        (Reply(gzip.compress(b'"zipped"'), headers={"Content-Encoding": "gzip"}), "zipped"),
    ],
)
def test_without_an_expression_the_answer_is_found(service: Service, reply: Reply, expected: Any) -> None:
    service.replies(reply)
    assert ask(made(service))[0].output == expected


def test_an_answer_in_the_form_of_a_reply_is_one(service: Service) -> None:
    service.replies(Reply({"output": "x", "usage": {"input_tokens": 1}, "cost": 0.5, "tool_calls": ["look"]}))
    (reply,) = ask(made(service))
    assert (reply.output, reply.usage, reply.cost) == ("x", Usage(input_tokens=1), 0.5)
    assert reply.tool_calls == [ToolCall(name="look")]


@pytest.mark.parametrize(
    ("options", "reply", "message"),
    [
        (
            {"output": "a.b"},
            Reply({"id": 1, "c": [{"t": "x"}]}),
            r"'a.b' finds nothing in \{id: int, c: \[1 x \{t: str\}\]\}",
        ),
        ({}, Reply('{"a": '), r"no JSON \(.*'\{\"a\":'"),
        ({}, Reply(""), "no JSON"),
        ({}, Reply("[" * 200_000), "no JSON"),
        ({"output": "a"}, Reply("<html>", content_type="text/html"), "no JSON"),
        ({"usage": "u"}, Reply({"u": {"a": 1}}), r"usage: expected input_tokens and output_tokens, found \{a: int\}"),
        ({"tool_calls": "u"}, Reply({"u": {"a": 1}}), "tool_calls: expected a list"),
        ({"tool_calls": "u"}, Reply({"u": [{"a": 1}]}), "mappings with a name"),
    ],
)
def test_an_answer_of_another_form_is_an_error(service: Service, options: Any, reply: Reply, message: str) -> None:
    service.replies(reply)
    with pytest.raises(ReplyError, match=message):
        ask(made(service, **options))


@pytest.mark.parametrize(
    "busy",
    [Reply(status=429), Reply(status=500), Reply(status=503, headers={"Retry-After": "0"}), Reply(hang_up=True)],
)
def test_what_may_pass_is_asked_again(service: Service, busy: Reply) -> None:
    service.replies(busy, busy, Reply({"answer": "at last"}))
    assert ask(made(service))[0].output == "at last"
    assert len(service.asked) == 3


def test_retry_after_is_waited_for(service: Service) -> None:
    service.replies(Reply(status=429, headers={"Retry-After": "0.2"}), Reply({"answer": "x"}))
    ask(made(service))
    first, second = service.asked
    assert second.at - first.at >= 0.2


def test_in_the_end_status_and_body_are_told_on_one_line(service: Service) -> None:
    service.replies(Reply("over\nloaded " + "x" * 1_000, status=503))
    with pytest.raises(AgentError) as caught:
        ask(made(service, retries=1))
    assert str(caught.value).startswith(f"POST {service.address}/ask answered 503: over loaded xxx")
    assert str(caught.value).endswith("... (2 attempts)")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("status", [400, 401, 404, 422, 302])
def test_what_will_not_pass_is_asked_once(service: Service, status: int) -> None:
    service.replies(Reply("no", status=status, headers={"Location": "/elsewhere"} if status == 302 else {}))
    with pytest.raises(AgentError, match=f"answered {status}.*: no"):
        ask(made(service))
    assert len(service.asked) == 1


def test_nobody_there() -> None:
    with pytest.raises(
        AgentError, match=r"POST http://127.0.0.1:1/ could not be reached: ConnectError.*\(2 attempts\)"
    ):
        ask(HttpAgent("http://127.0.0.1:1/", retries=1, backoff=0.001))


def test_a_service_that_takes_too_long(service: Service) -> None:
    service.replies(Reply("late", delay=4.0))
    with pytest.raises(AgentError, match=r"did not answer within 1 s"):
        ask(made(service, timeout=1.0))
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "reply",
    [Reply("x" * 2_000), Reply(gzip.compress(b"x" * 2_000), headers={"Content-Encoding": "gzip"})],
    ids=["plain", "compressed"],
)
def test_a_huge_answer_is_refused(service: Service, reply: Reply) -> None:
    service.replies(reply)
    with pytest.raises(ReplyError, match="more than 1,000"):
        ask(made(service, max_bytes=1_000))


def test_each_session_has_cookies_of_its_own(service: Service) -> None:
    service.reply = lambda asked: Reply(
        {"answer": asked.headers.get("Cookie", "")}, headers={"Set-Cookie": f"who={asked.json['session_id']}"}
    )
    asked = [Request(question="?", session_id=session) for session in ("a", "b", "a", "b")]
    assert [reply.output for reply in ask(made(service), *asked)] == ["", "", "who=a", "who=b"]
    assert [reply.output for reply in ask(made(service, cookies=False), *asked)] == [""] * 4


def test_the_rate_limit_holds_for_calls_that_overlap(service: Service) -> None:
    agent = made(service, rate_limit="50/s")

    async def together() -> None:
        await asyncio.gather(*(agent("?", session_id=str(n)) for n in range(6)))
        await agent.eval_close()

    start = time.monotonic()
    asyncio.run(together())
    assert service.asked[-1].at - start >= 0.1


def test_an_agent_is_used_on_one_loop_after_another(service: Service) -> None:
    agent = made(service)
    assert [ask(agent)[0].output for _ in range(2)] == ["why?", "why?"]


def test_secrets_are_shown_nowhere(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", SECRET)
    service.replies(Reply(f"the key {SECRET} is wrong", status=401))
    agent = HttpAgent(f"{service.address}/ask?key=${{TOKEN}}", headers={"X-Key": "${TOKEN}"})
    with pytest.raises(AgentError) as caught:
        ask(agent)
    assert service.asked[0].headers["X-Key"] == SECRET
    assert service.asked[0].path == f"/ask?key={SECRET}"
    assert "the key ${TOKEN} is wrong" in str(caught.value)
    assert SECRET not in f"{caught.value} {agent!r} {agent.eval_version} {caught.value.__cause__}"
    monkeypatch.setenv("TOKEN", "another")
    again = HttpAgent(f"{service.address}/ask?key=${{TOKEN}}", headers={"X-Key": "${TOKEN}"})
    assert again.eval_version == agent.eval_version
    monkeypatch.setenv("TOKEN", SECRET)
    for reply in (Reply("x" * 290 + SECRET, status=401), Reply("x" * 290 + SECRET)):
        service.replies(reply)
        with pytest.raises(CaseError) as cut:
            ask(agent)
        assert SECRET[:4] not in str(cut.value)
    assert HttpAgent(f"{service.address}/ask", body="{question}").eval_version != agent.eval_version


@pytest.mark.parametrize(
    ("url", "options", "message"),
    [
        ("http://x/${NO_SUCH}", {}, "needs the environment variable NO_SUCH"),
        ("http://x/", {"headers": {"A": "${NO_SUCH}"}}, "header A needs the environment variable NO_SUCH"),
        ("http://x/", {"headers": {"A": 1}}, "header A must be text"),
        (
            "http://x/",
            {"body": {"a": ["{qestion}"]}},
            r"body.a\[0\]: unknown placeholder \{qestion\}; did you mean 'question'",
        ),
        ("http://x/", {"params": {"a": "{inputs} {nope.x}"}}, "params.a: unknown placeholder"),
        ("http://x/", {"body": {"a": object()}}, "body.a: a object is no JSON value"),
        ("http://x/", {"output": "a.["}, "output: 'a.\\[' is no JMESPath"),
        ("http://x/", {"rate_limit": "fast"}, "rate_limit: expected requests per second or minute"),
        ("http://x/", {"method": "get"}, "has no body"),
        ("http://x/{question}", {}, "has no placeholders"),
        ("ftp://x/", {}, "no http"),
        ("http://", {}, "no http"),
        ("http://[::1/", {}, "no http"),
    ],
)
def test_a_wrong_configuration_is_told_before_any_call(url: str, options: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        HttpAgent(url, **options)


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigurationError, match="holds no password") as caught:
        HttpAgent(f"http://me:{SECRET}@x/")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("body", ["{inputs.tier}", {"a": "{question}: {inputs.tier}"}, "{metadata.x.y}"])
def test_a_value_that_the_case_does_not_give_is_its_error(service: Service, body: Any) -> None:
    with pytest.raises(AgentError, match="no value for the placeholder"):
        ask(made(service, body=body))
    assert service.asked == []


def test_no_case_can_add_a_header(service: Service) -> None:
    agent = made(service, headers={"X-Q": "{question}"})
    with pytest.raises(AgentError, match="header X-Q would hold a line break"):
        ask(agent, Request(question="a\r\nX-Admin: 1", session_id="s"))
    assert service.asked == []


def test_an_agent_takes_what_every_case_gives() -> None:
    agent = Agent("service", HttpAgent("http://x/"))
    assert agent.is_async
    agent.check(Request(question=None, session_id="s", inputs={"anything": 1}))


def test_retry_after_in_all_its_forms() -> None:
    now = datetime.now(timezone.utc)
    assert retry_after({"retry-after": "3"}) == 3.0
    assert retry_after({"retry-after": "86400"}) == MAX_WAIT
    assert 5 < (retry_after({"retry-after": format_datetime(now + timedelta(seconds=10), usegmt=True)}) or 0) <= 10
    assert retry_after({"retry-after": format_datetime(now - timedelta(days=1), usegmt=True)}) == 0.0
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None
    assert 1.0 <= backoff_of(3, 0.5) <= 2.0
    assert backoff_of(5_000, 0.5) <= MAX_WAIT


def test_metadata_goes_out_where_the_case_has_some(service: Service) -> None:
    ask(made(service), Request(question="so?", session_id="s2", metadata={"owner": "billing"}))
    assert service.asked[0].json["metadata"] == {"owner": "billing"}


def test_the_log_of_the_client_shows_no_secret_of_the_address(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KEY", SECRET)
    with caplog.at_level("INFO"):
        ask(HttpAgent(f"{service.address}/ask?key=${{KEY}}"))
    assert SECRET in service.asked[0].path
    assert f"POST {service.address}/ask" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("value", ["line\nbreak", "sch\u00f6n", "\u0007"])
def test_a_variable_that_no_header_can_hold_is_told_when_the_agent_is_made(
    service: Service, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("TOKEN", value)
    with pytest.raises(ConfigurationError, match=r"header Authorization: the variable TOKEN holds what no header can"):
        made(service, headers={"Authorization": "Bearer ${TOKEN}"})


def test_an_expression_that_does_not_fit_the_answer_is_named(service: Service) -> None:
    with pytest.raises(ReplyError, match=r"output: 'length\(missing\)' cannot be worked out on \{answer: str\}"):
        ask(made(service, output="length(missing)"))


def test_the_timeout_is_for_the_whole_answer(service: Service) -> None:
    service.replies(Reply('{"answer": "never in time"}', drip=0.1))
    with pytest.raises(AgentError, match=r"did not answer within 1 s"):
        ask(made(service, timeout=1.0))
