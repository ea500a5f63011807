"""docs/reference/test-sets.md says of every field what the tables of fields say, and its examples are right."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_evalsuite.testsets import TestSet
from pytest_evalsuite.testsets.fields import (
    CASE,
    CHECK,
    CONVERSATION,
    DEFAULTS,
    GATE,
    SET,
    SLOT,
    SLOT_MAPPING,
    TAG_GATE,
    Table,
)
from pytest_evalsuite.testsets.identity import derive_id

Load = Callable[..., TestSet]

PAGE = Path(__file__, "../../../../docs/reference/test-sets.md").resolve().read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^###? (.+?)\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize(
    ("section", "table"),
    [
        ("The test set", SET),
        ("The gate", GATE),
        ("Bars for a tag", TAG_GATE),
        ("A case", CASE),
        ("A check", CHECK),
        ("A conversation", CONVERSATION),
        ("Defaults", DEFAULTS),
        ("The mapping", SLOT_MAPPING),
        ("A slot", SLOT),
    ],
)
def test_every_field_is_described(section: str, table: Table) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", SECTIONS[section], re.MULTILINE)
    expected = [
        (field.name, ", ".join(f"`{alias}`" for alias in field.aliases), field.description)
        for field in table.fields.values()
    ]
    assert [(name, also.strip(), meaning) for name, also, meaning in rows] == expected


@pytest.mark.parametrize(
    ("language", "suffix"), [("yaml", ".eval.yaml"), ("csv", ".eval.csv"), ("json", ".eval.jsonl")]
)
def test_every_example_is_a_test_set(load: Load, language: str, suffix: str) -> None:
    examples = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert examples
    assert all(load(example, f"t.eval.{suffix}").cases for example in examples)


def test_the_derived_id_in_the_text() -> None:
    assert derive_id("How long do I have?", {}) in PAGE
