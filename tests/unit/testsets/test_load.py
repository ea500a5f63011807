# ruff: noqa: E501 - a mistake and its message read best on one line
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_evalsuite.errors import TestSetError
from pytest_evalsuite.methods import Method, get_method
from pytest_evalsuite.methods.contains import Contains
from pytest_evalsuite.methods.exact_match import ExactMatch
from pytest_evalsuite.methods.json_match import JsonMatch
from pytest_evalsuite.methods.keyword_match import KeywordMatch
from pytest_evalsuite.testsets import Case, Defaults, TestSet, load_test_set

Load = Callable[..., TestSet]
Mistakes = Callable[..., list[str]]
Write = Callable[..., Path]

CASE = "cases:\n- question: Q\n  expected_response: A\n"
"""A good case, from line 2 on; what is added to it stands on line 4."""


def only(load: Load, text: str) -> Case:
    (case,) = load(text).cases
    return case


def test_a_full_test_set(load: Load) -> None:
    found = load(
        """
name: Refund policy
description: What the bot must know
mode: independent
language: no
agent: support
tags: [support, money, support]
marks: [slow]
metadata: {owner: billing, n: 3}
defaults: {test_method: keyword_match, passing_score: 0.7, iterations: 5, timeout: 60, pass_rule: majority, match: any}
cases:
- id: window
  name: The window
  question: How long?
  expected_response: 30 days
  keywords: [30, days]
  tags: [a]
  marks: [fast]
  skip: later
  rationale: Asked often
  metadata: {x: [1, "1"]}
  pass_rule: {at_least: 2}
  iterations: 3
  timeout: 1.5
  agent: other
  not: true
- inputs: {text: hi, tier: 2}
  expected: {category: billing}
  test_method: json_match
  mode: subset
  passing_score: 1
  xfail: known
"""
    )
    assert (found.name, found.description, found.mode) == ("Refund policy", "What the bot must know", "independent")
    assert (found.language, found.agent, found.tags) == ("no", "support", ("support", "money"))
    assert (found.marks, found.metadata, found.path) == (("slow",), {"owner": "billing", "n": 3}, "t.eval.yaml")
    assert found.cases_path is None
    first, second = found.cases
    assert (first.id, first.name, first.question) == ("window", "The window", "How long?")
    assert (first.expected_responses, first.expected, first.line, first.position) == (("30 days",), None, 12, 0)
    assert (first.tags, first.marks, first.skip, first.xfail) == (("a",), ("fast",), "later", None)
    assert (first.rationale, first.metadata) == ("Asked often", {"x": [1, "1"]})
    assert (first.pass_rule, first.iterations, first.timeout, first.agent) == (2, 3, 1.5, "other")
    (check,) = first.checks
    assert (check.name, check.passing_score, check.negate, check.weight) == ("keyword_match", 0.7, True, 1.0)
    assert check.method == KeywordMatch(keywords=["30", "days"], match="any")
    assert check.expected_responses == ("30 days",)
    assert (second.question, second.inputs) == (None, {"text": "hi", "tier": 2})
    assert (second.expected, second.expected_responses) == ({"category": "billing"}, ())
    assert (second.pass_rule, second.iterations, second.timeout) == ("majority", 5, 60.0)
    assert (second.agent, second.xfail, second.passing_score) == ("support", "known", 1.0)
    assert second.checks[0].method == JsonMatch(mode="subset")
    assert second.checks[0].expected == {"category": "billing"}


def test_defaults_of_all_levels(load: Load) -> None:
    case = only(load, CASE)
    assert (case.checks[0].method.method, case.checks[0].passing_score) == ("exact_match", 1.0)
    low = Defaults(test_method="similarity", passing_score=0.5)
    assert load(CASE, defaults=low).cases[0].checks[0].passing_score == 0.5
    assert load("defaults: {passing_score: 0.6}\n" + CASE, defaults=low).cases[0].checks[0].passing_score == 0.6
    assert load(CASE + "  passing_score: 0.8\n", defaults=low).cases[0].checks[0].passing_score == 0.8


def test_names_that_come_from_the_file(load: Load) -> None:
    assert load(CASE, "refunds.eval.yaml").name == "refunds"
    assert load(CASE, "refunds.YML").name == "refunds"
    assert load("question,expected_response\nq,a\n", "x.y.eval.csv").name == "x.y"


