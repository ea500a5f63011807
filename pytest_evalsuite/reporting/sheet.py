"""The sheet that people fill in, as CSV for a spreadsheet or as JSONL, and the filled one read again."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.assessments.sheet import COLUMNS, KNOWN, Row, cell_text
from pytest_evalsuite.errors import Mistake, TestSetError
from pytest_evalsuite.reporting.csv import escape_cell, unescape_cell
from pytest_evalsuite.runs.encoding import decode, encode
from pytest_evalsuite.testsets.csv_cells import find_cells
from pytest_evalsuite.testsets.csv_reader import physical_lines, raised_limit
from pytest_evalsuite.testsets.source import read_text

__all__ = ["FORMS", "read_sheet", "sheet_csv", "sheet_jsonl"]

DELIMITERS: Final = (",", ";", "\t")
"""What spreadsheets write between cells, by their language."""


def sheet_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows as CSV (RFC 4180), with the mark by which spreadsheets know UTF-8; no cell of it is a formula."""
    every = list(rows)
    further = [name for name in KNOWN if name not in COLUMNS and any(row.get(name) is not None for row in every)]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    names = (*COLUMNS, *further)
    writer.writerow(names)
    for row in every:
        values = (row.get(name) for name in names)
        writer.writerow(["" if value is None else escape_cell(cell_text(value)) for value in values])
    return f"\ufeff{buffer.getvalue()}"


def sheet_jsonl(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows as JSON, one object a line; what is to be filled in is null."""
    return "".join(f"{encode({name: row.get(name) for name in KNOWN})}\n" for row in rows)


FORMS: Final = {".csv": sheet_csv, ".jsonl": sheet_jsonl}
"""How a sheet is written, by the end of its name."""


def read_sheet(path: Path) -> tuple[list[Row], list[Mistake]]:
    """The rows of a filled sheet, and what is wrong with others. Raises TestSetError where it is no sheet."""
    shown = str(path)
    text = read_text(path, shown)
    read = {".csv": _csv_rows, ".jsonl": _jsonl_rows}.get(path.suffix.lower())
    if read is None:
        raise TestSetError([Mistake(shown, 1, 1, f"expected a file named *.csv or *.jsonl, got {path.name!r}")])
    mistakes: list[Mistake] = []
    return list(read(text, shown, mistakes)), mistakes


def _csv_rows(text: str, path: str, mistakes: list[Mistake]) -> Iterator[Row]:
    lines = physical_lines(text)
    if not text.strip():
        raise TestSetError([Mistake(path, 1, 1, "the file is empty: expected a header")])
    delimiter = max(DELIMITERS, key=lines[0].count)
    (first, header), *records = _records(lines, path, delimiter, mistakes)
    names = [name.strip() for name in header]
    places = find_cells(lines, first, delimiter).places
    wrong = [
        Mistake(path, *place, problem)
        for number, (name, place) in enumerate(zip(names, places, strict=False))
        if (problem := _name_problem(name, names[:number])) is not None
    ]
    if wrong:
        raise TestSetError(wrong)
    for line, cells in records:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            mistakes.append(Mistake(path, line, 1, f"the row has {len(cells)} cells, the header {len(names)}"))
            continue
        filled = {name: unescape_cell(cell) for name, cell in zip(names, cells, strict=True) if cell.strip()}
        found = find_cells(lines, line, delimiter).places
        yield Row(filled, dict(zip(names, found, strict=False)), line, is_text=True)


def _records(lines: Sequence[str], path: str, delimiter: str, mistakes: list[Mistake]) -> list[tuple[int, list[str]]]:
    """Each record and the line on which it begins; what cannot be read any more is a mistake."""
    first = 1
    records: list[tuple[int, list[str]]] = []
    with raised_limit():
        reader = csv.reader(lines, strict=True, delimiter=delimiter)
        try:
            for record in reader:
                if record:
                    records.append((first, record))
                first = reader.line_num + 1
        except csv.Error as error:
            cells = find_cells(lines, first, delimiter)
            message = f"not CSV: {error}" if cells.closed else "the quote that opens here is never closed"
            mistakes.append(Mistake(path, *(cells.places[-1] if not cells.closed else (first, 1)), message))
    if not records:
        raise TestSetError(mistakes)
    return records


def _jsonl_rows(text: str, path: str, mistakes: list[Mistake]) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = decode(line)
        except ValueError as error:
            mistakes.append(Mistake(path, number, 1, f"no JSON: {error}"))
            continue
        if not isinstance(found, dict):
            mistakes.append(Mistake(path, number, 1, f"expected a JSON object, got {found!r:.50}"))
            continue
        problems = [problem for name in found if (problem := _name_problem(name, ())) is not None]
        if problems:
            mistakes += [Mistake(path, number, 1, problem) for problem in problems]
            continue
        yield Row({name: value for name, value in found.items() if value not in (None, "")}, {}, number)


def _name_problem(name: str, before: Sequence[str]) -> str | None:
    if name in before:
        return f"column {name!r} is there twice"
    if name in KNOWN:
        return None
    near = difflib.get_close_matches(name, KNOWN, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"expected {', '.join(KNOWN)}"
    return f"unknown column {name!r:.50}: {hint}"
