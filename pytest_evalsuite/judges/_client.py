"""What the clients of model providers have in common: they come from one generator and name their errors alike."""

from __future__ import annotations

import asyncio
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, ClassVar, Final

from pytest_evalsuite.errors import ConfigurationError, JudgeError
from pytest_evalsuite.extras import require
from pytest_evalsuite.judges._llm import Completion
from pytest_evalsuite.redaction import redact

__all__ = ["ClientChat", "needs"]

TIMEOUT: Final = 60.0
"""Seconds for one request; the clients' own default is ten minutes."""
RETRIES: Final = 4
HOPELESS: Final = frozenset({401, 402, 403, 404})
"""What is wrong with key, account or model; 400, 413 and 422 are about one request."""


class ClientChat(ABC):
    """A model behind a provider's own client, which is imported and made at the first request.

    The client retries 408, 409, 429, 5xx and lost connections, and waits as long as a Retry-After of up to a minute
    says. ``retries`` of 0 means none. Must be used on one event loop. Raises ConfigurationError when the client is not
    installed or not told whom to ask, unless it is not to ask anybody (``asks``).
    """

    provider: ClassVar[str]
    """The client's module, and what a judge's name begins with."""
    client: ClassVar[str]
    """The client's class."""
    root: ClassVar[str]
    """The class of all its errors."""
    extra: ClassVar[str]

    def __init__(self, model: str, *, timeout: float = TIMEOUT, retries: int = RETRIES, asks: bool = True) -> None:
        self._name = model
        self._limits = {"timeout": timeout, "max_retries": retries}
        self._options: Mapping[str, Any] = {"temperature": 0.0}
        self._made: Any = None
        if not asks:
            return
        require(f"the judge {self.model}", self.extra, self.provider)
        self._check()

    @property
    def model(self) -> str:
        """``<provider>:<model>``."""
        return f"{self.provider}:{self._name}"

    async def complete(self, system: str, messages: Sequence[str]) -> Completion:
        """Reply to a conversation. Raises JudgeError."""
        module = import_module(self.provider)
        if self._made is None:
            self._made = getattr(module, self.client)(**self._arguments(), **self._limits)
        sent = self._options
        try:
            reply = await self._create(self._made, system, _alternating(messages), sent)
        except module.APIStatusError as error:
            if error.status_code != 400 or "temperature" not in str(error) or not sent:
                raise self._failure(error) from None
            self._options = {}  # some models take no temperature; they are asked without from now on
            return await self.complete(system, messages)
        except (getattr(module, self.root), ValueError) as error:
            told = f"{type(error).__name__}: {redact(str(error))[:300]}"
            raise JudgeError(f"could not be judged: {self.model} at {self._host()}: {told}") from None
        try:
            return self._read(reply)
        except (AttributeError, IndexError, KeyError, TypeError):
            raise JudgeError(
                f"could not be judged: what {self._host()} replied is no reply of a model; is its address right?"
            ) from None

    async def aclose(self) -> None:
        """Close the client."""
        made, self._made = self._made, None
        if made is not None:
            with suppress(OSError, RuntimeError, asyncio.TimeoutError):
                await made.close()

    @abstractmethod
    def _check(self) -> None:
        """Raise ConfigurationError where the environment does not say whom to ask."""

    def _arguments(self) -> Mapping[str, Any]:
        """What the client is made with, besides its limits."""
        return {}

    @abstractmethod
    async def _create(
        self, client: Any, system: str, conversation: list[dict[str, str]], options: Mapping[str, Any]
    ) -> Any:
        """Send the conversation."""

    @abstractmethod
    def _read(self, reply: Any) -> Completion:
        """Take text and usage from a reply; anything may be missing in it."""

    def _host(self) -> str:
        url = self._made.base_url
        return f"{url.scheme}://{url.host}" + (f":{url.port}" if url.port else "")

    def _failure(self, error: Any) -> JudgeError:
        hopeless = error.status_code in HOPELESS or getattr(error, "code", None) == "insufficient_quota"
        return JudgeError(
            f"could not be judged: {self.model} answered {error.status_code}: {redact(str(error))[:300]}",
            hopeless=hopeless,
        )


def needs(model: str, *variables: str, else_say: str) -> None:
    """Raise ConfigurationError when none of the environment variables is set."""
    if not any(os.environ.get(variable) for variable in variables):
        raise ConfigurationError(f"the judge {model} needs {else_say}")


def _alternating(messages: Sequence[str]) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [{"role": roles[number % 2], "content": content} for number, content in enumerate(messages)]
