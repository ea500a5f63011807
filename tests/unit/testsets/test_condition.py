"""Conditions of checks: what holds, why something does not, and what is no condition."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pytest_evalsuite.testsets import TestSet
from pytest_evalsuite.testsets.condition import read_when, why_skipped
from pytest_evalsuite.testsets.schema import json_schema

Load = Callable[..., TestSet]
Mistakes = Callable[..., list[str]]

FACTS: dict[str, Any] = {
    "inputs": {"tier": "gold", "age": 17, "score": 0.5, "vip": True, "note": None, "a.b": "dotted"},
    "metadata": {"owner": {"team": "billing", "level": 3}, "labels": ["a", "b"]},
    "output": {"category": "refund", "amount": {"value": 12.5}},
    "tags": ("money", "support"),
    "language": "en",
    "agent": "fast",
}

KNOWN = "(known: eq, ne, lt, le, gt, ge, in, not_in, exists)"
ORDERINGS = ["lt", "le", "gt", "ge"]

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.sampled_from(["", "a", "b", "1"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=5,
)


def skipped(when: dict[str, Any], facts: dict[str, Any] | None = None) -> str | None:
    return why_skipped(read_when(when), FACTS if facts is None else facts)


@pytest.mark.parametrize(
    "when",
    [
        {"inputs.tier": "gold"},
        {"inputs.tier": ["silver", "gold"]},
        {"inputs.tier": "gold", "language": "en", "agent": "fast", "tags": "money"},
        {"inputs.age": {"ge": 17, "lt": 18.5}},
        {"inputs.age": 17.0},
        {"inputs.vip": True},
        {"inputs.note": {"eq": None, "exists": True}},
        {"inputs.a.b": "dotted"},
        {"inputs.tier": {"gt": "apple"}},
        {"metadata.owner.team": "billing"},
        {"metadata.owner": {"eq": {"level": 3, "team": "billing"}}},
        {"metadata.labels": {"eq": ["a", "b"]}},
        {"output.amount.value": {"gt": 10}},
        {"tags": ["urgent", "support"]},
        {"tags": {"ne": "urgent", "not_in": ["a", "b"], "exists": True}},
        {"agent": {"ne": "slow"}},
        {"inputs.absent": {"ne": "gold"}},
        {"inputs.absent": {"not_in": ["gold"]}},
        {"inputs.absent": {"exists": False}},
        {"inputs.tier.deeper": {"exists": False}},
    ],
    ids=str,
)
def test_what_holds(when: dict[str, Any]) -> None:
    assert skipped(when) is None


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ({"inputs.tier": "silver"}, "inputs.tier is 'gold', wanted 'silver'"),
        ({"inputs.tier": ["silver", "bronze"]}, "inputs.tier is 'gold', wanted one of 'silver', 'bronze'"),
        ({"inputs.tier": {"ne": "gold"}}, "inputs.tier is 'gold', wanted not 'gold'"),
        ({"inputs.tier": {"not_in": ["gold", "a"]}}, "inputs.tier is 'gold', wanted none of 'gold', 'a'"),
        ({"inputs.age": {"gt": 3, "ge": 18}}, "inputs.age is 17, wanted >= 18"),
        ({"inputs.age": "17"}, "inputs.age is 17, wanted '17'"),
        ({"inputs.age": {"lt": "18"}}, "inputs.age is 17, which cannot be compared with '18'"),
        ({"inputs.vip": {"ge": 1}}, "inputs.vip is true, which cannot be compared with 1"),
        ({"inputs.vip": 1}, "inputs.vip is true, wanted 1"),
        ({"inputs.note": {"lt": 1}}, "inputs.note is nothing, which cannot be compared with 1"),
        ({"inputs.absent": {"lt": 1}}, "inputs.absent is absent, wanted < 1"),
        ({"inputs.absent": {"exists": True}}, "inputs.absent is absent, wanted it to be there"),
        ({"inputs.age": {"exists": False}}, "inputs.age is 17, wanted it absent"),
        ({"inputs.tier.deeper": "x"}, "inputs.tier.deeper is absent, wanted 'x'"),
        ({"metadata.owner": {"eq": {"level": 3}}}, "metadata.owner is a mapping, wanted a mapping"),
        ({"tags": "urgent"}, "tags are 'money', 'support', wanted 'urgent'"),
        ({"tags": {"exists": False}}, "tags are 'money', 'support', wanted it absent"),
        ({"agent": "slow", "language": "de"}, "agent is 'fast', wanted 'slow'; language is 'en', wanted 'de'"),
    ],
    ids=str,
)
def test_why_something_does_not_hold(when: dict[str, Any], reason: str) -> None:
    assert skipped(when) == reason


def test_an_answer_without_fields() -> None:
    assert skipped({"output.category": "refund"}, {"output": "text"}) == "output.category is absent, wanted 'refund'"
    assert skipped({"tags": "a"}, {"tags": ()}) == "tags is absent, wanted 'a'"


@given(json_values, json_values)
def test_every_operator_has_its_opposite(found: Any, operand: Any) -> None:
    def holds(**operators: Any) -> bool:
        return skipped({"inputs.x": operators}, {"inputs": {"x": found}}) is None

    assert holds(eq=operand) is not holds(ne=operand)
    assert holds(**{"in": [operand, operand]}) is holds(eq=operand) is not holds(not_in=[operand])
    assert holds(eq=found)
    assert holds(exists=True) is not holds(exists=False)


@given(json_values, json_values)
def test_equal_is_equal_in_json(found: Any, operand: Any) -> None:
    def canonical(value: Any) -> str:
        return json.dumps(as_floats(value), sort_keys=True)

    held = skipped({"inputs.x": {"eq": operand}}, {"inputs": {"x": found}}) is None
    assert held is (canonical(found) == canonical(operand))


def as_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_floats(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_floats(inner) for inner in value]
    return float(value) + 0.0 if isinstance(value, (int, float)) and not isinstance(value, bool) else value


@given(json_values, st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=2), st.sampled_from(ORDERINGS))
def test_only_numbers_and_texts_have_an_order(found: Any, operand: Any, name: str) -> None:
    def kind(value: Any) -> str:
        return "number" if isinstance(value, float) else type(value).__name__.replace("int", "number")

    held = skipped({"inputs.x": {name: operand}}, {"inputs": {"x": found}}) is None
    comparable = kind(found) == kind(operand)
    assert held is (comparable and getattr(operator, name)(found, operand))


MISTAKEN = {
    "{}": "when: expected conditions, such as {inputs.tier: gold}, not {}",
    "gold": "when: expected conditions, such as {inputs.tier: gold}, not 'gold'",
    "{input.tier: gold}": "when.input.tier: unknown field 'input.tier'; did you mean 'inputs.tier'?",
    "{tag: gold}": "when.tag: unknown field 'tag'; did you mean 'tags'?",
    "{question: gold}": "when.question: unknown field 'question' (known: inputs.<name>, metadata.<name>, "
    "output.<name>, tags, language, agent)",
    "{output: gold}": "when.output: 'output' needs a name: write 'output.<name>'",
    "{inputs.: gold}": "when.inputs.: 'inputs' needs a name: write 'inputs.<name>'",
    "{tags.x: gold}": "when.tags.x: 'tags' has no parts: write 'tags' instead of 'tags.x'",
    "{output.x: {gte: 1}}": "when.output.x.gte: unknown operator 'gte'; did you mean 'ge'?",
    "{output.x: {exist: true}}": "when.output.x.exist: unknown operator 'exist'; did you mean 'exists'?",
    "{output.x: {city: Rome}}": f"when.output.x.city: unknown operator 'city' {KNOWN}",
    "{output.x: {}}": f"when.output.x: is empty: expected operators {KNOWN}",
    "{output.x: []}": "when.output.x: expected a list of values, not []",
    "{output.x: null}": "when.output.x: is empty: expected a value, a list of values, or operators; null is written "
    "{eq: null}",
    "{output.x: {in: gold}}": "when.output.x.in: expected a list of values, not 'gold'",
    "{output.x: {lt: true}}": "when.output.x.lt: expected a number or a text, not true",
    "{output.x: {lt: [1]}}": "when.output.x.lt: expected a number or a text, not a list",
    "{output.x: {exists: 1}}": "when.output.x.exists: expected true or false, not 1",
    "{tags: {lt: a}}": "when.tags.lt: 'tags' has no order: expected eq, ne, in or not_in, not 'lt'",
    "{tags: [a, [b]]}": "when.tags[1]: expected text, not a list",
}


@pytest.mark.parametrize("when", MISTAKEN)
def test_what_is_no_condition(mistakes: Mistakes, when: str) -> None:
    (found,) = mistakes(set_of(when))
    place, _, message = found.partition(": ")
    assert message == f"checks[0].{MISTAKEN[when]}"
    assert place.startswith("5:")


def test_all_mistakes_are_told_where_they_are(mistakes: Mistakes) -> None:
    assert mistakes(set_of("{inputs: wide, tags: {gt: a, lt: b}}")) == [
        "5:21: checks[0].when.inputs: 'inputs' needs a name: write 'inputs.<name>'",
        "5:38: checks[0].when.tags.gt: 'tags' has no order: expected eq, ne, in or not_in, not 'gt'",
        "5:45: checks[0].when.tags.lt: 'tags' has no order: expected eq, ne, in or not_in, not 'lt'",
    ]


GOOD = "{tags: a, output.x: {gt: 1, in: [2], eq: null}, inputs.tier: [gold, 1]}"
BEYOND_AN_EDITOR = ("{tags: {lt: a}}", "{tags: [a, [b]]}")


@pytest.mark.parametrize("when", [GOOD, *MISTAKEN])
def test_an_editor_knows_nearly_as_much(when: str) -> None:
    known = Draft202012Validator(json_schema()).is_valid(yaml.safe_load(set_of(when)))
    assert known is (when == GOOD or when in BEYOND_AN_EDITOR)


def set_of(when: str, inputs: str = "{tier: gold}") -> str:
    return f"""cases:
