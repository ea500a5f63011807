"""Holds values that were read to the types that they were written with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["hold"]


def hold(values: Mapping[str, Any], **fields: type | tuple[type, ...]) -> None:
    """Raise TypeError where a field is of another type than named, KeyError where it is missing."""
    for name, kind in fields.items():
        if not isinstance(values[name], kind):
            raise TypeError(f"{name} is a {type(values[name]).__name__}")
