"""The cases of a YAML test set, edited in its text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from pytest_evalsuite.errors import EditError
from pytest_evalsuite.testsets.conversation_reader import read_heads
from pytest_evalsuite.testsets.editing.changes import UNSET, Place, Step, put, steps
from pytest_evalsuite.testsets.editing.meaning import same
from pytest_evalsuite.testsets.editing.yaml_items import Overlap, YamlText
from pytest_evalsuite.testsets.editing.yaml_nodes import Node
from pytest_evalsuite.testsets.fields import SET
from pytest_evalsuite.testsets.part import Part
from pytest_evalsuite.testsets.values import Path
from pytest_evalsuite.testsets.yaml_events import YamlMistake, read_yaml

__all__ = ["YamlCasesText"]

Splice = Callable[[YamlText], None]
CASE_KEYS: Final = ("cases", "conversations", "cases_from")


class YamlCasesText:
    """A YAML test set's text, which is known to be good. Every method gives the text with one change; none changes it.

    Cases are meant by their index in the file, across all conversations. Each raises EditError where the text cannot
    be edited without changing something else.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.data: dict[str, Any] = read_yaml(text).data
        self.paths = _paths(self.data)

    def raw(self, index: int) -> Any:
        """Give a case as it stands in the file."""
        return _at(self.data, self.paths[index])

    def update(self, cases: Mapping[int, Mapping[str, Any]]) -> str:
        """Make cases other ones, field by field."""
        wanted = self.data
        found: list[Step] = []
        for index, new in cases.items():
            path = self.paths[index]
            found += steps(self.raw(index), new, path)
            wanted = put(wanted, path, dict(new))
        return self._stepped(found, wanted)

    def settings(self, new: Mapping[str, Any]) -> str:
        """Make the mapping at the top another one."""
        return self._stepped(list(steps(self.data, new)), dict(new))

    def add(self, cases: Sequence[Mapping[str, Any]], place: Place | None, conversation: str | None = None) -> str:
        """Put cases at a place: None is behind the last one, or the last one of a conversation."""
        if place is not None:
            *path, at = self.paths[place.index]
            return self._insert(cases, tuple(path), int(at) + place.behind)
        if "conversations" in self.data:
            return self._add_turns(cases, conversation)
        return self._insert(cases, ("cases",), len(self.data["cases"]))

    @property
    def lists_conversations(self) -> bool:
        """Whether turns stand in the conversations that they are of."""
        return "conversations" in self.data

    def remove(self, indices: Iterable[int]) -> str:
        """Take cases out; a conversation without turns goes too."""
        gone = {self.paths[index] for index in indices}
        lists: dict[Path, list[int]] = {}
        for path in gone:
            lists.setdefault(path[:-1], []).append(int(path[-1]))
        empty = [path for path, places in lists.items() if len(path) > 1 and len(places) == len(_at(self.data, path))]
        for path in empty:
            del lists[path]
            lists.setdefault(path[:-2], []).append(int(path[-2]))
        wanted: Any = self.data
        removals: list[tuple[Path, int]] = []
        for path, places in sorted(lists.items(), key=lambda pair: len(pair[0]), reverse=True):
            items = _at(wanted, path)
            if len(places) == len(items):
                raise EditError("no case would be left: a test set has at least one")
            wanted = put(wanted, path, [item for at, item in enumerate(items) if at not in places])
            removals += [(path, at) for at in sorted(places, reverse=True)]
        return self._removed(removals, wanted)

    def move(self, index: int, to: int) -> str:
        """Put a case where another one stands. Raises EditError for one that is in another conversation."""
        *start, at = self.paths[index]
        *end, place = self.paths[to]
        if start != end:
            raise EditError("a turn cannot be moved into another conversation: remove it there and add it here")
        path = tuple(start)
        items = list(_at(self.data, path))
        items.insert(int(place), items.pop(int(at)))

        def splice(text: YamlText) -> None:
            text.move(_node(text, path), int(at), int(place), above=_above(text, path))

        return self._tried(splice, put(self.data, path, items))

    def _add_turns(self, cases: Sequence[Mapping[str, Any]], conversation: str | None) -> str:
        heads = [head.id for head, _ in read_heads(Part(self.data, SET, []))]
        if conversation is None:
            raise EditError("say which conversation it is a turn of")
        if conversation in heads:
            number = heads.index(conversation)
            path = ("conversations", number, "turns")
            return self._insert(cases, path, len(_at(self.data, path)))
        return self._insert([{"id": conversation, "turns": list(cases)}], ("conversations",), len(heads))

    def _insert(self, items: Sequence[Mapping[str, Any]], path: Path, at: int) -> str:
        present = _at(self.data, path)
        wanted = put(self.data, path, [*present[:at], *map(dict, items), *present[at:]])

        def splice(text: YamlText) -> None:
            for item in items:
                text.insert(_node(text, path), at, item, above=_above(text, path))

        return self._tried(splice, wanted)

    def _stepped(self, found: Sequence[Step], wanted: Any) -> str:
        """Take all steps at once, else one after the other."""

        def take(text: YamlText, taken: Sequence[Step]) -> None:
            for step in taken:
                _take(text, step)

        if not found:
            return self.text
        try:
            return self._tried(lambda text: take(text, found), wanted)
        except Overlap:
            text = self.text
            for step in found:
                spliced = YamlText(text)
                _take(spliced, step)
                text = spliced.result()
            return self._proved([text], wanted)

    def _removed(self, removals: Sequence[tuple[Path, int]], wanted: Any) -> str:
        def take(text: YamlText, path: Path, at: int, *, tidy: bool) -> None:
            text.remove(_node(text, path), at, above=_above(text, path), tidy=tidy)

        def at_once() -> str:
            spliced = YamlText(self.text)
            for path, at in removals:
                take(spliced, path, at, tidy=True)
            return spliced.result()

        def one_by_one(*, tidy: bool) -> str:
            text = self.text
            for path, at in removals:
                spliced = YamlText(text)
                take(spliced, path, at, tidy=tidy)
                text = spliced.result()
            return text

        with suppress(Overlap, EditError):
            return self._proved([at_once()], wanted)
        try:
            return self._proved([one_by_one(tidy=True)], wanted)
        except EditError:
            return self._proved([one_by_one(tidy=False)], wanted)

    def _tried(self, splice: Splice, wanted: Any) -> str:
        """Give the first text that says what is wanted and nothing else: as asked, else with all on one line."""

        def texts() -> Iterator[str]:
            ends = self.text.endswith(("\n", "\r"))
            for base, inline in (
                (self.text, False),
                (self.text, True),
                *([] if ends else [(self.text + "\n", False)]),
            ):
                spliced = YamlText(base, inline=inline)
                splice(spliced)
                yield spliced.result()

        return self._proved(texts(), wanted)

    def _proved(self, texts: Iterable[str], wanted: Any) -> str:
        """Give the first of some texts that says what is wanted. Raises EditError where none does."""
        wrong = ""
        for text in texts:
            try:
                document = read_yaml(text)
            except YamlMistake as error:
                wrong = wrong or f" ({error.message})"
                continue
            if not document.mistakes and same(document.data, wanted):
                return text
        last = (
            "" if self.text.endswith(("\n", "\r")) else ", or how the last text ends: end the file with a line break"
        )
        raise EditError(
            "this cannot be changed without changing something else, such as what an anchor or '<<' stands for"
            f"{last}: change the file by hand{wrong}"
        )


