"""Words and sentences of a text, in any script."""

from __future__ import annotations

from typing import Final

import regex

from pytest_evalsuite.methods._text import normalize

__all__ = ["count_sentences", "count_words", "spread", "words"]

_UNSPACED: Final = (
    r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}"
    r"\p{Script=Khmer}\p{Script=Myanmar}&&[\p{L}\p{N}]]\p{M}*"
)
"""A character of a script that puts no spaces between words, with its marks: it stands for a word."""

_CHARACTER: Final = regex.compile(_UNSPACED, regex.V1)
_WORD: Final = regex.compile(rf"{_UNSPACED}|(?:(?!{_UNSPACED})[\p{{L}}\p{{N}}\p{{M}}])+", regex.V1)
_MARK: Final = r"[\p{Sentence_Terminal}\u2026]"
_CLOSING: Final = r"[\p{Pe}\p{Pf}\"'*_]*+"
_END: Final = regex.compile(
    rf"(?<!{_MARK})(?:{_MARK}++{_CLOSING}(?=\s|\Z)|[\u3002\uff0e\uff01\uff1f]++{_CLOSING})", regex.V1
)


def words(text: str) -> list[str]:
    """Runs of letters and digits, composed and with their case folded; what stands between them is dropped.

    In scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) each character is a word.
    """
    return _WORD.findall(normalize(text, ["case"]))


def spread(text: str) -> str:
    """The text with spaces around each character of a script without spaces."""
    return _CHARACTER.sub(r" \g<0> ", text)


def count_words(text: str) -> int:
    """How many words people would count: ``well-known`` and ``3.14`` are one each; without spaces, each character."""
    spaced, unspaced = _CHARACTER.subn(" ", text)
    return unspaced + sum(any(map(str.isalnum, word)) for word in spaced.split())


def count_sentences(text: str) -> int:
    """How many parts of a text end with a mark that ends sentences, or with the text, and hold a word."""
    return sum(any(map(str.isalnum, part)) for part in _END.split(text))
