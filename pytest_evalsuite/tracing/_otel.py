"""Listens to OpenTelemetry: its SDK tells of each span, and the exporters that the user configured hear of it too."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace import Span as SdkSpan
from opentelemetry.trace import Status, StatusCode, Tracer

from pytest_evalsuite.tracing import conventions
from pytest_evalsuite.tracing.capture import ATTRIBUTE, Capture, capture_here, error_text, is_on
from pytest_evalsuite.tracing.span import Span, plain

__all__ = ["root", "spans_of", "tracer", "twin"]

NANO: Final = 1_000_000_000
TWIN: Final = "_evalsuite_twin"

_captures: dict[int, Capture] = {}
"""Calls that are being made, by the number of their trace."""


class _Listener(SpanProcessor):
    def on_start(self, span: SdkSpan, parent_context: Context | None = None) -> None:
        if not is_on():
            return
        # A trace that was begun anew within the call is its own too.
        capture = _captures.get(span.get_span_context().trace_id) or capture_here()
        if capture is not None:
            capture.take(span)


class _Tracers:
    """The tracer of each provider that is listened to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listener = _Listener()
        self._known: dict[int, tuple[Any, Tracer | None]] = {}
        """By the id of the provider, which is kept, for not every one has a hash."""

    def of_now(self) -> Tracer | None:
        """The tracer of the provider in force; one is set where nobody has configured any. None: it tells nothing."""
        known = self._known.get(id(trace.get_tracer_provider()))
        if known is not None:
            return known[1]
        with self._lock:
            return self._listen(trace.get_tracer_provider())

    def _listen(self, provider: Any) -> Tracer | None:
        if isinstance(provider, trace.ProxyTracerProvider):  # nobody has configured one
            trace.set_tracer_provider(TracerProvider(shutdown_on_exit=False))
            provider = trace.get_tracer_provider()
        if id(provider) not in self._known:
            listens = hasattr(provider, "add_span_processor")
            if listens:
                provider.add_span_processor(self._listener)
            self._known[id(provider)] = provider, provider.get_tracer("pytest_evalsuite") if listens else None
        return self._known[id(provider)][1]


_tracers = _Tracers()


def tracer() -> Tracer | None:
    """The tracer to make spans with; None where the provider in force tells nobody."""
    return _tracers.of_now()


@contextmanager
def root(tracer: Tracer, capture: Capture) -> Iterator[None]:
    """Inside is the root span of a call. The call takes over its ids."""
    attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": capture.agent,
        **{f"{ATTRIBUTE}{key}": value for key, value in capture.facts().items()},
    }
    with _current(tracer, f"invoke_agent {capture.agent}", attributes=attributes, context=Context()) as span:
        context = span.get_span_context()
        if not span.is_recording():  # not sampled, or switched off
            yield
            return
        capture.trace_id, capture.root_id = f"{context.trace_id:032x}", f"{context.span_id:016x}"
        _captures[context.trace_id] = capture
        capture.is_told = True
        try:
            yield
        finally:
            _captures.pop(context.trace_id, None)


@contextmanager
def _current(tracer: Tracer, name: str, **how: Any) -> Iterator[trace.Span]:
    """A span that tells what exception left it; one whose ``str()`` raises would take its place if the SDK told it."""
    with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False, **how) as span:
        try:
            yield span
        except BaseException as error:
            with suppress(Exception):
                span.record_exception(error)
            span.set_status(Status(StatusCode.ERROR, error_text(error)))
            span.set_attribute("error.type", type(error).__qualname__)
            raise


@contextmanager
def twin(tracer: Tracer, span: Span) -> Iterator[bool]:
    """Inside is a span of OpenTelemetry that tells the same as ours when it ends; says whether anybody hears of it."""
    with _current(tracer, span.name) as other:
        if not other.is_recording():
            yield False
            return
        setattr(other, TWIN, span)
        span.span_id = f"{other.get_span_context().span_id:016x}"
        try:
            yield True
        finally:
            told = {"openinference.span.kind": span.kind.upper() or None}
            for key, value in (("input.value", span.input), ("output.value", span.output)):
                told[key] = value if isinstance(value, (str, type(None))) else json.dumps(value, ensure_ascii=False)
            other.set_attributes({key: value for key, value in told.items() if value is not None})
            other.set_attributes({key: _attribute(value) for key, value in span.attributes.items()})


def spans_of(capture: Capture, taken: Sequence[Any]) -> Iterator[Span]:
    """The spans that were taken, but for the root, as ours."""
    for span in taken:
        if isinstance(span, ReadableSpan):
            made = _span(span, capture)
            if made.span_id != capture.root_id:
                yield made
        else:
            yield span


def _span(span: ReadableSpan, capture: Capture) -> Span:
    context = span.get_span_context()
    made: Span | None = getattr(span, TWIN, None)
    parent = None if span.parent is None else f"{span.parent.span_id:016x}"
    if made is None:
        made = _read(span)
        if context is not None and f"{context.trace_id:032x}" != capture.trace_id:
            made.attributes["otel.trace_id"] = f"{context.trace_id:032x}"
    if context is not None:
        made.span_id = f"{context.span_id:016x}"
    made.parent_id = parent
    return made


def _read(span: ReadableSpan) -> Span:
    attributes: dict[str, Any] = plain(dict(span.attributes or {}))
    code, ended = span.status.status_code, span.end_time
    return Span(
        span.name,
        kind=conventions.kind_of(attributes),
        status="error" if code is StatusCode.ERROR else "unfinished" if ended is None else "ok",
        message=None
        if code is not StatusCode.ERROR
        else plain(span.status.description or attributes.get("error.type")),
        started_at=None if span.start_time is None else span.start_time / NANO,
        ended_at=None if ended is None else ended / NANO,
        attributes=attributes,
        events=[
            {"name": event.name, "at": event.timestamp / NANO, "attributes": plain(dict(event.attributes or {}))}
            for event in span.events
        ],
    )


def _attribute(value: Any) -> Any:
    return value if isinstance(value, (str, bool, int, float)) else json.dumps(value, ensure_ascii=False)
