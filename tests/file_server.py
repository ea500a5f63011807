"""Files on this machine's loopback, over HTTP: what a test puts there, and what was asked for."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

__all__ = ["CERTIFICATE", "FileServer", "Served", "serving"]


CERTIFICATE: Final = Path(__file__).with_name("loopback.pem")
"""For 127.0.0.1, with its key, which protects nothing: it is for these tests alone."""


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
def serving(*, tls: bool = False) -> Iterator[FileServer]:
    """Serve until the block ends; with TLS under a certificate that nobody has signed but its own key."""

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
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        found = FileServer(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
