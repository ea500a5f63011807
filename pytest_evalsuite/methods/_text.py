"""Text made comparable: Unicode composition, white space, case, punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import AfterValidator, BeforeValidator

__all__ = ["Step", "Steps", "excerpt", "first_difference", "nfc", "normalize"]

Step = Literal["none", "strip", "whitespace", "case", "punctuation"]
_ORDER: Final[tuple[Step, ...]] = get_args(Step)


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _in_order(steps: list[Step]) -> list[Step]:
    if not steps:
        raise ValueError("name a step, or none to compare the text as it is")
    if "none" in steps and len(steps) > 1:
        raise ValueError("none stands alone")
    return sorted(set(steps), key=_ORDER.index)


Steps = Annotated[list[Step], BeforeValidator(_one_or_more), AfterValidator(_in_order)]
"""An option that names normalisation steps: one of them or a list; kept sorted, without repeats."""

_PUNCTUATION: Final = re.compile(r"(?<!\d)[\W_]|[\W_](?!\d)")
_SIGN: Final = re.compile(r"(?<!\S)-(?=\d)")
_POLYTONIC: Final = re.compile("[\u0345\u1f00-\u1fff]")


def nfc(text: str) -> str:
    """Compose the text's characters (Unicode NFC), so that é is one character however it was typed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def normalize(text: str, steps: Sequence[Step]) -> str:
    """Apply steps to a text; doing it twice is doing it once.

    Unicode NFC is always applied. ``strip`` drops outer white space; ``whitespace`` does too and makes each inner run
    one space; ``case`` folds letters (ß is ss); ``punctuation`` drops Unicode punctuation but keeps what stands
    between digits (3.14, 2024-01-01) and a hyphen that begins a number (-5). Currency and mathematical signs are no
    punctuation.
    """
    if text.isascii():
        text = text.lower() if "case" in steps else text
    else:
        text = _fold(nfc(text)) if "case" in steps else nfc(text)
    if "punctuation" in steps:
        text = nfc(_PUNCTUATION.sub(_unless_kept, text))
    if "whitespace" in steps:
        return " ".join(text.split())
    return text.strip() if "strip" in steps else text


def excerpt(text: str, limit: int = 60) -> str:
    """Quote a text in at most ``limit`` characters and two quotes, on one line; its middle goes first."""
    if len(text) > limit:
        text = f"{text[: limit - limit // 3 - 1]}…{text[-(limit // 3) :]}"
    return repr(text)


def first_difference(left: str, right: str) -> int:
    """Give the index from which two texts differ; the shorter one's length where it begins the other."""
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return index
    return min(len(left), len(right))


def _fold(text: str) -> str:
    if _POLYTONIC.search(
        text
    ):  # a subscript iota folds to a letter, and must do so in the same place however composed
        text = unicodedata.normalize("NFD", text)
    return nfc(text.casefold())


def _unless_kept(match: re.Match[str]) -> str:
    character = match[0]
    if unicodedata.category(character)[0] != "P" or _SIGN.match(match.string, match.start()):
        return character
    return ""
