"""ROUGE: words that the answer and an expected response have in common."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods._metric import TextMetric
from pytest_evalsuite.methods._text import excerpt
from pytest_evalsuite.methods._words import words

__all__ = ["Rouge"]

Variant = Literal["rouge1", "rouge2", "rougeL"]

_MOST_PAIRS: Final = 4_000_000


class Rouge(TextMetric):
    """ROUGE of the answer beside the nearest expected response, 0..1, by the rouge-score library.

    ``rouge1`` compares words, ``rouge2`` pairs of neighbouring words, ``rougeL`` the longest sequence of words that
    both have in this order. Recall is the share of the expected response found in the answer, precision the share of
    the answer found in the expected response, f1 their harmonic mean. Words are runs of letters and digits of any
    script (the library itself knows a-z and 0-9 only), without regard to case.
    """

    method: ClassVar[str] = "rouge"
    library: ClassVar[str | None] = "rouge_score"
    variant: Variant = Field(default="rougeL", description="rouge1, rouge2 or rougeL.")
    measure: Literal["f1", "precision", "recall"] = Field(default="f1", description="f1, precision or recall.")

    def unusable(self, expected: str) -> str | None:
        """Refuse an expected response with fewer words than are compared at a time: no answer could match it."""
        least = 2 if self.variant == "rouge2" else 1
        if len(words(expected)) >= least:
            return None
        return f"expected_response {excerpt(expected)} has fewer than {least} words, which {self.variant} compares"

    def compare(self, expected: str, actual: str) -> float:
        """Give the measure, 0..1. Raises MethodError when comparing would take more than a second or so."""
        if self.variant == "rougeL" and len(words(expected)) * len(words(actual)) > _MOST_PAIRS:
            raise MethodError(f"the texts are too long for rougeL: over {_MOST_PAIRS:,} pairs of words to compare")
        scores = _scorer(self.variant).score(expected, actual)[self.variant]
        return float(getattr(scores, "fmeasure" if self.measure == "f1" else self.measure))

    @property
    def figure_name(self) -> str:
        """The variant and the measure."""
        return f"{self.variant} {self.measure}"


class _Words:
    def tokenize(self, text: str) -> list[str]:
        return words(text)


@lru_cache(maxsize=4)
def _scorer(variant: Variant) -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer([variant], tokenizer=_Words())
