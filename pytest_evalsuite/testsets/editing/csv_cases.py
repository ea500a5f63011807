"""The cases of a CSV test set, edited in its text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_evalsuite.errors import EditError
from pytest_evalsuite.methods._base import Method
from pytest_evalsuite.testsets.csv_columns import Column, read_name
from pytest_evalsuite.testsets.csv_reader import CELL_LIMIT, read_csv
from pytest_evalsuite.testsets.editing.changes import Place
from pytest_evalsuite.testsets.editing.meaning import as_json, meaning, method_of, same
from pytest_evalsuite.testsets.editing.rows import CELL, Rows, csv_rows
from pytest_evalsuite.testsets.fields import CASE
from pytest_evalsuite.testsets.options import Methods
from pytest_evalsuite.testsets.scalars import Plain
from pytest_evalsuite.testsets.values import show

__all__ = ["CsvCasesText", "case_cells", "column_names", "quoted"]

QUOTE: Final = '"'
Name = tuple[str, str | None]
"""A field, and what of it where it is a mapping."""


class CsvCasesText:
    """A CSV test set's text, which is known to be good. Every method gives the text with one change.

    Each raises EditError for what no cell can hold.
    """

    lists_conversations = False

    def __init__(self, text: str, methods: Methods, *, extra: bool = False) -> None:
        self.text = text
        self.methods = methods
        self.extra = extra
        self._read = read_csv(text, "", methods, extra=extra)
        rows, numbers = csv_rows(text)
        at = {number: index for index, number in enumerate(numbers)}
        self._header = next(index for index, row in enumerate(rows.rows) if row)
        self._at = [at[line] for line in self._read.lines]

    def raw(self, index: int) -> Any:
        """Give a case as it stands in the file."""
        return self._read.raw(index)

    def update(self, cases: Mapping[int, Mapping[str, Any]]) -> str:
        """Make cases other ones."""
        rows, columns = self._widened(cases.values())
        for index, new in cases.items():
            at = self._at[index]
            rows.rows[at] = self._updated(rows.rows[at], columns, self.raw(index), new)
        return str(rows)

    def add(self, cases: Sequence[Mapping[str, Any]], place: Place | None, conversation: str | None = None) -> str:
        """Put cases at a place: None is behind the last one."""
        rows, columns = self._widened(cases)
        at = self._at[-1] + 1 if place is None else self._at[place.index] + place.behind
        everything = all(cell.startswith('"') for cell in _cells(rows.rows[self._at[-1]]))
        for number, case in enumerate(cases):
            cells = case_cells(case, columns, self.methods)
            rows.insert(at + number, ",".join(quoted(cell, always=everything) for cell in cells))
        return str(rows)

    def remove(self, indices: Iterable[int]) -> str:
        """Take cases out. Raises EditError where none would be left."""
        gone = sorted(indices, reverse=True)
        if len(gone) == len(self._at):
            raise EditError("no case would be left: a test set has at least one")
        rows, _ = csv_rows(self.text)
        for index in gone:
            rows.remove(self._at[index])
        return str(rows)

    def move(self, index: int, to: int) -> str:
        """Put a case where another one stands."""
        rows, _ = csv_rows(self.text)
        rows.move(self._at, index, to)
        return str(rows)

    def settings(self, new: Mapping[str, Any]) -> str:
        """Refuse: there is no place for them."""
        raise EditError("a CSV file holds cases and nothing else: settings need a YAML test set (cases_from)")

    def _widened(self, cases: Iterable[Mapping[str, Any]]) -> tuple[Rows, list[Column]]:
        """Give the rows with a column more for every field that has none."""
        rows, _ = csv_rows(self.text)
        columns = [*self._read.columns]
        known = {_field(column.key, column.inner) for column in columns}
        for key, inner in column_names(cases):
            if _field(key, inner) in known:
                continue
            known.add(_field(key, inner))
            name = key if inner is None else f"{key}.{inner}"
            column, wrong = read_name(name, self.methods, extra=False)
            if column is None:
                raise EditError(wrong)
            columns.append(column)
            everything = all(cell.startswith('"') for cell in _cells(rows.rows[self._header]))
            for at, row in enumerate(rows.rows):
                if at == self._header:
                    rows.rows[at] = f"{row},{quoted(name, always=everything)}"
                elif row:
                    rows.rows[at] = f"{row},"
        return rows, columns

    def _updated(self, row: str, columns: Sequence[Column], old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
        cells = _cells(row)
        for at, column in enumerate(columns):
            before, after = _value(column, old), _value(column, new)
            if not same(before, after):
                (cell,) = case_cells(new, [column], self.methods)
                cells[at] = quoted(cell, always=bool(cell) and cells[at].startswith('"'))
        return ",".join(cells)


def case_cells(case: Mapping[str, Any], columns: Sequence[Column], methods: Methods) -> list[str]:
    """Write a case as the cells of a row. Raises EditError for what no cell can hold."""
    values = [(column, _value(column, case)) for column in columns]
    method = method_of(case, methods)
    return ["" if value is None else cell_text(column, value, methods, method) for column, value in values]


def column_names(cases: Iterable[Mapping[str, Any]]) -> Iterator[Name]:
    """Give the columns that cases need, each once."""
    found: dict[Name, None] = {}
    for case in cases:
        for key, value in case.items():
            if type(value) is dict and key in {"inputs", "expected", "metadata"}:
                found.update(dict.fromkeys((key, inner) for inner in value))
            else:
                found[key, None] = None
    return iter(found)


def cell_text(column: Column, value: Any, methods: Methods, method: type[Method] | None) -> str:
    """Write a value as a cell that is read as the same. Raises EditError where there is none."""
    inner = column.inner is not None
    wanted = value if inner else meaning(column.key, value, methods, method)
    for cell in _candidates(column.key, value, methods, method):
        if cell and not cell.isspace() and "\0" not in cell and len(cell) <= CELL_LIMIT:
            read = column.read(cell)
            if same(read if inner else meaning(column.key, read, methods, method), wanted):
                return cell
    raise EditError(f"{column.name}: a CSV cell cannot hold {_shown(value)}: use a YAML or JSONL test set")


def quoted(cell: str, *, always: bool = False) -> str:
    """Write a cell with quotes where it needs them, or always."""
    if always or any(mark in cell for mark in ',"\r\n'):
        return f'"{cell.replace(QUOTE, QUOTE * 2)}"'
    return cell


def _candidates(key: str, value: Any, methods: Methods, method: type[Method] | None) -> Iterator[str]:
    if isinstance(value, list):
        if all(isinstance(part, (str, Plain)) for part in value):
            yield "|".join(str(part) for part in value)
        yield json.dumps(as_json(key, value, methods, method), ensure_ascii=False)
        yield json.dumps([str(part) for part in value], ensure_ascii=False)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, (int, float, Plain)):
        yield str(value)


def _shown(value: Any) -> str:
    """Name what no cell can hold."""
    if not isinstance(value, str):
        return show(value)
    if not value.strip():
        return "a text that is empty or blank"
    if value != value.strip():
        return "a text that begins or ends with white space here"
    return f"the text {show(value)}, which would be read as something else"


def _value(column: Column, case: Mapping[str, Any]) -> Any:
    """Give what a case has in a column, under any of the field's names; None for nothing."""
    if column.inner is not None:
        part = case.get(column.key)
        return part.get(column.inner) if type(part) is dict else None
    wanted = _field(column.key, None)
    value = next((value for key, value in case.items() if _field(key, None) == wanted), None)
    return None if type(value) is dict and column.key in {"inputs", "expected", "metadata"} else value


def _field(key: str, inner: str | None) -> Name:
    return (CASE.by_key[key][0] if key in CASE.by_key else key), inner


def _cells(row: str) -> list[str]:
    """Split a record into its cells, as they are written."""
    cells: list[str] = []
    at = 0
    while True:
        found = CELL.match(row, at)
        cells.append(found[0] if found else "")
        at += len(cells[-1]) + 1
        if at > len(row):
            return cells
