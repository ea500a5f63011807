"""Rows of several evaluations that are about the same subject become one row: a full outer join on their keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pytest_evalsuite.errors import GroupError

__all__ = ["Joined", "JoinedRow", "join", "repeated"]

Keys = Sequence[str | None]
"""What the rows of one evaluation are joined by, in their order; None where a row has nothing."""


class JoinedRow(NamedTuple):
    """One subject: its key (None: a row without one, which joins nothing), and the row's index in each evaluation."""

    key: str | None
    places: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """All rows of all evaluations, each exactly once.

    Keys come in the order of the first evaluation, then those that only later ones have; rows without a key last.
    """

    rows: list[JoinedRow]
    keyless: list[list[int]]
    """The rows of each evaluation that have no key."""

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
    indexes = []
    for number, keys in enumerate(sides):
        index = {key: place for place, key in enumerate(keys) if key is not None}
        if len(index) < sum(key is not None for key in keys):
            key = next(iter(repeated(keys)))
            raise GroupError(f"side {number} has the key {key!r} twice")
        indexes.append(index)
    order: dict[str, None] = {}
    for index in indexes:
        order |= dict.fromkeys(index)
    places = [map(index.get, order) for index in indexes]
    rows = list(map(JoinedRow, order, zip(*places, strict=True)))
    keyless = [[place for place, key in enumerate(keys) if key is None] for keys in sides]
    for side, without in enumerate(keyless):
        before, after = (None,) * side, (None,) * (len(sides) - side - 1)
        rows += [JoinedRow(None, (*before, place, *after)) for place in without]
    return Joined(rows, keyless)


def repeated(keys: Keys) -> Mapping[str, list[int]]:
    """The keys that several rows have, each with the indexes of these rows."""
    places: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        if key is not None:
            places.setdefault(key, []).append(place)
    return {key: found for key, found in places.items() if len(found) > 1}
