from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pytest_evalsuite.methods import Score
from pytest_evalsuite.methods.keyword_match import KeywordMatch


@pytest.mark.parametrize(
    ("keyword", "actual", "found"),
    [
        ("refund", "A Refund, please.", True),
        ("refund", "refunds", False),
        ("fund", "refund", False),
        ("fund", "refund fund", True),
        ("30 days", "within 30\n  days", True),
        ("30 days", "within 130 days", False),
        ("C++", "C, C++ and Rust", True),
        ("C++", "(C++)", True),
        ("C", "ABC", False),
        (".NET", "use .NET", True),
        ("€5", "costs €5.", True),
        ("€5", "costs €50", False),
        ("5", "5.99", False),
        ("99", "5.99", False),
        ("5", "1,005", False),
        ("5", "3, 5 or 7.", True),
        ("Straße", "STRASSE", True),
        ("café", "cafe\u0301", True),
        ("cafe", "cafe\u0301", False),
        ("हिन", "हिन्दी", False),
        ("हिन्दी", "मुझे हिन्दी आती है", True),
        ("東京", "私は東京に住んでいます", True),
        ("AI", "私はAIです", True),
        ("กรุงเทพ", "ฉันอยู่กรุงเทพมหานคร", True),
        ("서울", "서울은 수도다", True),
        ("well-known", "a well-known fact", True),
        ("snake", "snake_case", False),
    ],
)
def test_a_keyword_is_found_as_a_whole_word(
    score: Callable[..., Score], keyword: str, actual: str, found: bool
) -> None:
    assert score(KeywordMatch(keywords=[keyword]), actual).value == float(found)


@given(st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=1, max_size=6, unique=True), st.integers(0, 6))
def test_all_any_and_at_least_n_agree_with_counting(
    score: Callable[..., Score], keywords: list[str], present: int
) -> None:
    actual = " ".join(keywords[:present]).upper()
    found = min(present, len(keywords))
    assert score(KeywordMatch(keywords=keywords), actual).value == pytest.approx(found / len(keywords))
    assert score(KeywordMatch(keywords=keywords, match="any"), actual).value == float(found > 0)
    for n in range(1, len(keywords) + 1):
        assert score(KeywordMatch(keywords=keywords, match=n), actual).value == pytest.approx(min(1, found / n))


def test_missing_keywords_are_named_as_they_are_written(score: Callable[..., Score]) -> None:
    scored = score(KeywordMatch(keywords=["30 Days", "refund", "Receipt"]), "a refund")
    assert scored.reason == "found 1 of 3 keywords, needed 3; missing '30 Days', 'Receipt'"
    assert scored.evidence == {"found": ["refund"], "missing": ["30 Days", "Receipt"]}


def test_case_can_matter(score: Callable[..., Score]) -> None:
    assert score(KeywordMatch(keywords=["US"], case_sensitive=True), "tell us").value == 0.0


def test_expected_responses_stand_in_for_keywords_and_any_will_do(score: Callable[..., Score]) -> None:
    assert score(KeywordMatch(), "in 30 days", "30 days", "one month").value == 1.0
    assert score(KeywordMatch(match="all"), "in 30 days", "30 days", "one month").value == 0.5
    assert score(KeywordMatch(keywords=["month"]), "in 30 days", "30 days").value == 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keywords": []}, "name at least one keyword"),
        ({"keywords": ["a", " "]}, "a keyword is empty"),
        ({"keywords": ["a", "A"]}, "keyword 'a' is given twice"),
        ({"keywords": ["a", "b"], "match": 3}, "at most 2, the number of keywords, not 3"),
        ({"keywords": ["a"], "match": 0}, "greater than or equal to 1"),
        ({"keywords": ["a"], "match": True}, "match"),
        ({"keywords": ["a"], "match": "some"}, "match"),
        ({"keywords": "a"}, "list"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        KeywordMatch(**options)


def test_expected_responses_that_stand_in_are_held_to_the_same_rules() -> None:
    def problem(method: KeywordMatch, *expected: str) -> str | None:
        return method.problem(expected_responses=expected, expected=None)

    assert problem(KeywordMatch()) == "keyword_match needs keywords, or an expected_response"
    assert problem(KeywordMatch(match=2), "a") == "match: at most 1, the number of expected responses, not 2"
    assert problem(KeywordMatch(), "a", "") == "a keyword is empty: it would be found in every answer"
    assert problem(KeywordMatch(), "Yes", "yes") is None
    assert problem(KeywordMatch(keywords=["a"])) is None
