"""A comparison as JSON values: in the artifact, and for `evalsuite compare --format json`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytest_evalsuite.comparison.model import BUCKETS, Comparison, Outcome, Shift, SideInfo

__all__ = ["comparison_json"]


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison, with the cases of every bucket but ``still_passing``, which is only counted."""
    parts = [{"test_set": part.test_set, "name": part.title, **_figures(part)} for part in comparison.parts]
    return {
        "base": _side(comparison.base),
        "new": _side(comparison.new),
        "agent_changes": list(comparison.agent_changes),
        **_figures(comparison),
        "cases": {
            **{bucket: _pairs(comparison, bucket) for bucket in BUCKETS if bucket != "still_passing"},
            "added": _places(comparison.added),
            "removed": _places(comparison.removed),
            "unselected": _places(comparison.unselected),
            "changed": [{**_place(one.new), "what": list(one.what)} for one in comparison.changed],
            "without_verdict": [
                {**_place(new), "base_status": base.status, "new_status": new.status}
                for base, new in comparison.errors
            ],
            "ambiguous": comparison.ambiguous,
        },
        "test_sets": parts,
    }


def _figures(one: Comparison) -> dict[str, Any]:
    decision = one.decision
    interval = decision.score.interval() if decision.score is not None else None
    rates = decision.pass_rate.interval() if decision.pass_rate is not None else None
    return {
        "verdict": decision.verdict,
        "reasons": list(decision.reasons),
        "paired": decision.count,
        "counts": {
            **{bucket: sum(pair.bucket == bucket for pair in one.pairs) for bucket in BUCKETS},
            "added": len(one.added),
            "removed": len(one.removed),
            "unselected": len(one.unselected),
            "changed": len(one.changed),
            "without_verdict": len(one.errors),
            "ambiguous": len(one.ambiguous),
        },
        "pass_rate": {**_shift(one.pass_rate), "interval": _rounded(rates)},
        "score": {**_shift(one.score), "interval": _rounded(interval)},
        "execution_time_seconds": _shift(one.seconds),
        "tokens": _shift(one.tokens),
        "cost": _shift(one.cost),
        "tests": {
            "level": decision.level,
            "worse": {"p": decision.worse.p, "test": decision.worse.test, "informative": decision.worse.informative},
            "better": {
                "p": decision.better.p,
                "test": decision.better.test,
                "informative": decision.better.informative,
            },
            "worse_in_general": {
                "p": decision.score.p_worse if decision.score is not None else None,
                "test": "paired t",
            },
        },
        "detectable_drop": _round(decision.detectable_drop),
    }


def _pairs(comparison: Comparison, bucket: str) -> list[dict[str, Any]]:
    return [
        {
            **_place(pair.new),
            "base": {"passes": pair.base.passes, "attempts": pair.base.attempts, "score": _round(pair.base.score)},
            "new": {"passes": pair.new.passes, "attempts": pair.new.attempts, "score": _round(pair.new.score)},
            "confirmation": None
            if pair.new.confirmation is None
            else {"passed": pair.new.confirmation[0], "trials": pair.new.confirmation[1]},
        }
        for pair in comparison.bucket(bucket)
    ]


def _places(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    return [{**_place(one), "status": one.status} for one in outcomes]


def _place(outcome: Outcome) -> dict[str, Any]:
    return {"test_set": outcome.test_set, "case_id": outcome.case_id, "agent": outcome.agent}


def _side(info: SideInfo) -> dict[str, Any]:
    return {
        "reference": info.reference,
        "kind": info.kind,
        "run": info.run_id,
        "name": info.name,
        "started_at": info.started_at,
        "complete": info.complete,
    }


def _shift(shift: Shift) -> dict[str, Any]:
    return {
        "base": _round(shift.base),
        "new": _round(shift.new),
        "change": _round(shift.change),
        "cases": shift.cases,
    }


def _rounded(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else [round(end, 6) for end in interval]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
