"""BLEU: word sequences that the answer shares with an expected response."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from pytest_evalsuite.methods._metric import TextMetric

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU

__all__ = ["Bleu"]

Tokenizer = Literal["13a", "intl", "zh", "char", "none"]


class Bleu(TextMetric):
    """BLEU of the answer beside the nearest expected response, 0..1, by the sacrebleu library.

    It is sentence BLEU with words in runs of up to four (fewer for shorter texts) and exponential smoothing. BLEU was
    made for whole corpora: for one sentence it is a rough figure, and low for a right answer in other words.
    """

    method: ClassVar[str] = "bleu"
    library: ClassVar[str | None] = "sacrebleu"
    tokenize: Tokenizer = Field(
        default="13a", description="How texts become words: 13a, intl, zh (Chinese), char or none, as in sacrebleu."
    )
    case_sensitive: bool = Field(default=False, description="Whether upper and lower case differ.")

    def compare(self, expected: str, actual: str) -> float:
        """Give sentence BLEU, 0..1."""
        metric = _bleu(self.tokenize, not self.case_sensitive)
        return float(metric.sentence_score(actual, [expected]).score) / 100.0


@lru_cache(maxsize=16)
def _bleu(tokenize: Tokenizer, lowercase: bool) -> BLEU:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(tokenize=tokenize, lowercase=lowercase, effective_order=True)
