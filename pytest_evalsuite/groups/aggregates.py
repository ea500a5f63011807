"""What a column comes to: count, mean, extremes, spread, percentiles; and how often cases passed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from pytest_evalsuite.comparison.rates import wilson_interval
from pytest_evalsuite.runs.summary import STATUSES, ordered_percentile

__all__ = ["PERCENTILES", "Aggregate", "PassRate", "aggregate", "numbers_in", "pass_rate"]

PERCENTILES: Final = (50, 90, 95, 99)
LARGEST: Final = 2**1000
"""No whole number beyond this is counted: the sum of many such has no form as a float."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The numbers of a column: ``count`` of ``of`` rows have one. All else is None over nothing.

    ``standard_deviation`` is that of the sample, None of fewer than two, or where no float can hold it. Percentiles
    are interpolated linearly between values, and so stay within their range.
    """

    count: int
    of: int
    mean: float | None = None
    min: float | None = None
    max: float | None = None
    standard_deviation: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The figures as JSON values."""
        return asdict(self)


def aggregate(values: Sequence[Any]) -> Aggregate:
    """Take the figures of all values that are numbers; others, true and false too, only count among ``of``."""
    ordered = sorted(numbers_in(values))
    count = len(ordered)
    if not count:
        return Aggregate(0, len(values))
    low, high = float(ordered[0]), float(ordered[-1])
    mean = low if low == high else min(max(_mean(ordered), low), high)
    deviation = None
    if count > 1:
        deviation = 0.0 if low == high else _deviation(ordered, mean)
    cuts = (float(ordered_percentile(ordered, percent)) for percent in PERCENTILES)
    return Aggregate(count, len(values), mean, low, high, deviation, *cuts)


def numbers_in(values: Sequence[Any]) -> Sequence[float]:
    """The values that are numbers which a float can stand for."""
    kinds = set(map(type, values))
    if kinds == {float} or (kinds and kinds <= {float, int} and min(values) > -LARGEST and max(values) < LARGEST):
        return values
    return [value for value in values if type(value) is float or (type(value) is int and abs(value) < LARGEST)]


def _mean(values: Sequence[float]) -> float:
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        import statistics

        return float(statistics.mean(values))


def _deviation(values: Sequence[float], mean: float) -> float | None:
    distance = math.dist(values, [mean] * len(values)) / math.sqrt(len(values) - 1)
    return distance if math.isfinite(distance) else None


@dataclass(frozen=True, slots=True)
class PassRate:
    """How many of all ``total`` cases passed: of the ``judged``, which passed, failed or broke."""

    total: int
    counts: dict[str, int]

    @property
    def passed(self) -> int:
        """The cases that passed."""
        return self.counts["passed"]

    @property
    def judged(self) -> int:
        """The cases that passed, failed or ended in an error."""
        return sum(self.counts[status] for status in ("passed", "failed", "error"))

    @property
    def rate(self) -> float | None:
        """In 0..1; None over nothing."""
        return self.passed / self.judged if self.judged else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The two-sided 95 % interval of the rate (Wilson); None over nothing."""
        return wilson_interval(self.passed, self.judged) if self.judged else None

    def as_json(self) -> dict[str, Any]:
        """The figures as JSON values."""
        interval = self.interval
        return {
            "rows": self.total,
            **self.counts,
            "judged": self.judged,
            "pass_rate": self.rate,
            "interval": None if interval is None else list(interval),
        }


def pass_rate(statuses: Iterable[str]) -> PassRate:
    """Count statuses."""
    found = Counter(statuses)
    return PassRate(found.total(), {status: found[status] for status in STATUSES})
