"""A span: one step of an agent's call, and the trace that its steps make up."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from types import NoneType
from typing import Any, Final, Literal, get_args

from pytest_evalsuite.forms import hold
from pytest_evalsuite.redaction import redact
from pytest_evalsuite.tracing import conventions

__all__ = [
    "MAX_SPANS",
    "MAX_VALUE_CHARS",
    "Span",
    "Trace",
    "Traced",
    "below",
    "described",
    "fault_of",
    "mended",
    "new_trace_id",
    "plain",
    "root_span",
    "span_id",
]

Status = Literal["ok", "error", "unfinished"]

MAX_SPANS: Final = 10_000
"""Spans that are kept of one call; further ones are counted only."""

MAX_VALUE_CHARS: Final = 100_000
"""Characters that are kept of one text in a span."""

MAX_DEPTH: Final = 50

_ID_DIGITS: Final = 16


def new_trace_id() -> str:
    """32 hex digits, as OpenTelemetry has them."""
    return os.urandom(16).hex()


def new_span_id() -> str:
    """16 hex digits."""
    return os.urandom(8).hex()


def span_id(trace_id: str, name: str = "") -> str:
    """The id of a span that bears a name of its own, or of the root span that nobody gave one: 16 hex digits.

    The same for the same arguments.
    """
    if len(name) == _ID_DIGITS and not set(name) - set("0123456789abcdef"):
        return name
    return blake2b(f"{trace_id}/{name}".encode("utf-8", "replace"), digest_size=8).hexdigest()


@dataclass(slots=True)
class Span:
    """One step: what it is called, what went in and came out, how it ended and when.

    ``kind`` says what it does: ``agent``, ``llm``, ``tool``, ``retrieval``, ``embedding``, ``guardrail``, ``chain`` or
    what else fits; empty where nothing tells. ``input``, ``output`` and the values of ``attributes`` are JSON values;
    of a tool, ``input`` is a mapping of its arguments. ``started_at`` and ``ended_at`` are seconds since the epoch;
    None: not known, or not over. ``message`` says what an error was. ``span_id`` and ``parent_id`` are 16 hex digits,
    or any text that tells the spans of one reply apart; without a parent, a span stands directly below the root.
    """

    name: str
    kind: str = ""
    input: Any = None
    output: Any = None
    status: Status = "ok"
    message: str | None = None
    started_at: float | None = None
    ended_at: float | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    span_id: str = field(default_factory=new_span_id)
    parent_id: str | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took; None where that is not known."""
        if self.started_at is None or self.ended_at is None:
            return None
        return max(0.0, self.ended_at - self.started_at)

    def as_json(self) -> dict[str, Any]:
        """The span as JSON values, with what says nothing left out."""
        shown: dict[str, Any] = {"span_id": self.span_id, "parent_id": self.parent_id, "name": self.name}
        shown["status"] = self.status
        told = (("kind", self.kind or None), ("input", self.input), ("output", self.output))
        shown |= {key: value for key, value in told if value is not None}
        if self.message is not None:
            shown["message"] = self.message
        times = (("started_at", self.started_at), ("ended_at", self.ended_at))
        shown |= {key: round(moment, 6) for key, moment in times if moment is not None}
        if self.attributes:
            shown["attributes"] = self.attributes
        if self.events:
            shown["events"] = self.events
        return shown

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Span:
        """The span of these values, with input and output where conventions put them.

        Raises TypeError for what is no span.
        """
        if not isinstance(values, Mapping):
            raise TypeError(f"a span is a mapping, not a {type(values).__name__}")
        span = cls(**{str(key): value for key, value in values.items()})
        if (fault := fault_of(span)) is not None:
            raise TypeError(f"no span: {fault:.200}")
        return described(span)


def fault_of(span: Any) -> str | None:
    """Which field of a span holds what it cannot; None: none does."""
    for name in ("name", "kind", "span_id", "parent_id", "message"):
        value = getattr(span, name)
        if not isinstance(value, str) and not (value is None and name in ("parent_id", "message")):
            return f"{name} must be text, not {value!r}"
    if span.status not in get_args(Status):
        return f"status must be ok, error or unfinished, not {span.status!r}"
    for name in ("started_at", "ended_at"):
        if not _is_moment(moment := getattr(span, name)):
            return f"{name} must be seconds since 1970, not {moment!r}"
    if not isinstance(span.attributes, Mapping):
        return f"attributes must be a mapping, not a {type(span.attributes).__name__}"
    if not isinstance(span.events, list) or not all(isinstance(event, Mapping) for event in span.events):
        return "events must be a list of mappings"
    return None


def _is_moment(value: Any) -> bool:
    """Whether this is a time in seconds since 1970 (milliseconds are not), or unknown."""
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e11)


def mended(span: Span) -> Span:
    """The span with every field of its form: an agent may have told it anything."""
    if fault_of(span) is None:
        return span
    span.name, span.kind = str(plain(span.name)), str(plain(span.kind or ""))
    ids: tuple[Any, Any] = span.span_id, span.parent_id
    own, parent = (one if isinstance(one, str) else None for one in ids)
    span.span_id, span.parent_id = own or new_span_id(), parent
    span.message = None if span.message is None else str(plain(span.message))
    if span.status not in get_args(Status):
        span.status = "ok" if span.message is None else "error"
    for name in ("started_at", "ended_at"):
        if not _is_moment(getattr(span, name)):
            setattr(span, name, None)
    attributes, events = plain(span.attributes), plain(span.events)
    span.attributes = attributes if isinstance(attributes, dict) else {}
    told = events if isinstance(events, list) else [events]
    span.events = [event if isinstance(event, dict) else {"name": str(event)} for event in told if event is not None]
    return span


