"""A service on this machine that answers over HTTP what a test tells it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Asked", "Reply", "Service", "serving"]


@dataclass(frozen=True)
class Asked:
    """One request. ``at`` is seconds of a monotonic clock."""

    method: str
    path: str
    headers: Mapping[str, str]
    text: str
    at: float

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)


@dataclass(frozen=True)
class Reply:
    """A response: its body, JSON unless it is text or bytes. ``delay`` is in seconds, ``hang_up`` sends nothing.

    With a ``drip``, the body's bytes go out one by one, with a pause of so many seconds after each.
    Requests whose replies meet at a barrier are answered when all of them are there.
    """

    body: Any = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    delay: float = 0.0
    hang_up: bool = False
    drip: float = 0.0
    meets: threading.Barrier | None = None


@dataclass(eq=False)
class Service:
    """``reply`` makes of each request what is answered; ``asked`` holds all requests."""

    reply: Callable[[Asked], Reply] = lambda asked: Reply({"answer": asked.json["question"]})
    asked: list[Asked] = field(default_factory=list)
    address: str = ""

    def replies(self, *replies: Reply) -> None:
        """Answer with these in turn; the last one again and again."""
        left = list(replies)
        self.reply = lambda asked: left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def serving() -> Iterator[Service]:
    """A service in a thread, on a free port of this machine."""
    service, lock = Service(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            with lock:
                asked = Asked(self.command, self.path, dict(self.headers.items()), text, time.monotonic())
                service.asked.append(asked)
                reply = service.reply(asked)
            time.sleep(reply.delay)
            if reply.meets is not None:
                reply.meets.wait(60)
            if reply.hang_up:
                self.close_connection = True
                return
            body = reply.body if isinstance(reply.body, (str, bytes)) else json.dumps(reply.body)
            content = body.encode() if isinstance(body, str) else body
            self.send_response(reply.status)
            for name, value in {"Content-Type": reply.content_type, **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            try:
                for part in (content,) if not reply.drip else (content[n : n + 1] for n in range(len(content))):
                    self.wfile.write(part)
                    time.sleep(reply.drip)
            except OSError:  # the agent has seen enough
                self.close_connection = True

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    service.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
