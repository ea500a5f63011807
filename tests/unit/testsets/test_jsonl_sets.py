# ruff: noqa: E501 - a mistake and its message read best on one line
from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_evalsuite.testsets import TestSet

Load = Callable[..., TestSet]
Mistakes = Callable[..., list[str]]

NAME = "t.eval.jsonl"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_one_case_a_line(load: Load, newline: str) -> None:
    lines = [
        "",
        '{"question": "a", "expected_response": ["x", "\\u00e9 \u2028"], "passing_score": 0.5, "metadata": {"n": 1}}',
        "   ",
        '{"inputs": {"n": 3}, "expected": {"a": [true, null]}, "test_method": "json_match", "not": true}',
    ]
    first, second = load(newline.join(lines), NAME).cases
    assert (first.line, first.expected_responses, first.metadata) == (2, ("x", "\u00e9 \u2028"), {"n": 1})
    assert (second.line, second.inputs, second.expected) == (4, {"n": 3}, {"a": [True, None]})


MISTAKES = {
    "": "1:1: no cases",
    "\n\n": "1:1: no cases",
    "[1]": "1:1: expected a case (a mapping with a question), not a list",
    "{": "1:2: not JSON: expecting property name enclosed in double quotes; each line holds one case",
    '{"question": "a"} x': "1:19: not JSON: extra data",
    '{"question": "a", "question": "b", "expected_response": "c"}': "1:19: the key 'question' is given twice",
    '{"question": "a", "metadata": {"b": 1, "b": 2}, "expected_response": "c"}': "1:40: the key 'b' is given twice",
    '{"question": "a", "expected_response": 30}': '1:40: expected_response: expected text: write "30" in quotes',
    '{"question": "a", "expected_response": true}': '1:40: expected_response: expected text: write "true" in quotes',
    '{"question": "a", "expected_response": null}': "1:40: expected_response: is empty",
    '{"question": "a", "expected_response": "b", "passing_score": NaN}': "1:1: NaN is no JSON value",
    '{"question": "a", "expected_response": "b", "passing_score": 1e999}': "1:62: passing_score: the number is too large",
    '{"question": "a", "expected_response": "b", "passing_score": "0.5"}': "1:62: passing_score: expected a number",
    '{"question": "\\ud800", "expected_response": "b"}': "1:1: a '\\uD8..' escape is half of a surrogate pair",
    '{"question": "a", "expected_response": "b", "tags": ["c", 5]}': '1:59: tags[1]: expected text: write "5" in quotes',
    '{"question": "a", "expected_response": "b", "metadata": {"n": ' + "9" * 5000 + "}}": "1:",
    '{"question": "a", "expected_response": "b", "metadata": {"n": '
    + "9" * 30
    + "}}": "1:63: metadata.n: the whole number is",
    '{"question": "a", "expected_response": "b", "metadata": '
    + "[" * 101
    + "]" * 101
    + "}": "1:1: nested deeper than 100",
    "[" * 100_000: "1:1: nested deeper than 100 levels",
    '{"question": "a", "expected_response": "b"}\n{"question": "a", "expected_response": "b"}': "2:1: asks the same as",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_one_mistake(mistakes: Mistakes, text: str) -> None:
    (found,) = mistakes(text, NAME)
    assert found.startswith(MISTAKES[text])


def test_a_pair_of_surrogates_is_a_character(load: Load) -> None:
    (case,) = load('{"question": "\\ud83d\\ude00", "expected_response": "b"}', NAME).cases
    assert case.question == "\U0001f600"


def test_all_mistakes_at_once(mistakes: Mistakes) -> None:
    found = mistakes('{"a"\n{"question": "a", "nope": 1, "expected_response": "b", "order": "x"}\n5\n', NAME)
    assert [line.partition(": ")[0] for line in found] == ["1:5", "2:19", "2:65", "3:1"]
