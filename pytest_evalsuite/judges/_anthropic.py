"""Models of Anthropic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from pytest_evalsuite.agents.usage import usage_of
from pytest_evalsuite.judges._client import ClientChat, needs
from pytest_evalsuite.judges._llm import Completion

__all__ = ["AnthropicChat"]

LONGEST_REPLY: Final = 4_096
"""Tokens, enough for the reasons of a rubric with thirty rules."""


class AnthropicChat(ClientChat):
    """Messages through the `anthropic` client, which reads ``ANTHROPIC_API_KEY`` and ``ANTHROPIC_BASE_URL``."""

    provider: ClassVar[str] = "anthropic"
    client: ClassVar[str] = "AsyncAnthropic"
    root: ClassVar[str] = "AnthropicError"
    extra: ClassVar[str] = "anthropic"

    def _check(self) -> None:
        needs(self.model, "ANTHROPIC_API_KEY", else_say="ANTHROPIC_API_KEY")

    async def _create(
        self, client: Any, system: str, conversation: list[dict[str, str]], options: Mapping[str, Any]
    ) -> Any:
        return await client.messages.create(
            model=self._name,
            system=system,
            messages=conversation,
            max_tokens=LONGEST_REPLY,
            extra_body=options,  # recent clients have no parameter temperature, though most models take it
        )

    def _read(self, reply: Any) -> Completion:
        text = "".join(block.text for block in reply.content if block.type == "text")
        usage = getattr(reply, "usage", None)
        return Completion(text, usage_of(getattr(usage, "input_tokens", None), getattr(usage, "output_tokens", None)))
