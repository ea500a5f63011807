"""The cases of a scenario are turns of conversations: told apart, in order, each knowing what was said before it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, Literal

from pytest_evalsuite.testsets.problems import Problem

if TYPE_CHECKING:
    from pytest_evalsuite.testsets.model import Case

__all__ = ["Conversation", "Head", "OnTurnError", "Script"]

OnTurnError = Literal["skip", "continue"]
"""What becomes of the turns after one that ended in an error: they are skipped, or asked all the same."""

OF_THE_WHOLE: Final = ("agent", "iterations")
"""What one turn cannot have of its own."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a conversation says for all of its turns; None and empty where it leaves that to the test set."""

    id: str | None = None
    name: str | None = None
    agent: str | None = None
    iterations: int | None = None
    tags: tuple[str, ...] = ()
    on_turn_error: OnTurnError = "skip"


@dataclass(slots=True, eq=False)
class Conversation:
    """Turns that are put to an agent one after another, in one session.

    ``turns`` are in their order, without those that are skipped: nobody is asked them. ``id`` is empty where the test
    set is one conversation.
    """

    id: str
    name: str | None = None
    on_turn_error: OnTurnError = "skip"
    turns: Sequence[Case] = field(default=(), repr=False)


class Script:
    """Makes conversations of a scenario's cases.

    ``heads`` are those that the test set lists, by the name that their turns carry; ``default`` is for all others.
    """

    def __init__(self, default: Head, heads: Mapping[str, Head]) -> None:
        self._default = default
        self._heads = heads
        self._of: dict[str, list[Case]] = {}
        self._asked: dict[tuple[str, str], int] = {}

    def add(self, case: Case, raw: Mapping[str, Any], problems: list[Problem]) -> None:
        """Make a case the turn of its conversation, or say what it cannot have."""
        name = case.conversation_id
        head = self._heads.get(name, self._default)
        problems.extend(_refused(case, raw))
        if "id" not in raw:
            count = self._asked[name, case.id] = self._asked.get((name, case.id), 0) + 1
            case.id = f"{case.id}-{count}" if count > 1 else case.id
        case.id = turn_id(name, case.id)
        case.agent = head.agent or case.agent
        case.iterations = head.iterations or case.iterations
        case.tags = tuple(dict.fromkeys((*head.tags, *case.tags)))
        self._of.setdefault(name, []).append(case)

    def nameless(self) -> list[tuple[int, Problem]]:
        """Find the first case without a conversation beside those that name theirs, by its place in the file."""
        if len(self._of) < 2 or "" not in self._of:
            return []
        message = "names no conversation, as other cases do: say which one it is a turn of"
        return [(self._of[""][0].position, Problem((), message))]

    def finish(self) -> list[Case]:
        """Give all turns, conversation by conversation, each in its order."""
        for name, turns in self._of.items():
            turns.sort(key=lambda turn: turn.order)
            head = self._heads.get(name, self._default)
            asked = [turn for turn in turns if turn.skip is None]
            conversation = Conversation(name, head.name, head.on_turn_error, asked)
            said = ""
            for turn in turns:
                turn.conversation = conversation
            for number, turn in enumerate(asked, 1):
                turn.turn = number
                turn.said_before = said
                said = _digest([said, *turn.asks])
        return [turn for turns in self._of.values() for turn in turns]


def turn_id(conversation: str, turn: str) -> str:
    """Give a turn's id in the test set: its own behind that of its conversation."""
    return f"{conversation}/{turn}" if conversation else turn


def _refused(case: Case, raw: Mapping[str, Any]) -> list[Problem]:
    problems = [
        Problem((key,), f"{key!r} is for a whole conversation: say it there, or for the test set", on_key=True)
        for key in (*OF_THE_WHOLE, "num_iterations")
        if key in raw
    ]
    for number, check in enumerate(case.checks):
        if check.method.measures:
            path: tuple[str | int, ...] = ("checks", number) if "checks" in raw else ()
            method = check.method.method
            problems.append(Problem(path, f"{method} asks its question anew, which a turn of a conversation cannot"))
    return problems


def _digest(said: Any) -> str:
    return blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=8).hexdigest()
