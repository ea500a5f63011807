"""Changes of a YAML text as splices: a few characters are exchanged, and no others are touched."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pytest_evalsuite.testsets.editing.yaml_nodes import Node, read_nodes
from pytest_evalsuite.testsets.editing.yaml_text import entry_text, flow_text, mapping_text

__all__ = ["Overlap", "Span", "YamlText"]

Span = tuple[int, int]
BREAK: Final = re.compile(r"\r\n|\r|\n")
SKIPPED: Final = re.compile(r"(?:[ \t\r\n]+|(?<![^ \t\r\n])#[^\r\n]*)*")
"""White space and comments."""
BLANK_LINES: Final = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))+")
QUESTION_MARK: Final = re.compile(r"\?[ \t]+\Z")
"""How a key may begin that is written out at length."""
HEADER_COMMENT: Final = re.compile(r"[^\s#]*([ \t]+#[^\r\n]*)")
"""What stands behind the mark of a block scalar."""


class Overlap(Exception):
    """Two changes touch the same characters."""


class YamlText:
    """A YAML text with changes that are waiting for `result`.

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
        self._bodies: dict[int, list[Span]] = {}

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
        self._splices.append((start, end, new.replace("\n", self.line_break)))

    def set(self, mapping: Node, key: str, value: Any, *, before: str | None = None) -> None:
        """Give a key of a mapping a value; a new key comes last, or where ``before`` stands."""
        at = mapping.index(key)
        if at is not None:
            self._revalue(mapping, at, value)
        elif mapping.flow:
            self._add_in_flow(mapping, key, value)
        else:
            self._add_line(mapping, key, value, before)

    def unset(self, mapping: Node, at: int) -> None:
        """Take an entry out of a mapping."""
        key, end = mapping.keys[at], mapping.items[at].end
        following = mapping.keys[at + 1].start if at + 1 < len(mapping.keys) else None
        if mapping.flow:
            if at:
                self.replace(mapping.items[at - 1].end, end, "")
            else:
                self.replace(key.start, end if following is None else following, "")
            return
        start = self.line_start(key.start)
        if self.text[start : key.start].strip():  # the first key, behind the dash of its item
            rest = self.text[end:following] if following is not None else ""
            self.replace(key.start, end if following is None or _has_comment_line(rest) else following, "")
            return
        self._remove_lines(start, self.line_end(end))

    def insert(self, sequence: Node, at: int, value: Mapping[str, Any], *, above: int) -> None:
        """Put an item before that at index ``at``, or behind the last one. ``above`` is where the list's key ends."""
        if sequence.flow:
            self._insert_in_flow(sequence, at, value)
            return
        spans = self.bodies(sequence, above)
        dash = self._dash(sequence, 0)
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
            self._remove_lines(start, end)
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
        self._splices.append((spans[low][0], spans[high][1], "".join(parts)))

    def bodies(self, sequence: Node, above: int) -> list[Span]:
        """Give the lines of each item of a block list, with the comments that are its own, without the last break."""
        if id(sequence) not in self._bodies:
            self._bodies[id(sequence)] = self._find_bodies(sequence, above)
        return self._bodies[id(sequence)]

    def _find_bodies(self, sequence: Node, above: int) -> list[Span]:
        dashes = [self._dash(sequence, at) for at in range(len(sequence.items))]
        column = dashes[0] - self.line_start(dashes[0])
        starts: list[int] = []
        ends: list[int] = []
        after = self._after_break(self.line_end(above))
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
            after = self._after_break(self.line_end(sequence.items[at].end))
        lines = self._comment_lines(after)
        ends.append(self._end_of(lines[: self._trailing(lines, column)], self.line_end(sequence.items[-1].end)))
        return list(zip(starts, ends, strict=True))

    def line_start(self, at: int) -> int:
        """Give where the line begins that a place is on."""
        return max(self.text.rfind("\n", 0, at), self.text.rfind("\r", 0, at)) + 1

    def line_end(self, at: int) -> int:
        """Give where the line ends that a place is on, before its break."""
        found = BREAK.search(self.text, at)
        return found.start() if found else len(self.text)

    def _after_break(self, at: int) -> int:
        found = BREAK.match(self.text, at)
        return found.end() if found else at

    def _lines(self, start: int, end: int) -> list[Span]:
        lines: list[Span] = []
        while start < end:
            stop = self._after_break(self.line_end(start))
            lines.append((start, stop))
            start = stop
        return lines

    def _comment_lines(self, start: int) -> list[Span]:
        lines: list[Span] = []
        while start < len(self.text):
            line = (start, self._after_break(self.line_end(start)))
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

    def _dash(self, sequence: Node, at: int) -> int:
        if at:
            start = sequence.items[at - 1].end
        else:
            start = sequence.start
            if self.text[start] == "&":
                found = re.compile(r"\S+").match(self.text, start)
                start = found.end() if found else start
        found = SKIPPED.match(self.text, start)
        return found.end() if found else start

    def _remove_lines(self, start: int, end: int) -> None:
        """Take out lines, with the break after them, or before them where they are the last."""
        after = self._after_break(end)
        if after == end:
            before = self.text[:start]
            start -= 2 if before.endswith("\r\n") else 1 if before.endswith(("\n", "\r")) else 0
        self._splices.append((start, after, ""))

    def _revalue(self, mapping: Node, at: int, value: Any) -> None:
        key, old = mapping.keys[at], mapping.items[at]
        between = self.text[key.end : old.start]
        if mapping.flow or self.as_json:
            colon = "" if ":" in between else ": "
            blank = " " if between.endswith(":") and not self.as_json else ""
            self.replace(old.start, old.end, colon + blank + self._flow(value, old.style))
            return
        column = key.start - self.line_start(key.start)
        behind = self.text[old.end : self.line_end(old.end)]
        is_flow = old.kind in {"sequence", "mapping"} and old.flow
        new = entry_text(
            value,
            style=old.style or None,
            inline=self.inline or is_flow or (bool(behind.strip()) and not old.is_block),
            by_lines=old.kind == "sequence" and old.is_block,
            indented=self._indents(),
        )
        new = _shifted(new, column)
        colon_end = self.text.index(":", key.end) + 1
        line_end = self.line_end(key.end)
        commented = "#" in between
        deeper = old.start - self.line_start(old.start) > column
        if commented and new.startswith("\n") and old.is_block:
            self.replace(line_end, old.end, new)
        elif "\n" not in new and not old.is_block and (commented or not between.strip(": \t")):
            self.replace(old.start, old.end, new[1:] if between[-1:] in {" ", "\t"} else new)
        elif commented and "\n" not in new and deeper:
            self.replace(old.start, old.end, new[1:])
        else:
            first, *rest = new.split("\n")
            found = HEADER_COMMENT.match(self.text, old.start) if old.style in {"|", ">"} else None
            self.replace(colon_end, old.end, "\n".join([first + (found[1] if found else ""), *rest]))

    def _add_line(self, mapping: Node, key: str, value: Any, before: str | None) -> None:
        first = self.line_start(mapping.keys[0].start)
        before_key = self.text[first : mapping.keys[0].start]
        mark = QUESTION_MARK.search(before_key)
        column = mark.start() if mark else len(before_key)
        line = (
            self._flow(key) + ":" + _shifted(entry_text(value, inline=self.inline, indented=self._indents()), column)
        )
        at = None if before is None else mapping.index(before)
        if at == 0:
            start = mapping.keys[0].start
            self.replace(start, start, line + "\n" + " " * column)
        else:
            end = self.line_end(mapping.items[-1 if at is None else at - 1].end)
            self.replace(end, end, "\n" + " " * column + line)

    def _add_in_flow(self, mapping: Node, key: str, value: Any) -> None:
        entry = f"{self._flow(key)}{self._colon(mapping)}{self._flow(value)}"
        if mapping.keys:
            end = max(mapping.keys[-1].end, mapping.items[-1].end)
            comma = "," if self.as_json and not self._spaced(mapping) else ", "
            self.replace(end, end, comma + entry)
        else:
            self.replace(mapping.end - 1, mapping.end - 1, entry)

    def _spaced(self, mapping: Node) -> bool:
        """Whether a flow mapping has blanks behind its colons."""
        return not mapping.keys or self.text[mapping.items[0].start - 1] == " "

    def _colon(self, mapping: Node) -> str:
        return ": " if not self.as_json or self._spaced(mapping) else ":"

    def _insert_in_flow(self, sequence: Node, at: int, value: Mapping[str, Any]) -> None:
        items = sequence.items
        gap = ", "
        if len(items) > 1:
            gap = self.text[items[-2].end : items[-1].start]
        elif "\n" in self.text[sequence.start : items[0].start]:
            start = items[0].start
            gap = ",\n" + " " * (start - self.line_start(start))
        gap = ", " if "#" in gap else BREAK.sub("\n", gap)
        body = self._flow(value)
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
            dash, start = self._dash(sequence, model[0]), model[1].keys[0].start
            distance = start - dash if self.line_start(dash) == self.line_start(start) else distance
        text = mapping_text(value, indented=self._indents())
        return f"{margin}-{' ' * (distance - 1)}{_shifted(text, column + distance)}"

    def _flow(self, value: Any, style: str = "") -> str:
        if self.as_json:
            separators = (", ", ": ") if self._spaced(self.root) else (",", ":")
            return json.dumps(value, ensure_ascii="\\u" in self.text, separators=separators)
        return flow_text(value, style=style if style in {"'", '"'} else None)

    def _indents(self) -> bool:
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
                    dash = self._dash(item, 0)
                    return dash - self.line_start(dash) > key.start - self.line_start(key.start)
            todo += node.items[:3]
        return True


def _shifted(text: str, column: int) -> str:
    """Indent all lines but the first."""
    first, *rest = text.split("\n")
    return "\n".join([first, *(" " * column + line if line else line for line in rest)])


def _has_comment_line(text: str) -> bool:
    return any(line.lstrip().startswith("#") for line in text.splitlines()[1:])
