"""A trace as a tree of lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.tracing.conventions import input_tokens_of, model_of, output_tokens_of
from pytest_evalsuite.tracing.span import Span, Trace

__all__ = ["trace_lines"]

DEEPEST: Final = 30
"""Levels that are indented; what stands below them is told at the last one."""

LEAST: Final = 40
"""Columns that a line has, however narrow the terminal is."""


def trace_lines(trace: Trace, width: int) -> Iterator[str]:
    """The trace's spans, each below the one that it is a part of, with what went in and out; safe for a terminal."""
    width = max(width, LEAST)
    attempt = f", attempt {trace.number}" if trace.number > 1 else ""
    yield _cut(f"trace {trace.trace_id}: case {trace.case_id} of agent {trace.agent}{attempt}", width)
    children: dict[str | None, list[Span]] = {}
    for span in trace.spans[1:]:
        children.setdefault(span.parent_id, []).append(span)
    waiting: list[tuple[Span, str, bool]] = [(trace.root, "", True)]
    while waiting:  # no recursion: a tree may be deeper than Python's stack
        span, before, is_last = waiting.pop()
        below = children.pop(span.span_id, [])
        is_root = span is trace.root
        branch = "" if is_root else f"{before}{'└─ ' if is_last else '├─ '}"
        inner = before if is_root else before + ("   " if is_last else "│  ")
        inner = inner[: 3 * DEEPEST]
        yield _cut(branch + _head(span), width)
        for text in _told(span):
            yield _cut(f"{inner}{'│' if below else ' '}    {text}", width)
        waiting += [(child, inner, child is below[-1]) for child in reversed(below)]
    if trace.dropped:
        yield f"and {numbers.count(trace.dropped, 'span')} more that were not kept"


def _head(span: Span) -> str:
    known = [
        f"[{span.kind}]" if span.kind else "",
        model_of(span.attributes) or "",
        _tokens(span.attributes),
        "" if span.seconds is None else numbers.duration(span.seconds),
        "" if span.status == "ok" else span.status.upper(),
        span.message or "",
    ]
    return "  ".join([span.name, *filter(None, known)])


def _told(span: Span) -> Iterator[str]:
    for label, value in (("in ", span.input), ("out", span.output)):
        if value is not None:
            yield f"{label} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"


def _tokens(attributes: Mapping[str, Any]) -> str:
    counts = ((input_tokens_of(attributes), "in"), (output_tokens_of(attributes), "out"))
    known = [f"{count:,} {way}" for count, way in counts if count is not None]
    return f"{', '.join(known)}" if known else ""


def _cut(line: str, width: int) -> str:
    line = escape_terminal(line[: 4 * width])
    return line if len(line) <= width else line[: width - 1] + "…"
