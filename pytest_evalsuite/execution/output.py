"""What an agent prints or logs away from the main thread is kept for its own case.

A call that runs ahead runs while another case is being set up, so whatever it writes would land in that case's
captured output. Instead it is kept in an `Output`, and written again when its own case's turn has come.
"""

from __future__ import annotations

import contextvars
import copy
import io
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO

from pytest_evalsuite.redaction import redact

__all__ = ["Output", "OutputRouter", "keeping_output"]

MAX_CHARS: Final = 1_000_000
"""How much of one call's output is kept; the rest is counted."""

RECORD_CHARS: Final = 100
"""What a log record counts beside its message."""

_current: contextvars.ContextVar[Output | None] = contextvars.ContextVar("evalsuite_output", default=None)


LONGEST_SECRET: Final = 10_000
"""Characters behind a cut that are looked at too: those of a key with all that it is written in."""


class Output:
    """What one call wrote, in order: texts, each with ``stdout`` or ``stderr``, and log records.

    ``chars`` is how much is kept. What is written after the `replay` is dropped: only a call that was given up goes on
    that long.
    """

    __slots__ = ("_dropped", "_events", "_replayed", "chars")

    def __init__(self) -> None:
        self.chars = 0
        self._events: list[tuple[str, io.StringIO] | logging.LogRecord] = []
        self._dropped = 0
        self._replayed = False

    def write(self, stream: str, text: str) -> int:
        """Keep the text as written to the stream of this name."""
        room = self._room(len(text))
        kept = text if room == len(text) else _begin_of(text, room)
        if kept:
            last = self._events[-1] if self._events else None
            if not isinstance(last, tuple) or last[0] != stream:
                last = (stream, io.StringIO())
                self._events.append(last)
            last[1].write(kept)
        return len(text)

    def keep(self, record: logging.LogRecord) -> None:
        """Keep a log record, with its message as it reads now."""
        kept = copy.copy(record)
        kept.msg, kept.args = record.getMessage(), None
        room = self._room(RECORD_CHARS + len(kept.msg)) - RECORD_CHARS
        if room > 0:
            kept.msg = kept.msg if room >= len(kept.msg) else _begin_of(kept.msg, room)
            self._events.append(kept)

    def replay(self) -> None:
        """Write it all again, from the thread and at the time that this is called in, for pytest to capture."""
        self._replayed = True
        for event in self._events:
            if isinstance(event, logging.LogRecord):
                for handler in _handlers_of_pytest():
                    if event.levelno >= handler.level:
                        handler.handle(event)
            else:
                stream, text = event
                getattr(sys, stream).write(text.getvalue())
        if self._dropped:
            sys.stdout.write(f"\n... ({self._dropped:,} more characters were printed or logged)\n")
        self._events.clear()

    def _room(self, wanted: int) -> int:
        """Take as many characters as there is room for, at most those wanted, and count the others."""
        given = 0 if self._replayed else min(wanted, MAX_CHARS - self.chars)
        self.chars += given
        self._dropped += wanted - given
        return given


@contextmanager
def keeping_output(output: Output) -> Iterator[None]:
    """Inside, in this thread or task, what is written through an `OutputRouter` is kept in the output."""
    token = _current.set(output)
    try:
        yield
    finally:
        _current.reset(token)


class _KeepRecords(logging.Handler):
    """Keeps the log records of calls that keep their output."""

    def emit(self, record: logging.LogRecord) -> None:
        output = _current.get()
        if output is not None:
            try:
                output.keep(record)
            except Exception:
                self.handleError(record)


def _not_kept(_record: logging.LogRecord) -> bool:
    return _current.get() is None


def _handlers_of_pytest() -> list[logging.Handler]:
    """The handlers behind pytest's log sections, `caplog`, live logs and log files that are in force now."""
    return [handler for handler in logging.getLogger().handlers if type(handler).__module__ == "_pytest.logging"]


def _begin_of(text: str, room: int) -> str:
    """What there is room for of a text, with no secret cut in two."""
    return redact(text[: room + LONGEST_SECRET])[:room] if room else ""


class OutputRouter:
    """Sends what is printed or logged to the `Output` of the context that does it.

    The streams stay the same objects, for pytest replaces and restores ``sys.stdout`` around every phase of every
    test: only their ``write`` is taken over, once per stream object, until `close`. Log handlers of the user's are
    left alone. ``log_level`` is what pytest sets while a test runs: calls run between tests too.
    """

    def __init__(self, log_level: int | None = None) -> None:
        self._streams: list[tuple[TextIO, Callable[[str], int]]] = []
        self._filtered: list[logging.Handler] = []
        self._keeper = _KeepRecords()
        root = logging.getLogger()
        root.addHandler(self._keeper)
        self._level = root.level if log_level is not None else None
        if log_level is not None:
            root.setLevel(min(root.level, log_level))

    def attach(self) -> None:
        """Take over the streams and the log handlers of pytest that are in force now."""
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is not None and not any(stream is known for known, _ in self._streams):
                self._take_over(name, stream)
        for handler in _handlers_of_pytest():
            if _not_kept not in handler.filters:
                handler.addFilter(_not_kept)
                self._filtered.append(handler)

    def close(self) -> None:
        """Give everything back as it was."""
        for stream, _ in self._streams:
            del stream.write
        for handler in self._filtered:
            handler.removeFilter(_not_kept)
        root = logging.getLogger()
        root.removeHandler(self._keeper)
        if self._level is not None:
            root.setLevel(self._level)
        self._streams.clear()
        self._filtered.clear()

    def _take_over(self, name: str, stream: Any) -> None:
        original = stream.write

        def write(text: str) -> int:
            output = _current.get()
            return original(redact(text)) if output is None else output.write(name, text)

        try:
            stream.write = write
        except AttributeError:  # a stream that takes no attributes: its output stays where it lands
            return
        self._streams.append((stream, original))
