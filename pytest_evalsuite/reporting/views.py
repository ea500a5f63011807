"""A table of what a group shows, for a terminal, as Markdown, as CSV: one form, three sinks, each escaping its own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from pytest_evalsuite.reporting.csv import escape_cell
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.reporting.markdown import code
from pytest_evalsuite.reporting.tables import table

__all__ = ["Cell", "Shown", "View", "view_csv", "view_lines", "view_markdown"]


FIGURE: Final = re.compile(r"(?:[-+$0-9.,:/()%]+|ms|min|s|h|points|of|to| )*")
"""What Markdown reads nothing into, alone in a cell."""


class Shown(NamedTuple):
    """A cell that people read in another form than programs."""

    text: str
    value: Any


Cell: TypeAlias = str | Shown


@dataclass(frozen=True, slots=True)
class View:
    """A table with its heads. ``right`` names the columns of figures, ``cut`` those that may be shortened.

    ``left_out`` rows are not among these; ``below`` are lines that belong under it.
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    right: Sequence[str] = ()
    cut: Sequence[str] = ()
    spare: Sequence[str] = ()
    left_out: int = 0
    below: Sequence[str] = ()


def view_lines(view: View, width: int) -> Iterator[str]:
    """The view for a terminal of so many columns."""
    yield escape_terminal(view.title)
    if view.rows:
        heads = _unlike(view.heads)
        rows = [[_text(cell) for cell in row] for row in view.rows]
        named = dict(zip(view.heads, heads, strict=False))
        places = ([named[name] for name in names if name in named] for names in (view.right, view.cut, view.spare))
        right, cut, spare = places
        for line in table(heads, rows, max(width - 2, 20), right=right, cut=cut, spare=spare):
            yield f"  {line}"
    if view.left_out:
        yield f"  ... and {view.left_out:,} more"
    for line in view.below:
        yield f"  {escape_terminal(line)}"


def view_markdown(view: View) -> str:
    """The view as a Markdown table."""
    lines = [f"### {code(view.title)}", ""]
    if view.rows:
        marks = ["---:" if head in view.right else "---" for head in view.heads]
        lines += [_row([code(head) if head else "" for head in view.heads]), _row(marks)]
        lines += [_row([_as_markdown(_text(cell)) for cell in row]) for row in view.rows]
        lines.append("")
    if view.left_out:
        lines += [f"... and {view.left_out:,} more", ""]
    lines += [f"- {code(line)}" for line in view.below]
    return "\n".join([*lines, ""]) + ("\n" if view.below else "")


def view_csv(view: View) -> str:
    """The view as CSV (RFC 4180 with every text quoted), a header first."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow([escape_cell(head) for head in view.heads])
    for row in view.rows:
        writer.writerow([_value(cell) for cell in row])
    return buffer.getvalue()


def _unlike(heads: Sequence[str]) -> list[str]:
    """The heads, each once: the second of two gets a blank behind it that nobody sees."""
    found: list[str] = []
    for head in heads:
        while head in found:
            head += " "  # noqa: PLW2901 - until it is another one
        found.append(head)
    return found


def _as_markdown(text: str) -> str:
    """A figure as it is, anything else as code."""
    return text if FIGURE.fullmatch(text) else code(text)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Shown) else cell


def _value(cell: Cell) -> Any:
    value = cell.value if isinstance(cell, Shown) else cell
    if value is None:
        return ""
    return escape_cell(value) if isinstance(value, str) else value
