"""What people say of answers, in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pytest_evalsuite.runs.encoding import decode
from pytest_evalsuite.runs.run import Run

__all__ = ["assessed", "in_short", "overruled", "said", "uncounted"]

NAMED: Final = 20
NOT_COUNTED: Final = '"not_counted":'

Fields = Mapping[str, Any]
"""An assessment, or a human verdict, as the artifact has it."""


def said(assessment: Fields) -> str:
    """What an assessment says, without its comment: ``rating 4``, ``approved until 2026-12-31``, ``polite: yes``."""
    kind = assessment["assessment_type"]
    value = assessment[kind]
    if kind == "comment":
        return str(value)
    if kind == "rating":
        return f"rating {value}"
    if kind == "approval":
        return f"{value} until {assessment['expires']}" if assessment.get("expires") else str(value)
    if kind == "rubric":
        return ", ".join(f"{rule}: {verdict}" for rule, verdict in value.items())
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{kind} {text}"


def assessed(assessment: Fields) -> str:
    """All of an assessment on one line: what, in which words, by whom."""
    comment = assessment.get("comment") if assessment["assessment_type"] != "comment" else None
    words = f": {comment}" if comment else ""
    places = [f"{name} {assessment[name]}" for name in ("attempt", "span") if name in assessment]
    where = f" ({', '.join(places)})" if places else ""
    return f"{said(assessment)}, by {assessment['created_by']}{where}{words}"


def in_short(assessments: Iterable[Fields]) -> str:
    """Approvals and ratings of answers in a cell of a table: ``approved, 4``; nothing where there are none."""
    whole = (one for one in assessments if "span" not in one)
    told = [str(one[one["assessment_type"]]) for one in whole if one["assessment_type"] in ("approval", "rating")]
    return ", ".join(dict.fromkeys(told))


def overruled(verdict: Fields) -> str:
    """A human verdict on one line: whose it is, why, and whether it counts."""
    if verdict.get("not_counted"):
        return f"not counted: {verdict['not_counted']}"
    until = f" until {verdict['expires']}" if verdict.get("expires") else ""
    words = f": {verdict['comment']}" if verdict.get("comment") else ""
    return f"{verdict['approval']}{until} by {verdict['by']}{words}"


def uncounted(run: Run) -> list[str]:
    """The verdicts of people that do not count in the run, and why; at most 20 of them, and how many more."""
    every = list(_uncounted(run))
    return every[:NAMED] + [f"{len(every) - NAMED:,} more verdicts of people do not count"] * (len(every) > NAMED)


def _uncounted(run: Run) -> Iterator[str]:
    for evaluation in run.evaluations:
        for key in evaluation.keys:
            line = run.results.line(key)
            if NOT_COUNTED in line:
                why = (decode(line).get("human_verdict") or {}).get("not_counted")
                if why:
                    yield f"{key.test_set} {key.case_id} [{key.agent}]: {why}"
