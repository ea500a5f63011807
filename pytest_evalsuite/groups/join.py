"""Rows of several evaluations that are about the same subject become one row: a full outer join on their keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from pytest_evalsuite.errors import GroupError

__all__ = ["Joined", "JoinedRow", "join", "repeated"]

Keys = Sequence[str | None]
"""What the rows of one evaluation are joined by, in their order; None where a row has nothing."""


class JoinedRow(NamedTuple):
    """One subject: its key (None: a row without one, which joins nothing), and the row's index in each evaluation."""

    key: str | None
    places: tuple[int | None, ...]


@dataclass(frozen=True)
class Joined:
    """All rows of all evaluations, each exactly once.

    Keys come in the order of the first evaluation, then those that only later ones have; rows without a key last.
    """

    keys: list[str | None]
    places: list[list[int | None]]
    """Of each evaluation, where the row of each key is."""
    keyless: list[list[int]]
    """The rows of each evaluation that have no key."""

    @cached_property
    def rows(self) -> list[JoinedRow]:
        """The same, row by row."""
        return list(map(JoinedRow, self.keys, zip(*self.places, strict=True)))

    def column(self, side: int, values: Sequence[Any]) -> list[Any]:
        """A column of an evaluation, along the joined rows; None where it has no such row."""
        return [None if place is None else values[place] for place in self.places[side]]

    def unmatched(self, side: int) -> list[JoinedRow]:
        """The rows whose key no other evaluation has."""
        return [
            row
            for row in self.rows
            if row.key is not None
            and row.places[side] is not None
            and all(place is None for other, place in enumerate(row.places) if other != side)
        ]

    def matched(self, side: int) -> int:
        """How many rows of an evaluation some other one has too."""
        return sum(
            row.places[side] is not None and sum(place is not None for place in row.places) > 1 for row in self.rows
        )

    @property
    def complete(self) -> int:
        """How many keys all evaluations have."""
        return sum(row.key is not None and None not in row.places for row in self.rows)


def join(sides: Sequence[Keys]) -> Joined:
    """Join rows by equal keys. Raises GroupError for a key that one side has twice: it would be a product."""
    order: dict[str | None, None] = {}
    indexes: list[dict[str | None, int]] = []
    keyless: list[list[int]] = []
    for number, side in enumerate(sides):
        index = dict(zip(side, range(len(side)), strict=True))
        keyless.append([place for place, key in enumerate(side) if key is None] if None in index else [])
        index.pop(None, None)
        if len(index) + len(keyless[-1]) < len(side):
            raise GroupError(f"side {number} has the key {next(iter(repeated(side)))!r} twice")
        indexes.append(index)
        order |= dict.fromkeys(index)
    keys: list[str | None] = list(order)
    places: list[list[int | None]] = [list(map(index.get, order)) for index in indexes]
    without = sum(map(len, keyless))
    keys += [None] * without
    for number, column in enumerate(places):
        before = sum(map(len, keyless[:number]))
        after = without - before - len(keyless[number])
        column += [*[None] * before, *keyless[number], *[None] * after]
    return Joined(keys, places, keyless)


def repeated(keys: Keys) -> Mapping[str, list[int]]:
    """The keys that several rows have, each with the indexes of these rows."""
    places: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        if key is not None:
            places.setdefault(key, []).append(place)
    return {key: found for key, found in places.items() if len(found) > 1}
