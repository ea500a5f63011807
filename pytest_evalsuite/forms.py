"""Holds values that were read to the types that they were written with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Kind", "fits", "hold"]

Kind = type | tuple[type, ...]


def fits(values: Mapping[str, Any], form: Mapping[str, Kind]) -> bool:
    """Whether those of the fields that are there have the types that the form names."""
    return all(isinstance(values[name], kind) for name, kind in form.items() if name in values)


def hold(values: Mapping[str, Any], **fields: Kind) -> None:
    """Raise TypeError where a field is of another type than named, KeyError where it is missing."""
    for name, kind in fields.items():
        if not isinstance(values[name], kind):
            raise TypeError(f"{name} is a {type(values[name]).__name__}")