- inputs: {inputs}
  expected_response: a
  checks:
  - {{when: {when}, method: contains}}
"""


def test_text_stays_text_where_words_are_wanted(load: Load) -> None:
    (case,) = load(set_of("{tags: [007, no], inputs.tier: [1, true, no]}")).cases
    words, values = case.checks[0].when
    assert words.wanted == {"in": ["007", "no"]}
    assert values.wanted == {"in": [1, True, "no"]}


@pytest.mark.parametrize(
    ("field", "hint"),
    [("inputs.teir", "; did you mean 'inputs.tier'?"), ("inputs.tier.x", "; did you mean"), ("metadata.owner", "")],
)
@pytest.mark.parametrize("wanted", ["gold", "{ne: gold}"])
def test_what_no_case_has_is_misspelt(mistakes: Mistakes, field: str, hint: str, wanted: str) -> None:
    (found,) = mistakes(set_of(f"{{{field}: {wanted}}}"))
    assert found.startswith(
        f"5:{15 + len(field)}: checks[0].when.{field}: no case of this test set has {field!r}{hint}"
    )


def test_what_another_case_has_or_may_be_absent_is_not_misspelt(load: Load) -> None:
    other = "- {inputs: {plan: a}, expected_response: a, metadata: {owner: {team: b}}}\n"
    whens = ["inputs.plan: a", "metadata.owner.team: b", "inputs.teir: {exists: true, eq: gold}", "output.teir: gold"]
    assert all(load(set_of(f"{{{when}}}") + other) for when in whens)


def test_a_case_itself_has_no_conditions(mistakes: Mistakes) -> None:
    text = "cases:\n- question: q\n  expected_response: a\n  when: {tags: a}\n"
    assert mistakes(text) == ["4:3: unknown key 'when': it belongs in a check, under 'checks'"]
    text += "  checks: [{method: contains}]\n"
    assert mistakes(text) == ["4:3: unknown key 'when': it belongs in a check, under 'checks'"]


def test_conditions_are_part_of_the_fingerprint(load: Load) -> None:
    def fingerprint(when: str) -> str:
        return load(set_of(when)).cases[0].fingerprint

    assert fingerprint("{tags: a}") != fingerprint("{tags: b}")
    assert fingerprint("{tags: [a]}") != fingerprint("{tags: {not_in: [a]}}")
    assert fingerprint("{tags: a, agent: b}") == fingerprint("{agent: b, tags: {eq: a}}")
