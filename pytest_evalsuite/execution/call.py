"""One call of an agent: what is asked, and what came of it."""

from __future__ import annotations

import asyncio
import inspect
import time
from dataclasses import dataclass, field
from typing import Any

from pytest_evalsuite.agents.calling import Agent, Request
from pytest_evalsuite.agents.replies import MAX_ANSWER_CHARS, read_reply
from pytest_evalsuite.agents.reply import AgentReply
from pytest_evalsuite.errors import AgentError, CaseTimeout
from pytest_evalsuite.execution.output import Output, keeping_output

__all__ = ["Attempt", "Call", "make_call", "make_call_async", "timed_out"]


@dataclass(slots=True)
class Call:
    """An agent, what it is asked, how long it may take (seconds, None: for ever), how long its answer may be."""

    agent: Agent
    request: Request
    number: int = 1
    timeout: float | None = None
    max_chars: int = MAX_ANSWER_CHARS


@dataclass(slots=True)
class Attempt:
    """What came of one call: a reply, or the exception that it ended in.

    ``started_at`` is seconds since the epoch, ``seconds`` how long the agent took. ``output`` is what the call
    printed and logged where that was kept, else None.
    """

    number: int
    started_at: float
    seconds: float
    reply: AgentReply | None = None
    error: BaseException | None = None
    output: Output | None = field(default=None, repr=False)


def make_call(call: Call, *, keep_output: bool = False) -> Attempt:
    """Call a synchronous agent in this thread."""
    if keep_output:
        with keeping_output() as output:
            attempt = make_call(call)
        attempt.output = output
        return attempt
    started_at, start = time.time(), time.perf_counter()
    try:
        raw = call.agent(call.request)
    except BaseException as error:
        return _broken(call, started_at, start, error)
    if inspect.isawaitable(raw):
        return asyncio.run(_finish(call, raw, started_at, start))
    return _answered(call, started_at, start, raw)


async def make_call_async(call: Call, *, task_name: str | None = None) -> Attempt:
    """Call an agent on this event loop, keeping its output; when its time is up it is cancelled and not waited for.

    A call with a timeout runs in a task of its own, of this name.
    """
    with keeping_output() as output:
        started_at, start = time.time(), time.perf_counter()
        if call.timeout is None:
            attempt = await _finish(call, _ask(call), started_at, start)
        else:
            task = asyncio.create_task(_finish(call, _ask(call), started_at, start), name=task_name)
            try:
                await asyncio.wait({task}, timeout=call.timeout)
            finally:
                finished = task.done()
                if not finished:
                    task.cancel()
            attempt = task.result() if finished else timed_out(call, started_at, time.perf_counter() - start)
    attempt.output = output
    return attempt


def timed_out(call: Call, started_at: float, seconds: float, *, detail: str = "") -> Attempt:
    """The attempt of a call whose time is up."""
    error = CaseTimeout(f"agent {call.agent.name!r} did not answer within {call.timeout:g} s{detail}")
    return Attempt(call.number, started_at, seconds, error=error)


async def _ask(call: Call) -> Any:
    raw = call.agent(call.request)
    return await raw if inspect.isawaitable(raw) else raw


async def _finish(call: Call, awaitable: Any, started_at: float, start: float) -> Attempt:
    try:
        raw = await awaitable
    except BaseException as error:  # a cancelled call too: its attempt is then looked at by nobody
        return _broken(call, started_at, start, error)
    return _answered(call, started_at, start, raw)


def _answered(call: Call, started_at: float, start: float, raw: Any) -> Attempt:
    seconds = time.perf_counter() - start
    try:
        return Attempt(call.number, started_at, seconds, reply=read_reply(raw, max_chars=call.max_chars))
    except Exception as error:
        return Attempt(call.number, started_at, seconds, error=error)


def _broken(call: Call, started_at: float, start: float, error: BaseException) -> Attempt:
    seconds = time.perf_counter() - start
    if isinstance(error, (SystemExit, GeneratorExit, asyncio.CancelledError)):
        wrapped = AgentError(f"the agent raised {type(error).__name__}({_argument(error)})")
        wrapped.__cause__ = error
        error = wrapped
    return Attempt(call.number, started_at, seconds, error=error)


def _argument(error: BaseException) -> str:
    return ", ".join(repr(argument)[:80] for argument in error.args)
