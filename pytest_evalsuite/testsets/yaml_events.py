"""YAML becomes plain data from the parser's event stream, so that nothing dangerous is ever built.

Mappings become dicts with text keys, sequences lists, quoted scalars text, unquoted scalars what `plain` makes of
them. Nothing recurses, and what could explode (nesting, aliases, merges) meets a limit before it does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.scanner import Scanner

from pytest_evalsuite.testsets.scalars import Plain, plain

__all__ = ["MAX_DEPTH", "MAX_EXPANDED", "Document", "YamlMistake", "event_reader", "read_yaml"]

MAX_DEPTH: Final = 100
MAX_EXPANDED: Final = 100_000
"""How many nodes aliases and merges may stand for, all together."""
STR_TAG: Final = "tag:yaml.org,2002:str"
NO_KEY: Final = object()
MERGE: Final = "<<"


class YamlMistake(Exception):
    """The text is no YAML that can be used; nothing after this place was read. Line and column count from 1."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.line, self.column, self.message = line, column, message


@dataclass(slots=True)
class Document:
    """What a YAML text holds.

    ``case_lines`` gives the line, from 1, of each item of the top level's ``cases``, by its index. ``mistakes`` are
    those after which reading could go on: (line, column, message).
    """

    data: Any = None
    case_lines: dict[int, int] = field(default_factory=dict)
    mistakes: list[tuple[int, int, str]] = field(default_factory=list)


class PureParser(Reader, Scanner, Parser):
    """PyYAML's own parser, for where its C one is not built."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


parser_class: Any = getattr(yaml.cyaml, "CParser", PureParser) if yaml.__with_libyaml__ else PureParser


def event_reader(text: str) -> Callable[[], Any]:
    """Give a function that returns the next event of ``text``; raises `YamlMistake` where it is no YAML."""
    try:
        parser = parser_class(text)
    except ReaderError as error:
        raise _unreadable(text, error) from error
    get_event: Callable[[], Any] = parser.get_event
    return get_event


def read_yaml(text: str) -> Document:
    """Build the one document of ``text``; raises `YamlMistake` for what cannot be read on from."""
    composer = Composer()
    try:
        composer.run(event_reader(text))
    except ReaderError as error:
        raise _unreadable(text, error) from error
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(text, error) from error
    return composer.document


class Composer:
    """Builds one document; `run` is one loop over the events because every call in it would cost a tenth."""

    def __init__(self) -> None:
        self.document = Document()
        self.anchors: dict[str, Any] = {}
        self.sizes: dict[str, tuple[int, int]] = {}
        self.expanded = 0
        self.merging: set[int] = set()

    def run(self, next_event: Callable[[], Any]) -> None:  # noqa: C901, PLR0912, PLR0915
        """Read events until the stream ends."""
        root: list[Any] = []
        container: Any = root
        key: Any = NO_KEY
        in_mapping = False
        stack: list[tuple[Any, Any, bool]] = []
        cases: Any = None
        case_lines = self.document.case_lines
        documents = 0
        while True:
            event = next_event()
            kind = type(event)
            if kind is ScalarEvent:
                value: Any = event.value
                if event.tag is not None:
                    self.check_tag(event)
                elif not event.style:
                    value = plain(value)
                elif parser_class is PureParser:
                    self.check_surrogates(event)
                if event.anchor is not None:
                    self.anchors[event.anchor] = value
                    self.sizes[event.anchor] = (1, 0)
                if in_mapping and key is NO_KEY:
                    key = value if type(value) is str else self.text_key(event, value)
                    if key == MERGE and not event.style:
                        self.merging.add(id(container))
                    if key in container:
                        self.note(event, f"the key {key!r} is given twice in the same mapping")
                    continue
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                value = {} if kind is MappingStartEvent else []
                self.check_container(event, len(stack), key is NO_KEY and in_mapping)
                if event.anchor is not None:
                    self.anchors[event.anchor] = value
                    self.sizes.pop(event.anchor, None)
                if container is cases:
                    case_lines[len(container)] = event.start_mark.line + 1
                if key == "cases" and len(stack) == 1:
                    cases = value
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                if self.merging and id(container) in self.merging:
                    self.merge(event, container)
                container, key, in_mapping = stack.pop()
                continue
            elif kind is AliasEvent:
                value = self.alias(event, [frame[0] for frame in stack] + [container], len(stack))
                if in_mapping and key is NO_KEY:
                    raise mistake(event, "an alias cannot be a key: write the key out")
                if container is cases:
                    case_lines[len(container)] = event.start_mark.line + 1
            elif kind is StreamEndEvent:
                break
            else:
                documents += kind is DocumentStartEvent
                if documents > 1:
                    raise mistake(event, "a second document begins here ('---'): a test set is one document")
                continue
            if in_mapping:
                container[key] = value
                key = NO_KEY
            else:
                container.append(value)
            if kind is MappingStartEvent or kind is SequenceStartEvent:
                stack.append((container, key, in_mapping))
                container, key, in_mapping = value, NO_KEY, kind is MappingStartEvent
        self.document.data = root[0] if root else None

    def note(self, event: Any, message: str) -> None:
        """Keep a mistake after which reading goes on."""
        mark = event.start_mark
        self.document.mistakes.append((mark.line + 1, mark.column + 1, message))

    def check_tag(self, event: Any) -> None:
        """Refuse every explicit tag but ``!!str``."""
        if event.tag != STR_TAG or type(event) is not ScalarEvent:
            shown = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.note(event, f"the tag {shown!r} is not allowed: a test set is plain data (only !!str may be written)")

    def check_surrogates(self, event: Any) -> None:
        """Refuse half a character, which PyYAML's own parser lets through and its C parser does not."""
        try:
            event.value.encode()
        except UnicodeEncodeError:
            raise mistake(event, "found an invalid Unicode character escape code (half of a surrogate pair)") from None

    def text_key(self, event: Any, value: Plain | None) -> str:
        """Refuse a key that is not text, and go on with how it is written."""
        written = value.text if value else ""
        self.note(event, f'a key must be text: write "{written}" in quotes' if written else "a key is missing here")
        return written

    def check_container(self, event: Any, depth: int, is_key: bool) -> None:
        """Refuse a mapping or sequence that stands too deep, is a key, or has a tag."""
        if depth >= MAX_DEPTH:
            raise mistake(event, f"nested deeper than {MAX_DEPTH} levels")
        if is_key:
            raise mistake(event, "a key must be text, not a list or a mapping")
        if event.tag is not None:
            self.check_tag(event)

    def alias(self, event: Any, open_containers: list[Any], depth: int) -> Any:
        """Give what an alias stands for, within the budget."""
        name = event.anchor
        if name not in self.anchors:
            raise mistake(event, f"the alias *{name} stands for no anchor: &{name} comes nowhere before it")
        value = self.anchors[name]
        if any(value is container for container in open_containers):
            raise mistake(event, f"the alias *{name} stands inside what it stands for")
        if name not in self.sizes:
            self.sizes[name] = measure(value, MAX_EXPANDED - self.expanded)
        size, height = self.sizes[name]
        self.expanded += size
        if self.expanded > MAX_EXPANDED:
            raise mistake(event, f"aliases stand for more than {MAX_EXPANDED:,} values in all")
        if depth + height > MAX_DEPTH:
            raise mistake(event, f"with what *{name} stands for, nested deeper than {MAX_DEPTH} levels")
        return value

    def merge(self, event: Any, mapping: dict[str, Any]) -> None:
        """Add what ``<<`` names; a key of the mapping itself wins, then an earlier source."""
        self.merging.discard(id(mapping))
        sources = mapping.pop(MERGE)
        for source in sources if isinstance(sources, list) else [sources]:
            if not isinstance(source, dict):
                self.note(event, "'<<' merges mappings: expected one, or a list of them, such as '<<: *base'")
                continue
            for key, value in source.items():
                mapping.setdefault(key, value)