def described(span: Span) -> Span:
    """Fill in kind, input and output from the attributes, where only those tell them."""
    attributes = span.attributes
    if attributes:
        span.kind = span.kind or conventions.kind_of(attributes)
        if span.input is None:
            span.input = conventions.input_of(attributes)
        if span.output is None:
            span.output = conventions.output_of(attributes)
    return span


def root_span(
    agent: str,
    root_id: str,
    *,
    asked: Any,
    answer: Any,
    error: str | None,
    started_at: float | None,
    seconds: float | None,
) -> Span:
    """The span of the call itself. ``seconds`` is how long it took."""
    return Span(
        f"invoke_agent {agent}",
        kind="agent",
        input=asked,
        output=answer,
        status="ok" if error is None else "error",
        message=error,
        started_at=started_at,
        ended_at=None if started_at is None or seconds is None else started_at + seconds,
        span_id=root_id,
    )


@dataclass(slots=True)
class Traced:
    """What a call left: the ids of its trace and of the root span, and the spans below that, as they began.

    ``spans`` is None where nobody would have told any; ``dropped`` is how many further ones there were.
    """

    trace_id: str = field(default_factory=new_trace_id)
    root_id: str = ""
    spans: Sequence[Span] | None = None
    dropped: int = 0

    def __post_init__(self) -> None:
        self.root_id = self.root_id or span_id(self.trace_id)

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        spans = None if self.spans is None else [span.as_json() for span in self.spans]
        return {"trace_id": self.trace_id, "root_id": self.root_id, "spans": spans, "dropped": self.dropped}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Traced:
        """The same from JSON values. Raises TypeError or KeyError for others."""
        hold(values, trace_id=str, root_id=str, spans=(list, NoneType), dropped=int)
        spans = values["spans"]
        told = None if spans is None else [Span.from_json(span) for span in spans]
        return cls(values["trace_id"], values["root_id"], told, values["dropped"])


@dataclass(slots=True)
class Trace:
    """The spans of one call, the root first, then as they began; whose call it was.

    ``number`` counts the attempts of a case from 1; ``dropped`` is how many further spans there were.
    """

    trace_id: str
    spans: Sequence[Span]
    test_set: str = ""
    case_id: str = ""
    agent: str = ""
    number: int = 1
    dropped: int = 0

    @property
    def root(self) -> Span:
        """The call itself."""
        return self.spans[0]

    def get(self, span_id: str) -> Span | None:
        """The span of this id, or None."""
        return next((span for span in self.spans if span.span_id == span_id), None)

    def children(self, parent: Span) -> list[Span]:
        """The spans directly below this one."""
        return [span for span in self.spans if span.parent_id == parent.span_id and span is not parent]

    def traced(self) -> Traced:
        """The trace as its call left it."""
        return Traced(self.trace_id, self.root.span_id, self.spans[1:], self.dropped)

    def as_json(self) -> dict[str, Any]:
        """The trace as JSON values."""
        of = {"test_set": self.test_set, "case_id": self.case_id, "agent": self.agent, "number": self.number}
        dropped = {"dropped": self.dropped} if self.dropped else {}
        return {"trace_id": self.trace_id, **of, **dropped, "spans": [span.as_json() for span in self.spans]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Trace:
        """The trace of these values. Raises TypeError, KeyError or ValueError for what is none."""
        others: dict[str, Any] = {"test_set": "", "case_id": "", "agent": "", "number": 1, "dropped": 0}
        values = {**others, **values}
        hold(values, trace_id=str, spans=list, test_set=str, case_id=str, agent=str, number=int, dropped=int)
        spans = [Span.from_json(span) for span in values["spans"]]
        if not spans:
            raise ValueError("a trace without spans")
        return cls(values["trace_id"], spans, **{key: values[key] for key in others})


def below(root_id: str, spans: Iterable[Span]) -> list[Span]:
    """The spans with a parent each: one that is among them, or else the root. No span is its own ancestor."""
    spans = list(spans)
    known = {span.span_id: span for span in spans}
    hangs: set[str] = set()
    """Spans that are known to come up to the root."""
    for span in spans:
        path: set[str] = set()
        at = span
        while at.span_id not in hangs:
            path.add(at.span_id)
            above = known.get(at.parent_id or "")
            if above is None or above.span_id in path:
                at.parent_id = root_id
                break
            at = above
        hangs |= path
    return spans


def plain(value: Any, depth: int = MAX_DEPTH) -> Any:
    """The value as a JSON value: texts cut, what JSON does not know as the text that Python has for it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return int(value) if abs(value) < 2**63 else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if depth and isinstance(value, Mapping):
        return {_text(str(key)): plain(part, depth - 1) for key, part in value.items()}
    if depth and isinstance(value, (list, tuple, set, frozenset)):
        return [plain(part, depth - 1) for part in value]
    return _text(str(value))


def _text(text: str) -> str:
    text = str.__str__(text)
    if len(text) > MAX_VALUE_CHARS:
        text = f"{redact(text)[:MAX_VALUE_CHARS]}… ({len(text):,} characters)"
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
