"""Slot mappings and schemas as they are read from a file, and what they make of its cases."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite import extras
from pytest_evalsuite.testsets import TestSet
from pytest_evalsuite.testsets.mapping import InputSlot, SlotMapping, read_case_field
from pytest_evalsuite.testsets.paths import lookup, structured

Load = Callable[..., TestSet]
Mistakes = Callable[..., list[str]]

CASES = "cases:\n- {id: a, question: Q, inputs: {x: 1, deep: {y: 2}}, metadata: {m: 3}, expected: {t: 4, u: null}}\n"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("x", 1),
        ("inputs.x", 1),
        ("deep.y", 2),
        ("inputs.deep.y", 2),
        ("metadata.m", 3),
        ("question", "Q"),
        ("deep", {"y": 2}),
        ("metadata", None),
        ("inputs", None),
        ("y", None),
        ("x.y", None),
        ("metadata.", None),
        ("question.x", None),
        (".", None),
    ],
)
def test_a_field_of_a_case_is_found_by_its_name(name: str, found: Any) -> None:
    values = read_case_field(name).find("Q", {"x": 1, "deep": {"y": 2}}, {"m": 3})
    assert list(values) == ([] if found is None else [found])


def test_inputs_that_are_named_as_other_fields_are_reached_by_their_root() -> None:
    inputs = {"question": "own", "metadata": {"m": "own"}, "inputs": {"x": "nested"}}
    for name in ("question", "metadata.m", "inputs.x"):
        assert read_case_field(f"inputs.{name}").find("Q", inputs, {"m": 3}) == (lookup(inputs, name)[0],)


@given(st.dictionaries(st.text(), st.integers()))
def test_every_key_is_found_whatever_it_is(inputs: dict[str, Any]) -> None:
    for name, value in inputs.items():
        assert read_case_field(f"inputs.{name}").find(None, inputs, {}) == ((value,) if name else ())


@given(st.dictionaries(st.text(min_size=1), st.integers()), st.lists(st.text(min_size=1), unique=True))
def test_what_is_mapped_is_what_the_case_has(inputs: dict[str, int], names: list[str]) -> None:
    mapping = SlotMapping(tuple(InputSlot(f"p{n}", read_case_field(f"inputs.{n}")) for n in names))
    mapped = mapping.mapped("Q", inputs, {})
    expected = {f"p{n}": lookup(inputs, n)[0] for n in names if lookup(inputs, n)}
    assert mapped == (expected if names else None)


@pytest.mark.parametrize("output", ["{", "[1", "", "17 apples", None, 3, [1], "```json\n{\n```"])
def test_no_field_is_found_where_there_is_no_object(output: Any) -> None:
    assert lookup(structured(output), "a") == ()


def test_a_case_has_a_check_for_each_slot(load: Load) -> None:
    head = "mapping: {outputs: {a.b: t, c: {slot: u, method: json_match, weight: 2, passing_score: 0.5}}}\n"
    (case,) = load(head + CASES).cases
    shown = [(c.name, c.slot, c.case_field, c.method.method, c.weight, c.passing_score) for c in case.checks]
    assert shown == [("a.b", "a.b", "t", "json_match", 1.0, 1.0), ("c", "c", "u", "json_match", 2.0, 0.5)]
    assert [(check.expected, check.expected_responses) for check in case.checks] == [(4, ("4",)), (None, ("null",))]
    assert (case.mapped, case.skip) == (None, None)


def test_the_defaults_of_the_file_are_those_of_slots_too(load: Load) -> None:
    head = "defaults: {test_method: similarity, passing_score: 0.7, algorithm: token_set}\n"
    (case,) = load(head + "mapping: {outputs: {a: t, b: {slot: t, passing_score: 0.1}}}\n" + CASES).cases
    assert [(check.method.method, check.passing_score) for check in case.checks] == [
        ("similarity", 0.7),
        ("similarity", 0.1),
    ]


def test_a_case_may_set_the_bar_of_its_slots_and_add_checks(load: Load) -> None:
    text = """
mapping: {outputs: {json_match: t, b: {slot: t, passing_score: 0.1}}}
cases:
- {id: bar, question: Q, expected: {t: 1}, passing_score: 0.4}
- {id: mean, question: Q, expected: {t: 1}, passing_score: 0.4, require: score}
- id: more
  question: Q
  expected: {t: 1}
  checks: [{method: json_match, mode: subset}, {method: contains, expected_response: x}]
"""
    bar, mean, more = load(text).cases
    assert [check.passing_score for check in bar.checks] == [0.4, 0.1]
    assert (mean.passing_score, [check.passing_score for check in mean.checks]) == (0.4, [1.0, 0.1])
    assert [check.name for check in more.checks] == ["json_match-2", "contains", "json_match", "b"]


def test_what_a_case_lacks_is_why_it_is_skipped(load: Load) -> None:
    text = """
