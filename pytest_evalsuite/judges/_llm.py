"""A language model as judge: prompted, read strictly, asked once more where its reply was no verdict."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from pytest_evalsuite.agents.reply import Usage
from pytest_evalsuite.agents.usage import total_cost, total_usage
from pytest_evalsuite.errors import JudgeError
from pytest_evalsuite.judges._base import JudgeRequest, Verdict
from pytest_evalsuite.judges._fence import looks_like_a_verdict
from pytest_evalsuite.judges._prompts import Prompts
from pytest_evalsuite.judges._reply import Unreadable, read_verdict

__all__ = ["Chat", "Completion", "LlmJudge"]

GIVE_UP_AFTER: Final = 5
"""Failures in a row after which a judge is taken to be out of reach, and asked no more in this run."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model replied, and what it took."""

    text: str
    usage: Usage | None = None
    cost: float | None = None


class Chat(Protocol):
    """A model that one can write to."""

    @property
    def model(self) -> str:
        """The model's name, with its provider: ``openai:gpt-5-mini``."""

    async def complete(self, system: str, messages: Sequence[str]) -> Completion:
        """Reply to a conversation; ``messages`` alternate between user and model. Raises JudgeError."""

    async def aclose(self) -> None:
        """Give connections back."""


class LlmJudge:
    """Asks a model.

    ``requests_per_minute`` spaces the requests evenly. After five failures in a row, or one that is hopeless, no more
    is asked: an outage must not be paid for case by case.
    """

    def __init__(self, chat: Chat, prompts: Prompts, *, requests_per_minute: float | None = None) -> None:
        self._chat = chat
        self._prompts = prompts
        self._pause = 60.0 / requests_per_minute if requests_per_minute else 0.0
        self._next = 0.0
        self._failures = 0
        self._outage: str | None = None

    @property
    def identity(self) -> str:
        """Model and prompts."""
        return f"{self._chat.model} prompts:{self._prompts.digest()}"

    async def judge(self, request: JudgeRequest) -> Verdict:
        """Ask the model, once more if its reply is no verdict. Raises JudgeError."""
        system, material = self._prompts.render(request)
        replies = [await self._ask(system, [material])]
        notes = ["the answer holds what looks like a verdict"] if looks_like_a_verdict(request.answer) else []
        try:
            value, reason, reasons = read_verdict(replies[0].text, request.scale)
        except Unreadable as unreadable:
            notes.append(f"asked twice: {unreadable}")
            again = f"Your reply was no verdict: {unreadable}. Reply with one JSON object of the form asked for."
            replies.append(await self._ask(system, [material, replies[0].text or "(nothing)", again]))
            try:
                value, reason, reasons = read_verdict(replies[1].text, request.scale)
            except Unreadable as still:
                raise JudgeError(f"could not be judged: {self._chat.model} gave no verdict, twice: {still}") from None
        return Verdict(
            value=value,
            reason=reason,
            reasons=reasons,
            judge=self.identity,
            raw_reply=replies[-1].text,
            usage=total_usage(reply.usage for reply in replies),
            cost=total_cost(reply.cost for reply in replies),
            notes=tuple(notes),
        )

    async def aclose(self) -> None:
        """Give connections back."""
        await self._chat.aclose()

    async def _ask(self, system: str, messages: Sequence[str]) -> Completion:
        if self._pause:
            now = time.monotonic()
            self._next = max(self._next, now) + self._pause
            await asyncio.sleep(self._next - self._pause - now)
        if self._outage is not None:
            raise JudgeError(f"could not be judged: {self._chat.model} is not asked any more: {self._outage}")
        try:
            completion = await self._chat.complete(_sendable(system), [*map(_sendable, messages)])
        except JudgeError as error:
            self._failures += 1
            if error.hopeless or self._failures >= GIVE_UP_AFTER:
                self._outage = str(error).removeprefix("could not be judged: ")
            raise
        self._failures = 0
        return completion


def _sendable(text: str) -> str:
    """The text with ``?`` for each lone surrogate, which UTF-8 has no form for."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