@pytest.mark.parametrize(
    "text",
    ["no", "yes", "12:30", "12:30:45", "017", "1e3", "30", "2024-01-01", "~", "null", "true", "=", "1_000", "9" * 50],
)
def test_text_fields_keep_what_is_written(load: Load, text: str) -> None:
    case = only(
        load, f"cases:\n- question: {text}\n  expected_response: [{text}, '{text}']\n  id: {text}\n  name: {text}\n"
    )
    assert (case.question, case.expected_responses, case.id, case.name) == (text, (text, text), text, text)


@pytest.mark.parametrize("key", ["input", "question"])
@pytest.mark.parametrize("answer", ["expected", "expected_output", "expected_response"])
@pytest.mark.parametrize("method", ["method", "eval_type", "test_method"])
def test_the_other_systems_names(load: Load, key: str, answer: str, method: str) -> None:
    case = only(
        load,
        f"cases:\n- {key}: Q\n  {answer}: [A, B]\n  {method}: similarity\n  threshold: 0.4\n  num_iterations: 2\n",
    )
    assert (case.question, case.expected_responses, case.iterations) == ("Q", ("A", "B"), 2)
    assert (case.checks[0].method.method, case.checks[0].passing_score) == ("similarity", 0.4)


class Strict(Method):
    """A method whose own option is called threshold."""

    method = "strict"
    threshold: int


def test_an_option_named_threshold_is_no_passing_score(write: Write) -> None:
    def lookup(name: str) -> type[Method]:
        return Strict if name == "strict" else get_method(name)

    path = write(CASE + "  test_method: strict\n  threshold: 7\n")
    (case,) = load_test_set(path, methods=lookup).cases
    assert case.checks[0].method == Strict(threshold=7)
    assert case.checks[0].passing_score == 1.0


@pytest.mark.parametrize(
    ("written", "value"),
    [("[1, two]", [1, "two"]), ("5", 5), ("true", True), ("{a: [no, 017]}", {"a": ["no", "017"]}), ("[]", [])],
)
def test_structured_expectations(load: Load, written: str, value: object) -> None:
    case = only(load, f"cases:\n- question: Q\n  test_method: json_match\n  expected: {written}\n")
    assert (case.expected, case.checks[0].expected, case.expected_responses) == (value, value, ())


def test_cases_run_by_order_then_place(load: Load) -> None:
    found = load(
        "cases:\n"
        + "".join(f"- {{question: q{i}, expected_response: a, order: {o}}}\n" for i, o in enumerate([2, 0, 1, 0]))
    )
    assert [case.question for case in found.cases] == ["q1", "q3", "q2", "q0"]
    assert [case.position for case in found.cases] == [0, 1, 2, 3]
    assert [found.locate(case, "question")[0] for case in found.cases] == [3, 5, 4, 2]


def test_several_checks(load: Load) -> None:
    case = only(
        load,
        """
defaults: {passing_score: 0.9}
cases:
- question: Q
  expected_response: A
  require: score
  passing_score: 0.6
  checks:
  - {method: contains, weight: 2}
  - {method: contains, expected_response: B, passing_score: 0.5, not: true}
  - {method: json_match, expected: {a: 1}, name: shape}
""",
    )
    assert (case.require, case.passing_score) == ("score", 0.6)
    assert [check.name for check in case.checks] == ["contains", "contains-2", "shape"]
    assert [check.passing_score for check in case.checks] == [0.9, 0.5, 0.9]
    assert [check.expected_responses for check in case.checks] == [("A",), ("B",), ()]
    assert [check.weight for check in case.checks] == [2.0, 1.0, 1.0]
    assert [check.negate for check in case.checks] == [False, True, False]
    assert case.checks[2].expected == {"a": 1}


def test_a_passing_score_beside_checks_is_theirs(load: Load) -> None:
    text = "cases:\n- question: Q\n  expected_response: A\n  passing_score: 0.3\n  checks: [{method: similarity}]\n"
    case = only(load, text)
    assert (case.passing_score, case.checks[0].passing_score) == (None, 0.3)


def test_a_default_option_is_for_those_that_have_it(load: Load) -> None:
    text = "defaults: {case_sensitive: true}\ncases:\n"
    text += "".join(
        f"- {{question: {name}, expected_response: a, test_method: {name}}}\n" for name in ("contains", "exact_match")
    )
    first, second = load(text).cases
    assert first.checks[0].method == Contains(case_sensitive=True)
    assert second.checks[0].method == ExactMatch()


