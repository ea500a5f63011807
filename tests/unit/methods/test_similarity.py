from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods import Score
from pytest_evalsuite.methods.similarity import Algorithm, Similarity

ALGORITHMS = get_args(Algorithm)
WORDS = st.lists(st.from_regex(r"[a-zé]{1,8}", fullmatch=True), min_size=1, max_size=8).map(" ".join)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@given(left=WORDS, right=WORDS)
def test_every_algorithm_gives_one_for_equal_texts_and_stays_in_0_to_1(
    score: Callable[..., Score], algorithm: Any, left: str, right: str
) -> None:
    method = Similarity(algorithm=algorithm)
    assert score(method, left.upper(), left).value == 1.0
    assert 0.0 <= score(method, left, right).value <= 1.0


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("empty", ["", " \n"])
def test_an_empty_answer_scores_zero(score: Callable[..., Score], algorithm: Any, empty: str) -> None:
    scored = score(Similarity(algorithm=algorithm), empty, "Paris")
    assert (scored.value, scored.reason) == (0.0, "the answer is empty")


@given(WORDS, WORDS)
def test_by_default_a_text_that_only_contains_the_other_is_not_equal(
    score: Callable[..., Score], text: str, further: str
) -> None:
    assert score(Similarity(), f"{text} {further}", text).value < 1.0
    assert score(Similarity(), text, f"{text} {further}").value < 1.0


@pytest.mark.parametrize(
    ("algorithm", "actual", "expected", "value"),
    [
        ("ratio", "abcd", "abxd", 0.75),
        ("levenshtein", "kitten", "sitting", 1 - 3 / 7),
        ("token_sort", "days 30", "30 days", 1.0),
        ("token_set", "Paris is not the capital", "Paris", 1.0),
        ("partial", "I do not know", "no", 1.0),
        ("jaro_winkler", "martha", "marhta", 0.9611),
    ],
)
def test_algorithms_give_their_published_values(
    score: Callable[..., Score], algorithm: Any, actual: str, expected: str, value: float
) -> None:
    assert score(Similarity(algorithm=algorithm), actual, expected).value == pytest.approx(value, abs=1e-4)


def test_composed_and_decomposed_letters_are_equal(score: Callable[..., Score]) -> None:
    assert score(Similarity(), "cafe\u0301", "café").value == 1.0


def test_the_nearest_expected_response_counts_and_is_named(score: Callable[..., Score]) -> None:
    scored = score(Similarity(), "30 day", "a month", "30 days")
    assert scored.reason == "ratio 0.92 to '30 days'"
    assert scored.value == pytest.approx(12 / 13)
    assert scored.raw == pytest.approx(1200 / 13)


@pytest.mark.parametrize(("algorithm", "longest"), [("ratio", 100_000), ("partial", 5_000)])
def test_too_long_a_text_is_an_error_and_not_a_score(
    score: Callable[..., Score], algorithm: Any, longest: int
) -> None:
    method = Similarity(algorithm=algorithm)
    score(method, "a" * longest, "b")
    with pytest.raises(MethodError, match=f"^answer of {longest + 1:,} characters is too long for similarity by"):
        score(method, "a" * (longest + 1), "b")
    problem = method.problem(expected_responses=("a" * (longest + 1),), expected=None)
    assert problem == (
        f"expected_response of {longest + 1:,} characters is too long for similarity by {algorithm}: "
        f"at most {longest:,}"
    )


@pytest.mark.parametrize(("steps", "text"), [("whitespace", " "), ("punctuation", "?!"), ("none", "\t")])
def test_an_expected_response_with_nothing_to_compare_is_a_problem(steps: Any, text: str) -> None:
    problem = Similarity(normalize=steps).problem(expected_responses=("a", text), expected=None)
    assert problem == f"nothing is left of expected_response {text!r} to compare (normalize: {steps})"


def test_an_unknown_algorithm_is_refused() -> None:
    with pytest.raises(ValidationError, match="'ratio', 'token_sort'"):
        Similarity(algorithm="cosine")  # type: ignore[arg-type]
