"""A YAML text as nodes that know where they stand, so that one can be replaced and all else stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from pytest_evalsuite.testsets.values import Path
from pytest_evalsuite.testsets.yaml_events import event_reader

__all__ = ["Node", "read_nodes"]


@dataclass(slots=True)
class Node:
    """A value: text[start:end], with its anchor and without the line break after it.

    ``style`` is a scalar's: ``'``, ``"``, ``|``, ``>`` or empty. ``flow`` is of collections in brackets.
    """

    kind: str
    start: int
    end: int
    flow: bool = False
    style: str = ""
    name: str = ""
    keys: list[Node] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)

    @property
    def is_block(self) -> bool:
        """Whether it goes by lines: a block collection, or a block scalar."""
        return self.style in {"|", ">"} if self.kind == "scalar" else self.kind != "alias" and not self.flow

    def index(self, key: str) -> int | None:
        """Give the index of a mapping's key."""
        return next((at for at, node in enumerate(self.keys) if node.name == key), None)

    def find(self, path: Path) -> Node | None:
        """Give the node that a path of keys and indices leads to; None where an alias or nothing stands in the way."""
        node = self
        for step in path:
            at = step if isinstance(step, int) else node.index(step)
            if at is None or at >= len(node.items):
                return None
            node = node.items[at]
        return node


def read_nodes(text: str) -> Node:
    """Read the one document of a YAML text, which is known to be good."""
    next_event: Callable[[], Any] = event_reader(text)
    top = Node("sequence", 0, len(text))
    stack = [top]
    key: list[Node | None] = [None]
    while True:
        event = next_event()
        kind = type(event)
        if kind is MappingEndEvent or kind is SequenceEndEvent:
            node = stack.pop()
            key.pop()
            node.end = (
                event.end_mark.index if node.flow else max(node.end, *(item.end for item in node.items or [node]))
            )
            continue
        if kind is StreamEndEvent:
            return top.items[0]
        made = _made(text, event, kind)
        if made is None:
            continue
        parent = stack[-1]
        if parent.kind == "mapping" and key[-1] is None:
            parent.keys.append(made)
            key[-1] = made
        else:
            parent.items.append(made)
            key[-1] = None
        if kind is MappingStartEvent or kind is SequenceStartEvent:
            stack.append(made)
            key.append(None)


def _made(text: str, event: Any, kind: type) -> Node | None:
    start, end = event.start_mark.index, event.end_mark.index
    if kind is ScalarEvent:
        style = event.style or ""
        return Node(
            "scalar", start, _block_end(text, start, end) if style in {"|", ">"} else end, False, style, event.value
        )
    if kind is AliasEvent:
        return Node("alias", start, end)
    if kind is MappingStartEvent:
        return Node("mapping", start, start, bool(event.flow_style))
    if kind is SequenceStartEvent:
        return Node("sequence", start, start, bool(event.flow_style))
    return None


def _block_end(text: str, start: int, end: int) -> int:
    """Give where a block scalar ends: before its last line break, and before blank lines that it does not keep."""
    header = text[start:end].splitlines()[0].split("#")[0]
    if "+" not in header:
        return start + len(text[start:end].rstrip(" \t\r\n"))
    if text.endswith("\r\n", start, end):
        return end - 2
    return end - 1 if text.endswith(("\n", "\r"), start, end) else end