def test_options_of_equal_look_and_other_type_are_told_apart(load: Load, mistakes: Mistakes) -> None:
    text = (
        CASE
        + "  test_method: contains\n  case_sensitive: true\n- {question: R, expected_response: A, test_method: contains, case_sensitive: 1}\n"
    )
    assert mistakes(text) == ["6:78: case_sensitive: expected true or false, not 1"]


def test_methods_are_shared(load: Load) -> None:
    text = "cases:\n" + "".join(
        f"- {{question: q{i}, expected_response: a, test_method: contains, match: all}}\n" for i in range(3)
    )
    assert len({id(case.checks[0].method) for case in load(text).cases}) == 1


def test_the_identity_survives_moves_and_corrections(load: Load) -> None:
    first = load("cases:\n- {question: a, expected_response: x}\n- {question: b, expected_response: y}\n").cases
    second = load("cases:\n\n- {question: b, expected_response: z}\n- {question: a, expected_response: x}\n").cases
    assert {case.id for case in first} == {case.id for case in second}
    assert first[0].fingerprint == second[1].fingerprint
    assert first[1].fingerprint != second[0].fingerprint


@pytest.mark.parametrize("name", ["a::b", "a[b]", "@grp", "a/b", "\U0001f600", "CON", "-x", "x" * 200, "\u202eevil"])
def test_unusual_ids_are_kept(load: Load, name: str) -> None:
    assert only(load, CASE + f"  id: {json.dumps(name, ensure_ascii=False)}\n").id == name


def test_ids_are_composed_and_stripped(load: Load, mistakes: Mistakes) -> None:
    assert only(load, CASE + '  id: " cafe\\u0301 "\n').id == "caf\u00e9"
    twins = 'cases:\n- {question: a, expected_response: x, id: "caf\\u00e9"}\n- {question: b, expected_response: x, id: "cafe\\u0301"}\n'
    assert mistakes(twins) == ["3:43: id: 'caf\u00e9' is the id of the case on line 2 too"]


