"""A JSON Schema of YAML test sets, for editors."""

from __future__ import annotations

from typing import Any, Final

from pytest_evalsuite.methods._base import Method
from pytest_evalsuite.methods._registry import ALIASES
from pytest_evalsuite.testsets.fields import (
    ANSWER,
    CASE,
    CHECK,
    CONVERSATION,
    DEFAULTS,
    GATE,
    SET,
    SLOT,
    SLOT_MAPPING,
    TAG_GATE,
    Schema,
    Table,
)
from pytest_evalsuite.testsets.options import Methods

__all__ = ["json_schema"]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
METHOD_KEYS: Final = ("test_method", "method", "eval_type")


def json_schema() -> dict[str, Any]:
    """Make the schema (draft 2020-12) of a YAML test set, options of the installed methods included.

    It says what an editor can know: an option of a method that only a session registers is accepted where the case
    names that method.
    """
    methods = Methods()
    definitions: Schema = {}
    options = option_schemas(methods, definitions)
    case = mapping(CASE, {**options, "threshold": CASE.fields["passing_score"].kind.schema}, methods)
    asked = [{"required": [key]} for key in ("question", "input", "inputs")]
    definitions["case"] = {**case, "anyOf": asked, "dependentRequired": {"file_mime_type": ["file_url"]}}
    definitions["conversation"] = {
        "type": "object",
        "properties": properties(CONVERSATION),
        "required": ["turns"],
        "additionalProperties": False,
    }
    definitions["check"] = mapping(CHECK, {**options, "threshold": CASE.fields["passing_score"].kind.schema}, methods)
    slot = mapping(SLOT, {**options, "threshold": CASE.fields["passing_score"].kind.schema}, methods)
    definitions["slot"] = {**slot, "required": ["slot"]}
    definitions["mapping"] = bars(SLOT_MAPPING)
    definitions["defaults"] = mapping(DEFAULTS, options, methods)
    definitions["gate"] = bars(GATE)
    definitions["tag_gate"] = bars(TAG_GATE)
    return {
        "$schema": DIALECT,
        "title": "pytest-evalsuite test set",
        "description": "Cases that an agent is asked, and how its answers are checked.",
        "type": "object",
        "properties": properties(SET),
        "additionalProperties": False,
        "oneOf": [{"required": [key]} for key in ("cases", "cases_from", "conversations")],
        "$defs": definitions,
    }


def properties(table: Table) -> Schema:
    """Give the schema of every key that a table knows."""
    return {key: {**table.field(key).kind.schema, "description": table.field(key).description} for key in table.by_key}


def bars(table: Table) -> Schema:
    """Give the schema of a mapping that has at least one of a table's keys, and no other."""
    return {"type": "object", "minProperties": 1, "properties": properties(table), "additionalProperties": False}


def mapping(table: Table, options: Schema, methods: Methods) -> Schema:
    """Give the schema of a mapping; further keys are for the methods that are not known here."""
    known = {**options, **properties(table)}
    names = {"enum": [*methods.names(), *ALIASES]}
    for key in METHOD_KEYS:
        if key in known:
            known[key] = {
                "description": known[key]["description"],
                "anyOf": [names, {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}],
            }
    return {
        "type": "object",
        "properties": known,
        "if": {"properties": dict.fromkeys(METHOD_KEYS, names)},
        "then": {"propertyNames": {"enum": sorted(known)}},
    }


def option_schemas(methods: Methods, definitions: Schema) -> Schema:
    """Give the schema of every option of every method; what they refer to is added to ``definitions``."""
    found: dict[str, list[Schema]] = {}
    for name in methods.names():
        for option, schema in own_schemas(methods.find(name), definitions).items():
            if schema not in found.setdefault(option, []):
                found[option].append(schema)
    return {option: schemas[0] if len(schemas) == 1 else {"anyOf": schemas} for option, schemas in found.items()}


def own_schemas(method: type[Method], definitions: Schema) -> Schema:
    """Give the schemas of one method's options, as a YAML file may write them."""
    schema = method.model_json_schema(ref_template=f"#/$defs/{method.method}.{{model}}")
    definitions.update({f"{method.method}.{name}": part for name, part in schema.get("$defs", {}).items()})
    texts = method.text_options()
    return {
        option: as_written(part) if option in texts else part for option, part in schema.get("properties", {}).items()
    }


def as_written(schema: Any) -> Any:
    """Let an unquoted number stand where text is wanted, since the loader keeps it as text."""
    if isinstance(schema, list):
        return [as_written(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {key: as_written(part) for key, part in schema.items()}
    return {**changed, **ANSWER} if schema.get("type") == "string" and "enum" not in schema else changed