mapping: {outputs: {a: t, b: {slot: u, required: false}}}
cases:
- {id: both, question: Q, expected: {t: 1, u: 2}}
- {id: one, question: Q, expected: {t: 1}}
- {id: other, question: Q, expected: {u: 1}}
- {id: none, question: Q}
"""
    cases = load(text).cases
    lacks = "lacks the required expected output 't'"
    assert [case.skip for case in cases] == [None, None, lacks, lacks]
    assert [len(case.checks) for case in cases[:2]] == [2, 1]
    optional = load(text.replace("a: t", "a: {slot: t, required: false}")).cases
    assert [case.skip for case in optional] == [None, None, None, "expects none of the outputs that the mapping names"]


def test_fingerprints_tell_slots_and_mapped_inputs_and_nothing_else_changes(load: Load) -> None:
    case = "cases: [{id: a, question: Q, inputs: {x: 1, y: 2}, expected: {t: 4}, test_method: json_match}]\n"
    plain = load(case).cases[0].fingerprint
    assert plain == load("inputs_schema: {type: object}\n" + case).cases[0].fingerprint
    mapped = load("mapping: {inputs: {p: x}}\n" + case).cases[0].fingerprint
    other = load("mapping: {inputs: {p: y}}\n" + case).cases[0].fingerprint
    assert len({plain.split("-")[0], mapped.split("-")[0], other.split("-")[0]}) == 3
    assert plain.split("-")[1:] == mapped.split("-")[1:] == other.split("-")[1:]
    case = case.replace(", test_method: json_match", "")
    one, two = (load(f"mapping: {{outputs: {{{slot}: t}}}}\n" + case).cases[0].fingerprint for slot in ("a", "b"))
    assert [x == y for x, y in zip(one.split("-"), two.split("-"), strict=True)] == [True, True, False, True, True]


BAD = {
    "mapping: x": "1:10: mapping: expected {inputs: ..., outputs: ...}, not 'x'",
    "mapping:": "1:9: mapping: expected {inputs: ..., outputs: ...}, is empty",
    "mapping: {input: {a: b}}": "1:11: unknown key 'input'; did you mean 'inputs'?",
    "mapping: {inputs: []}": "1:19: mapping.inputs: expected {parameter: field of the case}, not []",
    "mapping: {inputs: {a: [b]}}": "1:23: mapping.inputs.a: expected text, not a list",
    "mapping: {inputs: {a: }}": "1:23: mapping.inputs.a: is empty",
    "mapping: {outputs: a}": "1:20: mapping.outputs: expected {field of the answer: field of expected}, not 'a'",
    "mapping: {outputs: {a: {method: regex}}}": "1:24: mapping.outputs.a: expected a 'slot'",
    "mapping: {outputs: {a: {slot: t, metod: regex}}}": "1:34: unknown key 'metod'; did you mean 'method'?",
    "mapping: {outputs: {a: {slot: t, method: exat_match}}}": "1:42: mapping.outputs.a.method: unknown method 'exat_m",
    "mapping: {outputs: {a: {slot: t, weight: 0}}}": "1:42: mapping.outputs.a.weight: expected a number above 0",
    "mapping: {outputs: {a: {slot: t, absolute: 1}}}": "1:34: 'absolute' is an option of numeric, not of json_match",
    "inputs_schema: 5": "1:16: inputs_schema: expected a mapping",
    "inputs_schema: {}": "1:16: inputs_schema: is empty",
    "inputs_schema: {type: objekt}": "1:1: 'inputs_schema' is no JSON Schema: $.type: 'objekt' is not",
    "inputs_schema: {$ref: 'https://example.org/s.json'}": "1:1: 'inputs_schema' $ref 'https://example.org/s.json' ",
    "inputs_schema: {$ref: 'file:///etc/passwd'}": "1:1: 'inputs_schema' $ref 'file:///etc/passwd' leads nowhere",
    "outputs_schema: {pattern: '('}": "1:1: 'outputs_schema' is no JSON Schema: $.pattern: '(' is not",
    "inputs_schema: {$ref: '#'}": "3:32: inputs: cannot be held against the schema: it refers to itself",
    "inputs_schema: {properties: {x: {type: string}}}": "3:36: inputs.x: 1 is not of type 'string'",
    "inputs_schema: {properties: {deep: {properties: {y: {enum: [7]}}}}}": "3:49: inputs.deep.y: 2 is not one of [7]",
    "outputs_schema: {properties: {t: {type: string}}}": "3:86: expected.t: 4 is not of type 'string'",
    "outputs_schema: {type: array}": "3:82: expected: {'t': 4, 'u': None} is not of type 'array'",
}


@pytest.mark.parametrize("head", BAD)
def test_a_mistake_has_its_place(mistakes: Mistakes, head: str) -> None:
    cases = CASES.replace("}}\n", "}, test_method: json_match}\n") if "outputs: {" not in head else CASES
    (found,) = mistakes(head + "\n" + cases)
    assert found.startswith(BAD[head])


def test_a_field_that_no_case_has_but_nearly_is_misspelt(mistakes: Mistakes) -> None:
    found = mistakes("mapping: {inputs: {a: dep}, outputs: {a: zzz}}\n" + CASES)
    assert found == ["1:23: mapping.inputs.a: no case has 'dep'; did you mean 'deep'?"]
    found = mistakes("mapping: {outputs: {a: totl}}\n" + CASES.replace("t: 4", "total: 4"))
    assert found == ["1:24: mapping.outputs.a: no case expects 'totl'; did you mean 'total'?"]


CASE_MISTAKES = {
    "expected: [1, 2]": "2:33: expected: expected a mapping of slots, for 'mapping.outputs', not a list",
    "expected: text": "2:33: expected: expected a mapping of slots, for 'mapping.outputs', not 'text'",
    "expected: {t: 1}, test_method: contains": "2:41: 'test_method' belongs into the slots of 'mapping.outputs'",
    "expected: {t: 1}, expected_response: x": "2:41: 'expected_response' is compared with nothing",
    "expected: {u: 1}, required: true": "2:41: a required case must pass, and this one lacks the required expected",
    "expected: {t: 1}, mode: subset": "2:41: 'mode' is an option of a method: write it in that method's check",
    "expected: {t: 1}, mapping: {}": "2:41: 'mapping' belongs at the top of the test set",
    "expected: {t: 1}, checks: [{method: json_match, name: a}]": "2:77: checks[0].name: the name 'a' is given to two",
}


@pytest.mark.parametrize("case", CASE_MISTAKES)
def test_what_a_case_may_not_say_beside_a_mapping(mistakes: Mistakes, case: str) -> None:
    (found,) = mistakes(f"mapping: {{outputs: {{a: t}}}}\ncases: [{{question: Q, {case}}}]\n")
    assert found.startswith(CASE_MISTAKES[case])


def test_a_slot_that_its_method_cannot_compare_is_a_mistake_of_the_case(mistakes: Mistakes) -> None:
    (found,) = mistakes(
        "mapping: {outputs: {a: {slot: t.n, method: numeric}}}\ncases: [{question: Q, expected: {t: {n: many}}}]\n"
    )
    assert found.startswith("2:41: expected.t.n: cannot be checked: expected_response 'many' holds 0 numbers")


def test_schemas_need_their_library(mistakes: Mistakes, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert mistakes("inputs_schema: {type: object}\nmapping: {outputs: {a: t}}\n" + CASES) == [
        "1:1: inputs_schema needs jsonschema, which is not installed: pip install 'pytest-evalsuite[schema]'"
    ]
    assert load("mapping: {outputs: {a: t}}\n" + CASES).slots is not None


def test_lists_of_cases_in_other_files_are_held_to_the_mapping(
    load: Load, mistakes: Mistakes, write: Callable[..., Any]
) -> None:
    head = "inputs_schema: {properties: {n: {type: integer}}}\nmapping: {inputs: {p: n}, outputs: {a: t}}\n"
    write("id,question,inputs.n,expected.t\nx,q,1,2\ny,q,,2\nz,q,1,\n", "c.csv")
    cases = load(head + "cases_from: c.csv\n").cases
    assert [case.mapped for case in cases] == [{"p": 1}, {}, {"p": 1}]
    assert [case.skip for case in cases] == [None, None, "lacks the required expected output 't'"]
    write('{"id": "x", "inputs": {"n": "one"}, "expected": {"t": 1}}\n', "c.jsonl")
    assert mistakes(head + "cases_from: c.jsonl\n") == ["1:29: inputs.n: 'one' is not of type 'integer'"]


def test_large_csv_files_are_read_case_by_case_where_slots_are_mapped(load: Load, write: Callable[..., Any]) -> None:
    rows = "".join(f"q{number},r{number}\n" for number in range(1500))
    write("question,expected_response\n" + rows, "c.csv")
    test_set = load("mapping: {inputs: {text: question}}\ncases_from: c.csv\n")
    assert [case.mapped for case in test_set.cases][-1] == {"text": "q1499"}


def test_a_mapping_is_json() -> None:
    json.dumps(SlotMapping((InputSlot("p", read_case_field("metadata.m")),)).as_json())
