"""A YAML text that is changed by splices: a few characters are exchanged, and no others are touched."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from pytest_evalsuite.testsets.editing.yaml_nodes import Node, read_nodes
from pytest_evalsuite.testsets.editing.yaml_text import flow_text

__all__ = ["BREAK", "Overlap", "Span", "SplicedText", "shifted"]

Span = tuple[int, int]
BREAK: Final = re.compile(r"\r\n|\r|\n")
SKIPPED: Final = re.compile(r"(?:[ \t\r\n]+|(?<![^ \t\r\n])#[^\r\n]*)*")
"""White space and comments."""


class Overlap(Exception):
    """Two changes touch the same characters."""


class SplicedText:
    """A YAML text, its nodes, and changes that are waiting for `result`.

    With ``as_json`` it is a JSON text, and stays one; with ``inline`` new values are written on one line.
    """

    def __init__(self, text: str, *, as_json: bool = False, inline: bool = False) -> None:
        self.text = text
        self.inline = inline
        self.root = read_nodes(text)
        self.as_json = as_json
        found = BREAK.search(text)
        self.line_break = found[0] if found else "\n"
        self._splices: list[tuple[int, int, str]] = []
        self._indented: bool | None = None

    def result(self) -> str:
        """Give the text with all changes. Raises Overlap."""
        parts: list[str] = []
        at = 0
        for start, end, new in sorted(self._splices, key=lambda splice: splice[:2]):
            if start < at:
                raise Overlap
            parts += [self.text[at:start], new]
            at = end
        return "".join([*parts, self.text[at:]])

    def replace(self, start: int, end: int, new: str) -> None:
        """Exchange text[start:end]."""
        self.put(start, end, new.replace("\n", self.line_break))

    def put(self, start: int, end: int, new: str) -> None:
        """Exchange text[start:end] for a text that has the line breaks that it is to have."""
        self._splices.append((start, end, new))

    def line_start(self, at: int) -> int:
        """Give where the line begins that a place is on."""
        return max(self.text.rfind("\n", 0, at), self.text.rfind("\r", 0, at)) + 1

    def line_end(self, at: int) -> int:
        """Give where the line ends that a place is on, before its break."""
        found = BREAK.search(self.text, at)
        return found.start() if found else len(self.text)

    def after_break(self, at: int) -> int:
        """Give where the next line begins, if a line ends at a place."""
        found = BREAK.match(self.text, at)
        return found.end() if found else at

    def remove_lines(self, start: int, end: int) -> None:
        """Take out lines, with the break after them, or before them where they are the last."""
        after = self.after_break(end)
        if after == end:
            before = self.text[:start]
            start -= 2 if before.endswith("\r\n") else 1 if before.endswith(("\n", "\r")) else 0
        self.put(start, after, "")

    def dash(self, sequence: Node, at: int) -> int:
        """Give where the dash of a block list's item is."""
        if at:
            start = sequence.items[at - 1].end
        else:
            start = sequence.start
            if self.text[start] == "&":
                found = re.compile(r"\S+").match(self.text, start)
                start = found.end() if found else start
        found = SKIPPED.match(self.text, start)
        return found.end() if found else start

    def in_flow(self, value: Any, style: str = "") -> str:
        """Write a value on one line, to stand in brackets."""
        if self.as_json:
            separators = (", ", ": ") if self.spaced(self.root) else (",", ":")
            return json.dumps(value, ensure_ascii="\\u" in self.text, separators=separators)
        return flow_text(value, style=style if style in {"'", '"'} else None)

    def spaced(self, mapping: Node) -> bool:
        """Whether a flow mapping has blanks behind its colons."""
        return not mapping.keys or self.text[mapping.items[0].start - 1] == " "

    def indents(self) -> bool:
        """Whether lists stand deeper than their keys, as the first one in the text does."""
        if self._indented is None:
            self._indented = self._finds_indented()
        return self._indented

    def _finds_indented(self) -> bool:
        todo = [self.root]
        while todo:
            node = todo.pop(0)
            for key, item in zip(node.keys, node.items, strict=False):
                if item.kind == "sequence" and not item.flow and item.items:
                    dash = self.dash(item, 0)
                    return dash - self.line_start(dash) > key.start - self.line_start(key.start)
            todo += node.items[:3]
        return True


def shifted(text: str, column: int) -> str:
    """Indent all lines but the first."""
    first, *rest = text.split("\n")
    return "\n".join([first, *(" " * column + line if line else line for line in rest)])
