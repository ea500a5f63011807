"""Models behind an OpenAI-compatible endpoint: OpenAI, Azure, Ollama, vLLM, llama.cpp, LM Studio, OpenRouter."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

from pytest_evalsuite.agents.reply import Usage
from pytest_evalsuite.errors import ConfigurationError, JudgeError
from pytest_evalsuite.judges._llm import Completion

__all__ = ["OpenAIChat"]

TIMEOUT: Final = 60.0
RETRIES: Final = 4
HOPELESS: Final = frozenset({400, 401, 402, 403, 404, 413, 422})


class OpenAIChat:
    """Chat completions through the `openai` client, which reads ``OPENAI_API_KEY`` and ``OPENAI_BASE_URL``.

    The client retries 408, 409, 429, 5xx and lost connections, and waits as long as a Retry-After of up to a minute
    says. Must be used on one event loop. Raises ConfigurationError when the client is not installed or there is
    neither key nor base URL.
    """

    def __init__(self, model: str, *, timeout: float = TIMEOUT, retries: int = RETRIES) -> None:
        self._name = model
        self._temperature: dict[str, float] = {"temperature": 0.0}
        try:
            import openai
        except ImportError:
            raise ConfigurationError(
                f"the judge openai:{model} needs the openai client: pip install 'pytest-evalsuite[judge]'"
            ) from None
        key, base_url = os.environ.get("OPENAI_API_KEY"), os.environ.get("OPENAI_BASE_URL")
        if not key and not base_url:
            raise ConfigurationError(
                f"the judge openai:{model} needs OPENAI_API_KEY, or OPENAI_BASE_URL for a server that asks for no key"
            )
        self._client: Any = openai.AsyncOpenAI(api_key=key or "none", timeout=timeout, max_retries=retries)
        self._openai = openai

    @property
    def model(self) -> str:
        """``openai:<model>``."""
        return f"openai:{self._name}"

    async def complete(self, system: str, messages: Sequence[str]) -> Completion:
        """Reply to a conversation. Raises JudgeError."""
        conversation: list[Any] = [{"role": "system", "content": system}]
        for number, content in enumerate(messages):
            conversation.append({"role": "assistant" if number % 2 else "user", "content": content})
        try:
            reply = await self._create(conversation)
        except self._openai.APIStatusError as error:
            if error.status_code != 400 or "temperature" not in str(error) or not self._temperature:
                raise self._failure(error) from None
            self._temperature = {}  # some models take no temperature; they are asked without from now on
            return await self.complete(system, messages)
        except self._openai.OpenAIError as error:
            raise JudgeError(f"could not be judged: {self.model}: {type(error).__name__}: {error}") from None
        if not reply.choices or not reply.choices[0].message.content:
            raise JudgeError(f"could not be judged: {self.model} replied with no text")
        usage = reply.usage and Usage(
            input_tokens=reply.usage.prompt_tokens, output_tokens=reply.usage.completion_tokens
        )
        return Completion(reply.choices[0].message.content, usage or None)

    async def _create(self, conversation: list[Any]) -> Any:
        return await self._client.chat.completions.create(model=self._name, messages=conversation, **self._temperature)

    def _failure(self, error: Any) -> JudgeError:
        code = getattr(error, "code", None)
        hopeless = error.status_code in HOPELESS or code == "insufficient_quota"
        return JudgeError(
            f"could not be judged: {self.model} answered {error.status_code}: {str(error)[:300]}", hopeless=hopeless
        )
