"""Where two texts differ, marked below them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from pytest_evalsuite.reporting.escape import escaped_characters

__all__ = ["cell_width", "differing", "marked_lines"]

WORTH_MARKING: Final = 0.5
"""Of two texts that share less than this, every mark would be noise."""

LONGEST: Final = 5_000

ISLAND: Final = 2
"""So few equal characters between two differences are a coincidence."""

NO_WIDTH: Final = frozenset({"Mn", "Me", "Cf"})
"""Categories of characters that take no column: combining marks and format controls."""


def differing(expected: str, actual: str) -> tuple[list[bool], list[bool]] | None:
    """For each character of either text whether the other one lacks it; None where marks would tell nothing.

    They would not where the texts are equal, share less than half, or are longer than 5,000 characters.
    """
    if expected == actual or len(expected) > LONGEST or len(actual) > LONGEST:
        return None
    from rapidfuzz.distance import Indel

    if Indel.normalized_similarity(expected, actual) < WORTH_MARKING:
        return None
    missing, added = [False] * len(expected), [False] * len(actual)
    for operation in Indel.opcodes(expected, actual):
        begin, end = operation.src_start, operation.src_end
        inside = begin > 0 and end < len(expected)
        if operation.tag != "equal" or (end - begin <= ISLAND and inside):
            missing[begin:end] = [True] * (end - begin)
            begin, end = operation.dest_start, operation.dest_end
            added[begin:end] = [True] * (end - begin)
    return missing, added


def marked_lines(text: str, mask: Sequence[bool] | None, width: int) -> Iterator[tuple[str, str]]:
    r"""The text wrapped to so many columns, each line with the carets that belong below it (or an empty text).

    A line break that is marked shows as ``\n``. A single character that takes more columns than there are is given
    all the same.
    """
    start = 0
    for line in text.split("\n"):
        end = start + len(line)
        if mask is not None and end < len(text) and mask[end]:
            line = text[start : end + 1]  # noqa: PLW2901 - with its line break
        if not line:
            yield "", ""
        for begin, shown in _wrapped(line, width):
            marks = mask[start + begin : start + begin + len(shown)] if mask is not None else ()
            yield "".join(shown), _carets(shown, marks)
        start = end + 1


def cell_width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return len(text) if text.isascii() else sum(_columns(character) for character in text)


def _columns(shown: str) -> int:
    """The columns of a character, or of what it was escaped to."""
    if shown.isascii():
        return len(shown)
    if unicodedata.category(shown) in NO_WIDTH or "\u1160" <= shown <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(shown) in "WF" else 1


def _wrapped(line: str, width: int) -> Iterator[tuple[int, list[str]]]:
    """The pieces of a line, broken at blanks if possible: where they begin, and how each character is shown."""
    begin = 0
    while begin < len(line):
        shown = [text.replace("\t", r"\t") for text in escaped_characters(line[begin : begin + 2 * width])]
        fits, columns = 0, 0
        while fits < len(shown) and (columns := columns + _columns(shown[fits])) <= width:
            fits += 1
        end = begin + max(fits, 1)
        blank = line.rfind(" ", begin + 1, end + 1) if end < len(line) else -1
        yield begin, shown[: (end if blank < 0 else blank) - begin]
        begin = end if blank < 0 else blank + 1


def _carets(shown: Sequence[str], marks: Sequence[bool]) -> str:
    carets = ""
    for text, marked in zip(shown, marks, strict=False):
        columns = _columns(text)
        carets += ("^" if marked else " ") * columns
        if marked and not columns and carets:
            carets = carets[:-1] + "^"
    return carets.rstrip()
