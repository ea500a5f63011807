"""Results as CSV: the columns of iGOT's export first, then what else one wants to filter by.

Texts of agents and test sets are data for whoever opens the file: a cell that a spreadsheet would take for a formula
gets a ``'`` before it (OWASP, CSV Injection). Numbers are written as numbers, and a text that is one is left alone.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.reporting.people import assessed, overruled
from pytest_evalsuite.runs.run import Run
from pytest_evalsuite.runs.store import write_atomically

__all__ = ["COLUMNS", "csv_text", "escape_cell", "unescape_cell", "write_csv"]

COLUMNS: Final = (
    "question",
    "expected_response",
    "actual_response",
    "status",
    "score",
    "reasoning",
    "execution_time_ms",
    "error",
    "test_set",
    "case_id",
    "agent",
    "test_method",
    "passing_score",
    "known_failure",
    "file_url",
    "file_mime_type",
    "human_verdict",
    "assessments",
)
FORMULA: Final = re.compile("'*[-=+@\t\r\n\uff0d\uff1d\uff0b\uff20]")
"""What a cell must not begin with, the full-width forms too; behind ``'`` it would be taken for what is escaped."""
NUMBER: Final = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")


def write_csv(run: Run, path: Path) -> None:
    """Write the run's results to a file, in the artifact's order. Raises StoreError."""
    write_atomically(path, [csv_text(run).encode("utf-8")])


def csv_text(run: Run) -> str:
    """The results as CSV (RFC 4180 with every text quoted), a header first."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for evaluation in run.evaluations:
        for record in run.records(evaluation):
            writer.writerow([_cell(value) for value in _row(record)])
    return buffer.getvalue()


def escape_cell(text: str) -> str:
    """The text as a cell that no spreadsheet evaluates; NUL, which no reader takes, as U+2400.

    To have the text back, drop one ``'`` that stands before any more of them and one of ``= + - @`` (also full-width),
    a tab or a line break.
    """
    text = text.replace("\0", "\N{SYMBOL FOR NULL}")
    return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text


def unescape_cell(cell: str) -> str:
    """The text that `escape_cell` has made a cell of."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def _row(record: Mapping[str, Any]) -> list[Any]:
    expected = record.get("expected_response", record.get("expected"))
    question = record.get("question", record.get("inputs"))
    cause = record.get("cause") or {}
    method = record.get("test_method")
    return [
        question if isinstance(question, str) or question is None else json.dumps(question, ensure_ascii=False),
        expected if isinstance(expected, str) or expected is None else json.dumps(expected, ensure_ascii=False),
        record.get("actual_response"),
        record["status"],
        record.get("score"),
        record.get("reasoning"),
        record.get("execution_time_ms"),
        cause.get("message"),
        record["test_set"],
        record["case_id"],
        record["agent"],
        method if isinstance(method, str) or method is None else ", ".join(method),
        record.get("passing_score"),
        record.get("known_failure"),
        record.get("file_url"),
        record.get("file_mime_type"),
        overruled(record["human_verdict"]) if record.get("human_verdict") else None,
        "\n".join(map(assessed, record.get("assessments", ()))) or None,
    ]


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return escape_cell(value) if isinstance(value, str) else value