ONE_MISTAKE = {
    "  id: ''": "4:7: id: is blank: write a text, or leave the key out",
    "  id: '  '": "4:7: id: is blank: write a text, or leave the key out",
    "  id:": "4:6: id: is empty: write a text, or leave the key out",
    '  id: "a\\0b"': "4:7: id: holds the control character U+0000: expected text on one line",
    '  id: "a\\nb"': "4:7: id: holds the control character U+000A: expected text on one line",
    f"  id: {'x' * 201}": "4:7: id: is 201 characters long, of at most 200",
    "  id: [a]": "4:7: id: expected text, not a list",
    "  input: R": "4:3: 'input' and 'question' mean the same: keep one",
    "  expected_output: B": "4:3: 'expected_output' and 'expected_response' mean the same: keep one",
    "  expected: B": "4:3: 'expected' as text and 'expected_response' mean the same: keep one",
    "  expected: ~": "4:13: expected: is empty: write what is expected, or leave the key out",
    "  inputs: {}": "4:11: inputs: is empty: expected at least one 'name: value'",
    "  inputs: x": "4:11: inputs: expected a mapping, such as {key: value}, not 'x'",
    "  passing_score: 1.01": "4:18: passing_score: expected a number from 0 to 1, not 1.01",
    "  passing_score: -0.1": "4:18: passing_score: expected a number from 0 to 1, not -0.1",
    "  passing_score: .nan": "4:18: passing_score: expected a number from 0 to 1, not '.nan'",
    "  passing_score: true": "4:18: passing_score: expected a number from 0 to 1, not true",
    "  passing_score: 70%": "4:18: passing_score: expected a number from 0 to 1, not '70%'; write 0.7",
    "  passing_score: 0,7": "4:18: passing_score: expected a number from 0 to 1, not '0,7'; write 0.7, with a point",
    "  passing_score: 1_0": "4:18: passing_score: expected a number from 0 to 1, not '1_0'; write it without '_'",
    "  passing_score: '0.7'": "4:18: passing_score: expected a number from 0 to 1, not '0.7'; leave out the quotes and leading zeros",
    "  passing_score:": "4:17: passing_score: expected a number from 0 to 1, not nothing",
    "  threshold: 7": "4:14: threshold: expected a number from 0 to 1, not 7",
    "  not: yes": "4:8: not: expected true or false, not 'yes'",
    "  order: 1.5": "4:10: order: expected a whole number, not 1.5",
    "  order: x": "4:10: order: expected a whole number, not 'x'",
    f"  order: {'9' * 5000}": "4:10: order: the whole number is beyond 64 bits; in quotes it is text",
    "  tags: money": "4:9: tags: expected a list, not 'money': write [money]",
    "  tags: [a, {b: c}]": "4:13: tags[1]: expected text, not a mapping",
    "  marks: [no-dash]": "4:11: marks[0]: expected a marker's name, not 'no-dash'",
    "  marks: [skip]": "4:11: marks[0]: the marker 'skip' cannot be given here: write 'skip: the reason'",
    "  skip: true": "4:9: skip: expected the reason as a text, not true; to switch it off, leave the key out",
    "  xfail: false": "4:10: xfail: expected the reason as a text, not false; to switch it off, leave the key out",
    "  metadata: [a]": "4:13: metadata: expected a mapping, such as {key: value}, not a list",
    "  metadata: {a: [1, 1e999]}": "4:21: metadata.a[1]: the number is too large",
    "  agent: a b": "4:10: agent: expected an agent's name (1 to 64 letters, digits, '_', '.', '-'), not 'a b'",
    "  iterations: 0": "4:15: iterations: expected a whole number from 1 to 100, not 0",
    "  num_iterations: 101": "4:19: num_iterations: expected a whole number from 1 to 100, not 101",
    "  pass_rule: most": "4:14: pass_rule: expected mean, all, any, majority or {at_least: n}, not 'most'",
    "  pass_rule: {at_least: 0}": "4:25: pass_rule.at_least: expected a whole number from 1 to 100, not 0",
    "  pass_rule: {atleast: 2}": "4:14: pass_rule: expected {at_least: n}, not a mapping with 'atleast'",
    "  pass_rule: {at_least: 2}\n  iterations: 1": "4:14: pass_rule: at least 2 attempts cannot pass of 1 iterations",
    "  timeout: 0": "4:12: timeout: expected seconds above 0, at most 86400 (a day), not 0",
    "  timeout: .inf": "4:12: timeout: expected seconds above 0, at most 86400 (a day), not '.inf'",
    "  require: any": "4:3: 'require' says which of several 'checks' must pass",
    "  test_method: Exact_Match": "4:16: test_method: unknown method 'Exact_Match'; did you mean 'exact_match'?",
    "  keyword: [a]": "4:3: unknown key 'keyword'; did you mean 'keywords', an option of keyword_match?",
    "  keywords: [a]": "4:3: 'keywords' is an option of keyword_match, not of exact_match",
    "  pasing_score: 1": "4:3: unknown key 'pasing_score'; did you mean 'passing_score'?",
    "  zzz: 1": "4:3: unknown key 'zzz' (known: id, question, inputs, file_url, file_mime_type,",
    "  file_url: x": "4:13: file_url: there is no such file in the test set's folder",
    "  mapping: x": "4:3: 'mapping' belongs at the top of the test set",
    "  test_method: regex\n  pattern: '(['": "5:12: pattern: '([' is no regular expression",
    "  test_method: contains\n  match: some": "5:10: match: expected",
    "  test_method: contains\n  match: [1, 2]": "5:10: match: expected",
    "  test_method: keyword_match\n  keywords: [a, [b]]": "5:17: keywords[1]: expected text, not a list",
    "  test_method: keyword_match\n  keywords: {a: b}": "5:13: keywords: expected a list",
    "  checks: []": "4:11: checks: expected a list of checks, such as [{method: contains}], not []",
    "  checks: contains": "4:11: checks: expected a list of checks, such as [{method: contains}], not 'contains'",
    "  checks: [contains]": "4:12: checks[0]: expected a check, such as {method: contains}, not 'contains'",
    "  checks: [{method: contains}]\n  test_method: contains": "5:3: 'test_method' belongs into the checks",
    "  checks: [{method: contains}]\n  not: true": "5:3: 'not' belongs into the checks",
    "  checks: [{method: contains}]\n  match: any": "5:3: 'match' is an option of a method: write it in that method's check",
    "  checks: [{method: contains}]\n  require: most": "5:12: require: expected all or any or score, not 'most'",
    "  checks: [{method: contains}]\n  require: score": "5:12: require: 'score' needs a passing_score",
    "  checks: [{method: contains, weight: 0}]": "4:39: checks[0].weight: expected a number above 0, not 0",
    "  checks: [{method: contains, question: x}]": "4:31: unknown key 'question'",
    "  checks: [{method: contains, name: a}, {method: regex, name: a, pattern: x}]": "4:63: checks[1].name: the name 'a' is given to two checks",
    "  checks: [{method: semantc}]": "4:21: checks[0].method: unknown method 'semantc'; did you mean 'semantic'?",
}


