"""Where in a YAML or JSON text a value stands; walked only when there is something to say about it."""

from __future__ import annotations

from collections.abc import Container, Iterable
from contextlib import suppress
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from pytest_evalsuite.testsets.yaml_events import YamlMistake, event_reader

__all__ = ["Path", "Place", "Positions", "walk", "walk_all"]

Path = tuple[str | int, ...]
"""Keys and indices from the top of a document down to a value."""
Place = tuple[int, int]
"""(line, column), from 1."""


class Positions:
    """Places of keys and values by path; an unknown path is where the nearest known one above it is."""

    def __init__(self) -> None:
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}

    def find(self, path: Path, *, on_key: bool = False) -> Place:
        """Give the place of a value, or of its key."""
        if on_key and path in self.keys:
            return self.keys[path]
        for length in range(len(path), -1, -1):
            place = self.values.get(path[:length])
            if place is not None:
                return place
        return 1, 1


class Frame:
    """A mapping or sequence that is being walked; ``path`` is None where nothing is wanted from it."""

    __slots__ = ("at", "is_mapping", "path")

    def __init__(self, path: Path | None, *, is_mapping: bool) -> None:
        self.path = path
        self.is_mapping = is_mapping
        self.at: str | int | None = None if is_mapping else 0

    def child(self) -> Path | None:
        """Give the path of the value that begins now."""
        return None if self.path is None or self.at is None else (*self.path, self.at)

    def next(self) -> None:
        """Go on to the next key or index."""
        self.at = None if self.is_mapping else self.at + 1  # type: ignore[operator]  # a sequence's is an index


def walk(text: str, wanted: Iterable[Path]) -> Positions:
    """Find the places of ``wanted`` and of all above them, as far as the text can be read."""
    return _positions(text, {path[:length] for path in wanted for length in range(len(path) + 1)})


def walk_all(text: str) -> Positions:
    """Find the places of everything, as far as the text can be read."""
    return _positions(text, _Everything())


class _Everything:
    def __contains__(self, path: object) -> bool:
        return isinstance(path, tuple)


def _positions(text: str, prefixes: Container[Path]) -> Positions:
    positions = Positions()
    with suppress(yaml.YAMLError, YamlMistake):  # what was found until there is better than nothing
        _walk(text, prefixes, positions)
    return positions


def _walk(text: str, prefixes: Container[Path], positions: Positions) -> None:
    next_event = event_reader(text)
    stack: list[Frame] = []
    while True:
        event: Any = next_event()
        kind = type(event)
        if kind in {MappingEndEvent, SequenceEndEvent}:
            stack.pop()
            _finish(stack)
        elif kind in {ScalarEvent, AliasEvent, MappingStartEvent, SequenceStartEvent}:
            place = (event.start_mark.line + 1, event.start_mark.column + 1)
            frame = stack[-1] if stack else None
            if frame and frame.is_mapping and frame.at is None:
                frame.at = getattr(event, "value", "")
                key = frame.child()
                if key is not None and key in prefixes:
                    positions.keys.setdefault(key, place)
                continue
            path = frame.child() if frame else ()
            if path is not None and path in prefixes:
                positions.values.setdefault(path, place)
            if kind in {MappingStartEvent, SequenceStartEvent}:
                wanted = path is not None and path in prefixes
                stack.append(Frame(path if wanted else None, is_mapping=kind is MappingStartEvent))
            else:
                _finish(stack)
        elif kind is StreamEndEvent:
            return


def _finish(stack: list[Frame]) -> None:
    if stack:
        stack[-1].next()
