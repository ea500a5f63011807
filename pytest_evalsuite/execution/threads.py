"""Synchronous agents are called in threads."""

from __future__ import annotations

import contextvars
import itertools
import threading

from pytest_evalsuite.execution.call import make_call
from pytest_evalsuite.execution.lookahead import Caller, Job
from pytest_evalsuite.execution.output import keeping_output

__all__ = ["ThreadCaller"]


class ThreadCaller(Caller):
    """Calls synchronous agents in daemon threads, which never hold up the interpreter's exit.

    A thread that is free waits for the next call, so that what an agent keeps for each thread stays usable.
    """

    def __init__(self, *, concurrency: int, window: int | None = None) -> None:
        super().__init__(concurrency=concurrency, window=window)
        self._work = threading.Condition(self._lock)
        self._threads = 0
        self._names = itertools.count(1)

    def _wake(self) -> None:
        with self._work:
            free = self._threads - self._in_flight
            for _ in range(min(len(self._queue) - free, self.concurrency - self._threads)):
                self._threads += 1
                name = f"evalsuite-agent-{next(self._names)}"
                threading.Thread(target=self._run, args=(contextvars.copy_context(),), name=name, daemon=True).start()
            self._work.notify_all()

    def _run(self, context: contextvars.Context) -> None:
        while (job := self._next()) is not None:
            if not context.copy().run(self._call, job):
                return  # given up meanwhile, and this thread is replaced

    def _call(self, job: Job) -> bool:
        with keeping_output(job.output):
            attempt = make_call(job.call)
        return self._finish(job, attempt)

    def _next(self) -> Job | None:
        """The next job, however long it takes to come; None when all is over."""
        with self._work:
            while (job := self._take()) is None and not self._closed:
                self._work.wait()
            return job

    def _abandon(self, job: Job) -> None:
        with self._lock:
            self._threads -= 1
        self._wake()
