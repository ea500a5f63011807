"""When a check applies: conditions on what is asked, on what the case says of itself, and on the answer."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_evalsuite.testsets import readers
from pytest_evalsuite.testsets.paths import lookup
from pytest_evalsuite.testsets.scalars import is_null
from pytest_evalsuite.testsets.values import Reader, Refused, did_you_mean, each, json_value, listed, nearest, show

__all__ = ["SCHEMA", "Condition", "read_when", "why_skipped"]

NAMED: Final = ("inputs", "metadata", "output")
"""What holds values by name."""
WORDS: Final[dict[str, Reader]] = {"tags": readers.line(200), "language": readers.language, "agent": readers.agent}
"""What is a word, or several, and how the test set's own are read."""
ORDERINGS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
SIGNS: Final = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
ELSEWHERE: Final = {"gte": "ge", "lte": "le", "==": "eq", "!=": "ne", **{sign: name for name, sign in SIGNS.items()}}
"""What other languages call an operator."""
OPERATORS: Final = ("eq", "ne", *ORDERINGS, "in", "not_in", "exists")

SCALAR: Final = {"type": ["string", "number", "boolean"]}
LIST: Final = {"type": "array", "minItems": 1}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"pattern": rf"^(({'|'.join(NAMED)})\..+|{'|'.join(WORDS)})$"},
    "additionalProperties": {
        "anyOf": [
            SCALAR,
            LIST,
            {
                "type": "object",
                "minProperties": 1,
                "properties": {
                    **{name: {} for name in ("eq", "ne")},
                    **{name: {"type": ["string", "number"]} for name in ORDERINGS},
                    **dict.fromkeys(("in", "not_in"), LIST),
                    "exists": {"type": "boolean"},
                },
                "additionalProperties": False,
            },
        ]
    },
}


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold of one ``field``: every one of ``wanted``, operators with what they compare with (JSON values).

    ``field`` is ``tags``, ``language``, ``agent``, or a name, with dots for what is nested, in ``inputs``,
    ``metadata`` or ``output``. Of several tags one must be as it is wanted.
    """

    field: str
    wanted: Mapping[str, Any]

    @property
    def needs_value(self) -> bool:
        """Whether it is about a value that some case must have: a misspelt name would never be found out."""
        return self.field.startswith(("inputs.", "metadata.")) and "exists" not in self.wanted

    def unmet(self, facts: Mapping[str, Any]) -> str | None:
        """Say what does not hold, or None. ``facts`` maps the first parts of fields to their values."""
        found = self.found(facts)
        for name, operand in self.wanted.items():
            if not _holds(name, found, operand):
                return f"{self.field} {self._is(found, name, operand)}"
        return None

    def found(self, facts: Mapping[str, Any]) -> Sequence[Any]:
        """Give the field's value, nothing where it is absent, or each of several."""
        root, _, name = self.field.partition(".")
        if root in NAMED:
            return lookup(facts.get(root), name)
        value = facts.get(root)
        return value if isinstance(value, (tuple, list)) else () if value is None else (value,)

    def _is(self, found: Sequence[Any], name: str, operand: Any) -> str:
        if not found:
            state = "is absent"
        elif self.field == "tags":
            state = f"are {', '.join(map(show, found))}"
        else:
            state = f"is {show(found[0])}"
        if found and name in ORDERINGS and not any(_comparable(value, operand) for value in found):
            return f"{state}, which cannot be compared with {show(operand)}"
        return f"{state}, {_wanted(name, operand)}"


def why_skipped(conditions: Sequence[Condition], facts: Mapping[str, Any]) -> str | None:
    """Say which conditions do not hold and why; None when all do."""
    unmet = [reason for condition in conditions if (reason := condition.unmet(facts)) is not None]
    return "; ".join(unmet) or None


