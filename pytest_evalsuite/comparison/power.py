"""What a comparison can see: the smallest drop that it would probably find, and the cases that a drop takes."""

from __future__ import annotations

import math
from typing import Final

from pytest_evalsuite.comparison.distributions import normal_quantile

__all__ = ["DISCORDANCE", "cases_needed", "detectable_drop", "planned_drop"]

DISCORDANCE: Final = 0.15
"""The share of cases that differ between two runs of the same agent, where nothing better is known."""


def detectable_drop(standard_error: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest drop that is found with the given power: (z_alpha + z_beta) * SE (Miller 2024, section 5).

    ``alpha`` is one-sided; ``standard_error`` is that of the paired differences. More than 1: no drop would be.
    """
    return math.sqrt(_factor(alpha, power)) * standard_error


def planned_drop(cases: int, discordance: float = DISCORDANCE, alpha: float = 0.05, power: float = 0.8) -> float:
    """The same before anything was measured, of cases asked once in each run: `cases_needed` solved for the drop."""
    factor = _factor(alpha, power)
    drop = math.sqrt(factor * discordance / (cases + factor))
    return drop if drop <= discordance else factor / (cases + factor)


def cases_needed(drop: float, discordance: float = DISCORDANCE, alpha: float = 0.05, power: float = 0.8) -> int:
    """How many cases it takes to find a drop (0..1, above 0) when a share of ``discordance`` of them differs.

    n = (z_alpha + z_beta)^2 * (D - drop^2) / drop^2 (Connor 1987). No drop is larger than the share that differs.
    """
    share = max(discordance, drop)
    return max(math.ceil(_factor(alpha, power) * (share - drop**2) / drop**2), 1)


def _factor(alpha: float, power: float) -> float:
    return (normal_quantile(1 - alpha) + normal_quantile(power)) ** 2
