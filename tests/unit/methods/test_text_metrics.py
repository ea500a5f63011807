"""bleu, chrf, rouge and token_f1: what they share, and what each is for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods import Answer, Method, Score
from pytest_evalsuite.methods.bleu import Bleu
from pytest_evalsuite.methods.chrf import Chrf
from pytest_evalsuite.methods.rouge import Rouge
from pytest_evalsuite.methods.token_f1 import TokenF1

METRICS: list[Method] = [Bleu(), Chrf(), Chrf(word_order=2), Rouge(), Rouge(variant="rouge1"), TokenF1()]
WORDS = st.sampled_from(["cat", "dog", "sat", "on", "mat", "Zürich", "東京", "5"])
SENTENCES = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)

each_metric = pytest.mark.parametrize("method", METRICS, ids=lambda method: method.method)


@each_metric
@settings(max_examples=50, deadline=None)  # a library is loaded first
@given(SENTENCES, SENTENCES)
def test_a_text_scores_one_beside_itself_and_the_best_expected_response_counts(
    score: Callable[..., Score], method: Method, text: str, other: str
) -> None:
    alone = score(method, text, other).value
    assert score(method, text, text).value == pytest.approx(1.0)
    assert score(method, text, other, text).value == pytest.approx(1.0)
    assert score(method, text, "unrelated", other).value == max(alone, score(method, text, "unrelated").value)


@each_metric
def test_nothing_in_common_and_nothing_at_all_score_zero(score: Callable[..., Score], method: Method) -> None:
    assert score(method, "zzz", "cat").value == 0.0
    assert score(method, " \n", "cat").reason == "the answer is empty"
    assert score(method, "...", "cat").value == 0.0


@each_metric
def test_an_expectation_must_be_there_and_not_be_blank(method: Method) -> None:
    needed = method.problem(expected_responses=(), expected={"a": 1})
    assert needed == f"{method.method} needs an expected_response"
    assert method.problem(expected_responses=("cat", " "), expected=None) is not None


@each_metric
def test_what_is_too_long_is_no_score(answer: Callable[..., Answer], method: Method) -> None:
    with pytest.raises(MethodError, match=f"answer of 100,001 characters is too long for {method.method}"):
        method.score(answer("a" * 100_001, "cat"))
    problem = method.problem(expected_responses=("a" * 100_001,), expected=None)
    assert problem == f"expected_response of 100,001 characters is too long for {method.method}: at most 100,000"


@pytest.mark.parametrize(
    ("method", "module"), [(Bleu(), "sacrebleu"), (Chrf(), "sacrebleu"), (Rouge(), "rouge_score")]
)
def test_a_library_that_is_not_installed_is_named_before_any_run(
    monkeypatch: pytest.MonkeyPatch, method: Method, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert method.problem(expected_responses=("cat",), expected=None) == (
        f"{method.method} needs {module}, which is not installed: pip install 'pytest-evalsuite[metrics]'"
    )


@pytest.mark.parametrize(
    ("method", "expected", "actual", "value"),
    [
        # sacrebleu's own: 4-gram precisions 5/6, 3/5, 1/4 and, smoothed, 1/6
        (Bleu(), "the cat is on the mat", "the cat sat on the mat", (5 / 6 * 3 / 5 * 1 / 4 * 1 / 6) ** (1 / 4)),
        (Bleu(), "The Cat", "the cat", 1.0),
        (Bleu(case_sensitive=True), "The Cat", "the cat", 0.0),
        (Chrf(case_sensitive=True), "ABC", "abc", 0.0),
        (Chrf(), "ABC", "abc", 1.0),
        (Rouge(), "the cat is on the mat", "the cat sat on the mat", 5 / 6),
        (Rouge(variant="rouge1"), "b a", "a b", 1.0),
        (Rouge(variant="rougeL"), "b a", "a b", 1 / 2),
        (Rouge(variant="rouge2"), "a b c", "a b d", 1 / 2),
        (Rouge(variant="rouge1", measure="recall"), "30 days", "within 30 days of it", 1.0),
        (Rouge(variant="rouge1", measure="precision"), "30 days", "within 30 days of it", 2 / 5),
        (Rouge(variant="rouge1"), "Straße in Köln", "STRASSE, Köln", 4 / 5),
        (Rouge(variant="rouge1", measure="recall"), "東京", "東京に住む", 1.0),
        (TokenF1(), "the United States", "United States.", 1.0),
        (TokenF1(), "cat", "A black cat", 2 / 3),
        (TokenF1(), "cat cat", "cat", 2 / 3),
        (TokenF1(), "3.14", "314", 0.0),
        (TokenF1(), "well-known", "wellknown", 1.0),
        (TokenF1(), "東京", "東京に", 4 / 5),
        (TokenF1(ignore_words=["der", "die"]), "Der Hund", "ein Hund", 2 / 3),
        (TokenF1(ignore_words=[]), "a", "A", 1.0),
    ],
)
def test_figures(score: Callable[..., Score], method: Method, expected: str, actual: str, value: float) -> None:
    scored = score(method, actual, expected)
    assert scored.value == pytest.approx(value)
    assert scored.raw == pytest.approx(value)


def test_bleu_has_words_only_where_its_tokenizer_finds_them(score: Callable[..., Score]) -> None:
    assert score(Bleu(), "東京に住む", "東京").value == 0.0
    assert score(Bleu(tokenize="char"), "東京に住む", "東京").value > 0.0


@pytest.mark.parametrize(
    ("method", "expected", "problem"),
    [
        (Rouge(variant="rouge2"), "Paris", "expected_response 'Paris' has fewer than 2 words, which rouge2 compares"),
        (Rouge(), "?!", "expected_response '?!' has fewer than 1 words, which rougeL compares"),
        (TokenF1(), "A", "nothing is left of expected_response 'A' to compare (ignore_words: a, an, the)"),
        (TokenF1(ignore_words=[]), "!", "nothing is left of expected_response '!' to compare (ignore_words: none)"),
    ],
)
def test_an_expected_response_that_no_answer_could_match_is_refused(
    method: Method, expected: str, problem: str
) -> None:
    assert method.problem(expected_responses=(expected,), expected=None) == problem


def test_the_longest_common_sequence_of_very_long_texts_is_not_looked_for(answer: Callable[..., Answer]) -> None:
    text = "a b " * 1_001
    with pytest.raises(MethodError, match="too long for rougeL: over 4,000,000 pairs of words"):
        Rouge().score(answer(text, text))
    assert Rouge(variant="rouge1").score(answer(text, text)).value == 1.0


@pytest.mark.parametrize(
    ("method", "options"),
    [(Bleu, {"tokenize": "ja-mecab"}), (Chrf, {"word_order": -1}), (Rouge, {"variant": "rouge9"})],
)
def test_options_that_cannot_work_are_refused(method: type[Method], options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(options))):
        method(**options)
