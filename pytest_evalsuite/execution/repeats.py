"""The figures of a case that was asked several times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pytest_evalsuite.execution.scoring import ScoredAttempt

__all__ = ["summary_statistics"]


def summary_statistics(scored: Sequence[ScoredAttempt]) -> dict[str, Any]:
    """Mean, min, max and sample standard deviation of the scores, pass@k and pass^k, over the scored attempts."""
    import statistics  # slow to load, and only repeated cases need these

    from pytest_evalsuite.comparison.rates import pass_at_k, pass_hat_k

    scores = [attempt.score for attempt in scored if attempt.score is not None]
    passed = sum(attempt.passed for attempt in scored)
    count = len(scores)
    ks = sorted({k for k in (1, 2, 3, 5, 10, 20, 50, count) if 0 < k <= count})
    return {
        "attempts": len(scored),
        "scored": count,
        "passed": passed,
        "mean": _round(math.fsum(scores) / count if count else None),
        "min": _round(min(scores, default=None)),
        "max": _round(max(scores, default=None)),
        "standard_deviation": _round(statistics.stdev(scores)) if count > 1 else None,
        "pass_at_k": {str(k): _round(pass_at_k(count, passed, k)) for k in ks},
        "pass_hat_k": {str(k): _round(pass_hat_k(count, passed, k)) for k in ks},
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
