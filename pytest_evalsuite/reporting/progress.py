"""A live count while a run waits for its agents: on a terminal only, and gone before pytest writes again."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

from pytest_evalsuite.reporting import numbers

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Progress", "progress_text"]

PATIENCE: Final = 0.5
"""Seconds that one wait lasts before anything is shown."""


class Writer(Protocol):
    """The part of pytest's terminal writer that is used here."""

    fullwidth: int

    @property
    def width_of_current_line(self) -> int:
        """Columns that are taken in the line."""

    def write(self, msg: str, *, flush: bool = False) -> None:
        """Write a text."""


def progress_text(done: int, total: int, failed: int, errors: int, seconds: float, room: int) -> str:
    """``37/500 | 12.3/s | 37.5 s left | 2 failed``, as much of it as there is room for; empty where none fits."""
    parts = [f"{done:,}/{total:,}"]
    if done and seconds > 0:
        rate = done / seconds
        parts.append(f"{rate:.1f}/s" if rate >= 1 else f"{rate * 60:.1f}/min")
        parts.append(f"{numbers.duration((total - done) * seconds / done)} left")
    if failed:
        parts.append(f"{failed:,} failed")
    if errors:
        parts.append(numbers.count(errors, "error"))
    while parts:
        text = " " + " | ".join(parts)
        if len(text) <= room:
            return text
        parts.pop()
    return ""


class Progress:
    """Shows the count behind what pytest has written in the line, from a thread of its own.

    It is entered, as a context, for as long as the main thread waits for an agent.
    """

    def __init__(self) -> None:
        self._writer: Writer | None = None
        self._terminal = -1
        self._width = 0
        self._lock = threading.Lock()
        self._waiting_since: float | None = None
        self._shown = 0
        self._stopped = threading.Event()
        self._total = self._done = self._failed = self._errors = 0
        self._began = 0.0

    def start(self, writer: Writer | None, total: int) -> None:
        """Begin to show progress towards so many cases; without a writer nothing is ever shown.

        The writer's file must be a terminal now: it is kept by a descriptor of its own, for while a case is set up,
        when agents are waited for, pytest lets the writer's own lead to where it captures output.
        """
        self._total = total
        self._began = time.monotonic()
        if writer is not None and total > 1:
            self._writer, self._width = writer, writer.fullwidth
            self._terminal = os.dup(file_of(writer).fileno())
            threading.Thread(target=self._watch, name="evalsuite-progress", daemon=True).start()

    def stop(self) -> None:
        """Show nothing any more."""
        self._stopped.set()
        self._erase()
        with self._lock:
            if self._writer is not None:
                self._writer = None
                os.close(self._terminal)

    def add(self, status: str) -> None:
        """Count a case that is done."""
        self._done += 1
        self._failed += status == "failed"
        self._errors += status == "error"

    def __enter__(self) -> Self:
        self._waiting_since = time.monotonic()
        return self

    def __exit__(self, *exc: object) -> None:
        self._waiting_since = None
        if self._writer is not None:
            self._erase()

    def _watch(self) -> None:
        while not self._stopped.wait(PATIENCE / 2):
            with self._lock:
                since, writer = self._waiting_since, self._writer
                if since is None or writer is None or time.monotonic() - since < PATIENCE:
                    continue
                room = self._width - writer.width_of_current_line - 1
                seconds = time.monotonic() - self._began
                text = progress_text(self._done, self._total, self._failed, self._errors, seconds, room)
                if text and self._waiting_since is not None:
                    self._write_and_go_back(text.ljust(self._shown))
                    self._shown = len(text)

    def _erase(self) -> None:
        with self._lock:
            if self._shown and self._writer is not None:
                self._write_and_go_back(" " * self._shown)
                self._shown = 0

    def _write_and_go_back(self, text: str) -> None:
        """Write behind the cursor: with backspaces, for a terminal may be told to see no escape sequence."""
        with contextlib.suppress(OSError):
            os.write(self._terminal, (text + "\b" * len(text)).encode("ascii"))


def file_of(writer: object) -> Any:
    """What pytest's writer writes to."""
    return getattr(writer, "_file", None)


def is_terminal(writer: object) -> bool:
    """Whether the writer's output is a terminal that a cursor can be moved on."""
    isatty = getattr(file_of(writer), "isatty", None)
    return bool(isatty and isatty()) and os.environ.get("TERM", "") not in ("", "dumb")