def read_when(value: Any) -> tuple[Condition, ...]:
    """Read ``when`` as it stands in a file: field to value, to a list of values, or to operators. Raises Refused."""
    if type(value) is not dict or not value:
        raise Refused(f"expected conditions, such as {{inputs.tier: gold}}, not {show(value)}")
    return tuple(each(((key, (key, wanted)) for key, wanted in value.items()), lambda pair: _read(*pair)))


def _read(field: str, value: Any) -> Condition:
    root, dot, name = field.partition(".")
    if field not in WORDS and not (root in NAMED and name):
        raise Refused(_no_field(field, root, dot))
    if type(value) is not dict:
        value = {"in" if type(value) is list else "eq": value}
        if is_null(value.get("eq", "")):
            raise Refused("is empty: expected a value, a list of values, or operators; null is written {eq: null}")
        try:
            return Condition(field, _operands(field, value))
        except Refused as refused:  # the file names no operator
            raise Refused(problems=[(path[1:], message) for path, message in refused.problems]) from None
    if not value:
        raise Refused(f"is empty: expected operators{listed(OPERATORS)}")
    return Condition(field, _operands(field, value))


def _operands(field: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Read each operator's operand."""
    read = WORDS.get(field, json_value)
    pairs = ((name, (name, operand)) for name, operand in given.items())
    return dict(zip(given, each(pairs, lambda pair: _operand(field, read, *pair)), strict=True))


def _operand(field: str, read: Reader, name: str, value: Any) -> Any:
    if name not in OPERATORS:
        hint = did_you_mean(ELSEWHERE.get(name, name), OPERATORS) or listed(OPERATORS)
        raise Refused(f"unknown operator {name!r}{hint}")
    if name == "exists":
        return readers.flag(value)
    if name in ("in", "not_in"):
        if type(value) is not list or not value:
            raise Refused(f"expected a list of values, not {show(value)}")
        return each(enumerate(value), read)
    if name in ORDERINGS:
        if field in WORDS:
            raise Refused(f"{field!r} has no order: expected eq, ne, in or not_in, not {name!r}")
        found = json_value(value)
        if not _comparable(found, found):
            raise Refused(f"expected a number or a text, not {show(value)}")
        return found
    return read(value)


def _no_field(field: str, root: str, dot: str) -> str:
    if root in WORDS:
        return f"{root!r} has no parts: write {root!r} instead of {field!r}"
    if root in NAMED:
        return f"{root!r} needs a name: write '{root}.<name>'"
    near = nearest(root, [*NAMED, *WORDS])
    if near:
        return f"unknown field {field!r}; did you mean {near + field[len(root) :] if dot else near!r}?"
    return f"unknown field {field!r}{listed([*(f'{name}.<name>' for name in NAMED), *WORDS])}"


def _holds(name: str, found: Sequence[Any], operand: Any) -> bool:
    if name == "exists":
        return bool(found) is operand
    if name in ("ne", "not_in"):
        return not _holds("eq" if name == "ne" else "in", found, operand)
    if name == "eq":
        return any(_same(value, operand) for value in found)
    if name == "in":
        return any(_same(value, one) for value in found for one in operand)
    return any(_comparable(value, operand) and ORDERINGS[name](value, operand) for value in found)


def _same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; 1 equals 1.0, and true does not equal 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _comparable(one: Any, other: Any) -> bool:
    """Whether two values are both numbers or both texts."""
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    numbers = isinstance(one, (int, float)) and isinstance(other, (int, float))
    return numbers or (isinstance(one, str) and isinstance(other, str))


def _wanted(name: str, operand: Any) -> str:
    if name == "exists":
        return "wanted it to be there" if operand else "wanted it absent"
    if name in ("in", "not_in"):
        shown = ", ".join(map(show, operand))
        return f"wanted {'one' if name == 'in' else 'none'} of {shown}"
    if name in ORDERINGS:
        return f"wanted {SIGNS[name]} {show(operand)}"
    return f"wanted {'not ' if name == 'ne' else ''}{show(operand)}"
