"""The mean of paired differences, and how sure it is when the cases are a sample of all that could be asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_evalsuite.comparison.distributions import t_cdf, t_quantile

__all__ = ["PairedDifference", "paired_difference"]


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Mean of new - base over ``count`` cases, and its standard error over ``clusters``.

    A case that shares its source with no other is a cluster of its own. ``standard_error`` is None with fewer than two
    clusters: one can say nothing about others. ``moved`` is in how many clusters anything differs.
    """

    count: int
    clusters: int
    mean: float
    standard_error: float | None
    moved: int

    def interval(self, confidence: float = 0.95) -> tuple[float, float] | None:
        """The two-sided interval, by Student's t with clusters - 1 degrees of freedom; None without an error."""
        low, high = self.lower_bound((1 + confidence) / 2), self.upper_bound((1 + confidence) / 2)
        return None if low is None or high is None else (low, high)

    def lower_bound(self, confidence: float = 0.95) -> float | None:
        """What the mean is above, with a one-sided confidence; None without a standard error."""
        margin = self._margin(confidence)
        return None if margin is None else self.mean - margin

    def upper_bound(self, confidence: float = 0.95) -> float | None:
        """What the mean is below, with a one-sided confidence; None without a standard error."""
        margin = self._margin(confidence)
        return None if margin is None else self.mean + margin

    @property
    def p_worse(self) -> float:
        """One-sided p-value of "worse in general", 1 without a standard error.

        It is Student's t, but never less than the sign-flip permutation test could give of as many clusters that
        moved: a few large differences that happen to be equal are no proof.
        """
        return self._p(self.mean)

    @property
    def p_better(self) -> float:
        """The same for "better in general"."""
        return self._p(-self.mean)

    def _p(self, mean: float) -> float:
        if self.standard_error is None or not self.moved:
            return 1.0
        p = t_cdf(mean / self.standard_error, self.clusters - 1) if self.standard_error else float(mean >= 0)
        return max(p, 0.5**self.moved)

    def _margin(self, confidence: float) -> float | None:
        if self.standard_error is None:
            return None
        return t_quantile(confidence, self.clusters - 1) * self.standard_error if self.standard_error else 0.0


def paired_difference(differences: Sequence[float], clusters: Sequence[str | None] | None = None) -> PairedDifference:
    """Take the mean of new - base, one difference per case. Raises ValueError without any.

    ``clusters`` names what each case shares its source with, None where it is alone. The standard error is that of the
    central limit theorem, clustered (Miller 2024, arXiv 2411.00640) with the factor for few clusters:
    sqrt(C / (C - 1) * sum over clusters of (sum of d - mean)^2) / n. Without clusters it is sd / sqrt(n).
    """
    count = len(differences)
    if not count:
        raise ValueError("expected at least one difference")
    mean = math.fsum(differences) / count
    sums: dict[str | int, list[float]] = {}
    for index, difference in enumerate(differences):
        name = clusters[index] if clusters is not None else None
        sums.setdefault(index if name is None else name, []).append(difference)
    size = len(sums)
    moved = sum(any(of_cluster) for of_cluster in sums.values())
    if size < 2:
        return PairedDifference(count, size, mean, None, moved)
    if all(difference == differences[0] for difference in differences):
        return PairedDifference(count, size, differences[0], 0.0, moved)
    squares = math.fsum(math.fsum(one - mean for one in of_cluster) ** 2 for of_cluster in sums.values())
    return PairedDifference(count, size, mean, math.sqrt(size / (size - 1) * squares) / count, moved)
