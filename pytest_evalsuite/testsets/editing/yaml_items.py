"""The items of a YAML list: added, taken out, moved, each with the comments that are its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pytest_evalsuite.testsets.editing.spliced_text import BREAK, Overlap, Span, shifted
from pytest_evalsuite.testsets.editing.yaml_entries import Entries
from pytest_evalsuite.testsets.editing.yaml_nodes import Node
from pytest_evalsuite.testsets.editing.yaml_text import flow_text, mapping_text

__all__ = ["Overlap", "YamlText"]

BLANK_LINES: Final = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))+")


class YamlText(Entries):
    """A YAML text whose mappings and lists can be changed."""

    def __init__(self, text: str, *, as_json: bool = False, inline: bool = False) -> None:
        super().__init__(text, as_json=as_json, inline=inline)
        self._bodies: dict[int, list[Span]] = {}

    def insert(self, sequence: Node, at: int, value: Mapping[str, Any], *, above: int) -> None:
        """Put an item before that at index ``at``, or behind the last one. ``above`` is where the list's key ends."""
        if sequence.flow:
            self._insert_in_flow(sequence, at, value)
            return
        spans = self.bodies(sequence, above)
        dash = self.dash(sequence, 0)
        column = dash - self.line_start(dash)
        gap = self.text[spans[-2][1] : spans[-1][0]] if len(spans) > 1 else self.line_break
        blank = BLANK_LINES.match(gap)
        gap = blank[0] if blank else self.line_break
        body = self._item_text(sequence, value, column)
        if at < len(spans):
            self.replace(spans[at][0], spans[at][0], body + BREAK.sub("\n", gap))
        else:
            self.replace(spans[-1][1], spans[-1][1], BREAK.sub("\n", gap) + body)

    def remove(self, sequence: Node, at: int, *, above: int, tidy: bool = True) -> None:
        """Take an item out, with the comments that are its own, and (``tidy``) the blank lines beside it."""
        if sequence.flow:
            items = sequence.items
            if at + 1 < len(items):
                self.replace(items[at].start, items[at + 1].start, "")
            else:
                gap = self.text[items[at - 1].end : items[at].start] if at else "#"
                self.replace(items[at].start if "#" in gap else items[at - 1].end, items[at].end, "")
            return
        spans = self.bodies(sequence, above)
        start, end = spans[at]
        if not tidy:
            self.remove_lines(start, end)
        elif at + 1 < len(spans):
            gap = self.text[end : spans[at + 1][0]]
            blank = re.match(r"(?:[ \t]*(?:\r\n|\r|\n))*", gap)
            self.replace(start, end + (blank.end() if blank else 0), "")
        else:
            before = self.text[above:start]
            self.replace(above + len(before.rstrip(" \t\r\n")), end, "")

    def move(self, sequence: Node, at: int, to: int, *, above: int) -> None:
        """Put an item at another index; what is between items stays."""
        spans = [(item.start, item.end) for item in sequence.items] if sequence.flow else self.bodies(sequence, above)
        low, high = sorted((at, to))
        order = [*range(low, high + 1)]
        order.insert(to - low, order.pop(at - low))
        parts: list[str] = []
        for place, index in zip(range(low, high + 1), order, strict=True):
            parts.append(self.text[slice(*spans[index])])
            parts.append(self.text[spans[place][1] : spans[place + 1][0]] if place < high else "")
        self.put(spans[low][0], spans[high][1], "".join(parts))

    def bodies(self, sequence: Node, above: int) -> list[Span]:
        """Give the lines of each item of a block list, with the comments that are its own, without the last break."""
        if id(sequence) not in self._bodies:
            self._bodies[id(sequence)] = self._find_bodies(sequence, above)
        return self._bodies[id(sequence)]

    def _find_bodies(self, sequence: Node, above: int) -> list[Span]:
        dashes = [self.dash(sequence, at) for at in range(len(sequence.items))]
        column = dashes[0] - self.line_start(dashes[0])
        starts: list[int] = []
        ends: list[int] = []
        after = self.after_break(self.line_end(above))
        for at, dash in enumerate(dashes):
            start = self.line_start(dash)
            lines = self._lines(after, start)
            trailing = self._trailing(lines, column) if at else 0
            leading = len(lines)
            while leading > trailing and self._is_comment(lines[leading - 1]):
                leading -= 1
            if at:
                ends.append(self._end_of(lines[:trailing], self.line_end(sequence.items[at - 1].end)))
            starts.append(lines[leading][0] if leading < len(lines) else start)
            after = self.after_break(self.line_end(sequence.items[at].end))
        lines = self._comment_lines(after)
        ends.append(self._end_of(lines[: self._trailing(lines, column)], self.line_end(sequence.items[-1].end)))
        return list(zip(starts, ends, strict=True))

    def _lines(self, start: int, end: int) -> list[Span]:
        lines: list[Span] = []
        while start < end:
            stop = self.after_break(self.line_end(start))
            lines.append((start, stop))
            start = stop
        return lines

    def _comment_lines(self, start: int) -> list[Span]:
        lines: list[Span] = []
        while start < len(self.text):
            line = (start, self.after_break(self.line_end(start)))
            if not self._is_comment(line):
                break
            lines.append(line)
            start = line[1]
        return lines

    def _is_comment(self, line: Span) -> bool:
        return self.text[slice(*line)].lstrip().startswith("#")

    def _trailing(self, lines: Sequence[Span], column: int) -> int:
        """Count the comment lines that stand deeper than the dashes, directly under an item."""
        count = 0
        for line in lines:
            text = self.text[slice(*line)]
            if not (self._is_comment(line) and len(text) - len(text.lstrip()) > column):
                break
            count += 1
        return count

    def _end_of(self, lines: Sequence[Span], otherwise: int) -> int:
        return self.line_end(lines[-1][0]) if lines else otherwise

    def _insert_in_flow(self, sequence: Node, at: int, value: Mapping[str, Any]) -> None:
        items = sequence.items
        gap = ", "
        if len(items) > 1:
            gap = self.text[items[-2].end : items[-1].start]
        elif "\n" in self.text[sequence.start : items[0].start]:
            start = items[0].start
            gap = ",\n" + " " * (start - self.line_start(start))
        gap = ", " if "#" in gap else BREAK.sub("\n", gap)
        body = self.in_flow(value)
        if at < len(items):
            self.replace(items[at].start, items[at].start, body + gap)
        else:
            self.replace(items[-1].end, items[-1].end, gap + body)

    def _item_text(self, sequence: Node, value: Mapping[str, Any], column: int) -> str:
        """Write an item of a block list as the items beside it are written."""
        margin = " " * column
        mappings = ((at, item) for at, item in enumerate(sequence.items) if item.kind == "mapping")
        model = next(((at, item) for at, item in mappings if not item.flow), None)
        if model is None and any(item.kind == "mapping" for item in sequence.items):
            return f"{margin}- {flow_text(value)}"
        distance = 2
        if model is not None:
            dash, start = self.dash(sequence, model[0]), model[1].keys[0].start
            distance = start - dash if self.line_start(dash) == self.line_start(start) else distance
        text = mapping_text(value, indented=self.indents())
        return f"{margin}-{' ' * (distance - 1)}{shifted(text, column + distance)}"
