"""The file that assessments are kept in: one event a line, appended and never changed."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, cast

from pytest_evalsuite.assessments.model import Assessment, read_assessment
from pytest_evalsuite.errors import AssessmentError, StoreError
from pytest_evalsuite.runs.encoding import decode, encode

__all__ = ["Event", "Log", "State"]

EventKind = Literal["created", "updated", "deleted"]
KINDS: Final = ("created", "updated", "deleted")


@dataclass(frozen=True, slots=True)
class Event:
    """What somebody did at a time (UTC): ``assessment`` is as it was afterwards, or as it was when it was deleted."""

    kind: EventKind
    at: str
    by: str
    assessment: Assessment

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {"event": self.kind, "at": self.at, "by": self.by, "assessment": self.assessment.as_json()}


@dataclass(slots=True)
class State:
    """What all events together come to: live assessments by id, in the order in which they were made."""

    live: dict[str, Assessment] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Lines that could not be used: each says where it is and why."""
    overwrites: dict[tuple[str, str], str] = field(default_factory=dict)
    """The id of the live overwrite of a span."""
    ids: set[str] = field(default_factory=set)
    """All that were ever given."""

    def why_not(self, event: Event) -> str | None:
        """Why the event cannot follow those that were; None: it can."""
        new = event.assessment
        key = new.assessment_id
        if event.kind == "created":
            if key in self.ids:
                return f"assessment {key} is there already"
            other = self.overwrites.get((new.trace_id, new.span_id))
            if new.assessment_type == "overwrite" and other is not None:
                by = self.live[other].created_by
                return f"span {new.span_id} has an overwrite already, {other} by {by}: a span has one"
            return None if event.by == new.created_by else f"assessment {key} was made by {new.created_by}"
        if key not in self.live:
            return f"assessment {key} has been deleted" if key in self.ids else f"there is no assessment {key}"
        old = self.live[key]
        if event.by != old.created_by:
            return f"assessment {key} is by {old.created_by}: nobody else changes or deletes it"
        fixed = ("trace_id", "span_id", "assessment_type", "created_by", "created_at")
        moved = next((name for name in fixed if getattr(old, name) != getattr(new, name)), None)
        return None if moved is None else f"{moved} of assessment {key} cannot change"

    def take(self, event: Event) -> None:
        """Let the event happen. Raises AssessmentError where it cannot."""
        problem = self.why_not(event)
        if problem is not None:
            raise AssessmentError(problem)
        new = event.assessment
        span = (new.trace_id, new.span_id)
        self.events.append(event)
        self.ids.add(new.assessment_id)
        if event.kind == "deleted":
            del self.live[new.assessment_id]
            if self.overwrites.get(span) == new.assessment_id:
                del self.overwrites[span]
        else:
            self.live[new.assessment_id] = new
            if new.assessment_type == "overwrite":
                self.overwrites[span] = new.assessment_id


class Log:
    """The events of one run's assessments."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> State:
        """All events so far. Raises StoreError where the file cannot be read."""
        try:
            with self.path.open("rb") as file, _locked(file.fileno(), exclusive=False):
                return _state(file.read(), self.path)
        except FileNotFoundError:
            return State()
        except OSError as error:
            raise StoreError(f"cannot read {self.path}: {error.strerror or error}") from error

    @contextlib.contextmanager
    def writing(self) -> Iterator[tuple[State, Writer]]:
        """What is there, and how to add to it, while nobody else does. Raises StoreError."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        except OSError as error:
            raise self._cannot_write(error) from error
        try:
            with _locked(descriptor, exclusive=True):
                data = _all_of(descriptor)
                yield _state(data, self.path), Writer(self, descriptor, data)
        except OSError as error:
            raise self._cannot_write(error) from error
        finally:
            os.close(descriptor)

    def _cannot_write(self, error: OSError) -> StoreError:
        return StoreError(f"cannot write {self.path}: {error.strerror or error}")


class Writer:
    """Appends events to an open log whose lock is held."""

    def __init__(self, log: Log, descriptor: int, data: bytes) -> None:
        self._log, self._descriptor, self._size = log, descriptor, len(data)
        self._begin = b"\n" if data and not data.endswith(b"\n") else b""
        """Ends a line that its writer could not end."""

    def append(self, events: Iterable[Event]) -> None:
        """Write all of the events, or none of them. Raises OSError."""
        rest = self._begin + b"".join(encode(event.as_json()).encode() + b"\n" for event in events)
        if rest == self._begin:
            return
        size = self._size + len(rest)
        try:
            while rest:  # a full disk takes a part without a word
                written = os.write(self._descriptor, rest)
                rest = rest[written:]
            os.fsync(self._descriptor)
        except BaseException:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise
        self._size, self._begin = size, b""


def _state(data: bytes, path: Path) -> State:
    state = State()
    *lines, last = data.split(b"\n")
    for number, line in enumerate([*lines, last] if last else lines, 1):
        if not line.strip():
            continue
        try:
            state.take(_event(line))
        except (AssessmentError, ValueError, RecursionError) as error:
            torn = "it was cut off" if last and number > len(lines) else str(error) or type(error).__name__
            state.problems.append(f"{path.name}:{number}: this line cannot be used: {torn}")
    return state


def _event(line: bytes) -> Event:
    """Raises AssessmentError or ValueError for what is none."""
    found = decode(line)
    if not isinstance(found, Mapping) or found.get("event") not in KINDS:
        raise AssessmentError("it is no event")
    at, by = found.get("at"), found.get("by")
    if not isinstance(at, str) or not isinstance(by, str):
        raise AssessmentError("it does not say who did what when")
    return Event(cast("EventKind", found["event"]), at, by, read_assessment(found.get("assessment")))


def _all_of(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    parts = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return b"".join(parts)


if sys.platform == "win32":  # pragma: no cover - the CI's machines are none
    import msvcrt
    import time

    FAR: Final = 1 << 40
    """A byte that no file has: what is locked on Windows cannot be read by others."""

    @contextlib.contextmanager
    def _locked(descriptor: int, *, exclusive: bool) -> Iterator[None]:  # noqa: ARG001 - there is one kind only
        place = os.lseek(descriptor, 0, os.SEEK_CUR)

        def at_the_byte(mode: int) -> None:
            here = os.lseek(descriptor, 0, os.SEEK_CUR)
            os.lseek(descriptor, FAR, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, mode, 1)
            finally:
                os.lseek(descriptor, here, os.SEEK_SET)

        while True:
            try:
                at_the_byte(msvcrt.LK_NBLCK)
                break
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EDEADLK):
                    raise
                time.sleep(0.02)
        os.lseek(descriptor, place, os.SEEK_SET)
        try:
            yield
        finally:
            at_the_byte(msvcrt.LK_UNLCK)

else:
    import fcntl

    @contextlib.contextmanager
    def _locked(descriptor: int, *, exclusive: bool) -> Iterator[None]:
        """Hold the file's lock, shared with other readers or alone; a process that ends lets go of it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        except OSError as error:
            if error.errno not in (errno.ENOTSUP, errno.ENOSYS, errno.ENOLCK) or exclusive:
                raise
        yield  # closing the descriptor unlocks
