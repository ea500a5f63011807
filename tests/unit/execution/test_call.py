"""One call of an agent ends in a reply or in the exception that it raised, and in nothing else."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from pytest_evalsuite.agents import Agent, Request
from pytest_evalsuite.errors import AgentError, CaseTimeout, ReplyError
from pytest_evalsuite.execution.call import Attempt, Call, make_call, make_call_async


def call(function: Callable[..., Any], **options: Any) -> Call:
    return Call(Agent("bot", function), Request(question="why?", session_id="s"), **options)


def in_thread(function: Callable[..., Any], **options: Any) -> Attempt:
    return make_call(call(function, **options))


def on_loop(function: Callable[..., Any], **options: Any) -> Attempt:
    return asyncio.run(make_call_async(call(function, **options)))


EITHER = pytest.mark.parametrize("ask", [in_thread, on_loop])

GROUPS: list[BaseException] = [
    getattr(builtins, name)("several", [KeyError("one")])
    for name in ("ExceptionGroup", "BaseExceptionGroup")
    if hasattr(builtins, name)
]


@EITHER
@pytest.mark.parametrize("error", [ValueError("no"), MemoryError(), RecursionError(), KeyboardInterrupt(), *GROUPS])
def test_what_an_agent_raises_is_kept(ask: Callable[..., Attempt], error: BaseException) -> None:
    def bot(question: str) -> str:
        raise error

    async def async_bot(question: str) -> str:
        raise error

    for agent in (bot, async_bot):
        attempt = ask(agent)
        assert attempt.error is error
        assert attempt.reply is None


@EITHER
@pytest.mark.parametrize("error", [SystemExit(0), GeneratorExit(), asyncio.CancelledError()])
def test_what_would_end_more_than_the_case_is_wrapped(ask: Callable[..., Attempt], error: BaseException) -> None:
    def bot(question: str) -> str:
        raise error

    attempt = ask(bot)
    assert isinstance(attempt.error, AgentError)
    assert str(attempt.error).startswith(f"the agent raised {type(error).__name__}(")
    assert attempt.error.__cause__ is error


@EITHER
def test_a_function_may_return_what_is_to_be_awaited(ask: Callable[..., Attempt]) -> None:
    async def later(question: str) -> str:
        return "later"

    attempt = ask(lambda question: later(question))  # noqa: PLW0108 - it is this that is tested
    assert attempt.reply is not None
    assert attempt.reply.output == "later"


@EITHER
def test_a_task_that_the_agent_made_may_end_the_interpreter_as_little(ask: Callable[..., Attempt]) -> None:
    async def quits() -> None:
        sys.exit(0)

    async def bot(question: str) -> str:
        await asyncio.gather(quits())
        return "never"

    with contextlib.suppress(SystemExit):  # asyncio.run in the test passes it on; our own loop does not
        attempt = ask(bot)
        assert isinstance(attempt.error, AgentError)


@EITHER
def test_an_object_that_breaks_when_it_is_read_is_an_error(ask: Callable[..., Attempt]) -> None:
    class Trap:
        @property
        def content(self) -> str:
            sys.exit(0)

    attempt = ask(lambda question: Trap())
    assert isinstance(attempt.error, AgentError)
    assert isinstance(ask(lambda question: None).error, ReplyError)


def test_an_agent_that_cancels_its_own_task_is_an_error() -> None:
    async def on_await(question: str) -> str:
        asyncio.current_task().cancel()  # type: ignore[union-attr]
        await asyncio.sleep(0)
        return "never"

    async def at_the_end(question: str) -> str:
        asyncio.current_task().cancel()  # type: ignore[union-attr]
        return "never"

    async def everything(question: str) -> str:
        for task in asyncio.all_tasks():
            task.cancel()
        await asyncio.sleep(0)
        return "never"

    for bot in (on_await, at_the_end):
        assert "raised CancelledError" in str(on_loop(bot).error)

    async def beside() -> Attempt:
        return await asyncio.create_task(make_call_async(call(everything)))

    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(beside())


def test_a_late_answer_is_a_timeout() -> None:
    def late(question: str) -> str:
        time.sleep(0.02)
        return "late"

    async def blocking(question: str) -> str:
        return late(question)

    for attempt in (in_thread(late, timeout=0.01), on_loop(blocking, timeout=0.01)):
        assert isinstance(attempt.error, CaseTimeout)
        assert str(attempt.error) == "agent 'bot' did not answer within 0.01 s"


def test_a_waiting_agent_is_cancelled_when_its_time_is_up_and_not_waited_for() -> None:
    ended: list[str] = []

    async def stubborn(question: str) -> str:
        while len(ended) < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                ended.append("cancelled")
        return "never"

    attempt = on_loop(stubborn, timeout=0.01)
    assert isinstance(attempt.error, CaseTimeout)
    assert ended[0] == "cancelled"


def test_an_answer_that_is_too_long_is_refused() -> None:
    assert in_thread(lambda question: "x" * 11, max_chars=10).reply is None
    assert in_thread(lambda question: "x" * 10, max_chars=10).reply is not None
