"""A language model as judge: prompted, read strictly, asked once more where its reply was no verdict."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from pytest_evalsuite.agents.reply import Usage
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
        self._outage: JudgeError | None = None

    @property
    def identity(self) -> str:
        """Model and prompts."""
        return f"{self._chat.model} prompts:{self._prompts.digest()}"

    async def judge(self, request: JudgeRequest) -> Verdict:
        """Ask the model, once more if its reply is no verdict. Raises JudgeError."""
        system, material = self._prompts.render(request)
        first = await self._ask(system, [material])
        notes = ["the answer holds what looks like a verdict"] if looks_like_a_verdict(request.answer) else []
        try:
            value, reason, reasons = read_verdict(first.text, request.scale)
            spent, raw = [first], first.text
        except Unreadable as unreadable:
            notes.append(f"asked twice: {unreadable}")
            again = f"Your reply was no verdict: {unreadable}. Reply with one JSON object of the form asked for."
            second = await self._ask(system, [material, first.text, again])
            try:
                value, reason, reasons = read_verdict(second.text, request.scale)
            except Unreadable as still:
                raise JudgeError(f"could not be judged: {self._chat.model} gave no verdict, twice: {still}") from None
            spent, raw = [first, second], second.text
        return Verdict(
            value=value,
            reason=reason,
            reasons=reasons,
            judge=self.identity,
            raw_reply=raw,
            usage=_usage(spent),
            cost=_cost(spent),
            notes=tuple(notes),
        )

    async def _ask(self, system: str, messages: Sequence[str]) -> Completion:
        if self._outage is not None:
            raise JudgeError(f"could not be judged: {self._chat.model} is not asked any more: {self._outage}")
        if self._pause:
            now = time.monotonic()
            self._next = max(self._next, now) + self._pause
            await asyncio.sleep(self._next - self._pause - now)
        try:
            completion = await self._chat.complete(system, messages)
        except JudgeError as error:
            self._failures += 1
            if error.hopeless or self._failures >= GIVE_UP_AFTER:
                self._outage = error
            raise
        self._failures = 0
        return completion


def _usage(spent: Sequence[Completion]) -> Usage | None:
    usages = [completion.usage for completion in spent if completion.usage is not None]
    if not usages:
        return None
    return Usage(
        input_tokens=sum(usage.input_tokens or 0 for usage in usages),
        output_tokens=sum(usage.output_tokens or 0 for usage in usages),
    )


def _cost(spent: Sequence[Completion]) -> float | None:
    costs = [completion.cost for completion in spent if completion.cost is not None]
    return sum(costs) if costs else None
