"""One mapping of a test set, read by its table of fields: the set itself, its defaults, a case, a check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pytest_evalsuite.testsets.fields import Table
from pytest_evalsuite.testsets.problems import Problem, refusals
from pytest_evalsuite.testsets.values import Path, Refused

__all__ = ["Expectation", "Part"]


class Expectation(NamedTuple):
    """What is expected of an answer; ``known`` is False where what was written is refused already."""

    responses: tuple[str, ...] = ()
    expected: Any = None
    known: bool = True


class Part:
    """The fields of one mapping by their canonical names.

    ``values`` are the good ones, ``refused`` the names of the bad ones, ``rest`` what the table does not know, as it
    stands in the file. What is wrong is added to ``problems``, under ``path``.
    """

    __slots__ = ("path", "problems", "raw", "refused", "rest", "table", "values")

    def __init__(self, raw: Mapping[str, Any], table: Table, problems: list[Problem], path: Path = ()) -> None:
        self.raw = raw
        self.table = table
        self.problems = problems
        self.path = path
        self.values: dict[str, Any] = {}
        self.rest: dict[str, Any] = {}
        self.refused: set[str] = set()
        values, by_key = self.values, table.by_key
        for key, value in raw.items():
            known = by_key.get(key)
            if known is None:
                self.rest[key] = value
            elif known[0] in values or known[0] in self.refused:
                self.report(key, f"{key!r} and {self.key(known[0])!r} mean the same: keep one", on_key=True)
            else:
                try:
                    values[known[0]] = known[1](value)
                except Refused as refused:
                    self.refuse(known[0], refused, key)

    def key(self, name: str) -> str:
        """Give the key that names a field here, or the field's own name."""
        by_key = self.table.by_key
        return next((key for key in self.raw if key in by_key and by_key[key][0] == name), name)

    def report(self, key: str | None, message: str, *, on_key: bool = False) -> None:
        """Add a problem with the value of a key (or the key itself), or with the mapping as a whole."""
        self.problems.append(Problem(self.path if key is None else (*self.path, key), message, on_key))

    def refuse(self, name: str, refused: Refused, *keys: str | int) -> None:
        """Add what was refused of a field's value."""
        self.refused.add(name)
        self.problems.extend(refusals(refused, *self.path, *keys))

    def expectation(self, default: Expectation) -> Expectation:
        """Give what this mapping expects, or ``default`` where it says nothing about it."""
        refused = bool(self.refused & {"expected_response", "expected"})
        responses, expected = self.values.get("expected_response", ()), self.values.get("expected")
        if type(expected) is tuple:
            if responses:
                key = self.key("expected_response")
                self.report("expected", f"'expected' as text and {key!r} mean the same: keep one", on_key=True)
            responses, expected = expected, None
        if not responses and expected is None and not refused:
            return default
        return Expectation(responses, expected, not refused)
