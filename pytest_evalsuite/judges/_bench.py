"""The judges of a session, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pytest_evalsuite.errors import ConfigurationError
from pytest_evalsuite.judges._base import Judge

__all__ = ["Bench"]


class Bench:
    """Makes each judge once, when it is first asked for.

    ``default`` is the judge of checks that name none. ``named`` maps further names to a function, an object with
    ``judge`` and ``identity``, or another name. A name is one of those, ``embedded``, ``openai:<model>``, or
    ``anthropic:<model>``.
    """

    def __init__(
        self,
        default: str | None = None,
        named: Mapping[str, Any] | None = None,
        *,
        prompts: Path | None = None,
        requests_per_minute: float | None = None,
    ) -> None:
        self.default = default
        self._named = dict(named or {})
        self._folder = prompts
        self._rate = requests_per_minute
        self._made: dict[str, Judge] = {}

    def add(self, name: str, judge: Any) -> None:
        """Name one more judge."""
        self._named[name] = judge

    def get(self, names: Sequence[str] = (), vote: Literal["majority", "mean"] = "majority") -> Judge:
        """The judge of this name, of several names a vote, of none the default. Raises ConfigurationError."""
        if len(names) > 1:
            from pytest_evalsuite.judges._vote import VotingJudge

            return VotingJudge([self._one(name) for name in names], vote)
        name = names[0] if names else self.default
        if name is None:
            raise ConfigurationError(
                "no judge is configured: give --eval-judge openai:<model> (or anthropic:<model>, a name from the hook "
                "pytest_evalsuite_judges), set the ini value evalsuite_judge, or try the suite out with the offline "
                "stand-in --eval-judge embedded"
            )
        return self._one(name)

    def _one(self, name: str) -> Judge:
        judge = self._made.get(name)
        if judge is None:
            judge = self._made[name] = self._make(name)
        return judge

    def _make(self, name: str) -> Judge:
        given = self._named.get(name)
        if isinstance(given, str):
            return self._make(given) if given not in self._named else self._one(given)
        if given is not None:
            return _adapted(name, given)
        provider, colon, model = name.partition(":")
        if name == "embedded":
            from pytest_evalsuite.judges._embedded import EmbeddedJudge

            return EmbeddedJudge()
        if colon and model and provider in ("openai", "anthropic"):
            return self._model(provider, model)
        known = sorted({*self._named, "embedded", "openai:<model>", "anthropic:<model>"})
        raise ConfigurationError(f"unknown judge {name!r} (known: {', '.join(known)})")

    def _model(self, provider: str, model: str) -> Judge:
        from pytest_evalsuite.judges._llm import Chat, LlmJudge
        from pytest_evalsuite.judges._prompts import Prompts

        chat: Chat
        if provider == "openai":
            from pytest_evalsuite.judges._openai import OpenAIChat

            chat = OpenAIChat(model)
        else:
            from pytest_evalsuite.judges._anthropic import AnthropicChat

            chat = AnthropicChat(model)
        return LlmJudge(chat, Prompts(self._folder), requests_per_minute=self._rate)


def _adapted(name: str, given: Any) -> Judge:
    if callable(getattr(given, "judge", None)) and hasattr(given, "identity"):
        judge: Judge = given
        return judge
    if callable(given):
        from pytest_evalsuite.judges._callable import CallableJudge

        return CallableJudge(name, given)
    raise ConfigurationError(
        f"the judge {name!r} is a {type(given).__name__}; expected a function, or an object with judge and identity"
    )
