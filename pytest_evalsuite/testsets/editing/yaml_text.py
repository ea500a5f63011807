"""Values as YAML text, written so that this loader and every other one reads the same."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final

from yaml.emitter import Emitter
from yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)
from yaml.nodes import ScalarNode
from yaml.resolver import Resolver

from pytest_evalsuite.testsets.scalars import Plain, plain

__all__ = ["entry_text", "flow_text", "mapping_text"]

WIDEST_FLOW: Final = 100
"""Characters of a list or mapping that is written on one line."""
STR: Final = "tag:yaml.org,2002:str"
OTHERS: Final[Any] = Resolver()
"""What other programs take unquoted text for: ``no``, dates, ``1_000``."""


class _Writer(Emitter):
    """PyYAML's emitter, with lists indented under their keys."""

    indented = True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless and not self.indented)


def mapping_text(value: Mapping[str, Any], *, indented: bool = True) -> str:
    """Write a mapping by lines, without the last line break."""
    return _written(_events(value, flow=False, style=None, top=True), indented=indented)


def entry_text(
    value: Any, *, style: str | None = None, inline: bool = False, by_lines: bool = False, indented: bool = True
) -> str:
    """Write what stands behind a key and its colon, further lines as if the key stood at the margin."""
    events = [
        MappingStartEvent(None, None, True, flow_style=False),
        *_events("k", flow=False, style=None),
        *_events(value, flow=inline, style=style, top=by_lines),
        MappingEndEvent(),
    ]
    return _written(events, indented=indented)[2:]


def flow_text(value: Any, *, style: str | None = None) -> str:
    """Write a value on one line, to stand in brackets."""
    events = [SequenceStartEvent(None, None, True, flow_style=True), *_events(value, flow=True, style=style)]
    return _written([*events, SequenceEndEvent()])[1:-1]


def _written(events: list[Event], *, indented: bool = True) -> str:
    stream = io.StringIO()
    writer = _Writer(stream, width=10_000_000, allow_unicode=True)
    writer.indented = indented
    for event in (StreamStartEvent(), DocumentStartEvent(explicit=False), *events):
        writer.emit(event)
    for event in (DocumentEndEvent(explicit=False), StreamEndEvent()):
        writer.emit(event)
    text = stream.getvalue()
    return text.removesuffix("\n")


def _events(value: Any, *, flow: bool, style: str | None, top: bool = False) -> list[Event]:
    """Give the events of a value; recursion is as deep as the value, which loads or was loaded."""
    if isinstance(value, Mapping):
        flow = flow or not value or not (top or _is_wide(value))
        inner = [event for pair in value.items() for part in pair for event in _events(part, flow=flow, style=None)]
        return [MappingStartEvent(None, None, True, flow_style=flow), *inner, MappingEndEvent()]
    if isinstance(value, (list, tuple)):
        flow = flow or not value or not (top or _is_wide(value))
        inner = [event for item in value for event in _events(item, flow=flow, style=None)]
        return [SequenceStartEvent(None, None, True, flow_style=flow), *inner, SequenceEndEvent()]
    return [_scalar(value, flow=flow, style=style)]


def _is_wide(value: Any) -> bool:
    """Whether a collection is better written by lines."""
    if not value:
        return False
    parts = list(value.values()) if isinstance(value, Mapping) else list(value)
    if any(isinstance(part, (Mapping, list, tuple)) and part for part in parts):
        return True
    texts = [str(part) for part in (*parts, *(value if isinstance(value, Mapping) else ()))]
    return any("\n" in text for text in texts) or sum(len(text) + 2 for text in texts) > WIDEST_FLOW


def _scalar(value: Any, *, flow: bool, style: str | None) -> ScalarEvent:
    if not isinstance(value, str):
        return ScalarEvent(None, None, (True, True), _unquoted(value))
    needed = _style(value, flow=flow)
    wanted = needed or style or None
    if needed != '"' and style in {"'", '"'} and "\n" not in value:
        wanted = style
    if wanted in {"|", ">"}:  # which are for several lines
        wanted = needed
    return ScalarEvent(None, None, (True, True), value, style=wanted)


def _unquoted(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.text if isinstance(value, Plain) else repr(value) if isinstance(value, float) else str(value)


def _style(text: str, *, flow: bool) -> str | None:
    """Give the style that a text needs; None where it may be left unquoted if YAML's grammar lets it."""
    if "\n" in text:
        literal = not flow and not text.endswith("\n\n") and text.strip() and "\r" not in text
        return "|" if literal and not any(line != line.rstrip() for line in text.split("\n")) else '"'
    if type(plain(text)) is not str or text == "<<":
        return '"'
    kind = OTHERS.resolve(ScalarNode, text, (True, False))
    return '"' if kind != STR or not text.isprintable() else None
