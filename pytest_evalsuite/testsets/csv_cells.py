"""Where the cells of a CSV record stand; looked at only when there is something to say about one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_evalsuite.testsets.positions import Place

__all__ = ["Cells", "find_cells"]


@dataclass(slots=True)
class Cells:
    """Where each cell begins, as (line, column) from 1; ``closed`` is False where the last one's quote never ends."""

    places: list[Place]
    closed: bool = True


def find_cells(lines: Sequence[str], first: int, delimiter: str = ",") -> Cells:
    """Find the cells of the record that begins on line ``first``, as the csv module reads them."""
    places: list[Place] = [(first, 1)]
    quoted = False
    for number in range(first, len(lines) + 1):
        text = lines[number - 1].rstrip("\r\n")
        at = 0
        while at < len(text):
            character = text[at]
            begins = places[-1] == (number, at + 1)
            if quoted:
                if character == '"' and text[at + 1 : at + 2] == '"':
                    at += 1
                elif character == '"':
                    quoted = False
            elif character == '"' and begins:
                quoted = True
            elif character == delimiter:
                places.append((number, at + 2))
            at += 1
        if not quoted:
            return Cells(places)
    return Cells(places, closed=False)
