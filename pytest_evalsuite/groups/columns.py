"""The rows of an evaluation and their columns: dotted paths into what the record of each case holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_evalsuite.errors import GroupError
from pytest_evalsuite.testsets.values import did_you_mean

__all__ = ["CASE_ID", "Column", "Rows", "find_column", "key_text"]

Record = Mapping[str, Any]

CASE_ID: Final = "case_id"
"""What rows are joined by unless a group says otherwise."""

PLACES: Final = ("inputs", "metadata", "expected", "actual_output")
"""Where a column is looked for that is named without its path."""

WITHOUT_COLUMNS: Final = frozenset({"attempts", "cause", "file", "fingerprint", "history", "line", "position"})
"""What a record holds of itself, or in a form that is no column."""

DEEPEST: Final = 20
NAMED: Final = 12


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an evaluation: its path, the JSON types of its values, how many rows have a value."""

    name: str
    types: tuple[str, ...]
    count: int


def _duration(record: Record) -> float | None:
    milliseconds = record.get("execution_time_ms")
    return None if milliseconds is None else milliseconds / 1000


def _tokens(record: Record) -> int | None:
    usage = record.get("usage")
    if usage is None:
        return None
    taken: int | None = usage.get("input_tokens")
    given: int | None = usage.get("output_tokens")
    return given if taken is None else taken if given is None else taken + given


def _error(record: Record) -> str | None:
    cause = record.get("cause")
    return None if cause is None else cause.get("message")


COMPUTED: Final[dict[str, Callable[[Record], Any]]] = {"duration": _duration, "tokens": _tokens, "error": _error}
"""Columns that a record holds in another form: seconds of the agent, tokens in and out, what went wrong."""

ALWAYS: Final = frozenset({*COMPUTED, "cost", "score", "status", CASE_ID})
"""Columns that may be asked for though no row has a value."""


class Rows:
    """The rows of one evaluation: one record for each case, whatever its attempts, in the test set's order."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records
        self._columns: dict[str, list[Any]] = {}
        self._schema: list[Column] | None = None

    def __len__(self) -> int:
        return len(self.records)

    def column(self, name: str) -> list[Any]:
        """The values of a column, row by row; None where a row has none."""
        values = self._columns.get(name)
        if values is None:
            values = self._columns[name] = _values(self.records, name)
        return values

    def schema(self) -> list[Column]:
        """All columns in which some row has a value, in the order in which they first come."""
        if self._schema is None:
            found: dict[str, tuple[dict[str, None], list[int]]] = {}
            for record in self.records:
                for path, value in _leaves(record):
                    types, count = found.setdefault(path, ({}, [0]))
                    types[TYPES.get(type(value), "object")] = None
                    count[0] += 1
            self._schema = [Column(path, tuple(sorted(types)), count[0]) for path, (types, count) in found.items()]
        return self._schema


TYPES: Final = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array"}


def key_text(value: Any) -> str | None:
    """What a row is joined by: a text as it is, any other value as JSON; None for null and the empty text."""
    if isinstance(value, str):
        return value or None
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def find_column(rows: Rows, name: str, label: str) -> str:
    """The column that is meant: ``name`` itself, or the only one of that name in a case's inputs, metadata, ...

    ``label`` names the evaluation in messages. Raises GroupError for none or several.
    """
    if not len(rows) or name in ALWAYS:
        return name
    if _has(rows, name):
        return name
    found = [path for place in PLACES if _has(rows, path := f"{place}.{name}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise GroupError(f"{label}: the column {name!r} may be {' or '.join(found)}: write which one")
    known = [column.name for column in rows.schema()]
    short = {path.rpartition(".")[2]: path for path in reversed(known)}
    hint = did_you_mean(name, [*short, *known])
    if not hint:
        more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
        hint = f" (it has {', '.join(known[:NAMED])}{more})"
    raise GroupError(f"{label} has no column {name!r}{hint}")


def _has(rows: Rows, name: str) -> bool:
    return any(value is not None for value in rows.column(name))


def _values(records: Sequence[Record], name: str) -> list[Any]:
    if name in COMPUTED:
        return list(map(COMPUTED[name], records))
    first, dot, rest = name.partition(".")
    if not dot:
        return [record.get(name) for record in records]
    if first == "checks" and rest.endswith(".score"):
        return [_check_score(record, rest.removesuffix(".score")) for record in records]
    return [
        inner[rest] if type(inner := record.get(first)) is dict and rest in inner else _below(inner, rest)
        for record in records
    ]


def _below(value: Any, path: str) -> Any:
    return reach(value, path) if isinstance(value, dict) else None


def reach(value: Mapping[str, Any], path: str) -> Any:
    """The value that a path of keys joined by dots leads to; keys may hold dots themselves. None where none is."""
    if path in value:
        return value[path]
    end = path.find(".")
    while end >= 0:
        inner = value.get(path[:end])
        if isinstance(inner, dict):
            found = reach(inner, path[end + 1 :])
            if found is not None:
                return found
        end = path.find(".", end + 1)
    return None


def _check_score(record: Record, check: str) -> Any:
    return next((one.get("score") for one in record.get("checks") or () if one.get("name") == check), None)


def _leaves(record: Record) -> Iterator[tuple[str, Any]]:
    """The paths and values of a record that are not null; a list is a value."""
    for key, value in record.items():
        if key == "checks":
            yield from ((f"checks.{one['name']}.score", one["score"]) for one in value if "score" in one)
        elif key not in WITHOUT_COLUMNS:
            yield from _below_path(key, value, DEEPEST)
    for name, computed in COMPUTED.items():
        value = computed(record)
        if value is not None:
            yield name, value


def _below_path(path: str, value: Any, deepest: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value and deepest:
        for key, inner in value.items():
            yield from _below_path(f"{path}.{key}", inner, deepest - 1)
    elif value is not None:
        yield path, value
