"""JSON Schemas that a test set may hold: checked before they are used, guarded while they are. Needs jsonschema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from jsonschema import Draft202012Validator, SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend, validator_for
from jsonschema_specifications import REGISTRY as DRAFTS
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from pytest_evalsuite.errors import CaseTimeout
from pytest_evalsuite.methods._patterns import compile_pattern, pattern_fault
from pytest_evalsuite.methods._text import excerpt, nfc

__all__ = ["make_validator", "schema_fault", "told"]

_SECONDS: Final = 10.0
_DATA: Final = frozenset({"const", "default", "enum", "examples"})
"""Keywords whose value is data."""
_NAMED: Final = frozenset(
    {"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"}
)
"""Keywords whose value holds schemas by name."""

_NOWHERE: Final[Registry[Any]] = Registry()
"""What can be referred to besides the schema itself and the drafts: nothing. Without it jsonschema fetches."""


def make_validator(schema: dict[str, Any]) -> Validator:
    """Make a validator that checks formats, stops patterns that run away and fetches nothing."""
    draft = validator_for(schema, default=Draft202012Validator)
    guarded = cast(Any, extend)(draft, validators={"pattern": _matches})
    return cast(Validator, guarded(schema, registry=_NOWHERE, format_checker=draft.FORMAT_CHECKER))


def schema_fault(schema: dict[str, Any]) -> str | None:
    """Say why a mapping is no schema that can be used, or None."""
    draft = validator_for(schema, default=Draft202012Validator)
    if "$schema" in schema and draft.META_SCHEMA["$schema"].rstrip("#") != str(schema["$schema"]).rstrip("#"):
        return f"names the draft {excerpt(str(schema['$schema']))}, which is not known"
    try:
        draft.check_schema(schema)
    except SchemaError as error:
        return f"is no JSON Schema: {told(error)}"
    resource = Resource.from_contents(schema, default_specification=DRAFT202012)
    resolver = DRAFTS.resolver_with_root(resource)
    return next(_faults(schema, resolver, draft.FORMAT_CHECKER.checkers), None)


def told(error: ValidationError | SchemaError) -> str:
    """Say where a fault is and what it is, in 200 characters or so."""
    message = error.message if len(error.message) <= 200 else f"{error.message[:120]}…{error.message[-79:]}"
    return f"{error.json_path}: {message}"


def _faults(schema: Any, resolver: Any, formats: Mapping[str, Any]) -> Iterator[str]:
    """What the metaschema does not see: patterns, formats and references that cannot be used."""
    if isinstance(schema, list):
        for part in schema:
            yield from _faults(part, resolver, formats)
    if not isinstance(schema, dict):
        return
    if "$id" in schema:
        resolver = resolver.in_subresource(DRAFT202012.create_resource(schema))
    for keyword, value in schema.items():
        if keyword in _NAMED and isinstance(value, dict):
            yield from _faults(list(value.values()), resolver, formats)
        elif keyword not in _DATA:
            yield from _faults(value, resolver, formats)
            if isinstance(value, str) and (fault := _keyword_fault(keyword, value, resolver, formats)):
                yield fault


def _keyword_fault(keyword: str, value: str, resolver: Any, formats: Mapping[str, Any]) -> str | None:
    if keyword == "pattern":
        return (fault := pattern_fault(value)) and f"pattern {fault}"
    if keyword == "format" and value not in formats:
        return (
            f"format {excerpt(value)} cannot be checked: write a pattern, or install what checks it: "
            "pip install 'jsonschema[format-nongpl]'"
        )
    if keyword == "$ref":
        try:
            resolver.lookup(value)
        except Unresolvable:
            return f"$ref {excerpt(value)} leads nowhere: it must lead to a part of the schema"
    return None


def _matches(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if not isinstance(value, str):
        return
    try:
        found = compile_pattern(pattern).search(nfc(value), timeout=_SECONDS)
    except TimeoutError:
        raise CaseTimeout(
            f"pattern {excerpt(pattern)} ran longer than {_SECONDS:g} s on a text of {len(value):,} characters"
        ) from None
    if found is None:
        yield ValidationError(f"{excerpt(value)} does not match {excerpt(pattern)}")
