"""Groups as JSON values: in the artifact, and for ``evalsuite group show --format json``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pytest_evalsuite.comparison.model import Outcome
from pytest_evalsuite.comparison.paired import PairedDifference
from pytest_evalsuite.groups.differences import Difference, PairedRow
from pytest_evalsuite.groups.report import GroupReport, Side
from pytest_evalsuite.groups.side_by_side import SideBySide

__all__ = ["VIEWS", "group_json", "side_by_side_json"]

VIEWS = ("members", "row-identifiers", "schema", "table", "aggregates", "differences")


def group_json(report: GroupReport, views: Sequence[str]) -> dict[str, Any]:
    """The group and the views of it that are asked for."""
    document: dict[str, Any] = {"kind": "group", **report.head, "notes": list(report.notes)}
    if "members" in views:
        document["members"] = [_member(side) for side in report.sides]
        document["missing"] = [one._asdict() for one in report.missing]
    if "row-identifiers" in views:
        document["row_identifiers"] = [
            {"member": side.label, "evaluation_id": side.evaluation.id, "column_name": side.column}
            for side in report.sides
        ]
    if "schema" in views:
        document["schema"] = [
            {
                "member": side.label,
                "evaluation_id": side.evaluation.id,
                "total_items": len(side.evaluation.rows),
                "fields": [
                    {"field_name": column.name, "data_types": list(column.types), "item_count": column.count}
                    for column in side.evaluation.rows.schema()
                ],
            }
            for side in report.sides
        ]
    if "table" in views:
        document["join"] = join_json(report)
        document["table"] = [
            {
                "key": row.key,
                "cells": {
                    side.label: None if place is None else _cell(report, side, place)
                    for side, place in zip(report.sides, row.places, strict=True)
                },
            }
            for row in report.joined.rows
        ]
    if "aggregates" in views:
        document["aggregates"] = [
            {
                "member": side.label,
                "passes": side.passes.as_json(),
                "columns": {name: report.aggregates_of(side, name).as_json() for name in report.figures},
            }
            for side in report.sides
        ]
    if "differences" in views:
        base = report.against
        document["against"] = None if base is None else base.label
        document["differences"] = [{"member": side.label, **_difference(one)} for side, one in report.differences]
    return document


def join_json(report: GroupReport) -> dict[str, Any]:
    """What joined and what did not, by member."""
    joined = report.joined
    return {
        "rows": len(joined.rows),
        "in_all": joined.complete,
        "members": [
            {
                "member": side.label,
                "rows": len(side.evaluation.rows),
                "matched": joined.matched(number),
                "unmatched": [row.key for row in joined.unmatched(number)],
                "without_key": [side.evaluation.rows.records[place]["case_id"] for place in joined.keyless[number]],
            }
            for number, side in enumerate(report.sides)
        ],
    }


def side_by_side_json(found: SideBySide) -> dict[str, Any]:
    """The cases that differ, which agent won how many, and each agent against the first."""
    return {
        "kind": "side_by_side",
        "agents": list(found.agents),
        "reference": found.agents[0],
        "cases": len(found.rows),
        "same": sum(not row.differs for row in found.rows),
        "wins": {agent: found.wins(number) for number, agent in enumerate(found.agents)},
        "ties": found.ties,
        "undecided": found.undecided,
        "without_verdict": {agent: found.without_verdict(number) for number, agent in enumerate(found.agents)},
        "rows": [
            {
                "test_set": row.test_set,
                "case_id": row.case_id,
                "winners": [found.agents[number] for number in row.winners],
                "results": {
                    agent: None if one is None else _outcome(one)
                    for agent, one in zip(found.agents, row.outcomes, strict=True)
                },
            }
            for row in found.ranked
        ],
        "differences": [{"agent": agent, **_difference(one)} for agent, one in found.differences],
    }


def _member(side: Side) -> dict[str, Any]:
    evaluation = side.evaluation
    return {
        "member": side.label,
        "evaluation_id": evaluation.id,
        "evaluation_name": evaluation.name,
        "evaluation_tags": list(evaluation.tags),
        "evaluation_created_at": evaluation.created_at,
        "test_set": evaluation.test_set,
        "agent": evaluation.agent,
        "run": evaluation.run,
        "row_identifier": side.row_identifier,
        "rows": len(evaluation.rows),
        "whole": evaluation.whole,
    }


def _cell(report: GroupReport, side: Side, place: int) -> dict[str, Any]:
    rows = side.evaluation.rows
    record = rows.records[place]
    columns = {name: rows.column(name)[place] for name in report.columns}
    return {
        "case_id": record["case_id"],
        "status": record["status"],
        "score": record["score"],
        **({"columns": columns} if columns else {}),
    }


def _difference(one: Difference) -> dict[str, Any]:
    decision = one.decision
    return {
        "paired": len(one.pairs),
        "without_verdict": [_row(row) for row in one.without_verdict],
        "changed": [row.key for row in one.changed],
        "verdict": decision.verdict,
        "reasons": list(decision.reasons),
        "pass_rate": _shift(one.rates, decision.pass_rate),
        "score": _shift(one.scores, decision.score),
        "columns": {
            name: {**_shift((found.base, found.new), found.difference), "rows": found.difference.count}
            for name, found in one.columns.items()
        },
        "tests": {
            "level": decision.level,
            "worse": decision.worse.p,
            "better": decision.better.p,
            "test": decision.worse.test,
            "informative": decision.worse.informative,
        },
        "detectable_drop": decision.detectable_drop,
        "worse": _rows(one.worse),
        "better": _rows(one.better),
    }


def _shift(means: tuple[float, float] | None, difference: PairedDifference | None) -> dict[str, Any]:
    base, new = means if means is not None else (None, None)
    interval = difference.interval() if difference is not None else None
    return {
        "base": _round(base),
        "new": _round(new),
        "change": _round(difference.mean if difference is not None else None),
        "interval": None if interval is None else [_round(end) for end in interval],
    }


def _rows(rows: Iterable[PairedRow]) -> list[dict[str, Any]]:
    return [_row(row) for row in rows]


def _row(row: PairedRow) -> dict[str, Any]:
    return {"key": row.key, "base": _outcome(row.base), "new": _outcome(row.new)}


def _outcome(one: Outcome) -> dict[str, Any]:
    return {
        "case_id": one.case_id,
        "status": one.status,
        "score": _round(one.score),
        "passes": one.passes,
        "attempts": one.attempts,
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
