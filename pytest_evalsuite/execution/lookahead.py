"""Calls that run ahead of the case that waits for them, in order, so many at once.

Two kinds of callers share one queue: `LoopCaller` has coroutines on an event loop of its own thread, `ThreadCaller`
has daemon threads. The main thread plans calls and then waits for them one by one; nothing else is done there. A call
that does not come back is given up when its time is over, together with the thread or the loop that it blocks.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

from pytest_evalsuite.execution.call import Attempt, Call, make_call, make_call_async, timed_out

__all__ = ["Caller", "Job", "LoopCaller", "ThreadCaller"]

HELD_CHARS: Final = 50_000_000
"""No further call starts while answers of more characters than this wait to be looked at."""

PATIENCE: Final = 0.5
"""Seconds after a call's timeout until whatever it blocks is given up."""

CHECK_EVERY: Final = 0.1
"""Seconds between two looks for calls that are overdue."""


class Job:
    """A call with its place in the queue, and at last its attempt."""

    __slots__ = ("attempt", "call", "name", "started", "started_at")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.name = f"evalsuite-call-{id(self):x}"
        self.started: float | None = None
        self.started_at = 0.0
        self.attempt: Attempt | None = None

    def overdue(self, now: float) -> bool:
        """Whether the call has had its time and the patience after it, at this time of `time.monotonic`."""
        limit = self.call.timeout
        return limit is not None and self.started is not None and now > self.started + limit + PATIENCE


class Caller:
    """What both callers have in common: the queue, its bounds, and how the main thread waits.

    At most ``concurrency`` calls are in flight. ``window``, when not None, bounds how many calls may be started or
    finished beyond what has been waited for.
    """

    def __init__(self, *, concurrency: int, window: int | None = None) -> None:
        self.concurrency = concurrency
        self._window = window
        self._queue: deque[Job] = deque()
        self._ahead: set[Job] = set()
        self._held_chars = 0
        self._lock = threading.RLock()
        self._awaited: Job | None = None
        self._answered = threading.Event()
        self._closed = False

    def plan(self, calls: Iterable[Call]) -> list[Job]:
        """Queue calls, in the order in which they will be waited for."""
        jobs = [Job(call) for call in calls]
        with self._lock:
            self._queue.extend(jobs)
        self._wake()
        return jobs

    def wait(self, job: Job) -> Attempt:
        """Wait until the job's call has ended or its time is over."""
        self._answered.clear()
        self._awaited = job
        try:
            if job.attempt is None:
                self._wake()
            while job.attempt is None:
                if not self._answered.wait(CHECK_EVERY):
                    self._give_up_overdue()
        finally:
            self._awaited = None
        with self._lock:
            self._ahead.discard(job)
            self._held_chars -= _chars(job.attempt)
        if self._queue:
            self._wake()
        return job.attempt

    def forget(self, job: Job) -> None:
        """Drop a job that nobody will wait for."""
        with self._lock:
            with contextlib.suppress(ValueError):
                self._queue.remove(job)
            self._ahead.discard(job)

    def close(self) -> None:
        """Start nothing more and cancel what can be cancelled; never waits for an agent."""
        self._closed = True
        with self._lock:
            self._queue.clear()
        self._wake()

    def _take(self) -> Job | None:
        """The next job that may start now, or None."""
        with self._lock:
            if self._closed:
                return None
            awaited = self._awaited
            if awaited is not None and awaited.started is None and awaited.attempt is None:
                with contextlib.suppress(ValueError):
                    self._queue.remove(awaited)
                    return self._start(awaited)
            full = self._window is not None and len(self._ahead) >= self._window
            if full or self._held_chars > HELD_CHARS or not self._queue:
                return None
            return self._start(self._queue.popleft())

    def _start(self, job: Job) -> Job:
        self._ahead.add(job)
        job.started = time.monotonic()
        job.started_at = time.time()
        return job

    def _finish(self, job: Job, attempt: Attempt) -> None:
        with self._lock:
            if job.attempt is not None:  # given up before
                return
            self._held_chars += _chars(attempt)
            job.attempt = attempt
        if self._awaited is job:
            self._answered.set()

    def _give_up_overdue(self) -> None:
        now = time.monotonic()
        overdue = [job for job in self._ahead if job.attempt is None and job.overdue(now)]
        for job in self._blockers(overdue) if overdue else ():
            detail = "; it cannot be interrupted and is left behind"
            self._finish(job, timed_out(job.call, job.started_at, now - (job.started or now), detail=detail))
            self._abandon(job)

    def _wake(self) -> None:
        raise NotImplementedError

    def _blockers(self, overdue: list[Job]) -> list[Job]:
        """Which of the overdue calls are to be given up."""
        return overdue

    def _abandon(self, job: Job) -> None:
        """Replace whatever the call blocks."""
        raise NotImplementedError


