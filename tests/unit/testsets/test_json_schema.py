from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from pytest_evalsuite.testsets import Defaults, TestSet
from pytest_evalsuite.testsets.csv_columns import SEED_COLUMNS
from pytest_evalsuite.testsets.schema import json_schema
from pytest_evalsuite.testsets.template import template

Load = Callable[..., TestSet]


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    found = json_schema()
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


def test_the_csv_template(load: Load) -> None:
    rows = list(csv.reader(template("csv").splitlines()))
    assert tuple(rows[0]) == SEED_COLUMNS
    assert len(load(template("csv"), "t.eval.csv", Defaults()).cases) == len(rows) - 1 == 2


def test_the_yaml_template(load: Load, schema: Draft202012Validator) -> None:
    assert len(load(template("yaml"), "t.eval.yaml", Defaults()).cases) == 5
    schema.validate(yaml.safe_load(template("yaml")))


GOOD: list[dict[str, Any]] = [
    {"cases_from": "a.csv", "extra_columns": "metadata"},
    {"cases": [{"input": 30, "expected": {"a": 1}, "method": "json_match", "mode": "subset"}]},
    {"cases": [{"question": "q", "expected_output": ["a", 5], "threshold": 0.5, "pass_rule": {"at_least": 2}}]},
    {"cases": [{"question": "q", "checks": [{"method": "keyword_match", "keywords": [30], "weight": 2}]}]},
    {"cases": [{"question": "q", "test_method": "our_own", "our_option": 5}]},
    {"gate": {"pass_rate": 0.9, "tags": {"a": {"max_errors": 0}}}, "cases": [{"question": "q", "required": True}]},
    {"mode": "scenario", "cases": [{"question": "q", "conversation": "a", "order": 1}]},
    {"on_turn_error": "continue", "conversations": [{"id": "a", "iterations": 2, "turns": [{"question": "q"}]}]},
    {"defaults": {"test_method": "numeric", "tolerance": 0.1}, "cases": [{"question": "q", "expected": 5}]},
]

BAD: list[dict[str, Any]] = [
    {},
    {"cases": []},
    {"cases": [{"expected_response": "a"}]},
    {"cases": [{"question": "q", "expectd": "a"}]},
    {"nam": "x", "cases": [{"question": "q"}]},
    {"mode": "scenes", "cases": [{"question": "q"}]},
    {"on_turn_error": "stop", "cases": [{"question": "q"}]},
    {"conversations": []},
    {"conversations": [{"id": "a"}]},
    {"conversations": [{"turns": []}]},
    {"conversations": [{"turns": [{"question": "q"}], "timeout": 5}]},
    {"conversations": [{"turns": [{"question": "q"}]}], "cases": [{"question": "q"}]},
    {"cases": [{"question": "q", "passing_score": 7}]},
    {"cases": [{"question": "q", "passing_score": "high"}]},
    {"cases": [{"question": "q", "tags": "money"}]},
    {"cases": [{"question": "q", "required": "always"}]},
    {"gate": {"pas_rate": 0.9}, "cases": [{"question": "q"}]},
    {"cases": [{"question": "q", "skip": True}]},
    {"cases": [{"question": "q", "pass_rule": "most"}]},
    {"cases": [{"question": "q", "test_method": "keyword_match", "keywrds": ["a"]}]},
    {"cases": [{"question": "q", "test_method": "keyword_match", "keywords": {"a": 1}}]},
    {"cases": [{"question": "q", "checks": [{"method": "contains", "wait": 2}]}]},
    {"cases": [{"question": "q"}], "cases_from": "a.csv"},
    {"defaults": {"keyword": ["a"]}, "cases": [{"question": "q"}]},
]


@pytest.mark.parametrize("data", GOOD, ids=str)
def test_what_the_schema_accepts(schema: Draft202012Validator, data: dict[str, Any]) -> None:
    schema.validate(data)


@pytest.mark.parametrize("data", BAD, ids=str)
def test_what_the_schema_refuses(schema: Draft202012Validator, data: dict[str, Any]) -> None:
    assert not schema.is_valid(data)
