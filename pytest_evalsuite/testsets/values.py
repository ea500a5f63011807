"""Values as they stand in a file: named in messages, typed, or kept as text; `Refused` when they cannot be.

A value is text, a `Plain` (an unquoted scalar of YAML, a cell of CSV), None (left empty), a dict, a list, or what JSON
has: int, float, bool.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any

from pytest_evalsuite.testsets.scalars import Plain, is_null

__all__ = [
    "Reader",
    "Refused",
    "did_you_mean",
    "each",
    "json_value",
    "kept_text",
    "listed",
    "nearest",
    "show",
    "typed",
]

Path = tuple[str | int, ...]
Reader = Callable[[Any], Any]


class Refused(ValueError):
    """A value is not what its place wants; ``problems`` holds (path from the value, message) for each reason."""

    def __init__(self, message: str = "", *path: str | int, problems: list[tuple[Path, str]] | None = None) -> None:
        self.problems = [(path, message)] if problems is None else problems
        super().__init__(message)


def show(value: Any) -> str:
    """Name a value in a message, in a few words."""
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "...")
    if isinstance(value, (dict, list)):
        return ("a mapping" if isinstance(value, dict) else "a list") if value else repr(value)
    if is_null(value):
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def nearest(word: str, known: Sequence[str]) -> str:
    """Give the known word that is spelt most like another, or nothing when none is near."""
    near = get_close_matches(word, known, n=1) or get_close_matches(word.lower().strip(), known, n=1)
    return near[0] if near else ""


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Ask whether the nearest known word was meant; nothing when none is near."""
    near = nearest(word, known)
    return f"; did you mean {near!r}?" if near else ""


def listed(known: Sequence[str]) -> str:
    """List the known words."""
    return f" (known: {', '.join(known)})"


def typed(value: Any) -> Any:
    """Give a scalar's value where it may be more than text; raises Refused for a number that cannot be kept."""
    kind = type(value)
    if kind is Plain:
        try:
            return value.value()
        except ValueError as error:
            raise Refused(str(error)) from None
    if kind is float and not math.isfinite(value):
        raise Refused("the number is too large")
    if kind is int and abs(value) > 2**63 - 1:
        raise Refused("the whole number is beyond 64 bits; in quotes it is text")
    return value


def json_value(value: Any) -> Any:
    """Give any value with its unquoted scalars typed."""
    if type(value) is dict:
        return dict(zip(value, each(value.items(), json_value), strict=True))
    if type(value) is list:
        return each(enumerate(value), json_value)
    return value if type(value) is str else typed(value)


def each(items: Any, read: Reader) -> list[Any]:
    """Read every value of (key, value) pairs, gathering what is wrong with all of them."""
    found: list[Any] = []
    problems: list[tuple[Path, str]] = []
    for key, value in items:
        try:
            found.append(read(value))
        except Refused as refused:
            problems.extend(((key, *path), message) for path, message in refused.problems)
    if problems:
        raise Refused(problems=problems)
    return found


def kept_text(value: Any) -> Any:
    """Give any value with its unquoted scalars as the text that is written; null and JSON's numbers are refused."""
    kind = type(value)
    if kind is str:
        return value
    if kind is Plain:
        return value.text
    if kind is list:
        return each(enumerate(value), kept_text)
    if kind is dict:
        return dict(zip(value, each(value.items(), kept_text), strict=True))
    if value is None:
        raise Refused('is empty: write "" or leave the key out')
    raise Refused(f'expected text: write "{json.dumps(value)}" in quotes')
