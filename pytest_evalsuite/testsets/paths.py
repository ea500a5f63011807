"""Values inside data are found by their names, with dots between where they are nested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pytest_evalsuite.methods._json import parse

__all__ = ["lookup", "structured"]


def lookup(value: Any, name: str) -> Sequence[Any]:
    """Find a value; nothing when there is none. A key that holds dots itself goes before the parts of its name."""
    if not isinstance(value, Mapping):
        return ()
    if name in value:
        return (value[name],)
    first, dot, rest = name.partition(".")
    return lookup(value.get(first), rest) if dot else ()


def structured(output: Any) -> Any:
    """Give an agent's output as data: JSON text has fields too."""
    if isinstance(output, str):
        with suppress(ValueError):
            return parse(output)
    return output
