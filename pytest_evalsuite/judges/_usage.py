"""What several requests took together."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pytest_evalsuite.agents.reply import Usage

__all__ = ["total_cost", "total_usage"]


def total_usage(usages: Iterable[Usage | None]) -> Usage | None:
    """Tokens of all that are known; None where nothing is."""
    known = [usage for usage in usages if usage is not None]
    if not known:
        return None
    return Usage(
        input_tokens=_sum(usage.input_tokens for usage in known),
        output_tokens=_sum(usage.output_tokens for usage in known),
    )


def total_cost(costs: Iterable[float | None]) -> float | None:
    """US dollars of all that are known; None where nothing is."""
    known = [cost for cost in costs if cost is not None]
    return math.fsum(known) if known else None


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
