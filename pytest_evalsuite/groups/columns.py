"""The rows of an evaluation and their columns: dotted paths into what the record of each case holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
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
    known = [number for number in (usage.get("input_tokens"), usage.get("output_tokens")) if number is not None]
    return sum(known) if known else None


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
            values = self._columns[name] = list(map(_getter(name), self.records))
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
    candidates = (name, *(f"{place}.{name}" for place in PLACES))
    found = [candidate for candidate in candidates if any(value is not None for value in rows.column(candidate))]
    if name in found or len(found) == 1:
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


def _getter(name: str) -> Callable[[Record], Any]:
    if name in COMPUTED:
        return COMPUTED[name]
    first, dot, rest = name.partition(".")
    if not dot:
        return partial(_top, name)
    if first == "checks" and rest.endswith(".score"):
        return partial(_check_score, rest.removesuffix(".score"))
    return partial(_below, first, rest)


def _top(name: str, record: Record) -> Any:
    return record.get(name)


def _below(first: str, rest: str, record: Record) -> Any:
    value = record.get(first)
    return reach(value, rest) if isinstance(value, Mapping) else None


def reach(value: Mapping[str, Any], path: str) -> Any:
    """The value that a path of keys joined by dots leads to; keys may hold dots themselves. None where none is."""
    if path in value:
        return value[path]
    end = path.find(".")
    while end >= 0:
        inner = value.get(path[:end])
        if isinstance(inner, Mapping):
            found = reach(inner, path[end + 1 :])
            if found is not None:
                return found
        end = path.find(".", end + 1)
    return None


def _check_score(check: str, record: Record) -> Any:
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
