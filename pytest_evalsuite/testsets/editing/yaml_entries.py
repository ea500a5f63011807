"""The entries of a YAML mapping: given a value, added, taken out."""

from __future__ import annotations

import re
from typing import Any, Final

from pytest_evalsuite.testsets.editing.spliced_text import SplicedText, shifted
from pytest_evalsuite.testsets.editing.yaml_nodes import Node
from pytest_evalsuite.testsets.editing.yaml_text import entry_text

__all__ = ["Entries"]

QUESTION_MARK: Final = re.compile(r"\?[ \t]+\Z")
"""How a key may begin that is written out at length."""
HEADER_COMMENT: Final = re.compile(r"[^\s#]*([ \t]+#[^\r\n]*)")
"""What stands behind the mark of a block scalar."""


class Entries(SplicedText):
    """A YAML text whose mappings can be changed."""

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
        self.remove_lines(start, self.line_end(end))

    def _revalue(self, mapping: Node, at: int, value: Any) -> None:
        key, old = mapping.keys[at], mapping.items[at]
        between = self.text[key.end : old.start]
        if mapping.flow or self.as_json:
            colon = "" if ":" in between else ": "
            blank = " " if between.endswith(":") and not self.as_json else ""
            self.replace(old.start, old.end, colon + blank + self.in_flow(value, old.style))
            return
        column = key.start - self.line_start(key.start)
        behind = self.text[old.end : self.line_end(old.end)]
        is_flow = old.kind in {"sequence", "mapping"} and old.flow
        new = entry_text(
            value,
            style=old.style or None,
            inline=self.inline or is_flow or (bool(behind.strip()) and not old.is_block),
            by_lines=old.kind == "sequence" and old.is_block,
            indented=self.indents(),
        )
        new = shifted(new, column)
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
            self.in_flow(key) + ":" + shifted(entry_text(value, inline=self.inline, indented=self.indents()), column)
        )
        at = None if before is None else mapping.index(before)
        if at == 0:
            start = mapping.keys[0].start
            self.replace(start, start, line + "\n" + " " * column)
        else:
            end = self.line_end(mapping.items[-1 if at is None else at - 1].end)
            self.replace(end, end, "\n" + " " * column + line)

    def _add_in_flow(self, mapping: Node, key: str, value: Any) -> None:
        entry = f"{self.in_flow(key)}{self._colon(mapping)}{self.in_flow(value)}"
        if mapping.keys:
            end = max(mapping.keys[-1].end, mapping.items[-1].end)
            comma = "," if self.as_json and not self.spaced(mapping) else ", "
            self.replace(end, end, comma + entry)
        else:
            self.replace(mapping.end - 1, mapping.end - 1, entry)

    def _colon(self, mapping: Node) -> str:
        return ": " if not self.as_json or self.spaced(mapping) else ":"


def _has_comment_line(text: str) -> bool:
    return any(line.lstrip().startswith("#") for line in text.splitlines()[1:])
