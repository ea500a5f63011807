"""Calls that run ahead of the case that waits for them, in order, so many at once.

A `Caller` is a queue of calls with its bounds. The main thread plans calls and then waits for them one by one; it does
nothing else there. What makes the calls is a subclass's: `LoopCaller` has an event loop, `ThreadCaller` threads. A
call that does not come back is given up when its time is over, together with the thread or the loop that it blocks.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Final

from pytest_evalsuite.agents.calling import Agent
from pytest_evalsuite.agents.replies import output_text
from pytest_evalsuite.execution.call import Attempt, Call, timed_out
from pytest_evalsuite.execution.output import Output

__all__ = ["Caller", "Job"]

HELD_CHARS: Final = 50_000_000
"""No further call starts while answers and outputs of more characters than this wait to be looked at."""

CHECK_EVERY: Final = 0.1
"""Seconds between two looks for calls that are overdue."""


class Job:
    """A call with its place in the queue, what it printed, and at last its attempt."""

    __slots__ = ("after", "attempt", "call", "held", "next", "output", "started", "started_at")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.after: Job | None = None
        """The job that must have ended before this one may start."""
        self.next: Job | None = None
        """The job that waits for this one."""
        self.output = Output()
        self.attempt: Attempt | None = None
        self.held = 0
        self.started: float | None = None
        self.started_at = 0.0

    def due(self) -> Job | None:
        """The job that has to start for this one to come to its end; None while such a one is in flight."""
        job = self
        while job.after is not None and job.after.attempt is None:
            job = job.after
        return job if job.started is None else None

    def overdue(self, now: float, patience: float) -> bool:
        """Whether the call has had its time and the patience after it, at this time of `time.monotonic`."""
        limit = self.call.timeout
        return limit is not None and self.started is not None and now > self.started + limit + patience


class Caller:
    """The queue: what may start when, and how the main thread waits.

    At most ``concurrency`` calls are in flight. ``window``, when not None, bounds how many calls may be started or
    finished beyond what has been waited for. The call that is waited for starts whatever the other bounds say.
    """

    patience: ClassVar[float] = 0.0
    """Seconds after a call's timeout until it is given up, for it may still end by itself."""

    def __init__(self, *, concurrency: int, window: int | None = None) -> None:
        self.concurrency = concurrency
        self._window = window
        self._lock = threading.RLock()
        self._answered = threading.Condition(self._lock)
        self._queue: deque[Job] = deque()
        self._ahead: set[Job] = set()
        """Started, and not yet looked at."""
        self._in_flight = 0
        self._held_chars = 0
        self._stalled = False
        self._awaited: Job | None = None
        self._closed = False
        self._paused = False
        self.served: set[Agent] = set()
        """Whom calls were planned for."""

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Inside, only a call that is waited for is made; begins when nothing else is in flight."""
        self._paused = True
        try:
            while self._is_busy():
                self._give_up_overdue()
            yield
        finally:
            self._paused = False
            self._wake()

    def plan(self, calls: Iterable[Call]) -> list[Job]:
        """Queue calls, in the order in which they will be waited for."""
        jobs = [Job(call) for call in calls]
        self._add(jobs, jobs)
        return jobs

    def plan_in_turn(self, calls: Iterable[Call], after: Job | None) -> list[Job]:
        """Queue calls of which each waits for the one before it, the first for ``after``."""
        jobs = [Job(call) for call in calls]
        with self._lock:
            for job in jobs:
                job.after = after
                if after is not None:
                    after.next = job
                after = job
            self._add(jobs, [job for job in jobs if job.after is None or job.after.attempt is not None])
        return jobs

    def _add(self, jobs: Sequence[Job], ready: Sequence[Job]) -> None:
        with self._lock:
            self.served.update(job.call.agent for job in jobs)
            self._queue.extend(ready)
            busy = self._in_flight >= self.concurrency
        if ready and not busy:
            self._wake()

    def wait(self, job: Job) -> Attempt:
        """Wait until the job's call has ended or its time is over."""
        with self._lock:
            self._awaited = job
            wake = self._stalled and job.started is None
        if wake:
            self._wake()
        try:
            while (attempt := self._answer(job)) is None:
                self._give_up_overdue()
        finally:
            self._awaited = None
        self.forget(job)
        return attempt

    def forget(self, job: Job) -> None:
        """Make room for others: this job has been looked at, or nobody will."""
        with self._lock:
            if job.started is None:
                with contextlib.suppress(ValueError):
                    self._queue.remove(job)
            self._ahead.discard(job)
            self._held_chars -= job.held
            job.held = 0
            wake = self._stalled
        if wake:
            self._wake()

    def close(self) -> None:
        """Start nothing more and cancel what can be cancelled; never waits for an agent."""
        with self._lock:
            self._closed = True
            self._queue.clear()
        self._wake()

    def _is_busy(self) -> bool:
        with self._answered:
            if self._in_flight:
                self._answered.wait(CHECK_EVERY)
            return self._in_flight > 0

    def _answer(self, job: Job) -> Attempt | None:
        with self._answered:
            if job.attempt is None:
                self._answered.wait(CHECK_EVERY)
            return job.attempt

    def _take(self) -> Job | None:
        """The next job that may start now, or None."""
        with self._lock:
            if self._closed or not self._queue or self._in_flight >= self.concurrency:
                return None
            awaited = None if self._awaited is None else self._awaited.due()
            if awaited is not None:
                with contextlib.suppress(ValueError):
                    self._queue.remove(awaited)
                    return self._start(awaited)
            full = self._window is not None and len(self._ahead) >= self._window
            self._stalled = self._paused or full or self._held_chars > HELD_CHARS
            return None if self._stalled else self._start(self._queue.popleft())

    def _start(self, job: Job) -> Job:
        self._ahead.add(job)
        self._in_flight += 1
        job.started = time.monotonic()
        job.started_at = time.time()
        return job

    def _finish(self, job: Job, attempt: Attempt) -> bool:
        """Settle the job, unless it is settled: says whether it was not."""
        held = _chars(attempt) + job.output.chars
        with self._lock:
            if job.attempt is not None:
                return False
            job.attempt = job.call.finish(attempt)
            self._in_flight -= 1
            if job.next is not None:
                self._queue.appendleft(job.next)
            if job in self._ahead:
                job.held = held
                self._held_chars += held
            if self._awaited is job or self._paused:
                self._answered.notify_all()
            return True

    def _give_up_overdue(self) -> None:
        now = time.monotonic()
        with self._lock:
            overdue = [job for job in self._ahead if job.attempt is None and job.overdue(now, self.patience)]
        overdue.sort(key=lambda job: job.started or 0.0)
        for job in self._blockers(overdue) if overdue else ():
            seconds = now - (job.started or now)
            detail = "; it cannot be interrupted and is left behind"
            if self._finish(job, timed_out(job.call, job.started_at, seconds, detail=detail)):
                self._abandon(job)

    def _wake(self) -> None:
        """Have what may start now started."""
        raise NotImplementedError

    def _blockers(self, overdue: Sequence[Job]) -> Sequence[Job]:
        """Which of the overdue calls, first started first, are to be given up."""
        return overdue

    def _abandon(self, job: Job) -> None:
        """Replace whatever the call blocks."""
        raise NotImplementedError


def _chars(attempt: Attempt) -> int:
    return 0 if attempt.reply is None else len(output_text(attempt.reply.output))
