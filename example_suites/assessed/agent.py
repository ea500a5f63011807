"""The desk of a town library: it knows a few notices, and gives the one that shares most with the question."""

from __future__ import annotations

import re
from typing import Final

NOTICES: Final = (
    "A late book costs 20 cents a day, and at most 10 euros.",
    "You can renew a book twice, by phone or on the website.",
    "We open at 10 and close at 7, on Saturdays at 4.",
    "A library card costs 15 euros a year, and nothing for children.",
    "To print a page costs ten cents.",
    "A lost book cannot be replaced with another copy.",
    "To reserve a book, ask at the desk.",
    "The wireless network is free, and its password is at the desk.",
)
COMMON: Final = re.compile(
    r"\b(a|an|and|are|at|be|by|can|do|does|for|how|i|if|is|it|much|my|of|on|the|to|what|when|you)\b"
)


def answer(question: str) -> str:
    """Answer a reader's question."""
    notice = max(NOTICES, key=lambda text: len(words(text) & words(question)))
    return notice if words(notice) & words(question) else "I do not know."


def words(text: str) -> set[str]:
    """The words of a text that say something."""
    return {word.removesuffix("s") for word in re.findall(r"[a-z]+", COMMON.sub("", text.lower()))}
