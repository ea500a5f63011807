"""Whole test sets as text: settings and cases, as they stand in a file, in each of the formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.errors import EditError
from pytest_evalsuite.testsets.csv_columns import SEED_COLUMNS, Column, read_name
from pytest_evalsuite.testsets.editing.csv_cases import case_cells, column_names, quoted
from pytest_evalsuite.testsets.editing.jsonl_cases import json_case, json_line
from pytest_evalsuite.testsets.editing.yaml_text import mapping_text
from pytest_evalsuite.testsets.load import SUFFIXES
from pytest_evalsuite.testsets.options import Methods

__all__ = ["Source", "written"]

ITEM: Final = "  - "


@dataclass(slots=True)
class Source:
    """What a test set says: its ``settings``, and its ``cases`` or the ``conversations`` that hold them."""

    settings: dict[str, Any] = field(default_factory=dict)
    cases: Sequence[Mapping[str, Any]] = ()
    conversations: Sequence[Mapping[str, Any]] = ()

    def turns(self) -> list[Mapping[str, Any]]:
        """Give all cases; a turn names its conversation itself."""
        return [
            *self.cases,
            *(
                {"conversation": conversation["id"], **turn} if "id" in conversation else turn
                for conversation in self.conversations
                for turn in conversation["turns"]
            ),
        ]


def written(source: Source, path: Path, methods: Methods) -> str:
    """Write a test set as the file's name says; CSV and JSONL leave settings out.

    Raises EditError for a name that is no test set's, and for what a CSV cell cannot hold.
    """
    suffix = path.suffix.lower()
    if suffix in {".yaml", ".yml"}:
        return yaml_text(source)
    if suffix == ".jsonl":
        return "".join(f"{json_line(json_case(case, methods))}\n" for case in source.turns())
    if suffix == ".csv":
        return csv_text(source.turns(), methods)
    raise EditError(f"{path}: a test set ends in {', '.join(SUFFIXES)}, not {suffix!r}")


def yaml_text(source: Source) -> str:
    """Write a YAML test set."""
    head = mapping_text(source.settings) + "\n\n" if source.settings else ""
    key, items = ("conversations", source.conversations) if source.conversations else ("cases", source.cases)
    bodies = [ITEM + mapping_text(item).replace("\n", "\n    ") for item in items]
    lines = "\n\n".join(bodies).split("\n")
    return f"{head}{key}:\n" + "\n".join(line if line.strip() else "" for line in lines) + "\n"


def csv_text(cases: Sequence[Mapping[str, Any]], methods: Methods) -> str:
    """Write a CSV test set, the seed's columns before all others."""
    names = sorted(column_names(cases), key=lambda name: _rank(*name))
    columns: list[Column] = []
    for key, inner in names:
        column, wrong = read_name(key if inner is None else f"{key}.{inner}", methods, extra=False)
        if column is None:
            raise EditError(wrong)
        columns.append(column)
    rows = [[column.name for column in columns], *(case_cells(case, columns, methods) for case in cases)]
    return "".join(",".join(map(quoted, row)) + "\n" for row in rows)


def _rank(key: str, inner: str | None) -> int:
    known = ("id", "conversation", *SEED_COLUMNS)
    return known.index(key) if inner is None and key in known else len(known)
