"""A text that goes by rows: each may be exchanged, and every other one stays as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["CELL", "Rows", "csv_rows", "lines"]

BREAK: Final = re.compile(r"\r\n|\r|\n")
CELL: Final = re.compile(r'"(?:[^"]|"")*"[^,\r\n]*|[^,\r\n]*')


class Rows:
    """Rows, and what stands between them: ``breaks[i]`` is behind row i, and may be empty for the last one."""

    def __init__(self, rows: Sequence[str], breaks: Sequence[str]) -> None:
        self.rows = [*rows]
        self.breaks = [*breaks]
        self.line_break = next((mark for mark in breaks if mark), "\n")

    def __str__(self) -> str:
        return "".join(part for pair in zip(self.rows, self.breaks, strict=True) for part in pair)

    def insert(self, at: int, row: str) -> None:
        """Put a row before the one at an index, or behind the last one."""
        if at < len(self.rows) or self.breaks[-1]:
            self.breaks.insert(at, self.line_break)
        else:
            self.breaks.insert(at - 1, self.line_break)
        self.rows.insert(at, row)

    def remove(self, at: int) -> None:
        """Take a row out."""
        del self.rows[at]
        del self.breaks[at if self.breaks[at] or not at else at - 1]

    def move(self, places: Sequence[int], at: int, to: int) -> None:
        """Of the rows at some places put one at the place of another; all other rows stay where they are."""
        moved = [self.rows[place] for place in places]
        moved.insert(to, moved.pop(at))
        for place, row in zip(places, moved, strict=True):
            self.rows[place] = row


def lines(text: str) -> Rows:
    """Take each line as a row."""
    return _rows(BREAK.split(text), BREAK.findall(text))


def csv_rows(text: str) -> tuple[Rows, list[int]]:
    """Take each record of a CSV text, or blank line, as a row; and give the line, from 1, on which each begins."""
    rows: list[str] = []
    breaks: list[str] = []
    numbers: list[int] = []
    at = start = 0
    line = 1
    while True:
        found = CELL.match(text, at)
        at = found.end() if found else at
        if text.startswith(",", at):
            at += 1
            continue
        rows.append(text[start:at])
        numbers.append(line)
        mark = BREAK.match(text, at)
        if mark is None:
            return _rows(rows, breaks), numbers
        breaks.append(mark[0])
        line += len(BREAK.findall(rows[-1])) + 1
        at = start = mark.end()


def _rows(rows: list[str], breaks: list[str]) -> Rows:
    """Leave out the row behind the last break, which is none."""
    if len(rows) > 1 and not rows[-1]:
        return Rows(rows[:-1], breaks)
    return Rows(rows, [*breaks, ""])
