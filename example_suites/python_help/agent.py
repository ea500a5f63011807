"""An agent that answers questions about Python from Python's own help texts."""

from __future__ import annotations

import re
import textwrap
from functools import cache

from .documents import Passage, passages
from .search import Index, words

__all__ = ["answer"]

SENTENCES = 3
KNOWN_SHARE = 0.5
DO_NOT_KNOW = "I do not know: Python's help topics do not say."


def answer(question: str) -> str:
    """Up to three sentences of the help texts that fit the question best, or a plain "I do not know"."""
    index = _index()
    asked = index.asked(question)
    best = index.best(question, 1)
    if not best:
        return DO_NOT_KNOW
    passage = best[0][1]
    seen = set(words(" ".join([passage.text, passage.term, *passage.headings])))
    if sum(rarity for word, rarity in asked.items() if word in seen) < KNOWN_SHARE * sum(asked.values()):
        return DO_NOT_KNOW
    return _extract(passage, asked)


def _extract(passage: Passage, asked: dict[str, float]) -> str:
    sentences = re.split(r"(?<=[.?!])\s+(?=[A-Z“\"*(])", passage.text)
    starts = range(max(1, len(sentences) - SENTENCES + 1))
    windows = [" ".join(sentences[start : start + SENTENCES]) for start in starts]
    text = max(windows, key=lambda window: sum(asked.get(word, 0.0) for word in set(words(window))))
    return f"{textwrap.shorten(passage.term, 80)}: {text}" if passage.term else text


@cache
def _index() -> Index:
    return Index(passages())
