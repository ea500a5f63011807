"""Two evaluations of a group against each other, paired on their joined rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pytest_evalsuite.comparison.decision import CasePair, Decision, decide
from pytest_evalsuite.comparison.model import Outcome
from pytest_evalsuite.comparison.paired import PairedDifference, paired_difference

__all__ = ["ColumnDifference", "Difference", "PairedRow", "column_difference", "difference_of", "order_of"]

TOLERANCE: Final = 1e-9
LARGEST: Final = 1e140


class PairedRow(NamedTuple):
    """A row that both evaluations have."""

    key: str
    base: Outcome
    new: Outcome

    @property
    def change(self) -> float:
        """New score - base score."""
        return (self.new.score or 0.0) - (self.base.score or 0.0)


class ColumnDifference(NamedTuple):
    """A column's means over the rows that have a number on both sides, and the paired difference."""

    base: float
    new: float
    difference: PairedDifference


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two evaluations.

    ``pairs`` have a verdict on both sides and enter the figures; ``without_verdict`` have none on one side or both;
    ``changed`` are the same case of the same test set with another definition, and are compared with nothing.
    """

    pairs: list[PairedRow]
    without_verdict: list[PairedRow]
    changed: list[PairedRow]
    decision: Decision
    columns: Mapping[str, ColumnDifference] = field(default_factory=dict)

    @property
    def worse(self) -> list[PairedRow]:
        """The rows that do worse in the new evaluation, those that pass no more first, then the largest drop first."""
        found = [row for row in self.pairs if order_of(row.new, row.base) < 0]
        return sorted(found, key=lambda row: (rate_of(row.new) - rate_of(row.base), row.change))

    @property
    def better(self) -> list[PairedRow]:
        """The rows that do better in it, those that pass now first, then the largest gain first."""
        found = [row for row in self.pairs if order_of(row.new, row.base) > 0]
        return sorted(found, key=lambda row: (rate_of(row.base) - rate_of(row.new), -row.change))

    @property
    def rates(self) -> tuple[float, float] | None:
        """The mean pass rates of both sides over the pairs, None over nothing."""
        if not self.pairs:
            return None
        return mean(rate_of(row.base) for row in self.pairs), mean(rate_of(row.new) for row in self.pairs)

    @property
    def scores(self) -> tuple[float, float] | None:
        """The mean scores of both sides over the pairs, None over nothing."""
        if not self.pairs:
            return None
        return mean(row.base.score or 0.0 for row in self.pairs), mean(row.new.score or 0.0 for row in self.pairs)


def order_of(one: Outcome, other: Outcome) -> int:
    """1 where one of two scored results is better, -1 where it is worse, 0 for a tie: by passes, then by score."""
    by_rate = rate_of(one) - rate_of(other)
    by_score = (one.score or 0.0) - (other.score or 0.0)
    return next((1 if apart > 0 else -1 for apart in (by_rate, by_score) if abs(apart) > TOLERANCE), 0)


def rate_of(outcome: Outcome) -> float:
    """The share of attempts that passed."""
    return outcome.passes / outcome.attempts


def difference_of(rows: Iterable[PairedRow], columns: Mapping[str, ColumnDifference] | None = None) -> Difference:
    """Compare two evaluations over the rows that both have, by the tests of `comparison.decision`."""
    pairs: list[PairedRow] = []
    without_verdict: list[PairedRow] = []
    changed: list[PairedRow] = []
    for row in rows:
        base, new = row.base, row.new
        same_case = (base.test_set, base.case_id) == (new.test_set, new.case_id)
        if same_case and base.fingerprint != new.fingerprint:
            changed.append(row)
        elif base.scored and new.scored:
            pairs.append(row)
        else:
            without_verdict.append(row)
    cases = [
        CasePair(
            *(row.base.passes, row.base.attempts, row.new.passes, row.new.attempts),
            *(row.base.score or 0.0, row.new.score or 0.0),
        )
        for row in pairs
    ]
    return Difference(pairs, without_verdict, changed, decide(cases), columns or {})


def column_difference(pairs: Sequence[tuple[Any, Any]]) -> ColumnDifference | None:
    """The difference of a column's values, (base, new); pairs without a number on both sides are left out."""
    numbers: list[tuple[float, float]] = [
        (float(base), float(new)) for base, new in pairs if _counts(base) and _counts(new)
    ]
    if not numbers:
        return None
    return ColumnDifference(
        mean(base for base, _ in numbers),
        mean(new for _, new in numbers),
        paired_difference([new - base for base, new in numbers]),
    )


def _counts(value: Any) -> bool:
    """Whether this is a number whose square a float can hold."""
    return type(value) in (int, float) and abs(value) < LARGEST


def mean(values: Iterable[float]) -> float:
    """The mean of at least one number."""
    every = list(values)
    return math.fsum(every) / len(every)