class ThreadCaller(Caller):
    """Calls synchronous agents in daemon threads, which never hold up the interpreter's exit."""

    def __init__(self, *, concurrency: int, window: int | None = None) -> None:
        super().__init__(concurrency=concurrency, window=window)
        self._work = threading.Condition(self._lock)
        self._threads = 0
        self._left_behind: set[Job] = set()
        self._names = itertools.count(1)

    def _wake(self) -> None:
        wanted = min(self.concurrency, self._threads + len(self._queue))
        while self._threads < wanted:
            self._threads += 1
            context = contextvars.copy_context()
            name = f"evalsuite-agent-{next(self._names)}"
            threading.Thread(target=context.run, args=(self._run,), name=name, daemon=True).start()
        with self._work:
            self._work.notify_all()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            self._finish(job, make_call(job.call, keep_output=True))
            if job in self._left_behind:
                return

    def _next(self) -> Job | None:
        """The next job, however long it takes to come; None when all is over."""
        with self._work:
            while (job := self._take()) is None and not self._closed:
                self._work.wait()
            return job

    def _abandon(self, job: Job) -> None:
        self._left_behind.add(job)
        self._threads -= 1
        self._wake()


class LoopCaller(Caller):
    """Calls asynchronous agents on an event loop in a thread of its own.

    One loop serves all calls of the session, so that clients which an agent keeps (connection pools) stay usable.
    """

    def __init__(self, *, concurrency: int, window: int | None = None) -> None:
        super().__init__(concurrency=concurrency, window=window)
        self._loop = _Loop()
        self._workers = 0

    def _wake(self) -> None:
        self._loop.call(self._spawn)

    def _spawn(self) -> None:
        """On the loop: as many workers as there is work for."""
        while self._workers < self.concurrency and not self._closed:
            job = self._take()
            if job is None:
                return
            self._workers += 1
            self._loop.start(self._work(job, self._loop))

    async def _work(self, job: Job | None, loop: _Loop) -> None:
        try:
            while job is not None and loop is self._loop:
                self._finish(job, await make_call_async(job.call, task_name=job.name))
                job = self._take()
        finally:
            if loop is self._loop:
                self._workers -= 1

    def _blockers(self, overdue: list[Job]) -> list[Job]:
        if self._loop.responds(PATIENCE):
            return []  # their own timers are about to end them
        busy = self._loop.busy_with()
        return [job for job in overdue if job.name == busy] or overdue[:1]

    def _abandon(self, job: Job) -> None:
        self._loop.leave_behind()
        self._loop = _Loop()
        self._workers = 0
        with self._lock:
            again = sorted((j for j in self._ahead if j.attempt is None), key=lambda j: j.started or 0.0)
            for unfinished in reversed(again):
                self._ahead.discard(unfinished)
                unfinished.started = None
                self._queue.appendleft(unfinished)
        self._wake()

    def close(self) -> None:
        """Start nothing more, cancel what is in flight and stop the loop, within a second."""
        super().close()
        self._loop.stop()


class _Loop:
    """An event loop that runs in a daemon thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="evalsuite-agents", daemon=True)
        self._thread.start()

    def call(self, function: Callable[[], None]) -> None:
        """Have the function called on the loop, soon."""
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(function)

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """On the loop: run the coroutine as a task that is kept."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def responds(self, patience: float) -> bool:
        """Whether the loop does anything within so many seconds."""
        alive = threading.Event()
        self.call(alive.set)
        return alive.wait(patience)

    def busy_with(self) -> str | None:
        """The name of the task that runs right now, as seen from another thread."""
        task = asyncio.current_task(self._loop)
        return None if task is None else task.get_name()

    def leave_behind(self) -> None:
        """Have all tasks cancelled whenever the loop comes back, and do not wait.

        The loop is not stopped: a coroutine that refuses to end must not be collected as garbage, for that would run
        it, without end, in whatever thread collects.
        """

        def cancel_all() -> None:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()

        self.call(cancel_all)

    def stop(self, patience: float = 1.0) -> None:
        """Cancel what runs and stop, within so many seconds; a loop whose tasks refuse is left behind."""
        settled = threading.Event()

        async def settle() -> None:
            others = asyncio.all_tasks(self._loop) - {asyncio.current_task(self._loop)}
            for task in others:
                task.cancel()
            unwilling = (await asyncio.wait(others, timeout=patience / 2))[1] if others else ()
            settled.set()
            if not unwilling:
                self._loop.stop()

        self.call(lambda: self.start(settle()))
        if settled.wait(patience):
            self._thread.join(patience / 10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            with contextlib.suppress(RuntimeError):
                self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


def _chars(attempt: Attempt | None) -> int:
    if attempt is None or attempt.reply is None:
        return 0
    output = attempt.reply.output
    return len(output) if isinstance(output, str) else 500
