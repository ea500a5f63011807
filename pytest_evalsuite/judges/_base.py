"""What a judge is: asked about an answer, it gives a verdict with a reason, or says that it could not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from pytest_evalsuite.agents.reply import Usage

__all__ = ["CAN_NOT_SEE", "EMBEDDED", "Judge", "JudgeRequest", "Purpose", "Scale", "Verdict"]

EMBEDDED: Final = "embedded"
"""The name of the judge that needs no model."""
CAN_NOT_SEE: Final = "words were compared: a contradiction, a wrong detail or a missing 'not' goes unseen"
"""What a report says wherever that judge has judged."""

Purpose = Literal["quality", "accuracy", "criteria", "instructions", "rubric"]
"""Which question is put to a judge; there is one prompt for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The form of a verdict.

    ``passed`` is a bool, ``points`` a whole number in 1..10, ``fraction`` a number in 0..1, ``label`` one of
    ``labels``, ``rules`` a bool for each of ``rules``.
    """

    kind: Literal["passed", "points", "fraction", "label", "rules"]
    labels: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRequest:
    """What a judge is asked. ``language`` is the language that it gives its reasons in, such as ``en``.

    ``history`` is what was said before, in a conversation: messages with ``role`` and ``content``.
    """

    purpose: Purpose
    scale: Scale
    answer: str
    question: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    expected: tuple[str, ...] = ()
    criteria: str | None = None
    guidelines: tuple[str, ...] = ()
    context: str | None = None
    history: tuple[Mapping[str, str], ...] = ()
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A judge's verdict, in the form that the request's scale asks for.

    ``value`` is a bool, a number, a label, or for ``rules`` a tuple of bools in the rules' order, with ``reasons`` for
    each. ``judge`` says who judged. ``usage`` and ``cost`` (US dollars) are the judge's own. ``notes`` hold what a
    reader should know besides: an answer that tries to look like a verdict, a judge that was asked twice.
    """

    value: Any
    reason: str
    judge: str
    reasons: tuple[str, ...] = ()
    raw_reply: str | None = None
    usage: Usage | None = None
    cost: float | None = None
    notes: tuple[str, ...] = ()


class Judge(Protocol):
    """Anything that judges. Raises JudgeError when it cannot."""

    @property
    def identity(self) -> str:
        """Who judges, and by which prompts: what must be equal for two verdicts to be comparable."""

    async def judge(self, request: JudgeRequest) -> Verdict:
        """Judge one answer."""