@pytest.mark.parametrize("added", ONE_MISTAKE)
def test_one_mistake_in_a_case(mistakes: Mistakes, added: str) -> None:
    (found,) = mistakes(CASE + added + "\n")
    assert found.startswith(ONE_MISTAKE[added])


ONE_MISTAKE_IN_SET = {
    "": "1:1: no cases: the file is empty",
    "# nothing": "1:1: no cases: the file is empty",
    "null": "1:1: no cases: the file is empty",
    "hello": "1:1: expected a mapping with 'cases', not 'hello'",
    "- a\n- b": "1:1: expected a mapping with 'cases', not a list",
    "name: x": "1:1: no cases: expected 'cases' with a list of them",
    "cases:": "1:1: no cases",
    "cases: []": "1:1: no cases",
    "cases: {}": "1:8: cases: expected a list of cases, not {}",
    "cases: [a]": "1:9: expected a case (a mapping with a question), not 'a'",
    "cases:\n- {expected_response: a}": "2:3: the case asks nothing: it needs a question, or inputs",
    "cases:\n- {question: a}": "2:3: cannot be checked: exact_match needs an expected_response",
    "cases:\n- {question: a, expected: 5}": "2:17: cannot be checked: exact_match needs an expected_response ('expected' holds data",
    "cases:\n- {question: a, expected_response: }": '2:36: expected_response: is empty: write "" for an empty answer',
    "cases:\n- {question: a, expected_response: []}": "2:36: expected_response: is an empty list",
    "cases:\n- {question: a, test_method: similarity, expected_response: ''}": "2:42: cannot be checked: nothing is left of",
    "cases:\n- {question: '', expected_response: a}": "2:14: question: is blank",
    "cases:\n- {question: [a], expected_response: a}": "2:14: question: expected text, not a list",
    "nam: x\n" + CASE: "1:1: unknown key 'nam'; did you mean 'name'?",
    "question: x\n" + CASE: "1:1: unknown key 'question': it belongs in a case",
    "passing_score: 1\n" + CASE: "1:1: unknown key 'passing_score': it belongs under 'defaults', or in a case",
    f"name: {'x' * 256}\n" + CASE: "1:7: name: is 256 characters long, of at most 255",
    "mode: random\n" + CASE: "1:7: mode: expected independent or scenario, not 'random'",
    "mapping: {}\n" + CASE: "1:10: mapping: expected {inputs: ..., outputs: ...}, is empty",
    "agent: os:system\n"
    + CASE: "1:8: agent: expected the name of a configured agent, not 'os:system': a test set is data",
    "language: English, please\n" + CASE: "1:11: language: expected a language tag",
    "extra_columns: metadata\n" + CASE: "1:1: 'extra_columns' is about the columns of 'cases_from'",
    "defaults:\n" + CASE: "1:10: defaults: is empty: leave the key out",
    "defaults: [a]\n" + CASE: "1:11: defaults: expected a mapping, not a list",
    "defaults: {passing_score: 2}\n" + CASE: "1:27: defaults.passing_score: expected a number from 0 to 1, not 2",
    "defaults: {threshold: 2}\n" + CASE: "1:23: defaults.threshold: expected a number from 0 to 1, not 2",
    "defaults: {keyword: [a]}\n"
    + CASE: "1:12: unknown default 'keyword': no method has this option; did you mean 'keywords'?",
    "defaults: {keywords: 5}\n" + CASE: "1:22: defaults.keywords: expected a list",
    "defaults: {test_method: exactmatch}\n"
    + CASE: "1:25: defaults.test_method: unknown method 'exactmatch'; did you mean",
    "defaults: {iterations: 2, pass_rule: {at_least: 3}}\n"
    + CASE: "1:38: defaults.pass_rule: at least 3 attempts cannot pass",
    "cases:\n- {question: q, expected_response: a}\n- {question: q, expected_response: b}": "3:3: asks the same as the case on line 2: give both an id",
    "cases:\n- {id: a, question: q, expected_response: a}\n- {question: r, expected_response: b, id: a}": "3:43: id: 'a' is the id of the case on line 2 too",
}


