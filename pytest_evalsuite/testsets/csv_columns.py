"""The header of a CSV test set: which column is which field, and what a cell of it becomes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_evalsuite.testsets.fields import CASE
from pytest_evalsuite.testsets.options import Methods, holds_list
from pytest_evalsuite.testsets.scalars import plain
from pytest_evalsuite.testsets.values import did_you_mean, listed, show

__all__ = ["SEED_COLUMNS", "Column", "read_header"]

SEED_COLUMNS: Final = ("question", "expected_response", "test_method", "passing_score", "keywords", "order")
NESTED: Final = ("inputs", "expected", "metadata")
SEPARATORS: Final = re.compile(r"[|;,]")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the key of a case that it fills (or of a mapping in it), and what makes a value of a cell."""

    key: str
    read: Callable[[str], Any]
    inner: str | None = None

    @property
    def name(self) -> str:
        """The column's name as a header would have it."""
        return self.key if self.inner is None else f"{self.key}.{self.inner}"


def read_header(
    cells: Sequence[str], methods: Methods, *, extra: bool
) -> tuple[list[Column | None], list[tuple[int, str]]]:
    """Read a header: a column for each cell, or None where it is wrong, and (index, message) for each mistake.

    With ``extra`` unknown columns are kept as metadata.
    """
    found: list[Column | None] = []
    mistakes: list[tuple[int, str]] = []
    if hint := separator_hint(cells):
        return [None] * len(cells), [(0, hint)]
    for index, cell in enumerate(cells):
        column, message = read_name(cell.strip(), methods, extra=extra)
        found.append(column)
        if message:
            mistakes.append((index, message))
    if len(cells) > 1 and not any(found) and not any("did you mean" in message for _, message in mistakes):
        return found, [(0, f"the first row names no column: put {','.join(SEED_COLUMNS[:3])} or the like above it")]
    names = [field_name(column) for column in found]
    for name, count in Counter(names).items():
        if name and count > 1:
            index = len(names) - 1 - names[::-1].index(name)
            first = cells[names.index(name)].strip()
            mistakes.append((index, f"column {cells[index].strip()!r} is there twice: {first!r} is the same"))
    if "question" not in names and not any(column and column.key == "inputs" for column in found) and not mistakes:
        mistakes.append((0, f"no column 'question' (found: {', '.join(map(repr, cells))})"))
    return found, mistakes


def field_name(column: Column | None) -> str:
    """Give the name by which a column that comes twice is found out."""
    if column is None or column.inner is not None:
        return column.name if column else ""
    return CASE.by_key[column.key][0] if column.key in CASE.by_key else column.key


def read_name(name: str, methods: Methods, *, extra: bool) -> tuple[Column | None, str]:
    """Give the column that a header cell names, or why it names none."""
    lower = name.lower()
    prefix, dot, inner = name.partition(".")
    if dot and prefix.lower() in NESTED and inner:
        return Column(prefix.lower(), str if prefix.lower() == "metadata" else scalar, inner), ""
    if lower in CASE.by_key:
        kind = CASE.field(lower).kind
        if kind.cell is None:
            advice = f"; use {lower}.<name>" if lower in NESTED else ""
            return None, f"column {name!r} cannot stand in a CSV file{advice or '; use a YAML test set'}"
        return Column(lower, CELL_READERS[kind.cell]), ""
    if owners := methods.owners(lower):
        annotation = methods.find(owners[0]).model_fields[lower].annotation
        return Column(lower, split if holds_list(annotation) else scalar), ""
    if lower == "threshold":
        return Column(lower, scalar), ""
    if extra and name:
        return Column("metadata", str, name), ""
    if not name:
        return None, "a column has no name"
    known = [*SEED_COLUMNS, *(key for key in CASE.by_key if CASE.field(key).kind.cell and key not in SEED_COLUMNS)]
    hint = did_you_mean(lower, [*known, *methods.options()]) or listed(known)
    return None, f"unknown column {show(name)}{hint} (to keep it, name it metadata.{show(name)[1:-1]})"


def separator_hint(cells: Sequence[str]) -> str:
    """Say that cells are not separated by commas, where the header shows it."""
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(cells) == 1 and separator in cells[0]:
            return f"the columns are separated by {name}: save the file with commas"
    return ""


def scalar(cell: str) -> Any:
    """Take a cell as an unquoted scalar: a number, true or false, else text."""
    return plain(cell.strip()) if cell.strip() else cell


def split(cell: str) -> Any:
    """Split a cell into its parts: at ``|``, else ``;``, else ``,``; or read it as a JSON list."""
    stripped = cell.strip()
    if stripped.startswith("["):
        try:
            found = json.loads(stripped)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, list):
            return found
    separator = next((mark for mark in "|;," if mark in stripped), None)
    parts = stripped.split(separator) if separator else [stripped]
    return [scalar(part) for part in parts if part.strip()]


CELL_READERS: Final[dict[str, Callable[[str], Any]]] = {"text": str, "scalar": scalar, "list": split}
