"""What a call leaves behind it: the spans that are made while it runs, in whatever thread or task."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

from pytest_evalsuite.tracing.span import (
    MAX_SPANS,
    Span,
    Traced,
    below,
    described,
    mended,
    new_trace_id,
    plain,
    span_id,
)

__all__ = ["Capture", "capture_here", "error_text", "is_on", "span", "switch"]

_here: ContextVar[tuple[Capture, str | None] | None] = ContextVar("evalsuite_span", default=None)
"""The call that is being made, and the span of ours that it is in."""

ATTRIBUTE: Final = "evalsuite."
"""What attributes begin with by which the spans of a run are found in other systems."""


class _Switch:
    """Whether OpenTelemetry is listened to."""

    is_on = True


def switch(*, on: bool) -> None:
    """Listen to OpenTelemetry from now on, in this process, or do not."""
    _Switch.is_on = on


def is_on() -> bool:
    """Whether OpenTelemetry is listened to in this process."""
    return _Switch.is_on


class Capture:
    """One call's spans. ``facts`` are attributes of its root span."""

    __slots__ = ("_closed", "_taken", "agent", "dropped", "facts", "is_told", "root_id", "trace_id")

    def __init__(self, agent: str, facts: Callable[[], Mapping[str, Any]] = dict) -> None:
        self.agent = agent
        self.facts = facts
        self.trace_id = new_trace_id()
        self.root_id = span_id(self.trace_id)
        self.dropped = 0
        self._taken: list[Any] = []
        """Spans as they began: ours, or those of OpenTelemetry."""
        self.is_told = False
        """Whether a call without any step would be known to be one."""
        self._closed = False

    def take(self, span: Any) -> None:
        """Keep a span that has just begun; a call that is over takes none."""
        if self._closed:
            return
        if len(self._taken) >= MAX_SPANS:
            self.dropped += 1
        else:
            self._taken.append(span)

    def active(self) -> AbstractContextManager[object]:
        """Inside, spans are this call's, those of tasks and threads too that take the context with them."""
        otel = _opentelemetry()
        tracer = otel and otel.tracer()
        return _Here(self) if tracer is None else self._traced(otel, tracer)

    @contextmanager
    def _traced(self, otel: Any, tracer: Any) -> Iterator[None]:
        with _Here(self), otel.root(tracer, self):
            yield

    def close(self) -> Traced:
        """What was taken; what has not ended by now is unfinished."""
        self._closed = True
        taken, self._taken = self._taken, []
        if not taken and not self.is_told:
            return Traced(self.trace_id, self.root_id)
        otel = _opentelemetry()
        spans = taken if otel is None else [*otel.spans_of(self, taken)]
        told = tuple(map(described, below(self.root_id, map(mended, spans))))
        return Traced(self.trace_id, self.root_id, told if told or self.is_told else None, self.dropped)


class _Here:
    """Inside, this call is the one that is being made."""

    __slots__ = ("_capture", "_token")

    def __init__(self, capture: Capture) -> None:
        self._capture = capture

    def __enter__(self) -> None:
        self._token = _here.set((self._capture, None))

    def __exit__(self, *exc: object) -> None:
        _here.reset(self._token)


@contextmanager
def span(name: str, *, kind: str = "", input: Any = None, **attributes: Any) -> Iterator[Span]:  # noqa: A002
    """A step of the agent's call, from here to the end of the ``with`` block: gives the `Span`, to be told more.

    ``kind`` says what the step does, such as ``retrieval`` or ``tool``; ``input`` what went in (of a tool: a mapping
    of its arguments). Set ``output`` on the span. An exception that leaves the block ends the span as an error, and
    goes on. Outside a case, or where the context was not taken into a thread, nobody sees the span.
    """
    made = Span(name, kind=kind, input=plain(input), attributes=plain(attributes), status="unfinished")
    here = _here.get()
    if here is None:
        yield made
        return
    capture, parent = here
    made.parent_id, made.started_at = parent, time.time()
    otel = _opentelemetry()
    tracer = otel and otel.tracer()
    with nullcontext(False) if tracer is None else otel.twin(tracer, made) as is_taken:
        if not is_taken:
            capture.take(made)
        token = _here.set((capture, made.span_id))
        try:
            yield made
        except BaseException as error:
            made.status, made.message = "error", error_text(error)
            raise
        else:
            made.status = "ok" if made.status == "unfinished" else made.status
        finally:
            _here.reset(token)
            made.ended_at = time.time()
            made.output = plain(made.output)
            made.attributes = plain(made.attributes)


def error_text(error: BaseException) -> str:
    """What an exception says, whatever its ``str()`` does."""
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception as broken:  # noqa: BLE001 - it is the agent's own code that runs here
        text = f"{type(error).__name__}: <str() raised {type(broken).__name__}>"
    return str(plain(text))


def capture_here() -> Capture | None:
    """The call that is being made in this context."""
    here = _here.get()
    return None if here is None else here[0]


def _opentelemetry() -> Any:
    """What listens to OpenTelemetry, where the agent uses it and its SDK is installed; else None."""
    if not _Switch.is_on or "opentelemetry.trace" not in sys.modules:
        return None
    return _listener()


@cache
def _listener() -> Any:
    if find_spec("opentelemetry.sdk") is None:
        return None
    from pytest_evalsuite.tracing import _otel

    return _otel