@pytest.mark.parametrize("text", ONE_MISTAKE_IN_SET)
def test_one_mistake_in_a_test_set(mistakes: Mistakes, text: str) -> None:
    (found,) = mistakes(text)
    assert found.startswith(ONE_MISTAKE_IN_SET[text])


def test_the_default_method_is_semantic_quality(write: Write) -> None:
    (case,) = load_test_set(write(CASE), defaults=Defaults()).cases
    assert case.checks[0].method.method == "semantic_quality"
    assert case.checks[0].passing_score == 0.7


def test_a_mode_may_be_configured(load: Load) -> None:
    found = load(CASE, defaults=Defaults("scenario", "exact_match"))
    assert (found.mode, found.cases[0].turn) == ("scenario", 1)


def test_all_mistakes_at_once_and_in_order(mistakes: Mistakes) -> None:
    found = mistakes(
        "nam: x\ndefaults: {passing_score: 2}\ncases:\n- {question: '', expected_response: [a, [b]], id: i, id: j, tags: x}\n"
        "- 5\n- {question: a, expected_response: a, id: k, order: x}\n- {question: b, expected_response: a, id: k}\n"
    )
    assert [line.partition(": ")[0] for line in found] == [
        "1:1",
        "2:27",
        "4:14",
        "4:41",
        "4:54",
        "4:67",
        "5:3",
        "6:53",
        "7:43",
    ]


def test_hostile_text_cannot_break_a_message(mistakes: Mistakes) -> None:
    assert all(
        "\n" not in found
        for found in mistakes('"a\\nb": 1\ncases:\n- {question: q, "c\\nd": 1, tags: "x\\ny", expected_response: a}\n')
    )


def test_values_from_merges_and_aliases_have_a_place(mistakes: Mistakes) -> None:
    text = "metadata: {base: &b {expected_response: A, order: x}}\ncases:\n- question: q\n  <<: *b\n- &c {question: r, nope: 1, expected_response: A}\n- *c\n"
    found = mistakes(text)
    assert found[0].startswith("3:3: order: expected a whole number")
    assert [line.partition(": ")[0] for line in found[1:]] == ["5:20", "6:3"]


def test_a_merged_case_is_whole(load: Load) -> None:
    text = "metadata: {base: &b {expected_response: A, test_method: contains}}\ncases:\n- {<<: *b, question: q}\n- {<<: *b, question: r, expected_response: B}\n"
    first, second = load(text).cases
    assert (first.expected_responses, second.expected_responses) == (("A",), ("B",))
    assert second.checks[0].method.method == "contains"


def test_locate_reads_the_file_only_when_asked(write: Write) -> None:
    path = write("cases:\n- question: q\n  expected_response: a\n  tags:\n  - x\n  - y\n")
    found = load_test_set(path, defaults=Defaults(test_method="contains"))
    (case,) = found.cases
    assert found.locate(case, "tags", 1) == (6, 5)
    again = load_test_set(path, defaults=Defaults(test_method="contains"))
    path.unlink()
    assert again.locate(again.cases[0], "tags", 1) == (2, 1)


class Broken(Method):
    """A method that cannot even be asked."""

    method = "broken"

    def missing(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        raise ZeroDivisionError("oh")


def test_a_custom_method_that_raises_is_a_mistake(write: Write) -> None:
    with pytest.raises(TestSetError, match="broken raised ZeroDivisionError when asked: oh"):
        load_test_set(
            write(CASE + "  test_method: broken\n"),
            methods=lambda name: Broken if name == "broken" else get_method(name),
        )


def test_another_name_of_a_field_is_an_option_where_the_method_has_one(write: Write) -> None:
    text = "cases:\n- {question: q, test_method: performance, num_iterations: 3}\n"
    (case,) = load_test_set(write(text)).cases
    assert (case.iterations, case.checks[0].method.model_dump()["num_iterations"]) == (None, 3)
    (other,) = load_test_set(write(CASE + "  test_method: exact_match\n  num_iterations: 3\n")).cases
    assert other.iterations == 3
