"""Models of Anthropic."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

from pytest_evalsuite.agents.reply import Usage
from pytest_evalsuite.errors import ConfigurationError, JudgeError
from pytest_evalsuite.judges._llm import Completion

__all__ = ["AnthropicChat"]

TIMEOUT: Final = 60.0
RETRIES: Final = 4
LONGEST_REPLY: Final = 2_000
HOPELESS: Final = frozenset({400, 401, 402, 403, 404, 413, 422})


class AnthropicChat:
    """Messages through the `anthropic` client, which reads ``ANTHROPIC_API_KEY`` and ``ANTHROPIC_BASE_URL``.

    Must be used on one event loop. Raises ConfigurationError when the client is not installed or there is no key.
    """

    def __init__(self, model: str, *, timeout: float = TIMEOUT, retries: int = RETRIES) -> None:
        self._name = model
        try:
            import anthropic
        except ImportError:
            raise ConfigurationError(
                f"the judge anthropic:{model} needs its client: pip install 'pytest-evalsuite[anthropic]'"
            ) from None
        if not os.environ.get("ANTHROPIC_API_KEY"):
            raise ConfigurationError(f"the judge anthropic:{model} needs ANTHROPIC_API_KEY")
        self._client: Any = anthropic.AsyncAnthropic(timeout=timeout, max_retries=retries)
        self._anthropic = anthropic

    @property
    def model(self) -> str:
        """``anthropic:<model>``."""
        return f"anthropic:{self._name}"

    async def complete(self, system: str, messages: Sequence[str]) -> Completion:
        """Reply to a conversation. Raises JudgeError."""
        conversation: list[Any] = [
            {"role": "assistant" if number % 2 else "user", "content": content}
            for number, content in enumerate(messages)
        ]
        try:
            reply = await self._client.messages.create(
                model=self._name, system=system, messages=conversation, max_tokens=LONGEST_REPLY
            )
        except self._anthropic.APIStatusError as error:
            raise JudgeError(
                f"could not be judged: {self.model} answered {error.status_code}: {str(error)[:300]}",
                hopeless=error.status_code in HOPELESS,
            ) from None
        except self._anthropic.AnthropicError as error:
            raise JudgeError(f"could not be judged: {self.model}: {type(error).__name__}: {error}") from None
        text = "".join(block.text for block in reply.content if block.type == "text")
        if not text:
            raise JudgeError(f"could not be judged: {self.model} replied with no text")
        return Completion(text, Usage(input_tokens=reply.usage.input_tokens, output_tokens=reply.usage.output_tokens))
