"""Clients belong to the event loop that they were first used on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

__all__ = ["PerLoop"]

Client = TypeVar("Client")


class PerLoop(Generic[Client]):
    """Makes one client for each event loop, when it is first asked for there."""

    def __init__(self, make: Callable[[], Client]) -> None:
        self._make = make
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Client] = WeakKeyDictionary()

    def get(self) -> Client:
        """The client of the running loop."""
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = self._clients[loop] = self._make()
        return client

    def pop(self) -> Client | None:
        """Forget the client of the running loop, and give it to be closed."""
        return self._clients.pop(asyncio.get_running_loop(), None)
