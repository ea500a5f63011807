"""What becomes of a mapping, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_evalsuite.errors import EditError
from pytest_evalsuite.testsets.editing.meaning import given, same
from pytest_evalsuite.testsets.fields import CASE, Table
from pytest_evalsuite.testsets.values import Path

__all__ = ["UNSET", "Place", "Step", "changed", "put", "steps"]


class _Unset:
    """Stands for a field that is taken away."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = _Unset()
NESTED: Final = ("inputs", "expected", "metadata")


@dataclass(frozen=True, slots=True)
class Place:
    """Before the case at an index of the file, or directly ``behind`` it."""

    index: int
    behind: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One key of the mapping at ``path`` gets a value, or (`UNSET`) goes."""

    path: Path
    key: str
    value: Any


def changed(raw: Mapping[str, Any], changes: Mapping[str, Any], table: Table = CASE) -> dict[str, Any]:
    """Give a mapping with changes; None and `UNSET` take a field away, ``inputs.<name>`` is one of the inputs.

    A field is found by any of its names. Raises EditError for a field that is not there to be taken away, TypeError
    for a value that no file can hold.
    """
    new = dict(raw)
    for name, value in changes.items():
        root, dot, inner = name.partition(".")
        if dot and inner and root in NESTED and table is CASE:
            part = new.get(root, {})
            if type(part) is not dict:
                raise EditError(f"{name}: {root!r} is no mapping here")
            new[root] = changed(part, {inner: value}, _NO_TABLE)
            if not new[root]:
                del new[root]
            continue
        key = _key(new, name, table)
        if value is None or value is UNSET:
            if key not in new:
                raise EditError(f"there is no {name!r} to be removed")
            del new[key]
        else:
            new[key] = given(value)
    return new


_NO_TABLE: Final = Table(())


def _key(raw: Mapping[str, Any], name: str, table: Table) -> str:
    """Give the key under which a field stands, or its own name."""
    if name in raw or name not in table.by_key:
        return name
    field = table.by_key[name][0]
    return next((key for key in raw if key in table.by_key and table.by_key[key][0] == field), name)


def steps(old: Any, new: Any, path: Path = ()) -> Iterator[Step]:
    """Give the steps from one mapping to another, as deep inside as they can be taken."""
    for key in old:
        if key not in new:
            yield Step(path, key, UNSET)
    for key, value in new.items():
        if key not in old:
            yield Step(path, key, value)
        elif not same(old[key], value):
            yield from _inside(old[key], value, path, key)


def _inside(old: Any, new: Any, path: Path, key: str) -> Iterator[Step]:
    if type(old) is dict and type(new) is dict and old and new:
        yield from steps(old, new, (*path, key))
    elif _mappings(old) and _mappings(new) and len(old) == len(new):
        for at, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from steps(before, after, (*path, key, at))
    else:
        yield Step(path, key, new)


def _mappings(value: Any) -> bool:
    return type(value) is list and all(type(part) is dict and part for part in value)


def put(data: Any, path: Sequence[str | int], value: Any) -> Any:
    """Give data with another value at a path; only what leads there is copied."""
    if not path:
        return value
    first, *rest = path
    copy = list(data) if isinstance(first, int) else dict(data)
    copy[first] = put(data[first], rest, value)  # type: ignore[index]
    return copy
