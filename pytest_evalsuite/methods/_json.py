"""JSON values: read from an answer's text, compared leaf by leaf."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods._matching import matching
from pytest_evalsuite.methods._text import excerpt, nfc

__all__ = ["MAX_DEPTH", "Comparison", "Tally", "depth", "parse"]

MAX_DEPTH: Final = 100
"""How deep an expectation may nest."""
_MAX_COMPARED: Final = 250_000
_MAX_DIFFERENCES: Final = 20
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def parse(text: str) -> Any:
    """Read the one JSON value that a text is, or that stands in its only fenced code block.

    Raises ValueError, saying what is wrong, for anything else: also for NaN, a key given twice, nesting beyond the
    interpreter's limit.
    """
    if not text.strip():
        raise ValueError("the text is empty")
    try:
        return _loads(text)
    except ValueError as error:
        parts = text.split("```")
        if len(parts) == 1:
            raise ValueError(str(error)) from None
    if len(parts) != 3:
        raise ValueError(f"{len(parts) // 2} code blocks where one was expected")
    language, _, block = parts[1].partition("\n")
    if language.strip().lower() not in ("", "json"):
        raise ValueError(f"a code block of {excerpt(language.strip(), 20)}, not of json")
    return _loads(block)


def depth(value: Any) -> int:
    """How many levels of objects and lists a JSON value has; MAX_DEPTH + 1 stands for all that is more."""
    level = [value]
    for found in range(MAX_DEPTH + 1):
        level = [child for parent in level if _is_container(parent) for child in _children(parent)]
        if not level:
            return found
    return MAX_DEPTH + 1


@dataclass(slots=True)
class Tally:
    """Leaves that match, out of all that were looked at, and the first differences, in the expectation's order."""

    matched: int = 0
    total: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return self.matched == self.total

    def add(self, other: Tally) -> None:
        """Count another tally's leaves with these."""
        self.matched += other.matched
        self.total += other.total
        self.differences += other.differences[: _MAX_DIFFERENCES - len(self.differences)]

    def differ(self, leaves: int, difference: str) -> None:
        """Count leaves that do not match, for one reason."""
        self.total += leaves
        if len(self.differences) < _MAX_DIFFERENCES:
            self.differences.append(difference)


@dataclass(slots=True)
class Comparison:
    """How two JSON values are compared.

    ``subset`` allows further keys in the actual objects; ``unordered`` pairs the items of lists as well as can be;
    ``tolerance`` is how far numbers may be apart. Values found in excess count as leaves that do not match. Raises
    MethodError when over 250,000 pairs of values would have to be looked at, which takes seconds.
    """

    subset: bool = False
    unordered: bool = False
    tolerance: float = 0.0
    _compared: int = 0

    def compare(self, expected: Any, actual: Any, path: str = "$") -> Tally:
        """Compare an expectation of at most MAX_DEPTH levels with any value."""
        self._compared += 1
        if self._compared > _MAX_COMPARED:
            raise MethodError("the JSON values are too large to compare: over 250,000 pairs of values")
        tally = Tally()
        if expected and isinstance(expected, Mapping) and isinstance(actual, Mapping):
            self._objects(expected, actual, path, tally)
        elif expected and _is_list(expected) and _is_list(actual):
            self._lists(expected, actual, path, tally)
        elif self._same(expected, actual):
            tally.matched = tally.total = 1
        else:
            tally.differ(_leaves(expected), f"{path}: expected {_shown(expected)}, got {_shown(actual)}")
        return tally

    def _objects(self, expected: Mapping[Any, Any], actual: Mapping[Any, Any], path: str, tally: Tally) -> None:
        for key, value in expected.items():
            where = _member(path, key)
            if key in actual:
                tally.add(self.compare(value, actual[key], where))
            else:
                tally.differ(_leaves(value), f"{where}: expected {_shown(value)}, missing")
        if not self.subset:
            for key in actual.keys() - expected.keys():
                tally.differ(1, f"{_member(path, key)}: not expected")

    def _lists(self, expected: Sequence[Any], actual: Sequence[Any], path: str, tally: Tally) -> None:
        found: dict[int, Tally]
        if self.unordered:
            found, excess = self._paired(expected, actual, path)
        else:
            pairs = enumerate(zip(expected, actual, strict=False))
            found = {i: self.compare(e, a, f"{path}[{i}]") for i, (e, a) in pairs}
            excess = range(len(expected), len(actual))
        for index, value in enumerate(expected):
            if index in found:
                tally.add(found[index])
            else:
                tally.differ(_leaves(value), f"{path}[{index}]: expected {_shown(value)}, missing")
        for index in excess:
            tally.differ(1, f"{path}[{index}]: not expected, got {_shown(actual[index])}")

    def _paired(
        self, expected: Sequence[Any], actual: Sequence[Any], path: str
    ) -> tuple[dict[int, Tally], Sequence[int]]:
        """Give the tally of each expected item that has a partner, and the actual items that have none."""
        tallies = [[self.compare(e, a, f"{path}[{i}]") for a in actual] for i, e in enumerate(expected)]
        partners = matching([[j for j, tally in enumerate(row) if tally.equal] for row in tallies])
        taken = set(partners.values())
        free = [j for j in range(len(actual)) if j not in taken]
        alone = [i for i in range(len(expected)) if i not in partners]
        partners.update(zip(alone, free, strict=False))
        return {i: tallies[i][j] for i, j in partners.items()}, free[len(alone) :]

    def _same(self, expected: Any, actual: Any) -> bool:
        """Whether a leaf, which is a scalar or an empty object or list, is as expected."""
        if isinstance(expected, Mapping):
            return isinstance(actual, Mapping) and (self.subset or not actual)
        if _is_list(expected):
            return _is_list(actual) and not actual
        if _is_number(expected) and _is_number(actual):
            return self._near(expected, actual)
        if isinstance(expected, str) and isinstance(actual, str):
            return nfc(expected) == nfc(actual)
        return type(expected) is type(actual) and bool(expected == actual)

    def _near(self, expected: float, actual: float) -> bool:
        try:
            return expected == actual or abs(expected - actual) <= self.tolerance
        except OverflowError:  # an integer beyond every float
            return False


def _loads(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for index, key in enumerate(keys) if key in keys[:index])
        raise ValueError(f"key {excerpt(twice, 40)} is given twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _is_container(value: Any) -> bool:
    return isinstance(value, (Mapping, list, tuple))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _children(value: Mapping[Any, Any] | Sequence[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, Mapping) else value


def _leaves(value: Any) -> int:
    return sum(map(_leaves, _children(value))) if _is_container(value) and value else 1


def _member(path: str, key: Any) -> str:
    name = str(key)
    return f"{path}.{name}" if _NAME.fullmatch(name) else f"{path}[{json.dumps(name, ensure_ascii=False)}]"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"an object of {len(value)}" if value else "{}"
    if _is_list(value):
        return f"a list of {len(value)}" if value else "[]"
    if isinstance(value, str):
        return json.dumps(value if len(value) <= 40 else f"{value[:39]}…", ensure_ascii=False)
    if isinstance(value, int) and value.bit_length() > 200:
        return "a huge number"
    return json.dumps(value) if value is None or isinstance(value, (bool, int, float)) else f"a {type(value).__name__}"
