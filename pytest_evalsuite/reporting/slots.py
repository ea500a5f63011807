"""The slots of an answer as a table: what was expected of each, what came, its score."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.testsets.paths import lookup, structured

__all__ = ["slot_checks", "slot_table"]

HEADINGS: Final = ("slot", "expected", "actual", "score")
NAME: Final = 28
"""Columns that the name of a slot has at most."""
ABSENT: Final = "(absent)"

Row = tuple[str, str, str, str]


def slot_checks(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The checks of a record that are about slots and were scored."""
    return [check for check in record.get("checks", ()) if "slot" in check and not check.get("skipped")]


def slot_table(record: Mapping[str, Any], width: int) -> Iterator[tuple[str, bool]]:
    """Lines of at most ``width`` columns, each with whether its slot failed; none where the record has no slots."""
    checks = slot_checks(record)
    if not checks:
        return
    rows = [row_of(record, check) for check in checks]
    widths = column_widths([HEADINGS, *rows], width)
    yield line_of(HEADINGS, widths), False
    for row, check in zip(rows, checks, strict=True):
        yield line_of(row, widths), not check["passed"]


def row_of(record: Mapping[str, Any], check: Mapping[str, Any]) -> Row:
    """One slot in words."""
    expected = lookup(record.get("expected"), check.get("case_field", check["slot"]))
    answer = record["actual_output"] if "actual_output" in record else record.get("actual_response")
    actual = lookup(structured(answer), check["slot"])
    shown, bar = numbers.apart(check["score"], check["passing_score"])
    score = shown if check["passed"] else f"{shown} < {bar}"
    return escape_terminal(check["slot"]), shown_value(expected), shown_value(actual), score


def shown_value(found: Sequence[Any]) -> str:
    """A value on one line of JSON."""
    text = json.dumps(found[0], ensure_ascii=False, sort_keys=True) if found else ABSENT
    return escape_terminal(text)


def column_widths(rows: Sequence[Row], width: int) -> tuple[int, int, int]:
    """How wide the columns before the score are: as their widest cell, where there is room for that."""
    widest = [max(len(row[column]) for row in rows) for column in range(4)]
    name = min(widest[0], NAME)
    room = max((width - name - widest[3] - 6) // 2, 8)
    spare = max(0, room - min(widest[1:3]))
    return name, min(widest[1], room + spare), min(widest[2], room + spare)


def line_of(row: Row, widths: Sequence[int]) -> str:
    """A row, its cells cut to their columns."""
    cells = [clipped(cell, size).ljust(size) for cell, size in zip(row, widths, strict=False)]
    return "  ".join((*cells, row[3])).rstrip()


def clipped(text: str, size: int) -> str:
    """A text cut to so many characters."""
    return text if len(text) <= size else f"{text[: size - 1]}…"
