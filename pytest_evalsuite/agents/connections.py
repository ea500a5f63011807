"""Connections of HTTP agents, and what is logged of them."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import httpx

__all__ = ["Connections", "shown_as"]

_address: Final[ContextVar[str]] = ContextVar("evalsuite_http_address", default="")
"""What may be shown of the address that is asked."""


class _Hiding(logging.Filter):
    """Lets httpx log our requests by the address that may be shown, and others as they are."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        shown = _address.get()
        if shown and isinstance(record.args, tuple):
            record.args = tuple(shown if type(part).__name__ == "URL" else part for part in record.args)
        return True


@contextmanager
def shown_as(address: str) -> Iterator[None]:
    """Inside, httpx logs what is asked by this address, for the real one may hold a secret."""
    _hide_addresses()
    token = _address.set(address)
    try:
        yield
    finally:
        _address.reset(token)


@functools.cache
def _hide_addresses() -> None:
    logging.getLogger("httpx").addFilter(_Hiding())


class Connections:
    """Clients of one event loop, each for one request at a time.

    One client for all would hand the connection that is idle first to every request that begins at the same moment;
    those that come late ask it again, and its time grows with their square.
    """

    def __init__(self) -> None:
        import httpx

        self._tls = httpx.create_ssl_context()
        self._idle: list[httpx.AsyncClient] = []

    @contextmanager
    def one(self) -> Iterator[httpx.AsyncClient]:
        """A client that nobody else uses meanwhile."""
        client = self._idle.pop() if self._idle else self._make()
        try:
            yield client
        finally:
            self._idle.append(client)

    async def aclose(self) -> None:
        """Close the connections of those that are not in use."""
        while self._idle:
            await self._idle.pop().aclose()

    def _make(self) -> httpx.AsyncClient:
        import httpx

        nobodys = CookieJar(DefaultCookiePolicy(allowed_domains=[]))  # else sessions would share the client's
        return httpx.AsyncClient(verify=self._tls, cookies=nobodys)
