"""CSV: one case a row, under a header that names the columns."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO, TextIOWrapper
from typing import Any, Final

from pytest_evalsuite.errors import Mistake, TestSetError
from pytest_evalsuite.testsets.cases import Found
from pytest_evalsuite.testsets.csv_cells import find_cells
from pytest_evalsuite.testsets.csv_columns import Column, read_header
from pytest_evalsuite.testsets.options import Methods
from pytest_evalsuite.testsets.positions import Place

__all__ = ["CELL_LIMIT", "CsvCases", "read_csv"]

CELL_LIMIT: Final = 10_000_000
LIMIT_LOCK: Final = threading.Lock()

Row = list[str]


@dataclass(slots=True)
class CsvCases:
    """The rows under the header, and the line on which each begins."""

    path: str
    text: str
    columns: list[Column]
    rows: list[Row]
    lines: Sequence[int]
    broken: list[Mistake] = field(default_factory=list)
    what: str = "column"
    physical: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)

    def raw(self, index: int) -> dict[str, Any]:
        """Give a row as a mapping; an empty cell is a key that is not given."""
        raw: dict[str, Any] = {}
        for column, cell in zip(self.columns, self.rows[index], strict=True):
            if cell and not cell.isspace():
                if column.inner is None:
                    raw[column.key] = column.read(cell)
                else:
                    raw.setdefault(column.key, {})[column.inner] = column.read(cell)
        return raw

    def line(self, index: int) -> int:
        """Give the line on which a row begins."""
        return self.lines[index]

    def places(self, found: Sequence[Found]) -> list[Place]:
        """Find the cells that the problems are about."""
        self.physical = self.physical or physical_lines(self.text)
        return [self._place(self.physical, index, problem.path) for index, problem in found]

    def _place(self, lines: list[str], index: int, path: tuple[str | int, ...]) -> Place:
        first = self.lines[index]
        names = [".".join(map(str, path[:2])), *map(str, path[:1])]
        at = next((i for name in names for i, column in enumerate(self.columns) if column.name == name), None)
        return (first, 1) if at is None else find_cells(lines, first).places[at]


def read_csv(text: str, path: str, methods: Methods, *, extra: bool = False) -> CsvCases:
    """Read a CSV text; raises TestSetError when its header is wrong or it cannot be read to the end.

    Rows that are too short or too long become mistakes in ``broken`` and no cases; blank rows are passed over.
    """
    if "\0" in text:
        at = text.index("\0")
        raise failure(path, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at), "NUL is not allowed in a CSV")
    rows, lines = read_rows(text, path)
    if not rows:
        raise failure(path, 1, 1, "no cases: the file is empty")
    header, *rows = rows
    columns, mistakes = read_header(header, methods, extra=extra)
    if mistakes:
        places = find_cells(physical_lines(text), lines[0]).places
        raise TestSetError(Mistake(path, *places[index], message) for index, message in mistakes)
    cases = CsvCases(path, text, [column for column in columns if column], rows, lines[1:])
    if set(map(len, rows)) - {len(header)} or not all(map(any, rows)):
        drop_misfits(cases, len(header))
    return cases


def drop_misfits(cases: CsvCases, width: int) -> None:
    """Take out rows that are blank, and rows of another width, which are mistakes."""
    kept: list[tuple[Row, int]] = []
    physical = physical_lines(cases.text)
    for row, line in zip(cases.rows, cases.lines, strict=True):
        if not any(row):
            continue
        if len(row) == width:
            kept.append((row, line))
            continue
        place = find_cells(physical, line).places[width] if len(row) > width else (line, 1)
        hint = " (a quote after a space does not begin a quoted cell)" if any(' "' in cell[:2] for cell in row) else ""
        if not hint:
            hint = (
                ": a cell with a comma in it needs quotes" if len(row) > width else ": an empty cell has its comma too"
            )
        message = f"the row has {len(row)} cells, the header {width}{hint}"
        cases.broken.append(Mistake(cases.path, *place, message))
    cases.rows = [row for row, _ in kept]
    cases.lines = [line for _, line in kept]


def read_rows(text: str, path: str) -> tuple[list[Row], Sequence[int]]:
    """Give all rows and the line on which each begins, without empty lines."""
    with raised_limit(), suppress(csv.Error):
        reader = csv.reader(lines_of(text), strict=True)
        rows = list(reader)
        if reader.line_num == len(rows) and [] not in rows:
            return rows, range(1, len(rows) + 1)
    return read_carefully(text, path)


def read_carefully(text: str, path: str) -> tuple[list[Row], list[int]]:
    """Read row by row, to know each one's line; raises TestSetError where the csv module gives up."""
    rows: list[Row] = []
    lines: list[int] = []
    with raised_limit():
        reader = csv.reader(lines_of(text), strict=True)
        first = 1
        try:
            for row in reader:
                if row:
                    rows.append(row)
                    lines.append(first)
                first = reader.line_num + 1
        except csv.Error as error:
            raise explained(text, path, first, str(error)) from None
    return rows, lines


def explained(text: str, path: str, first: int, error: str) -> TestSetError:
    """Say what is wrong with the record that begins on line ``first``."""
    cells = find_cells(physical_lines(text), first)
    line, column = cells.places[-1]
    if not cells.closed:
        return failure(path, line, column, "the quote that opens here is never closed")
    if "field larger than field limit" in error:
        return failure(path, first, 1, f"a cell is longer than {CELL_LIMIT:,} characters")
    if "expected after" in error:
        message = 'a quoted cell goes on after its quote: close it before the comma, and write a quote in it as ""'
        return failure(path, first, 1, message)
    return failure(path, first, 1, f"not CSV: {error}")


def failure(path: str, line: int, column: int, message: str) -> TestSetError:
    """Make the error of a single mistake."""
    return TestSetError([Mistake(path, line, column, message)])


def lines_of(text: str) -> TextIOWrapper:
    """Give an iterator over the lines as the csv module wants them; several times lighter than a StringIO."""
    return TextIOWrapper(BytesIO(text.encode()), encoding="utf-8", newline="")


def physical_lines(text: str) -> list[str]:
    """Give the lines that the csv module counts."""
    return list(lines_of(text))


@contextmanager
def raised_limit() -> Iterator[None]:
    """Let cells be as long as ours may be; the csv module's limit belongs to the whole process."""
    with LIMIT_LOCK:
        before = csv.field_size_limit(CELL_LIMIT)
        try:
            yield
        finally:
            csv.field_size_limit(before)
