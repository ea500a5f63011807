"""Cases as they stand in a file, whatever its format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pytest_evalsuite.errors import Mistake
from pytest_evalsuite.testsets.positions import Place, Positions, walk
from pytest_evalsuite.testsets.problems import Problem, label
from pytest_evalsuite.testsets.values import Path

__all__ = ["Found", "RawCases", "YamlCases", "YamlTurns", "mistakes_in", "worded"]

Found = tuple[int, Problem]
"""The index of a case in its file, and what is wrong with it."""


class RawCases(Protocol):
    """Cases that were read but not checked, by their index in the file.

    ``path`` is the file as messages name it, and ``what`` is what they call a key. ``broken`` are mistakes of the
    format itself, after which reading could go on.
    """

    path: str
    what: str
    broken: list[Mistake]

    def __len__(self) -> int: ...

    def raw(self, index: int) -> Any:
        """Give a case: a mapping, unless the file holds something else in its place."""

    def line(self, index: int) -> int:
        """Give the line, from 1, on which a case begins."""

    def places(self, found: Sequence[Found]) -> list[Place]:
        """Give where each problem is: (line, column), from 1."""


@dataclass(slots=True)
class YamlCases:
    """The items of ``cases`` in a YAML test set."""

    path: str
    text: str
    items: list[Any]
    lines: dict[int, int]
    what: str = ""
    broken: list[Mistake] = field(default_factory=list)
    positions: Positions | None = None

    def __len__(self) -> int:
        return len(self.items)

    def raw(self, index: int) -> Any:
        """Give an item of the list."""
        return self.items[index]

    def line(self, index: int) -> int:
        """Give the line of an item's first key."""
        return self.lines.get(index, 1)

    def places(self, found: Sequence[Found]) -> list[Place]:
        """Walk the text once for all problems, unless everything's positions are known."""
        paths = [(*self._path(index), *problem.path) for index, problem in found]
        positions = self.positions or walk(self.text, paths)
        return [positions.find(path, on_key=problem.on_key) for path, (_, problem) in zip(paths, found, strict=True)]

    def _path(self, index: int) -> Path:
        return ("cases", index)


class YamlTurns(YamlCases):
    """The turns of all ``conversations`` in a YAML test set; ``turns`` gives (conversation, turn) for each index."""

    def __init__(self, path: str, text: str, items: list[Any], turns: Sequence[tuple[int, int]]) -> None:
        super().__init__(path, text, items, {})
        self.turns = turns
        positions = walk(text, [self._path(index) for index in range(len(items))])
        self.lines = {index: positions.find(self._path(index))[0] for index in range(len(items))}

    def _path(self, index: int) -> Path:
        conversation, turn = self.turns[index]
        return ("conversations", conversation, "turns", turn)


def mistakes_in(cases: RawCases, found: Sequence[Found]) -> list[Mistake]:
    """Give every problem its place and its full wording."""
    if not found:
        return []
    return [
        Mistake(cases.path, line, column, worded(problem, cases.what))
        for (line, column), (_, problem) in zip(cases.places(found), found, strict=True)
    ]


def worded(problem: Problem, what: str = "") -> str:
    """Give a problem's message, with the name of the value before it, on one line."""
    name = "" if problem.on_key else label(problem.path)
    prefix = f"{what} {name!r}: " if name and what else f"{name}: " if name else ""
    return (prefix + problem.message).replace("\n", "\\n").replace("\r", "\\r")
