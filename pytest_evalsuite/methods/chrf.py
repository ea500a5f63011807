"""chrF: character sequences that the answer shares with an expected response."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pytest_evalsuite.methods._metric import TextMetric

if TYPE_CHECKING:
    from sacrebleu.metrics.chrf import CHRF

__all__ = ["Chrf"]


class Chrf(TextMetric):
    """chrF of the answer beside the nearest expected response, 0..1, by the sacrebleu library.

    It is the F-score of shared runs of up to six characters, in which recall counts twice as much as precision; with
    ``word_order: 2`` it is chrF++. It suits languages with many endings, and those without spaces, better than bleu.
    """

    method: ClassVar[str] = "chrf"
    library: ClassVar[str | None] = "sacrebleu"
    word_order: int = Field(default=0, ge=0, le=4, description="Runs of so many words count too; 2 makes it chrF++.")
    case_sensitive: bool = Field(default=False, description="Whether upper and lower case differ.")

    def compare(self, expected: str, actual: str) -> float:
        """Give sentence chrF, 0..1."""
        metric = _chrf(self.word_order, not self.case_sensitive)
        return float(metric.sentence_score(actual, [expected]).score) / 100.0


@lru_cache(maxsize=16)
def _chrf(word_order: int, lowercase: bool) -> CHRF:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF(word_order=word_order, lowercase=lowercase)
