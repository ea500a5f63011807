"""A model provider on this machine: it answers the real clients over HTTP, with what a test tells it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Canned", "ModelServer", "as_stream", "as_tool_calls", "verdict"]


def verdict(**values: Any) -> str:
    """A judge's reply."""
    return json.dumps({"reason": "because", **values})


@dataclass(frozen=True)
class Canned:
    """A reply that is not a model's: a status, and whatever the body is."""

    status: int = 200
    body: str | bytes = '{"error": {"message": "told to fail"}}'
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


Reply = str | Canned
Asked = dict[str, Any]


@dataclass(eq=False)
class ModelServer:
    """Serves chat completions (OpenAI) and messages (Anthropic).

    ``reply`` makes of each request's JSON what is replied: a model's text, or something `Canned`. ``requests`` holds
    what was asked, ``most_at_once`` how many requests were in flight together. A reply takes ``seconds``.
    """

    reply: Callable[[Asked], Reply] = lambda asked: verdict(score=1.0)
    seconds: float = 0.0
    requests: list[Asked] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def replies(self, *replies: Reply) -> None:
        """Reply with these in turn; the last one again and again."""
        left = list(replies)
        self.reply = lambda asked: left.pop(0) if len(left) > 1 else left[0]

    @property
    def address(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def prompt(self, number: int = -1) -> str:
        """Everything that a request said, as text: the system's part and the messages."""
        asked = self.requests[number]
        return "\n".join([asked.get("system", ""), *(message["content"] for message in asked["messages"])])

    def start(self) -> None:
        """Serve, in a thread, on a free port."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Serve no more; the port is free then."""
        self._server.shutdown()
        self._server.server_close()

    def _settle(self, asked: Asked) -> Reply:
        with self._lock:
            self.requests.append(asked)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        time.sleep(self.seconds)
        try:
            with self._lock:
                return self.reply(asked)
        finally:
            with self._lock:
                self._at_once -= 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                reply = model._settle(asked)
                if isinstance(reply, str):
                    form = as_message if self.path.endswith("/messages") else as_completion
                    reply = Canned(body=json.dumps(form(reply)))
                body = reply.body.encode() if isinstance(reply.body, str) else reply.body
                self.send_response(reply.status)
                for name, value in {"Content-Type": reply.content_type, **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


def as_completion(text: str) -> dict[str, Any]:
    """A model's text as OpenAI's endpoint wraps it."""
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }


def as_message(text: str) -> dict[str, Any]:
    """A model's text as Anthropic's endpoint wraps it."""
    return {
        "id": "x",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 100, "output_tokens": 20},
    }


def as_tool_calls(*calls: tuple[str, str], text: str | None = None) -> Canned:
    """A completion that calls tools, each given as its name and its arguments as JSON."""
    completion = as_completion("")
    (choice,) = completion["choices"]
    choice["finish_reason"] = "tool_calls"
    choice["message"] = {"role": "assistant", "content": text, "tool_calls": _calls(calls)}
    return Canned(body=json.dumps(completion))


def as_stream(*parts: str, calls: Sequence[tuple[str, str]] = (), end: str = "stop") -> Canned:
    """A completion in chunks: the parts of its text, then its tool calls with arguments cut in two, then its usage."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, *({"content": part} for part in parts)]
    for number, call in enumerate(_calls(calls)):
        arguments = call["function"]["arguments"]
        first = {**call, "function": {**call["function"], "arguments": arguments[:3]}}
        rest = {"function": {"arguments": arguments[3:]}}
        deltas += [{"tool_calls": [{"index": number, **part}]} for part in (first, rest)]
    base = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    chunks: list[dict[str, Any]] = [
        {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas
    ]
    chunks.append({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": end}]})
    chunks.append({**base, "choices": [], "usage": as_completion("")["usage"]})
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    return Canned(body=body, content_type="text/event-stream")


def _calls(calls: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"id": f"call-{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for number, (name, arguments) in enumerate(calls)
    ]
