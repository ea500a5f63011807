"""How often something passes: an interval for the rate, and the chance of passing when asked k times."""

from __future__ import annotations

import math

from pytest_evalsuite.comparison.distributions import normal_quantile

__all__ = ["pass_at_k", "pass_hat_k", "wilson_interval"]


def wilson_interval(passed: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """The two-sided interval of a pass rate (Wilson 1927): limits in 0..1 that contain ``passed / total``.

    It ends at exactly 0 where nothing passed, at exactly 1 where all did, and is (0, 1) over nothing. ``confidence``
    is between 0 and 1, exclusive.
    """
    if not total:
        return 0.0, 1.0
    square = normal_quantile((1 + confidence) / 2) ** 2
    rate = passed / total
    centre = (passed + square / 2) / (total + square)
    half = math.sqrt(square * (total * rate * (1 - rate) + square / 4)) / (total + square)
    low = 0.0 if passed == 0 else min(max(centre - half, 0.0), rate)
    high = 1.0 if passed == total else max(min(centre + half, 1.0), rate)
    return low, high


def pass_at_k(attempts: int, passed: int, k: int) -> float:
    """The chance that at least one of k attempts passes: ``1 - C(n-c, k) / C(n, k)``, unbiased (Chen et al. 2021)."""
    return 1.0 - math.comb(attempts - passed, k) / math.comb(attempts, k)


def pass_hat_k(attempts: int, passed: int, k: int) -> float:
    """The chance that all of k attempts pass: ``C(c, k) / C(n, k)``, unbiased (Yao et al. 2024, tau-bench)."""
    return math.comb(passed, k) / math.comb(attempts, k)
