"""What requests took, one or several together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from pytest_evalsuite.agents.reply import Usage

__all__ = ["total_cost", "total_usage", "usage_of"]


def usage_of(input_tokens: Any, output_tokens: Any) -> Usage | None:
    """What a reply says that it took, if it says it."""
    known = _count(input_tokens), _count(output_tokens)
    return None if known == (None, None) else Usage(input_tokens=known[0], output_tokens=known[1])


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


def _count(number: Any) -> int | None:
    """A number of tokens, if it is one."""
    return number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else None
