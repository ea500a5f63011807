"""An order desk over HTTP: it reads what a customer writes, looks orders up and changes them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["TOKEN", "Desk", "serving"]

TOKEN = "open-sesame"  # noqa: S105 - it opens this example only
ORDERS = {
    "1001": {"state": "delivered", "items": [("lamp", 2, 5900)]},
    "1002": {"state": "on its way", "items": [("desk", 1, 24900), ("chair", 4, 8900)]},
    "1003": {"state": "being packed", "items": [("shelf", 1, 12000)]},
}
"""Items are (name, pieces, cents for a piece)."""


class Desk:
    """The orders of one session, which can be cancelled."""

    def __init__(self) -> None:
        self._states = {number: str(order["state"]) for number, order in ORDERS.items()}
        self._last = ""

    def answer(self, text: str) -> dict[str, Any]:
        """What the desk says, and the steps that it took. "it" is the order that was spoken of before."""
        found = re.search(r"\b\d{4}\b", text)
        number = found[0] if found else self._last
        if number not in self._states:
            return _said(f"I cannot find an order {number}." if number else "Which order do you mean?")
        self._last = number
        steps = [{"tool": "look_up", "with": {"order": number}}]
        if re.search(r"\bcancel\b", text, re.IGNORECASE):
            steps.append({"tool": "cancel", "with": {"order": number}})
            return _said(self._cancel(number), steps)
        if re.search(r"\b(total|cost|pay)\b", text, re.IGNORECASE):
            return _said(f"Order {number} comes to {_total(number)} USD.", steps)
        return _said(f"Order {number} is {self._states[number]}.", steps)

    def _cancel(self, number: str) -> str:
        if self._states[number] != "being packed":
            return f"Order {number} is {self._states[number]} and cannot be cancelled."
        self._states[number] = "cancelled"
        return f"Order {number} is cancelled; {_total(number)} USD go back to you."


@contextmanager
def serving() -> Iterator[str]:
    """Serve the desk on a free port of this machine: its address."""
    desks: dict[str, Desk] = {}
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self._send(401, {"error": "who are you?"})
            with lock:
                desk = desks.setdefault(self.headers["X-Session"], Desk())
                said = [desk.answer(message) for message in asked["messages"]]
            return self._send(200, {"result": said[-1], "tokens": {"input_tokens": sum(map(len, asked["messages"]))}})

        def _send(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _said(text: str, steps: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"text": text, "steps": steps or []}


def _total(number: str) -> str:
    items: Any = ORDERS[number]["items"]
    return f"{sum(pieces * cents for _, pieces, cents in items) / 100:.2f}"
