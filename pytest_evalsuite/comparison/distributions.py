"""The normal and Student's t distribution, as far as comparisons need them."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

__all__ = ["normal_cdf", "normal_quantile", "t_cdf", "t_quantile"]

TINY: Final = 1e-300
ACCURACY: Final = 1e-15


def normal_cdf(z: float) -> float:
    """The chance that a standard normal value is at most z."""
    return math.erfc(-z / math.sqrt(2)) / 2


@lru_cache(maxsize=64)
def normal_quantile(probability: float) -> float:
    """The value that a standard normal one is below with a probability between 0 and 1, exclusive."""
    from statistics import NormalDist  # slow to load

    return NormalDist().inv_cdf(probability)


def t_cdf(t: float, df: float) -> float:
    """The chance that a Student t value with ``df`` > 0 degrees of freedom is at most t."""
    square = t * t
    if square < 1:  # two ways to say the same, each where nothing cancels
        tail = (1 - _incomplete_beta(0.5, df / 2, square / (df + square))) / 2
    else:
        tail = _incomplete_beta(df / 2, 0.5, df / (df + square)) / 2
    return tail if t < 0 else 1 - tail


@lru_cache(maxsize=1024)
def t_quantile(probability: float, df: float) -> float:
    """The value that a Student t one is below with a probability between 0 and 1, exclusive, by bisection."""
    if probability == 0.5:
        return 0.0
    tail = min(probability, 1 - probability)
    low, high = 0.0, 1.0
    while t_cdf(-high, df) > tail:
        low, high = high, 2 * high
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle if probability > 0.5 else -middle
        if t_cdf(-middle, df) > tail:
            low = middle
        else:
            high = middle


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function of x in 0..1 (Press et al., Numerical Recipes, 6.4)."""
    if x in (0.0, 1.0):
        return x
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Its continued fraction, by Lentz's method."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    result, m = d, 0
    while True:
        m += 1
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for numerator in (even, odd):
            d = 1 / _not_zero(1 + numerator * d)
            c = _not_zero(1 + numerator / c)
            result *= c * d
        if abs(c * d - 1) <= ACCURACY:
            return result


def _not_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY
