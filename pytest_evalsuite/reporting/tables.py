"""Tables of texts on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pytest_evalsuite.reporting.difference import cell_width
from pytest_evalsuite.reporting.escape import escape_terminal

__all__ = ["moment", "shortened", "table"]

GAP: Final = "  "
ROOMY: Final = 20
"""Columns that a text keeps as long as there are columns to leave out."""

NARROWEST: Final = 10
"""Columns below which no text is cut."""

CUT: Final = "..."


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    *,
    right: Sequence[str] = (),
    cut: Sequence[str] = (),
    spare: Sequence[str] = (),
) -> list[str]:
    """The rows below their heads, escaped. ``right`` names the columns of figures.

    Where there is little room, the longest texts are cut of the columns that ``cut`` names, and the columns that
    ``spare`` names are left out, one after the other.
    """
    columns = dict(zip(heads, zip(*escaped([heads, *rows]), strict=True), strict=True))
    wanted = {head: max(map(cell_width, column)) for head, column in columns.items()}
    for head in spare:
        if total(fitting(wanted, width, cut, ROOMY)) > width:
            del columns[head], wanted[head]
    widths = fitting(wanted, width, cut, NARROWEST)
    padded = [
        [in_place(cell, widths[head], to_the_right=head in right) for cell in cells] for head, cells in columns.items()
    ]
    return [GAP.join(line).rstrip() for line in zip(*padded, strict=True)]


def escaped(lines: Sequence[Sequence[str]]) -> list[list[str]]:
    """The cells as they may be printed."""
    return [[escape_terminal(cell).replace("\t", r"\t") for cell in line] for line in lines]


def fitting(widths: dict[str, int], width: int, cut: Sequence[str], narrowest: int) -> dict[str, int]:
    """The widths of the columns, those that may be cut as narrow as is needed and allowed."""
    widths = dict(widths)
    texts = [head for head in widths if head in cut]
    while texts and total(widths) > width:
        longest = max(texts, key=lambda head: widths[head])
        if widths[longest] <= narrowest:
            break
        widths[longest] -= 1
    return widths


def total(widths: dict[str, int]) -> int:
    """The width of a line."""
    return sum(widths.values()) + len(GAP) * (len(widths) - 1)


def in_place(cell: str, width: int, *, to_the_right: bool) -> str:
    """The cell in its column."""
    shown = shortened(cell, width)
    blanks = " " * (width - cell_width(shown))
    return blanks + shown if to_the_right else shown + blanks


def shortened(text: str, width: int) -> str:
    """The text in so many columns, with three points where it is cut."""
    if cell_width(text) <= width:
        return text
    kept, taken = "", len(CUT)
    for character in text:
        taken += cell_width(character)
        if taken > width:
            break
        kept += character
    return kept.rstrip() + CUT


def moment(time: str | None) -> str:
    """A time of the artifact to the minute, in UTC: ``2026-01-02 03:04``."""
    return "-" if time is None else f"{time[:10]} {time[11:16]}"
