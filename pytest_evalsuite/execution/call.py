"""One call of an agent: what is asked, and what came of it."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_evalsuite.agents.calling import Agent, Request
from pytest_evalsuite.agents.replies import MAX_ANSWER_CHARS, read_reply
from pytest_evalsuite.agents.reply import AgentReply
from pytest_evalsuite.agents.steps import completed
from pytest_evalsuite.errors import AgentError, CaseTimeout
from pytest_evalsuite.redaction import redact
from pytest_evalsuite.tracing.capture import Capture
from pytest_evalsuite.tracing.span import Traced

__all__ = ["ENDS_NOTHING", "Attempt", "Call", "make_call", "make_call_async", "timed_out"]

ENDS_NOTHING: Final = (SystemExit, GeneratorExit, asyncio.CancelledError)
"""What would end something else than the case, were it let through."""


@dataclass(slots=True)
class Call:
    """An agent, what it is asked, how long it may take (seconds, None: for ever), how long its answer may be.

    ``then`` is called with the attempt when there is a reply, in whatever thread the call was made. ``answered`` is
    the attempt itself where it is known already, so that nobody is called. A turn of a conversation has a ``begin``,
    which completes the request, or gives the attempt where nobody is to be asked, and an ``end``, which hears of the
    attempt. ``capture`` takes the steps of the call while it is made.
    """

    agent: Agent
    request: Request
    number: int = 1
    timeout: float | None = None
    max_chars: int = MAX_ANSWER_CHARS
    then: Callable[[Attempt], Future[Any] | None] | None = None
    answered: Attempt | None = None
    begin: Callable[[], Attempt | None] | None = None
    end: Callable[[Attempt], None] | None = None
    capture: Capture | None = field(default=None, repr=False)

    def known(self) -> Attempt | None:
        """The attempt, where it is known without asking."""
        return self.answered if self.begin is None else self.begin()

    def finish(self, attempt: Attempt) -> Attempt:
        """Settle the attempt that has just been made."""
        if self.end is not None:
            self.end(attempt)
        return self.settle(attempt)

    def settle(self, attempt: Attempt) -> Attempt:
        """Begin what is to follow the reply. What that raises is kept: somebody waits for the attempt."""
        if self.then is not None and attempt.reply is not None:
            try:
                attempt.awaited = self.then(attempt)
            except Exception as error:
                attempt.reply, attempt.error = None, error
        return attempt


@dataclass(slots=True)
class Attempt:
    """What came of one call: a reply, or the exception that it ended in.

    ``started_at`` is seconds since the epoch, ``seconds`` how long the agent took. ``awaited`` is what began when the
    reply was there and is to be waited for: scores of checks that ask a judge. ``history`` is what was said before, in
    a conversation: the last messages of it. ``is_replayed`` says that nobody was asked now: what the answer takes, it
    did not take here. ``trace`` is what is known of the steps of the call.
    """

    number: int
    started_at: float
    seconds: float
    reply: AgentReply | None = None
    error: BaseException | None = None
    awaited: Future[Any] | None = field(default=None, repr=False)
    history: Sequence[Mapping[str, str]] = ()
    is_replayed: bool = False
    trace: Traced = field(default_factory=Traced)


def make_call(call: Call) -> Attempt:
    """Call a synchronous agent in this thread. Whatever it raises is kept, not raised."""
    if (known := call.known()) is not None:
        return known
    capture = _capture(call)
    started_at, start = time.time(), time.perf_counter()
    try:
        with capture.active():
            raw = call.agent(call.request)
            if inspect.isawaitable(raw):
                raw = asyncio.run(_awaited(raw))
    except BaseException as error:
        return _broken(call, started_at, start, error, capture)
    return _answered(call, started_at, start, raw, capture)


async def make_call_async(call: Call) -> Attempt:
    """Call an agent on this event loop; when its time is up it is cancelled and not waited for.

    The agent runs in a task of its own, so that nothing it does to its task or context reaches the next call. Whatever
    it raises is kept, not raised.
    """
    if (known := call.known()) is not None:
        return known
    capture = _capture(call)
    started_at, start = time.time(), time.perf_counter()
    task = asyncio.create_task(_ask(call, started_at, start, capture))
    try:
        await asyncio.wait({task}, timeout=call.timeout)
        if task.done():
            return task.result()
    except asyncio.CancelledError as error:  # the agent cancelled its task, or all there are
        return _broken(call, started_at, start, error, capture)
    finally:
        task.cancel()  # nothing to a task that is done
    return timed_out(call, started_at, time.perf_counter() - start)


def timed_out(call: Call, started_at: float, seconds: float, *, detail: str = "") -> Attempt:
    """The attempt of a call whose time is up."""
    error = CaseTimeout(f"agent {call.agent.name!r} did not answer within {call.timeout:g} s{detail}")
    trace = Traced() if call.capture is None else call.capture.close()
    return Attempt(call.number, started_at, seconds, error=error, trace=trace)


async def _ask(call: Call, started_at: float, start: float, capture: Capture) -> Attempt:
    try:
        with capture.active():
            raw = call.agent(call.request)
            if inspect.isawaitable(raw):
                raw = await raw
    except BaseException as error:  # a cancelled call too: its attempt is then looked at by nobody
        return _broken(call, started_at, start, error, capture)
    return _answered(call, started_at, start, raw, capture)


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


def _capture(call: Call) -> Capture:
    request, number = call.request, call.number

    def facts() -> dict[str, Any]:
        case = getattr(request.case, "id", None)
        return {"session_id": request.session_id, "attempt": number} | ({} if case is None else {"case_id": case})

    call.capture = Capture(call.agent.name, facts)
    return call.capture


def _answered(call: Call, started_at: float, start: float, raw: Any, capture: Capture) -> Attempt:
    seconds = time.perf_counter() - start
    if call.timeout is not None and seconds > call.timeout:
        return timed_out(call, started_at, seconds)
    try:
        reply = read_reply(raw, max_chars=call.max_chars)
        trace = capture.close()
        if trace.spans or reply.spans is not None:
            reply = completed(reply, trace)
        if reply.trace_id is not None:
            trace.trace_id = reply.trace_id
        return Attempt(call.number, started_at, seconds, reply=reply, trace=trace)
    except BaseException as error:  # an object may run code of its own when it is read
        return _broken(call, started_at, start, error, capture)


def _broken(call: Call, started_at: float, start: float, error: BaseException, capture: Capture) -> Attempt:
    seconds = time.perf_counter() - start
    if isinstance(error, ENDS_NOTHING):
        wrapped = AgentError(f"the agent raised {type(error).__name__}({_argument(error)})")
        wrapped.__cause__ = error
        error = wrapped
    return Attempt(call.number, started_at, seconds, error=error, trace=capture.close())


def _argument(error: BaseException) -> str:
    return ", ".join(
        redact(ascii(argument))[:80] for argument in error.args if isinstance(argument, (str, int, float))
    )
