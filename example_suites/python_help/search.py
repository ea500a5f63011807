"""Which passages answer a question? BM25 over words, with what a passage defines and its headings weighed higher."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable

from .documents import Passage

__all__ = ["Index", "words"]

WORD = re.compile(r"[^\W_]+(?:[_.][^\W_]+)*|__\w+__|[-+*/%@&|^~<>=!:]{1,3}(?=[\s\"'`,;)?]|$)", re.UNICODE)
QUOTED = re.compile(r"\"([^\"]+)\"")
STOP_WORDS = (
    "a about an and any are as at be been but by can could did do does for from get had happen happens has have how "
    "i if in into is it its mean means me my no not of on or our should so some such tell than that the their them "
    "then there these they this to use used was we were what when where which while who why will with would you your "
    "python"
)
K1, B = 1.2, 0.6
TERM_WEIGHT, HEADING_WEIGHT, OUTER_WEIGHT, LEAD = 2.0, 1.5, 0.5, 1.15


def words(text: str) -> list[str]:
    """The words and operators of a text, lower case, endings taken off; ``str.lower`` also gives its parts."""
    found: list[str] = []
    for word in WORD.findall(text.lower()):
        found.append(_stem(word))
        found += [_stem(part) for part in word.split(".") if part != word]
    return found


def _stem(word: str) -> str:
    for ending, put in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith(("ss", "us", "is", "__")):
            word = word[: -len(ending)] + put
            break
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


STOP_STEMS = frozenset(map(_stem, STOP_WORDS.split()))


class Index:
    """An inverted index of passages."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self.passages = list(passages)
        self._lengths: list[float] = []
        self._postings: defaultdict[str, dict[int, float]] = defaultdict(dict)
        for number, passage in enumerate(self.passages):
            weights: defaultdict[str, float] = defaultdict(float)
            for text, weight in self._fields(passage):
                for word in words(text):
                    weights[word] += weight
            self._lengths.append(len(words(passage.text)))
            for word, weight in weights.items():
                self._postings[word][number] = weight
        self._mean_length = sum(self._lengths) / len(self._lengths)

    @staticmethod
    def _fields(passage: Passage) -> Iterable[tuple[str, float]]:
        yield passage.text, 1.0
        yield passage.term, TERM_WEIGHT
        yield " ".join(passage.headings[-1:]), HEADING_WEIGHT
        yield " ".join(passage.headings[:-1]), OUTER_WEIGHT

    def rarity(self, word: str) -> float:
        """How much a word tells: the rarer, the more; a word that no passage has counts as the rarest."""
        holders = len(self._postings.get(word, ()))
        return math.log(1 + (len(self.passages) - holders + 0.5) / (holders + 0.5))

    def best(self, question: str, count: int) -> list[tuple[float, Passage]]:
        """The best passages with their scores, best first; fewer, or none, when no word of the question occurs."""
        scores: defaultdict[int, float] = defaultdict(float)
        asked = self.asked(question)
        for word in asked:
            for number, weight in self._postings.get(word, {}).items():
                norm = 1 - B + B * self._lengths[number] / self._mean_length
                scores[number] += self.rarity(word) * weight * (K1 + 1) / (weight + K1 * norm)
        for number in scores:
            found = sum(rarity for word, rarity in asked.items() if number in self._postings.get(word, ()))
            scores[number] *= (LEAD if self.passages[number].leads else 1.0) * (1 + found / sum(asked.values())) / 2
        ranked = sorted(scores, key=lambda number: (-scores[number], number))[:count]
        return [(scores[number], self.passages[number]) for number in ranked]

    def asked(self, question: str) -> dict[str, float]:
        """What a question asks about: its telling words with their rarity.

        What stands in quotes is meant as it is, as in ``What does "not in" do?``; ``x.y`` that no passage has
        counts as x and y.
        """
        quoted = set(words(" ".join(QUOTED.findall(question))))
        known = (word for word in words(question) if word in self._postings or "." not in word)
        return {word: self.rarity(word) for word in known if word in quoted or word not in STOP_STEMS}