def _take(text: YamlText, step: Step) -> None:
    node = text.root.find(step.path)
    name = ".".join(map(str, (*step.path, step.key)))
    if node is None or node.kind != "mapping":
        raise EditError(f"{name} stands behind an alias or '<<': write it out by hand first")
    if step.value is not UNSET:
        before = next((key for key in CASE_KEYS if node.index(key) is not None), None) if not step.path else None
        text.set(node, step.key, step.value, before=before)
        return
    at = node.index(step.key)
    if at is None:
        raise EditError(f"{name} comes from '<<' and cannot be removed here")
    text.unset(node, at)


def _node(text: YamlText, path: Path) -> Node:
    node = text.root.find(path)
    if node is None or node.kind != "sequence":
        raise EditError(f"{'.'.join(map(str, path))} is an alias: write it out by hand first")
    return node


def _above(text: YamlText, path: Path) -> int:
    """Give where the key of a list ends."""
    node = text.root.find(path[:-1])
    at = None if node is None else node.index(str(path[-1]))
    return 0 if node is None or at is None else node.keys[at].end


def _paths(data: Mapping[str, Any]) -> list[Path]:
    """Give the path of each case."""
    if "conversations" in data:
        return [
            ("conversations", number, "turns", place)
            for number, conversation in enumerate(data["conversations"])
            for place in range(len(conversation["turns"]))
        ]
    return [("cases", place) for place in range(len(data.get("cases", ())))]


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data
