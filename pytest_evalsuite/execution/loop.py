"""Asynchronous agents are called on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ClassVar, Final, TypeVar

from pytest_evalsuite.execution.call import make_call_async
from pytest_evalsuite.execution.lookahead import Caller, Job
from pytest_evalsuite.execution.output import keeping_output

__all__ = ["Loop", "LoopCaller"]

PATIENCE: Final = 0.5
"""Seconds that a loop may take to come to what is due."""

Result = TypeVar("Result")

_job: contextvars.ContextVar[Job | None] = contextvars.ContextVar("evalsuite_job", default=None)


class LoopCaller(Caller):
    """Calls asynchronous agents on one event loop, so that clients which they keep (connection pools) stay usable.

    A loop that a call blocks is left behind with it; what else was in flight there is asked again on a fresh one.
    """

    patience: ClassVar[float] = PATIENCE

    def __init__(self, *, concurrency: int, window: int | None = None) -> None:
        super().__init__(concurrency=concurrency, window=window)
        self._loop = Loop()

    def _wake(self) -> None:
        loop = self._loop
        loop.call(lambda: self._start_all(loop))

    def _start_all(self, loop: Loop) -> None:
        """On the loop: start what may start."""
        with self._lock:
            while loop is self._loop and (job := self._take()) is not None:
                loop.start(self._work(job, loop))

    async def _work(self, job: Job, loop: Loop) -> None:
        _job.set(job)
        with keeping_output(job.output):
            attempt = await make_call_async(job.call)
        with self._lock:
            if loop is self._loop:
                self._finish(job, attempt)
        self._start_all(loop)

    def _blockers(self, overdue: Sequence[Job]) -> Sequence[Job]:
        if self._loop.responds(PATIENCE):
            return ()  # their own timers are about to end them
        busy = self._loop.busy_with()
        if busy is None:
            return overdue[:1]
        return [busy] if busy in overdue else ()

    def _abandon(self, job: Job) -> None:
        with self._lock:
            self._loop.leave_behind()
            self._loop = Loop()
            again = sorted((j for j in self._ahead if j.attempt is None), key=lambda j: j.started or 0.0)
            for unfinished in reversed(again):
                self._ahead.discard(unfinished)
                self._in_flight -= 1
                unfinished.started = None
                self._queue.appendleft(unfinished)
        self._wake()

    def close(self) -> None:
        """Start nothing more, cancel what is in flight, let agents close what they hold and stop the loop.

        Each of these takes a second at most. An agent is closed when no call can make another instance of it any more.
        """
        super().close()
        self._loop.cancel()
        for close in dict.fromkeys(agent.eval_close for agent in self.served):  # one object's are equal
            if close is not None:
                with contextlib.suppress(Exception):  # nothing hangs on it, and the run is over
                    self._loop.submit(close()).result(timeout=1)
        self._loop.stop()


class Loop:
    """An event loop that runs in a daemon thread of its own."""

    def __init__(self, name: str = "evalsuite-agents") -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_task_factory(_make_task)
        self._loop.set_default_executor(_DaemonThreads())
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def call(self, function: Callable[[], None]) -> bool:
        """Have the function called on the loop, soon; says whether the loop is still open."""
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:  # it was closed meanwhile
            return False
        return True

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """On the loop: run the coroutine as a task that is kept."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def submit(self, coroutine: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Run the coroutine; its result can be waited for in any thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def responds(self, patience: float) -> bool:
        """Whether the loop does anything within so many seconds."""
        alive = threading.Event()
        return self.call(alive.set) and alive.wait(patience)

    def busy_with(self) -> Job | None:
        """The job whose task, or a task that it made, runs right now, as seen from another thread."""
        task = asyncio.current_task(self._loop)
        return getattr(task, "evalsuite_job", None)

    def leave_behind(self) -> None:
        """Have all tasks cancelled whenever the loop comes back, and do not wait.

        The loop is not stopped: a coroutine that refuses to end must not be collected as garbage, for that would run
        it, without end, in whatever thread collects.
        """

        def cancel_all() -> None:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()

        self.call(cancel_all)

    def cancel(self, patience: float = 1.0) -> None:
        """Cancel what runs, and wait so many seconds at most until it has ended."""
        settled = threading.Event()

        async def settle() -> None:
            await self._cancel_others(patience / 2)
            settled.set()

        if self.call(lambda: self.start(settle())):
            settled.wait(patience)

    def stop(self, patience: float = 1.0) -> None:
        """Cancel what runs and stop, within so many seconds; a loop whose tasks refuse is left behind."""
        settled = threading.Event()

        async def settle() -> None:
            has_ended = await self._cancel_others(patience / 2)
            settled.set()
            if has_ended:
                self._stopped = True
                self._loop.stop()

        if self.call(lambda: self.start(settle())) and settled.wait(patience):
            self._thread.join(patience / 10)

    async def _cancel_others(self, patience: float) -> bool:
        """On the loop: cancel all tasks but this one; whether they have ended within so many seconds."""
        others = asyncio.all_tasks(self._loop) - {asyncio.current_task(self._loop)}
        for task in others:
            task.cancel()
        return not others or not (await asyncio.wait(others, timeout=patience))[1]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        while not self._stopped:
            with contextlib.suppress(SystemExit, KeyboardInterrupt):  # raised in a task that an agent made: the agent
                self._loop.run_forever()  # is told when it awaits that task, and the loop goes on
        with contextlib.suppress(RuntimeError):
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


def _make_task(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
    """A task that knows for which job it was made, however far down."""
    task: Any = asyncio.Task(coroutine, loop=loop, **options)
    task.evalsuite_job = _job.get()
    return task  # type: ignore[no-any-return]


class _DaemonThreads(ThreadPoolExecutor):
    """What `asyncio.to_thread` runs in: a thread for each call, for the calls of agents are bounded already.

    The pool that it has otherwise is smaller than our concurrency on most machines, and holds up the interpreter's
    exit until its last thread comes back.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the function in a daemon thread."""
        future: Future[Any] = Future()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except BaseException as error:
                    future.set_exception(error)

        threading.Thread(target=run, name="evalsuite-to-thread", daemon=True).start()
        return future
