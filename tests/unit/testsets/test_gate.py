"""The bars that a test set declares, and the cases that must pass whatever happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pytest_evalsuite.testsets import TestSet
from pytest_evalsuite.testsets.gate import Gate
from pytest_evalsuite.testsets.schema import json_schema

Load = Callable[..., TestSet]
Mistakes = Callable[..., list[str]]

ALL_BARS = (
    "pass_rate: 0.95, mean_score: 1, max_errors: 2, max_error_share: 0.05, max_failures: 3, max_regressions: 0, "
    "latency_p95: 2.5, cost: 0.10"
)
TOP = (
    "(known: pass_rate, mean_score, max_errors, max_error_share, max_failures, max_regressions, latency_p95, cost, "
    "tags)"
)
OF_TAG = "(known: pass_rate, mean_score, max_errors, max_failures)"


def set_of(gate: str) -> str:
    return f"""tags: [support]
gate: {gate}
cases:
- {{id: a, question: q, expected_response: a, tags: [safety]}}
- {{id: b, question: q, expected_response: a}}
"""


def test_every_bar(load: Load) -> None:
    gate = load(set_of(f"{{tags: {{safety: {{pass_rate: 1}}, support: {{max_failures: 0}}}}, {ALL_BARS}}}")).gate
    assert gate is not None
    assert list(gate.bars.items()) == [
        ("pass_rate", 0.95),
        ("mean_score", 1.0),
        ("max_errors", 2),
        ("max_error_share", 0.05),
        ("max_failures", 3),
        ("max_regressions", 0),
        ("latency_p95", 2.5),
        ("cost", 0.1),
    ]
    assert gate.tags == {"safety": {"pass_rate": 1.0}, "support": {"max_failures": 0}}
    assert Gate.from_json(json.loads(json.dumps(gate.as_json()))) == gate


def test_a_test_set_without_a_gate(load: Load) -> None:
    found = load("question,expected_response\nq,a\n", "t.eval.csv")
    assert found.gate is None
    assert found.cases[0].required is False
    assert Gate.from_json({}) is None


gates = st.builds(
    Gate,
    st.dictionaries(st.sampled_from(["pass_rate", "mean_score", "max_error_share"]), st.floats(0, 1), min_size=1),
    st.dictionaries(
        st.text("abc é.", min_size=1).filter(lambda tag: tag == tag.strip()),
        st.dictionaries(st.sampled_from(["max_errors", "max_failures"]), st.integers(0, 2**63 - 1), min_size=1),
    ),
)


@given(gates)
def test_a_gate_travels_as_json(gate: Gate) -> None:
    assert Gate.from_json(json.loads(json.dumps(gate.as_json()))) == gate


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"pass_rate": 2}, "no gate: pass_rate: expected a number from 0 to 1, not 2"),
        ({"pass_rat": 1}, "no gate: unknown bar 'pass_rat'; did you mean 'pass_rate'?"),
        ([], "no gate: expected bars, such as"),
    ],
)
def test_what_is_no_gate_as_json(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match="no gate") as caught:
        Gate.from_json(data)
    assert str(caught.value).startswith(message)


MISTAKEN = {
    "": "2:6: gate: is empty: write a value, or leave the key out",
    "0.9": "2:7: gate: expected bars, such as {pass_rate: 0.95}, not 0.9",
    "[pass_rate]": "2:7: gate: expected bars, such as {pass_rate: 0.95}, not a list",
    "{}": f"2:7: gate: no bar: expected at least one {TOP}",
    "{pas_rate: 1}": "2:8: unknown bar 'pas_rate'; did you mean 'pass_rate'?",
    "{max_cost: 1}": "2:8: unknown bar 'max_cost'; did you mean 'cost'?",
    "{quality: 1}": f"2:8: unknown bar 'quality' {TOP}",
    "{pass_rate: 95%}": "2:19: gate.pass_rate: expected a number from 0 to 1, not '95%'; write 0.95",
    "{mean_score: 7}": "2:20: gate.mean_score: expected a number from 0 to 1, not 7",
    "{max_errors: 0.05}": "2:20: gate.max_errors: expected a whole number of cases, 0 or more (a share is "
    "max_error_share), not 0.05",
    "{max_errors: -1}": "2:20: gate.max_errors: expected a whole number of cases, 0 or more (a share is "
    "max_error_share), not -1",
    "{max_error_share: 5}": "2:25: gate.max_error_share: expected a number from 0 to 1, not 5",
    "{max_failures: few}": "2:22: gate.max_failures: expected a whole number of cases, 0 or more, not 'few'",
    "{max_regressions: 1.5}": "2:25: gate.max_regressions: expected a whole number of cases, 0 or more, not 1.5",
    "{latency_p95: 0}": "2:21: gate.latency_p95: expected seconds above 0, at most 86400 (a day), not 0",
    "{cost: 0}": "2:14: gate.cost: expected US dollars above 0, not 0",
    "{cost: }": "2:14: gate.cost: expected US dollars above 0, not nothing",
    "{tags: }": "2:14: gate.tags: is empty: write a value, or leave the key out",
    "{tags: {}}": "2:14: gate.tags: expected bars by tag, such as {safety: {pass_rate: 1.0}}, not {}",
    "{tags: [safety]}": "2:14: gate.tags: expected bars by tag, such as {safety: {pass_rate: 1.0}}, not a list",
    "{tags: {safety: 1}}": "2:23: gate.tags.safety: expected bars, such as {pass_rate: 0.95}, not 1",
    "{tags: {safety: {}}}": f"2:23: gate.tags.safety: no bar: expected at least one {OF_TAG}",
    "{tags: {safety: {cost: 1}}}": "2:24: 'cost' is a bar for the whole test set, not for a tag",
    "{tags: {safety: {pass: 1}}}": "2:24: unknown bar 'pass'; did you mean 'pass_rate'?",
    "{tags: {safty: {pass_rate: 1}}}": "2:15: no case has the tag 'safty'; did you mean 'safety'?",
    "{tags: {money: {pass_rate: 1}}}": "2:15: no case has the tag 'money'",
    "{tags: {' ': {pass_rate: 1}}}": "2:15: the tag ' ' is blank: write a text, or leave the key out",
    "{tags: {safety: {pass_rate: 1}, 'safety ': {pass_rate: 0}}}": "2:39: the tag 'safety' is there twice",
}


@pytest.mark.parametrize("gate", MISTAKEN)
def test_what_is_no_gate(mistakes: Mistakes, gate: str) -> None:
    assert mistakes(set_of(gate)) == [MISTAKEN[gate]]


BEYOND_AN_EDITOR = [gate for gate in MISTAKEN if "safty" in gate or "money" in gate or "' '" in gate or "y '" in gate]


@pytest.mark.parametrize("gate", [f"{{{ALL_BARS}, tags: {{safety: {{pass_rate: 1}}}}}}", *MISTAKEN])
def test_an_editor_knows_nearly_as_much(gate: str) -> None:
    known = Draft202012Validator(json_schema()).is_valid(yaml.safe_load(set_of(gate)))
    assert known is (gate not in MISTAKEN or gate in BEYOND_AN_EDITOR)


def test_all_mistakes_at_once(mistakes: Mistakes) -> None:
    found = mistakes(set_of("{pas_rate: 1, cost: 0, tags: {safty: {max_errors: x}}}") + "- {question: r}\n")
    assert [one.partition(": ")[0] for one in found] == ["2:8", "2:27", "2:37", "2:57", "6:3"]


def test_a_tag_of_a_case_that_has_a_mistake_is_a_tag(mistakes: Mistakes) -> None:
    (found,) = mistakes(set_of("{tags: {odd: {max_errors: 0}}}") + "- {question: r, tags: [odd]}\n")
    assert found.startswith("6:3: cannot be checked")


@pytest.mark.parametrize("tag", ["b", "c"])
@pytest.mark.parametrize("rows", [2, 2000])
def test_tags_in_a_file_of_cases(
    write: Callable[..., Any], mistakes: Mistakes, load: Load, tag: str, rows: int
) -> None:
    lines = "".join(f"q{number},a,{'a|b' if number % 2 else 'a'}\n" for number in range(rows))
    write("question,expected_response,tags\n" + lines, "cases.csv")
    text = f"gate: {{tags: {{{tag}: {{max_errors: 0}}}}}}\ncases_from: cases.csv\n"
    if tag == "b":
        assert load(text).gate == Gate({}, {"b": {"max_errors": 0}})
    else:
        assert mistakes(text) == ["1:15: no case has the tag 'c'"]


def test_tags_are_compared_in_one_form(load: Load) -> None:
    text = "gate: {tags: {'cafe\\u0301': {max_errors: 0}}}\n".replace("'", '"')
    found = load(text + 'tags: ["caf\\u00e9"]\ncases:\n- {question: q, expected_response: a}\n')
    assert found.gate == Gate({}, {"café": {"max_errors": 0}})


def test_a_case_that_must_pass(load: Load) -> None:
    text = "cases:\n- {question: q, expected_response: a%s}\n"
    plain, required = load(text % "").cases[0], load(text % ", required: true").cases[0]
    assert (plain.required, required.required) == (False, True)
    assert plain.fingerprint == required.fingerprint
    rows = load("question,expected_response,Required\nq,a,true\nr,a,false\ns,a,\n", "t.eval.csv").cases
    assert [case.required for case in rows] == [True, False, False]


@pytest.mark.parametrize("key", ["skip", "xfail"])
def test_a_case_that_must_pass_is_not_known_to_fail(mistakes: Mistakes, load: Load, key: str) -> None:
    text = f"cases:\n- {{question: q, expected_response: a, {key}: later, required: %s}}\n"
    (found,) = mistakes(text % "true")
    assert found == f"2:{48 + len(key)}: a required case must pass, and this one has {key!r}: keep one"
    assert not load(text % "false").cases[0].required
