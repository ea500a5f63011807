"""What a column comes to: count, mean, extremes, spread, percentiles; and how often cases passed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from pytest_evalsuite.comparison.rates import wilson_interval
from pytest_evalsuite.runs.summary import STATUSES, percentile

__all__ = ["PERCENTILES", "Aggregate", "PassRate", "aggregate", "pass_rate"]

PERCENTILES: Final = (50, 90, 95, 99)
LARGEST: Final = 2**1000
"""No whole number beyond this is counted: the sum of many such has no form as a float."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The numbers of a column: ``count`` of ``of`` rows have one. All else is None over nothing.

    ``standard_deviation`` is that of the sample, None of fewer than two. Percentiles are interpolated linearly between
    values, and so stay within their range.
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
    found = [value for value in values if type(value) is float or (type(value) is int and abs(value) < LARGEST)]
    count = len(found)
    if not count:
        return Aggregate(0, len(values))
    found.sort()
    low, high = float(found[0]), float(found[-1])
    mean, deviation = _moments(found, low, high)
    cuts = (float(percentile(found, percent)) for percent in PERCENTILES)
    return Aggregate(count, len(values), mean, low, high, deviation, *cuts)


def _moments(ordered: Sequence[float], low: float, high: float) -> tuple[float, float | None]:
    """Mean and standard deviation of the sample; exact where floats would overflow."""
    count = len(ordered)
    if low == high:
        return low, 0.0 if count > 1 else None
    try:
        mean = min(max(math.fsum(ordered) / count, low), high)
        squares = math.fsum([(value - mean) * (value - mean) for value in ordered])
        if math.isfinite(squares):
            return mean, math.sqrt(squares / (count - 1))
    except (OverflowError, ValueError):  # of an infinite sum
        pass
    import statistics

    return float(statistics.mean(ordered)), statistics.stdev(ordered)


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
    counts = dict.fromkeys(STATUSES, 0)
    total = 0
    for status in statuses:
        counts[status] += 1
        total += 1
    return PassRate(total, counts)
