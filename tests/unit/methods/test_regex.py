from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pytest_evalsuite.errors import CaseTimeout, MethodError
from pytest_evalsuite.methods import Score
from pytest_evalsuite.methods.regex import Regex


@pytest.mark.parametrize(
    ("options", "actual", "value"),
    [
        ({"pattern": r"\d+ days"}, "within 30 days", 1.0),
        ({"pattern": r"\d+ days"}, "within 30 Days", 0.0),
        ({"pattern": r"\d+ days", "flags": ["ignorecase"]}, "within 30 Days", 1.0),
        ({"pattern": r"\d+ days", "full": True}, "within 30 days", 0.0),
        ({"pattern": r"\d+ days", "full": True}, " 30 days\n", 1.0),
        ({"pattern": "^b$"}, "a\nb", 0.0),
        ({"pattern": "^b$", "flags": ["multiline"]}, "a\nb", 1.0),
        ({"pattern": "a.b"}, "a\nb", 0.0),
        ({"pattern": "a.b", "flags": ["dotall", "ignorecase"]}, "A\nB", 1.0),
        ({"pattern": "caf[é]"}, "cafe\u0301", 1.0),
        ({"pattern": "^$"}, "", 1.0),
    ],
)
def test_a_pattern_is_searched_or_matched_in_full(
    score: Callable[..., Score], options: dict[str, Any], actual: str, value: float
) -> None:
    assert score(Regex(**options), actual).value == value


def test_expected_responses_are_patterns_where_none_is_given(score: Callable[..., Score]) -> None:
    scored = score(Regex(), "order 12", "x+", r"\d+")
    assert (scored.value, scored.reason) == (1.0, r"'12' matches '\\d+'")
    assert score(Regex(), "order", "x+", r"\d+").reason == r"the answer nowhere matches 'x+' or '\\d+'"
    assert score(Regex(pattern="order"), "order 12", "(").value == 1.0


BROKEN = [
    ("a(b", "missing )"),
    ("*a", "nothing to repeat at position 0"),
    ("", "is an empty regular expression"),
    ("a" * 1001, "is too long for a regular expression: 1,001 characters"),
    ("(" * 450 + ")" * 450, "is nested too deeply"),
    ("(?:(?:a{1000}){1000}){1000}", "over 100,000 copies"),
    ("a{1000}{1000}+{1000}", "over 100,000 copies"),
    ("a{99999999999}", "over 100,000 copies"),
]


@pytest.mark.parametrize(("pattern", "message"), BROKEN)
def test_a_broken_pattern_is_refused_before_any_run(pattern: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Regex(pattern=pattern)
    assert message in str(caught.value)
    assert message in str(Regex().problem(expected_responses=("fine", pattern), expected=None))


def test_counts_beside_one_another_are_no_nested_counts() -> None:
    Regex(pattern="-".join([r"\w{20}"] * 8))


@given(st.text(max_size=40))
def test_any_text_is_either_a_pattern_or_a_problem(pattern: str) -> None:
    problem = Regex().problem(expected_responses=(pattern,), expected=None)
    assert problem is None or problem.startswith("expected_response ")


def test_a_catastrophic_pattern_meets_the_time_limit(score: Callable[..., Score]) -> None:
    with pytest.raises(
        CaseTimeout, match=r"^pattern '\(a\|aa\)\+\$' ran longer than 0.05 s on an answer of 41 characters"
    ):
        score(Regex(pattern="(a|aa)+$"), "a" * 40 + "!", time_limit=0.05)


def test_too_long_an_answer_is_an_error(score: Callable[..., Score]) -> None:
    assert score(Regex(pattern="a"), "a" * 100_000).value == 1.0
    with pytest.raises(MethodError, match="answer of 100,001 characters is too long for regex"):
        score(Regex(pattern="a"), "a" * 100_001)


def test_something_must_be_there_to_match() -> None:
    problem = Regex().problem(expected_responses=(), expected=None)
    assert problem == "regex needs a pattern, or an expected_response"
