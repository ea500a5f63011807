"""docs/reference/methods.md says of every built-in method what the method's class says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from pydantic.fields import FieldInfo

from pytest_evalsuite.methods import MethodRegistry, get_method

PAGE = Path(__file__, "../../../../docs/reference/methods.md").resolve().read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
SNIPPETS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
OF_A_CASE = {
    "id",
    "question",
    "expected_response",
    "expected",
    "passing_score",
    "threshold",
    "not",
    "num_iterations",
    "weight",
    "checks",
}


def shown(option: FieldInfo) -> str:
    if option.is_required():
        return "required"
    default = option.get_default(call_default_factory=True)
    if default is None:
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default)}`".replace('"', "")


def test_there_is_a_section_for_every_built_in_method_and_no_other() -> None:
    built_in = [name for name in MethodRegistry().names() if get_method(name).__module__.endswith(f"methods.{name}")]
    assert list(SECTIONS) == sorted(SECTIONS) == built_in


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_the_table_has_every_option_with_its_default_and_meaning(name: str) -> None:
    table = [line for line in SECTIONS[name].splitlines() if line.startswith("| `")]
    assert table == [
        f"| `{option}` | {shown(field)} | {field.description} |"
        for option, field in get_method(name).model_fields.items()
    ]


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_the_default_passing_score_is_the_class_s(name: str) -> None:
    (bar,) = re.findall(r"Default passing score: (\S+?)\.$", SECTIONS[name], re.MULTILINE)
    assert float(bar) == get_method(name).default_passing_score


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_check_in_a_snippet_is_valid(snippet: str) -> None:
    checks = [check for case in yaml.safe_load(snippet)["cases"] for check in case.get("checks", [case])]
    assert checks
    for check in checks:
        method = get_method(check.get("method") or check["test_method"])
        method(**{key: check[key] for key in check.keys() - OF_A_CASE - {"method", "test_method"}})
