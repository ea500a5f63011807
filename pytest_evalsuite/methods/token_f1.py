"""The words that the answer and an expected response have in common, as question answering is measured."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from pydantic import Field

from pytest_evalsuite.methods._base import Texts
from pytest_evalsuite.methods._metric import TextMetric
from pytest_evalsuite.methods._text import excerpt, normalize
from pytest_evalsuite.methods._words import spread

__all__ = ["TokenF1"]


class TokenF1(TextMetric):
    """F1 of the words of the answer and of the nearest expected response, 0..1, as in the SQuAD benchmark.

    Before, texts are composed (Unicode NFC), letters are folded to one case, punctuation is dropped (but not within
    numbers: 3.14, nor the sign of -5), and the words of ``ignore_words`` are left out. Words are what white space
    separates; in scripts without spaces each character is one. F1 is 2 · common / (words of both): the order of words
    does not matter, and everything that a long answer says besides lowers it.
    """

    method: ClassVar[str] = "token_f1"
    ignore_words: Texts = Field(default=["a", "an", "the"], description="Words that do not count.")

    def unusable(self, expected: str) -> str | None:
        """Refuse an expected response of which no word is left."""
        if self._words(expected):
            return None
        ignored = ", ".join(self.ignore_words) or "none"
        return f"nothing is left of expected_response {excerpt(expected)} to compare (ignore_words: {ignored})"

    def compare(self, expected: str, actual: str) -> float:
        """Give F1, 0..1."""
        left, right = Counter(self._words(expected)), Counter(self._words(actual))
        return 2 * (left & right).total() / (left.total() + right.total())

    def _words(self, text: str) -> list[str]:
        ignored = {normalize(word, ["whitespace", "case"]) for word in self.ignore_words}
        return [word for word in spread(normalize(text, ["case", "punctuation"])).split() if word not in ignored]
