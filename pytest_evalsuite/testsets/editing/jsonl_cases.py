"""The cases of a JSONL test set, edited in its text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from yaml import YAMLError

from pytest_evalsuite.errors import EditError
from pytest_evalsuite.testsets.editing.changes import UNSET, Place, steps
from pytest_evalsuite.testsets.editing.meaning import as_json, method_of
from pytest_evalsuite.testsets.editing.rows import lines
from pytest_evalsuite.testsets.editing.yaml_items import Overlap, YamlText
from pytest_evalsuite.testsets.jsonl_reader import read_jsonl
from pytest_evalsuite.testsets.options import Methods
from pytest_evalsuite.testsets.yaml_events import YamlMistake

__all__ = ["JsonlCasesText", "json_line"]


class JsonlCasesText:
    """A JSONL test set's text, which is known to be good. Every method gives the text with one change."""

    lists_conversations = False

    def __init__(self, text: str, methods: Methods) -> None:
        self.text = text
        self.methods = methods
        self._read = read_jsonl(text, "")
        self._at = [number - 1 for number, _, _ in self._read.rows]

    def raw(self, index: int) -> Any:
        """Give a case as it stands in the file."""
        return self._read.raw(index)

    def update(self, cases: Mapping[int, Mapping[str, Any]]) -> str:
        """Make cases other ones."""
        rows = lines(self.text)
        for index, new in cases.items():
            at = self._at[index]
            rows.rows[at] = _updated(rows.rows[at], self.raw(index), json_case(new, self.methods))
        return str(rows)

    def add(self, cases: Sequence[Mapping[str, Any]], place: Place | None, conversation: str | None = None) -> str:
        """Put cases at a place: None is behind the last one."""
        rows = lines(self.text)
        at = self._at[-1] + 1 if place is None else self._at[place.index] + place.behind
        model = rows.rows[self._at[-1]]
        for number, case in enumerate(cases):
            rows.insert(at + number, json_line(json_case(case, self.methods), like=model))
        return str(rows)

    def remove(self, indices: Iterable[int]) -> str:
        """Take cases out. Raises EditError where none would be left."""
        gone = sorted(indices, reverse=True)
        if len(gone) == len(self._at):
            raise EditError("no case would be left: a test set has at least one")
        rows = lines(self.text)
        for index in gone:
            rows.remove(self._at[index])
        return str(rows)

    def move(self, index: int, to: int) -> str:
        """Put a case where another one stands."""
        rows = lines(self.text)
        rows.move(self._at, index, to)
        return str(rows)

    def settings(self, new: Mapping[str, Any]) -> str:
        """Refuse: there is no place for them."""
        raise EditError("a JSONL file holds cases and nothing else: settings need a YAML test set (cases_from)")


def json_case(case: Mapping[str, Any], methods: Methods) -> dict[str, Any]:
    """Give a case as JSON can hold it."""
    method = method_of(case, methods)
    return {key: as_json(key, value, methods, method) for key, value in case.items()}


def json_line(value: Mapping[str, Any], *, like: str = "") -> str:
    """Write a case on one line, with blanks and escapes as another line has them."""
    compact = '":' in like and '": ' not in like
    escaped = "\\u" in like and like.isascii()
    return json.dumps(value, ensure_ascii=escaped, separators=(",", ":") if compact else (", ", ": "))


def _updated(line: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Change what is to be changed of a line, else write it anew."""
    try:
        text = YamlText(line, as_json=True)
        for step in steps(old, new):
            node = text.root.find(step.path)
            at = None if node is None else node.index(step.key)
            if node is None or (at is None and step.value is UNSET):
                return json_line(new, like=line)
            if step.value is UNSET and at is not None:
                text.unset(node, at)
            else:
                text.set(node, step.key, step.value)
        found = text.result()
        return found if json.loads(found) == new else json_line(new, like=line)
    except (YAMLError, YamlMistake, Overlap, ValueError, IndexError):  # JSON that is no YAML
        return json_line(new, like=line)
