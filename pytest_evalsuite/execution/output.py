"""What an agent prints or logs away from the main thread is kept for its own case.

A call that runs ahead runs while another case is being set up, so whatever it writes would land in that case's
captured output. Instead it is kept in an `Output`, and written again when its own case's turn has come.
"""

from __future__ import annotations

import contextvars
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

__all__ = ["Output", "OutputRouter", "keeping_output"]

MAX_CHARS = 1_000_000
"""How much of one call's output is kept; the rest is counted."""

_current: contextvars.ContextVar[Output | None] = contextvars.ContextVar("evalsuite_output", default=None)


class Output:
    """What one call wrote, in order: (``stdout`` or ``stderr``, text) pairs and log records."""

    __slots__ = ("_chars", "_dropped", "events")

    def __init__(self) -> None:
        self.events: list[tuple[str, str] | logging.LogRecord] = []
        self._chars = 0
        self._dropped = 0

    def write(self, stream: str, text: str) -> int:
        """Keep the text as written to the stream of this name."""
        room = MAX_CHARS - self._chars
        if room >= len(text):
            self.events.append((stream, text))
        else:
            self._dropped += len(text) - max(room, 0)
            if room > 0:
                self.events.append((stream, text[:room]))
        self._chars += len(text)
        return len(text)

    def replay(self) -> None:
        """Write it all again, from the thread and at the time that this is called in."""
        for event in self.events:
            if isinstance(event, logging.LogRecord):
                logging.getLogger(event.name).handle(event)
            else:
                stream, text = event
                getattr(sys, stream).write(text)
        if self._dropped:
            sys.stdout.write(f"\n... ({self._dropped:,} more characters were printed)\n")


@contextmanager
def keeping_output() -> Iterator[Output]:
    """Inside, in this thread or task, what is written through an `OutputRouter` is kept in the Output given."""
    output = Output()
    token = _current.set(output)
    try:
        yield output
    finally:
        _current.reset(token)


class _KeepRecords(logging.Handler):
    """Keeps the log records of calls that keep their output."""

    def emit(self, record: logging.LogRecord) -> None:
        output = _current.get()
        if output is not None:
            output.events.append(record)


def _not_kept(_record: logging.LogRecord) -> bool:
    return _current.get() is None


class OutputRouter:
    """Sends what is printed or logged to the `Output` of the context that does it.

    The streams stay the same objects, for pytest replaces and restores ``sys.stdout`` around every phase of every
    test: only their ``write`` is taken over, once per stream object, until `close`.
    """

    def __init__(self) -> None:
        self._streams: list[tuple[TextIO, Callable[[str], int]]] = []
        self._filtered: list[logging.Handler] = []
        self._keeper = _KeepRecords()
        logging.getLogger().addHandler(self._keeper)

    def attach(self) -> None:
        """Take over the streams and the log handlers of pytest that are in force now."""
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is not None and not any(stream is known for known, _ in self._streams):
                self._take_over(name, stream)
        for handler in logging.getLogger().handlers:
            if type(handler).__module__ == "_pytest.logging" and _not_kept not in handler.filters:
                handler.addFilter(_not_kept)
                self._filtered.append(handler)

    def close(self) -> None:
        """Give everything back as it was."""
        for stream, _ in self._streams:
            del stream.write
        for handler in self._filtered:
            handler.removeFilter(_not_kept)
        logging.getLogger().removeHandler(self._keeper)
        self._streams.clear()
        self._filtered.clear()

    def _take_over(self, name: str, stream: Any) -> None:
        original = stream.write

        def write(text: str) -> int:
            output = _current.get()
            return original(text) if output is None else output.write(name, text)

        try:
            stream.write = write
        except AttributeError:  # a stream that takes no attributes: its output stays where it lands
            return
        self._streams.append((stream, original))
