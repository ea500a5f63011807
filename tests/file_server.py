"""Files on this machine's loopback, over HTTP: what a test puts there, and what was asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["FileServer", "Served", "serving"]


@dataclass(frozen=True)
class Served:
    """What is replied for a path, byte by byte where there is a pause (seconds) after each."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0


@dataclass(eq=False)
class FileServer:
    """``files`` are what it has, ``asked`` the paths that were asked for."""

    port: int
    files: dict[str, Served] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    def redirect(self, path: str, to: str) -> None:
        """Send whoever asks for a path elsewhere."""
        self.files[path] = Served(status=302, headers={"Location": to})


@contextmanager
def serving() -> Iterator[FileServer]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            served = found.files.get(self.path, Served(status=404))
            self.send_response(served.status)
            for name, value in {"Content-Length": str(len(served.body)), **served.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # whoever asked has gone
                for number in range(len(served.body) if served.pause else 0):
                    self.wfile.write(served.body[number : number + 1])
                    time.sleep(served.pause)
                self.wfile.write(b"" if served.pause else served.body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = FileServer(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
