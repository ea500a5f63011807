"""Where an answer differs from what was expected, marked below it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from pytest_evalsuite.reporting.escape import escape_terminal

__all__ = ["cell_width", "differing", "marked_lines"]

WORTH_MARKING: Final = 0.5
"""Of two texts that share less than this, every mark would be noise."""

LONGEST: Final = 5_000


def differing(expected: str, actual: str) -> list[bool] | None:
    """For each character of ``actual``, whether it differs from ``expected``; None where marks would tell nothing.

    They would not where the texts are equal, share less than half, or are longer than 5,000 characters.
    """
    if expected == actual or len(expected) > LONGEST or len(actual) > LONGEST:
        return None
    from rapidfuzz.distance import Indel

    if Indel.normalized_similarity(expected, actual) < WORTH_MARKING:
        return None
    mask = [False] * len(actual)
    for operation in Indel.opcodes(expected, actual):
        if operation.tag == "insert":
            mask[operation.dest_start : operation.dest_end] = [True] * (operation.dest_end - operation.dest_start)
        elif operation.tag == "delete" and actual:
            mask[min(operation.dest_start, len(actual) - 1)] = True
    return mask


def marked_lines(text: str, mask: Sequence[bool] | None, width: int) -> Iterator[tuple[str, str]]:
    """The text wrapped to so many columns, each line with the carets that belong below it (or an empty text)."""
    start = 0
    for line in text.split("\n"):
        if not line and text:
            yield "", ""
        for begin, end in _wrapped(line, width):
            piece = escape_terminal(line[begin:end])
            carets = _carets(line[begin:end], mask[start + begin : start + end]) if mask is not None else ""
            yield piece, carets
        start += len(line) + 1


def cell_width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if character.isascii():
        return len(escape_terminal(character))
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else len(escape_terminal(character))


def _wrapped(line: str, width: int) -> Iterator[tuple[int, int]]:
    """Where the pieces of a line begin and end: at blanks where possible."""
    begin = 0
    while begin < len(line):
        end, columns, blank = begin, 0, None
        while end < len(line) and (columns := columns + _columns(line[end])) <= width:
            if line[end] == " ":
                blank = end
            end += 1
        if end < len(line) and blank is not None and blank > begin:
            yield begin, blank
            begin = blank + 1
        else:
            end = max(end, begin + 1)
            yield begin, end
            begin = end


def _carets(piece: str, mask: Sequence[bool]) -> str:
    return "".join(
        ("^" if marked else " ") * _columns(character) for character, marked in zip(piece, mask, strict=True)
    ).rstrip()