def measure(value: Any, limit: int) -> tuple[int, int]:
    """Count the nodes of a value as if it held no shared parts, giving up beyond ``limit``, and its levels."""
    size, height = 0, 0
    todo = [(value, 1)]
    while todo and size <= limit:
        node, level = todo.pop()
        size += 1
        if isinstance(node, (dict, list)):
            height = max(height, level)
            todo.extend((part, level + 1) for part in (node.values() if isinstance(node, dict) else node))
    return size, height


def mistake(event: Any, message: str) -> YamlMistake:
    """Make a mistake at the place of an event."""
    return YamlMistake(event.start_mark.line + 1, event.start_mark.column + 1, message)


HINTS: Final = {
    "mapping values are not allowed": "a text with ': ' in it needs quotes",
    "cannot start any token": "YAML is indented with spaces, not tabs; a text that begins with @, ` or % needs quotes",
    "found a tab character": "YAML is indented with spaces, not tabs",
    "unknown escape character": "a text with backslashes in it is best put in single quotes",
    "unexpected end of stream": "a quote is not closed",
    "did not find expected key": "the lines of a mapping must begin in the same column, and quotes in a text end it",
    "did not find expected '-' indicator": "the items of a list must begin in the same column",
    "expected <block end>": "the lines of a block must begin in the same column, and quotes in a text end it",
}


def _syntax_error(text: str, error: yaml.MarkedYAMLError) -> YamlMistake:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "unreadable"
    if "maximum nesting depth" in problem:  # some releases of the parser have a limit of their own
        return YamlMistake(
            *((mark.line + 1, mark.column + 1) if mark else (1, 1)), f"nested deeper than {MAX_DEPTH} levels"
        )
    hint = next((f" ({hint})" for words, hint in HINTS.items() if words in problem), "")
    context = f" {error.context}" if error.context and error.context != problem else ""
    if error.context_mark and mark and not any(text.splitlines()[mark.line :]):
        mark, hint = error.context_mark, " (what begins here is never closed)"
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return YamlMistake(line, column, f"not YAML:{context}: {problem}{hint}".replace("::", ":"))


def _unreadable(text: str, error: ReaderError) -> YamlMistake:
    place = Reader.NON_PRINTABLE.search(text)
    at = place.start() if place else 0
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    shown = f"U+{ord(text[at]):04X}" if place else str(error.reason)
    return YamlMistake(line, column, f'the control character {shown} is not allowed; in double quotes write "\\xNN"')
