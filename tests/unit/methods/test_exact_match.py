from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pytest_evalsuite.methods import Answer, Score
from pytest_evalsuite.methods.exact_match import ExactMatch


@pytest.mark.parametrize(
    ("options", "actual", "expected", "value"),
    [
        ({}, " 30 days\n", "30 days", 1.0),
        ({}, "30  days", "30 days", 0.0),
        ({}, "30 Days", "30 days", 0.0),
        ({}, "cafe\u0301", "café", 1.0),
        ({}, "", "", 1.0),
        ({}, " ", "x", 0.0),
        ({"normalize": "none"}, "30 days ", "30 days", 0.0),
        ({"normalize": ["none"]}, "cafe\u0301", "café", 1.0),
        ({"normalize": "whitespace"}, "30 \n days", "30 days", 1.0),
        ({"normalize": ["case", "punctuation", "whitespace"]}, "Yes,  SIR!", "yes sir", 1.0),
        ({"normalize": ["punctuation"]}, "31.4", "314", 0.0),
    ],
)
def test_equality_after_the_stated_normalisation(
    score: Callable[..., Score], options: dict[str, object], actual: str, expected: str, value: float
) -> None:
    assert score(ExactMatch(**options), actual, expected).value == value  # type: ignore[arg-type]


def test_any_of_several_expected_responses_will_do(score: Callable[..., Score]) -> None:
    assert score(ExactMatch(), "b", "a", "b").value == 1.0


@given(st.lists(st.text(min_size=1), min_size=1), st.text())
def test_the_default_is_equality_of_stripped_composed_text(
    score: Callable[..., Score], expected: list[str], actual: str
) -> None:
    assert score(ExactMatch(), expected[-1], *expected).value == 1.0
    assert score(ExactMatch(), actual + "\u2603", *(text.replace("\u2603", "") for text in expected)).value == 0.0


@pytest.mark.parametrize(
    ("actual", "expected", "reason"),
    [
        ("30 days", ["30 days"], "equal after normalize: strip"),
        ("", ["30 days"], "the answer is empty; expected '30 days'"),
        ("30 Days", ["30 days"], "differs only in case (normalize: case would make it equal)"),
        ("30  days", ["30 days"], "differs only in white space (normalize: whitespace would make it equal)"),
        ("30 days.", ["30 days"], "differs only in punctuation (normalize: punctuation would make it equal)"),
        (
            "30 dogs",
            ["a week", "30 days"],
            "differs from character 5 on: expected '30 days', got '30 dogs' (after normalize: strip)",
        ),
        (
            "You have thirty days.",
            ["You have thirty days. Not more."],
            (
                "differs from character 22 on: expected …'irty days. Not more.', got the end after …'irty days.' "
                "(after normalize: strip)"
            ),
        ),
    ],
)
def test_the_reason_says_where_the_nearest_expected_response_differs(
    score: Callable[..., Score], actual: str, expected: list[str], reason: str
) -> None:
    assert score(ExactMatch(), actual, *expected).reason == reason


@pytest.mark.parametrize("steps", [[], "upper", ["none", "case"], ["case", 3]])
def test_wrong_steps_are_refused(steps: object) -> None:
    with pytest.raises(ValidationError):
        ExactMatch(normalize=steps)  # type: ignore[arg-type]


def test_the_order_in_which_steps_are_written_is_not_part_of_the_options() -> None:
    assert ExactMatch(normalize=["case", "whitespace"]) == ExactMatch(normalize=["whitespace", "case", "case"])


def test_an_expectation_that_normalisation_empties_is_a_problem() -> None:
    problem = ExactMatch(normalize=["punctuation"]).problem(expected_responses=("yes", "!!!"), expected=None)
    assert problem == "nothing is left of expected_response '!!!' after normalize: punctuation"


def test_an_expected_response_is_needed(answer: Callable[..., Answer]) -> None:
    assert ExactMatch().problem(expected_responses=(), expected={"a": 1}) == "exact_match needs an expected_response"
