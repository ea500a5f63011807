"""The JSON Schemas of a test set's slots: what they say of a case's inputs, and of what is expected of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from pytest_evalsuite.errors import CaseTimeout
from pytest_evalsuite.extras import missing_library
from pytest_evalsuite.methods._json import MAX_DEPTH, depth
from pytest_evalsuite.testsets.part import Part
from pytest_evalsuite.testsets.problems import Problem
from pytest_evalsuite.testsets.values import did_you_mean, listed

if TYPE_CHECKING:
    from jsonschema import ValidationError

__all__ = ["SlotSchema", "read_slot_schema"]

OPEN: Final = frozenset({"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "patternProperties"})
"""Keywords by which a schema may have properties that it does not list."""
MOST_FAULTS: Final = 20
"""Faults that are told of one case."""


def read_slot_schema(part: Part, key: str) -> SlotSchema | None:
    """Read a schema of the test set; None where there is none, or a bad one, which is added to the problems."""
    schema = part.values.get(key)
    if schema is None:
        return None
    fault = schema_problem(key, schema)
    if fault is not None:
        part.report(key, fault, on_key=True)
        return None
    return SlotSchema(schema)


def schema_problem(key: str, schema: dict[str, Any]) -> str | None:
    """Say why a schema cannot be used, or None."""
    if depth(schema) > MAX_DEPTH:
        return f"{key!r} is nested more than {MAX_DEPTH} levels deep"
    if (missing := missing_library(key, "schema", "jsonschema")) is not None:
        return missing
    from pytest_evalsuite.methods._schema import schema_fault

    return (fault := schema_fault(schema)) and f"{key!r} {fault}"


class SlotSchema:
    """A schema that is known to be usable. Needs jsonschema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        from pytest_evalsuite.methods._schema import make_validator

        self.schema = schema
        self._validator = make_validator(schema)

    def check(self, value: Any, key: str) -> tuple[list[str], list[Problem]]:
        """Give the required slots that a value lacks, and what else is wrong with it, under the key of its case.

        A slot is named by the keys that lead to it, with dots between.
        """
        from referencing.exceptions import Unresolvable

        lacking: list[str] = []
        problems: list[Problem] = []
        try:
            for error in islice(self._validator.iter_errors(value), MOST_FAULTS):
                if is_lack(error):
                    lacking += lacked(error)
                else:
                    problems += faults(error, key)
        except RecursionError:
            problems.append(Problem((key,), "cannot be held against the schema: it refers to itself without end"))
        except (CaseTimeout, Unresolvable) as error:
            problems.append(Problem((key,), f"cannot be held against the schema: {error}"))
        return list(dict.fromkeys(lacking)), problems

    def unknown(self, name: str) -> str | None:
        """Say that the schema has no slot of this name, or None where it has one or may have."""
        schema: Any = self.schema
        before = ""
        while True:
            properties = schema.get("properties") if isinstance(schema, Mapping) else None
            if not isinstance(properties, Mapping) or OPEN & schema.keys() or schema.get("additionalProperties"):
                return None
            if name in properties:
                return None
            first, dot, rest = name.partition(".")
            if not dot or first not in properties:
                known = [f"{before}{key}" for key in properties]
                return did_you_mean(before + (name if not dot else first), known) or listed(known)
            schema, name, before = properties[first], rest, f"{before}{first}."


def is_lack(error: ValidationError) -> bool:
    """Whether a value lacks a required key, rather than has a wrong one; items of lists lack nothing."""
    names = list(error.absolute_schema_path)[:-1]
    return error.validator == "required" and len(names) % 2 == 0 and {*names[::2]} <= {"properties"}


def lacked(error: Any) -> list[str]:
    """Name the keys that a value lacks, with the way to them."""
    names = [name for name in error.validator_value if name not in error.instance]
    return [".".join(map(str, (*error.absolute_path, name))) for name in names]


def faults(error: Any, key: str) -> Iterator[Problem]:
    """Give what is wrong with a value; a key too many has its own place and a suggestion."""
    path = (key, *error.absolute_path)
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = list(error.schema.get("properties", {}))
        patterns = error.schema.get("patternProperties")
        if not patterns:
            for name in error.instance:
                if name not in known:
                    hint = did_you_mean(str(name), known) or listed(known)
                    yield Problem((*path, name), f"the schema has no {name!r}{hint}", on_key=True)
            return
    yield Problem(path, shortened(error.message))


def shortened(message: str) -> str:
    """Give a message in 200 characters or so."""
    return message if len(message) <= 200 else f"{message[:120]}…{message[-79:]}"


def names_of(values: Sequence[Any]) -> list[str]:
    """Give the names that some mappings have, each once."""
    return list(dict.fromkeys(name for value in values if isinstance(value, Mapping) for name in value))
