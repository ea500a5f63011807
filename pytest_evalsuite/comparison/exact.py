"""Exact tests of whether passes have become fewer, given how many there are on both sides together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import mul
from typing import Final, NamedTuple

from pytest_evalsuite.comparison.distributions import normal_cdf

__all__ = ["ExactTest", "Stratum", "fisher_worse", "holm", "stratified_better", "stratified_worse"]

SMALLEST: Final = 1e-40
"""Chances below this are left out of a distribution, and no p-value of several strata is given as smaller."""

MOST_WORK: Final = 20_000_000
"""Multiplications that the exact test may take: about half a second. Beyond it the normal approximation is as good."""


class Stratum(NamedTuple):
    """One case: passes of attempts in the base and in the new run."""

    base_passes: int
    base_attempts: int
    new_passes: int
    new_attempts: int


@dataclass(frozen=True, slots=True)
class ExactTest:
    """A one-sided test: its p-value in 0..1, its name, and how many strata (cases) had a say in it.

    A stratum has a say when some but not all of its attempts passed, and it was attempted on both sides.
    """

    p: float
    test: str
    informative: int


def fisher_worse(base_passes: int, base_attempts: int, new_passes: int, new_attempts: int) -> float:
    """Fisher's exact test, one-sided: the chance of so few new passes or fewer, given the passes of both sides.

    Raises ValueError for counts that cannot be.
    """
    stratum = _checked(Stratum(base_passes, base_attempts, new_passes, new_attempts))
    passes, low, high = _support(*_margins(stratum))
    ways = sum(math.comb(new_attempts, y) * math.comb(base_attempts, passes - y) for y in range(low, new_passes + 1))
    return 1.0 if new_passes == high else ways / math.comb(base_attempts + new_attempts, passes)


def stratified_worse(strata: Iterable[Stratum]) -> ExactTest:
    """Whether these cases pass less often in the new run: the exact Cochran-Mantel-Haenszel test, one-sided.

    Within each case the new passes are hypergeometric, given the passes of both runs together; p is the chance of so
    few new passes over all cases or fewer (Mehta, Patel and Gray 1985). Of cases that were asked once on each side
    this is McNemar's exact test, of a single case Fisher's. Without an informative case p is 1. Very large mixtures
    are tested by the normal approximation with continuity correction, and ``test`` says so. Raises ValueError for
    counts that cannot be.
    """
    groups: Counter[tuple[int, int, int]] = Counter()
    observed = 0
    for stratum, count in Counter(strata).items():
        margins = _margins(_checked(stratum))
        _, low, high = _support(*margins)
        if low < high:
            groups[margins] += count
            observed += count * (stratum.new_passes - low)
    informative = sum(groups.values())
    if not informative:
        return ExactTest(1.0, "no informative case", 0)
    if _work(groups) > MOST_WORK:
        return ExactTest(_normal(groups, observed), "Cochran-Mantel-Haenszel, normal approximation", informative)
    offset, chances = 0, [1.0]
    for margins, count in _smallest_first(groups):
        shift, group = _power(_hypergeometric(*margins), count)
        added, chances = _trimmed(_convolved(chances, group))
        offset += shift + added
    p = math.fsum(chances[: max(observed - offset + 1, 0)])
    return ExactTest(min(max(p, SMALLEST), 1.0), _named(groups, informative), informative)


def stratified_better(strata: Iterable[Stratum]) -> ExactTest:
    """The same in the other direction: whether these cases pass more often in the new run."""
    return stratified_worse(Stratum(new, attempts, base, before) for base, before, new, attempts in strata)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for there being several of them (Holm 1979), in the order given."""
    adjusted = [0.0] * len(p_values)
    most = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        most = max(most, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = most
    return adjusted


def _checked(stratum: Stratum) -> Stratum:
    base_passes, base_attempts, new_passes, new_attempts = stratum
    if not (0 <= base_passes <= base_attempts and 0 <= new_passes <= new_attempts):
        raise ValueError(f"expected passes between 0 and attempts, got {stratum}")
    return stratum


def _margins(stratum: Stratum) -> tuple[int, int, int]:
    """What the test takes as given: attempts on both sides and the passes of both together."""
    return stratum.base_attempts, stratum.new_attempts, stratum.base_passes + stratum.new_passes


def _support(base_attempts: int, new_attempts: int, passes: int) -> tuple[int, int, int]:
    """All passes, the fewest that the new side can have of them, and the most."""
    return passes, max(0, passes - base_attempts), min(new_attempts, passes)


@lru_cache(maxsize=4096)
def _hypergeometric(base_attempts: int, new_attempts: int, passes: int) -> tuple[float, ...]:
    """The chances of each number of new passes, from the fewest on."""
    _, low, high = _support(base_attempts, new_attempts, passes)
    total = math.comb(base_attempts + new_attempts, passes)
    return tuple(
        math.comb(new_attempts, y) * math.comb(base_attempts, passes - y) / total for y in range(low, high + 1)
    )


def _power(chances: Sequence[float], count: int) -> tuple[int, list[float]]:
    """The distribution of the sum of ``count`` independent draws: where it begins, and its chances from there on."""
    if len(chances) == 2:
        return _binomial(count, chances[1])
    offset, result = 0, [1.0]
    start, square = 0, list(chances)
    while count:
        if count & 1:
            added, result = _trimmed(_convolved(result, square))
            offset += start + added
        count >>= 1
        if count:
            added, square = _trimmed(_convolved(square, square))
            start = 2 * start + added
    return offset, result


def _binomial(count: int, chance: float) -> tuple[int, list[float]]:
    """The same for draws of 0 or 1: from the mode outwards, each chance from its neighbour's."""
    odds = chance / (1 - chance)
    mode = min(int((count + 1) * chance), count)
    up = [1.0]
    while mode + len(up) <= count and up[-1] > SMALLEST:
        successes = mode + len(up)
        up.append(up[-1] * odds * (count - successes + 1) / successes)
    down = [1.0]
    while len(down) <= mode and down[-1] > SMALLEST:
        successes = mode - len(down)
        down.append(down[-1] / odds * (successes + 1) / (count - successes))
    weights = [*down[:0:-1], *up]
    total = math.fsum(weights)
    return mode - len(down) + 1, [weight / total for weight in weights]


def _convolved(one: Sequence[float], other: Sequence[float]) -> list[float]:
    short, long = sorted((one, other), key=len)
    width, reverse = len(short), short[::-1]
    padded = [*[0.0] * (width - 1), *long, *[0.0] * (width - 1)]
    return [sum(map(mul, reverse, padded[start : start + width])) for start in range(len(long) + width - 1)]


def _trimmed(chances: list[float]) -> tuple[int, list[float]]:
    """Without the ends that are next to impossible, and how many went at the lower end."""
    start, stop = 0, len(chances)
    while chances[start] < SMALLEST:
        start += 1
    while chances[stop - 1] < SMALLEST:
        stop -= 1
    return start, chances[start:stop]


def _smallest_first(groups: Counter[tuple[int, int, int]]) -> list[tuple[tuple[int, int, int], int]]:
    """The groups in an order that does not depend on that of the cases, so that rounding does not either."""
    return sorted(groups.items(), key=lambda group: (group[1], group[0]))


def _moments(margins: tuple[int, int, int]) -> tuple[float, float]:
    """Mean, from the fewest on, and variance of one stratum."""
    base, new, passes = margins
    share, both = passes / (base + new), base + new
    return new * share - max(0, passes - base), new * share * (1 - share) * base / (both - 1)


def _work(groups: Counter[tuple[int, int, int]]) -> float:
    """About how many multiplications the convolution takes."""
    work, support, variance = 0.0, 1.0, 0.0
    for margins, count in _smallest_first(groups):
        _, low, high = _support(*margins)
        one = _moments(margins)[1] * count
        width = _width(count * (high - low), one)
        work += width * _width(support, variance) + (0.0 if high - low == 1 else width * width)
        support, variance = support + count * (high - low), variance + one
    return work


def _width(support: float, variance: float) -> float:
    """How many values of a sum are not next to impossible: 13.5 standard deviations to each side."""
    return min(support, 27 * math.sqrt(variance)) + 1


def _normal(groups: Counter[tuple[int, int, int]], observed: int) -> float:
    moments = [(count, *_moments(margins)) for margins, count in groups.items()]
    mean = math.fsum(count * one for count, one, _ in moments)
    variance = math.fsum(count * one for count, _, one in moments)
    return normal_cdf((observed + 0.5 - mean) / math.sqrt(variance))


def _named(groups: Counter[tuple[int, int, int]], informative: int) -> str:
    if all(margins == (1, 1, 1) for margins in groups):
        return "McNemar, exact"
    return "Fisher, exact" if informative == 1 else "Cochran-Mantel-Haenszel, exact"
