"""Models behind an OpenAI-compatible endpoint: OpenAI, Azure, Ollama, vLLM, llama.cpp, LM Studio, OpenRouter."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

from pytest_evalsuite.agents.usage import usage_of
from pytest_evalsuite.judges._client import ClientChat, needs
from pytest_evalsuite.judges._llm import Completion

__all__ = ["OpenAIChat"]


class OpenAIChat(ClientChat):
    """Chat completions through the `openai` client, which reads ``OPENAI_API_KEY`` and ``OPENAI_BASE_URL``."""

    provider: ClassVar[str] = "openai"
    client: ClassVar[str] = "AsyncOpenAI"
    root: ClassVar[str] = "OpenAIError"
    extra: ClassVar[str] = "judge"

    def _check(self) -> None:
        needs(
            self.model,
            "OPENAI_API_KEY",
            "OPENAI_BASE_URL",
            else_say="OPENAI_API_KEY, or OPENAI_BASE_URL for a server that asks for no key",
        )

    def _arguments(self) -> Mapping[str, Any]:
        return {"api_key": os.environ.get("OPENAI_API_KEY") or "none"}

    async def _create(
        self, client: Any, system: str, conversation: list[dict[str, str]], options: Mapping[str, Any]
    ) -> Any:
        messages = [{"role": "system", "content": system}, *conversation]
        return await client.chat.completions.create(model=self._name, messages=messages, **options)

    def _read(self, reply: Any) -> Completion:
        message, usage = reply.choices[0].message, getattr(reply, "usage", None)
        text = message.content or getattr(message, "refusal", None) or ""
        if not isinstance(text, str):
            raise TypeError(text)
        cost = getattr(usage, "cost", None)  # OpenRouter says it, in dollars
        return Completion(
            text,
            usage_of(getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None)),
            float(cost) if isinstance(cost, (int, float)) and cost >= 0 else None,
        )
