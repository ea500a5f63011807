"""A value inside nested mappings is found by its name, or by names with dots between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["lookup"]


def lookup(value: Any, name: str) -> Sequence[Any]:
    """Find a value; nothing when there is none. A key that holds dots itself goes before the parts of its name."""
    if not isinstance(value, Mapping):
        return ()
    if name in value:
        return (value[name],)
    first, dot, rest = name.partition(".")
    return lookup(value.get(first), rest) if dot else ()
