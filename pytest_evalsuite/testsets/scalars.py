"""What an unquoted scalar means: text, or a number, true, false or null where something else than text is wanted."""

from __future__ import annotations

import math
import re
from typing import Any, Final

__all__ = ["WORDS", "Plain", "is_null", "plain"]

PLAIN: Final = re.compile(
    r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.[0-9]+(?:[eE][-+]?[0-9]+)?"
    r"|true|True|TRUE|false|False|FALSE|null|Null|NULL|~"
)
MAY_BE_PLAIN: Final = frozenset("-+.0123456789tTfFnN~")
LARGEST: Final = 2**63 - 1
WORDS: Final = {"true": True, "false": False, "null": None, "~": None}


class Plain:
    """An unquoted scalar that may be more than text: ``30``, ``1e3``, ``true``, ``null``.

    A text field takes its ``text``, exactly as written; everything else takes its `value`. It is no ``str``, so that
    nobody takes it for text by mistake.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def value(self) -> bool | int | float | None:
        """Give what it stands for; raises ValueError for a number that cannot be kept exactly or is not finite."""
        word = self.text.lower()
        if word in WORDS:
            return WORDS[word]
        if not word.lstrip("+-").isdigit():
            number = float(word)
            if math.isinf(number):
                raise ValueError("the number is too large")
            return number
        if len(word) > 20 or abs(int(word)) > LARGEST:
            raise ValueError("the whole number is beyond 64 bits; in quotes it is text")
        return int(word)


def plain(text: str) -> str | Plain | None:
    """Give what an unquoted scalar is: `Plain`, None when it is empty, else text (``no``, ``017``, ``12:30``)."""
    if not text:
        return None
    if text[0] in MAY_BE_PLAIN and PLAIN.fullmatch(text):
        return Plain(text)
    return text


def is_null(value: Any) -> bool:
    """Whether a value is nothing: left empty, ``null`` or ``~``."""
    return value is None or (type(value) is Plain and WORDS.get(value.text.lower(), value) is None)
