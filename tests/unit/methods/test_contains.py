from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.methods import Score
from pytest_evalsuite.methods.contains import Contains


@pytest.mark.parametrize(
    ("options", "actual", "value"),
    [
        ({}, "Within 30\ndays of purchase", 0.5),
        ({}, "refunds within 30 days", 1.0),
        ({}, "nothing", 0.0),
        ({}, "Refund in 30 Days", 0.0),
        ({"case_sensitive": False}, "Refund in 30 Days", 1.0),
    ],
)
def test_all_is_the_fraction_and_any_needs_one(
    score: Callable[..., Score], options: dict[str, Any], actual: str, value: float
) -> None:
    expected = ("30 days", "refund")
    assert score(Contains(match="all", **options), actual, *expected).value == value
    assert score(Contains(**options), actual, *expected).value == float(value > 0)


@given(st.text(), st.text().filter(str.strip), st.text())
def test_whatever_surrounds_a_text_it_is_contained(
    score: Callable[..., Score], before: str, text: str, after: str
) -> None:
    assert score(Contains(), f"{before} {text} {after}", text).value == 1.0


def test_the_reason_names_what_does_not_occur(score: Callable[..., Score]) -> None:
    scored = score(Contains(match="all"), "ab", "a", "x", "y")
    assert scored.reason == "does not contain 'x', 'y'"
    assert scored.evidence == {"missing": ["x", "y"]}
    assert score(Contains(), "ab", "a", "x").reason == "contains 1 of 2 expected texts"


def test_an_empty_expected_response_is_a_problem() -> None:
    problem = Contains().problem(expected_responses=("a", " "), expected=None)
    assert problem == "an expected_response is empty: every answer contains it"
    assert Contains().problem(expected_responses=(), expected=None) == "contains needs an expected_response"
