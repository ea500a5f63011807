from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_evalsuite.errors import CaseTimeout
from pytest_evalsuite.methods import Answer, Score, _schema
from pytest_evalsuite.methods.json_schema import JsonSchema

TICKET = {
    "type": "object",
    "required": ["category"],
    "properties": {
        "category": {"enum": ["billing", "other"]},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}},
        "due": {"type": "string", "format": "date"},
    },
    "additionalProperties": False,
    "$defs": {"tag": {"type": "string", "pattern": "^[a-z]+$"}},
}


@pytest.mark.parametrize(
    ("output", "faults"),
    [
        ({"category": "billing", "tags": ["a"], "due": "2024-02-29"}, []),
        ('Here:\n```json\n{"category": "other"}\n```', []),
        ({}, ["$: 'category' is a required property"]),
        ({"category": "x"}, ["$.category: 'x' is not one of ['billing', 'other']"]),
        ({"category": "other", "tags": ["a", "B1"]}, ["$.tags[1]: 'B1' does not match '^[a-z]+$'"]),
        ({"category": "other", "tags": [1]}, ["$.tags[0]: 1 is not of type 'string'"]),
        ({"category": "other", "due": "tomorrow"}, ["$.due: 'tomorrow' is not a 'date'"]),
        ([], ["$: [] is not of type 'object'"]),
    ],
)
def test_an_answer_conforms_or_its_faults_have_paths(
    score: Callable[..., Score], output: Any, faults: list[str]
) -> None:
    scored = score(JsonSchema(json_schema=TICKET), output)
    assert scored.value == float(not faults)
    assert scored.evidence.get("faults", []) == faults
    if faults:
        assert scored.reason == faults[0]


def test_only_the_first_faults_are_told_and_each_in_short(score: Callable[..., Score]) -> None:
    scored = score(JsonSchema(json_schema={"items": {"type": "string", "maxLength": 5}}), ["x" * 9_000] * 50)
    assert len(scored.evidence["faults"]) == 20
    assert len(scored.evidence["faults"][0]) < 250
    assert scored.reason.endswith("; …")


def test_a_text_that_is_no_json_fails(score: Callable[..., Score]) -> None:
    scored = score(JsonSchema(json_schema=TICKET), "billing")
    assert (scored.value, scored.reason) == (0.0, "the answer is no JSON: Expecting value: line 1 column 1 (char 0)")


def test_the_draft_is_the_one_named(score: Callable[..., Score]) -> None:
    tuples = {"items": [{"type": "string"}], "additionalItems": False}
    draft7 = JsonSchema(json_schema={"$schema": "http://json-schema.org/draft-07/schema#", **tuples})
    assert score(draft7, ["a"]).value == 1.0
    assert score(draft7, ["a", "b"]).value == 0.0
    with pytest.raises(ValidationError, match="is no JSON Schema"):
        JsonSchema(json_schema=tuples)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({}, "is empty: every answer conforms to it"),
        ({"type": "objekt"}, r"is no JSON Schema: \$\.type: 'objekt' is not valid"),
        ({"$schema": "draft-9000"}, "names the draft 'draft-9000', which is not known"),
        ({"items": {"$ref": "#/$defs/tag"}}, r"\$ref '#/\$defs/tag' leads nowhere"),
        ({"$ref": "https://example.com/schema.json"}, "leads nowhere: it must lead to a part of the schema"),
        ({"properties": {"enum": {"format": "klingon"}}}, "format 'klingon' cannot be checked: write a pattern"),
        ({"anyOf": [{"pattern": "(a{999}){999}"}]}, "pattern .* has counts that multiply"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        JsonSchema(json_schema=schema)


def test_a_schema_too_deep_to_walk_is_refused() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(101):
        schema = {"items": schema}
    with pytest.raises(ValidationError, match="nested more than 100 levels deep"):
        JsonSchema(json_schema=schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": [{"format": "klingon", "$ref": "nowhere"}], "default": {"pattern": "("}},
        {"properties": {"format": {"type": "string"}, "$ref": True, "pattern": False}},
        {"$id": "https://example.com/a", "$ref": "b", "$defs": {"b": {"$id": "b", "type": "integer"}}},
        {"$ref": "https://json-schema.org/draft/2020-12/schema"},
    ],
)
def test_what_only_looks_like_a_fault_is_none(schema: dict[str, Any]) -> None:
    assert JsonSchema(json_schema=schema).json_schema == schema


def test_a_pattern_that_runs_away_is_an_error(monkeypatch: pytest.MonkeyPatch, answer: Callable[..., Answer]) -> None:
    monkeypatch.setattr(_schema, "_SECONDS", 0.05)
    method = JsonSchema(json_schema={"pattern": "^(a|aa)+(b|c)$"})
    with pytest.raises(CaseTimeout, match=r"ran longer than 0\.05 s"):
        method.score(answer(f'"{"a" * 60}!{"a" * 5000}"'))


def test_a_library_that_is_not_installed_is_named_before_any_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    assert JsonSchema(json_schema=TICKET).problem(expected_responses=(), expected=None) == (
        "json_schema needs jsonschema, which is not installed: pip install 'pytest-evalsuite[schema]'"
    )
