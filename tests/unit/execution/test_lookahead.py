"""Calls run ahead in order, within their bounds, and what blocks them is left behind."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_evalsuite.agents import Agent, Request
from pytest_evalsuite.errors import AgentError, CaseTimeout
from pytest_evalsuite.execution import lookahead
from pytest_evalsuite.execution.call import Attempt, Call
from pytest_evalsuite.execution.lookahead import Caller
from pytest_evalsuite.execution.loop import LoopCaller
from pytest_evalsuite.execution.threads import ThreadCaller

GUARD = 30.0
"""Seconds until a wait that should have ended is called hanging."""


@pytest.fixture(params=[LoopCaller, ThreadCaller])
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def made() -> Iterator[Callable[..., Any]]:
    """Makes callers that are closed in the end."""
    callers: list[Caller] = []

    def make(kind: type[Caller], **bounds: Any) -> Caller:
        callers.append(kind(**bounds))
        return callers[-1]

    yield make
    for caller in callers:
        caller.close()


class Bot:
    """An agent that counts, for both kinds of callers; ``step`` is what it does, given the question."""

    def __init__(self, kind: type[Caller], step: Callable[[str], str] = str) -> None:
        self.started: list[str] = []
        self.in_flight = self.most = 0
        self.lock = threading.Lock()
        self.step = step
        self.agent = Agent("bot", self.answer_async if kind is LoopCaller else self.answer)

    def calls(self, *questions: Any, timeout: float | None = None) -> list[Call]:
        return [
            Call(self.agent, Request(question=str(question), session_id="s"), timeout=timeout)
            for question in questions
        ]

    def enter(self, question: str) -> None:
        with self.lock:
            self.started.append(question)
            self.in_flight += 1
            self.most = max(self.most, self.in_flight)

    def leave(self) -> None:
        with self.lock:
            self.in_flight -= 1

    def answer(self, question: str) -> str:
        self.enter(question)
        try:
            time.sleep(0.001)
            return self.step(question)
        finally:
            self.leave()

    async def answer_async(self, question: str) -> str:
        self.enter(question)
        try:
            await asyncio.sleep(0.001)
            return self.step(question)
        finally:
            self.leave()


def output(attempt: Attempt) -> Any:
    assert attempt.reply is not None, attempt.error
    return attempt.reply.output


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + GUARD
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.001)


def test_all_are_asked_once_in_order_and_never_more_at_once_than_allowed(kind: type[Caller], made: Any) -> None:
    bot = Bot(kind)
    caller = made(kind, concurrency=4)
    jobs = caller.plan(bot.calls(*range(100)))
    assert [output(caller.wait(job)) for job in jobs] == [str(number) for number in range(100)]
    assert sorted(bot.started, key=int) == [str(number) for number in range(100)]
    assert bot.most == 4
    if kind is LoopCaller:
        assert bot.started == sorted(bot.started, key=int)


def test_the_order_of_waiting_is_free(kind: type[Caller], made: Any) -> None:
    bot = Bot(kind)
    caller = made(kind, concurrency=2)
    jobs = caller.plan(bot.calls(*range(20)))
    assert [output(caller.wait(job)) for job in reversed(jobs)] == [str(number) for number in reversed(range(20))]
    assert len(bot.started) == 20


def test_a_window_bounds_what_runs_ahead(kind: type[Caller], made: Any) -> None:
    bot = Bot(kind)
    caller = made(kind, concurrency=2, window=3)
    jobs = caller.plan(bot.calls(*range(10)))
    until(lambda: len(bot.started) == 3 and bot.in_flight == 0)
    for number, job in enumerate(jobs):
        assert len(bot.started) <= number + 3
        caller.wait(job)
    assert len(bot.started) == 10


def test_answers_that_nobody_has_looked_at_are_bounded_in_size(
    kind: type[Caller], made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookahead, "HELD_CHARS", 1000)
    bot = Bot(kind, step=lambda question: "x" * 400)
    caller = made(kind, concurrency=1)
    jobs = caller.plan(bot.calls(*range(10)))
    until(lambda: len(bot.started) == 3 and bot.in_flight == 0)
    caller.wait(jobs[0])
    until(lambda: len(bot.started) == 4 and bot.in_flight == 0)
    caller.wait(jobs[9])  # what is waited for starts whatever is held
    assert bot.started[4] == "9"
    for job in jobs[1:9]:
        caller.wait(job)
    assert len(bot.started) == 10


def test_what_is_forgotten_is_not_asked_and_makes_room(kind: type[Caller], made: Any) -> None:
    bot = Bot(kind)
    caller = made(kind, concurrency=1, window=1)
    jobs = caller.plan(bot.calls(*range(4)))
    until(lambda: len(bot.started) == 1 and bot.in_flight == 0)
    caller.forget(jobs[2])
    caller.forget(jobs[0])
    until(lambda: len(bot.started) == 2)
    assert [output(caller.wait(job)) for job in (jobs[1], jobs[3])] == ["1", "3"]
    assert "2" not in bot.started


def test_calls_that_are_closed_are_not_asked(kind: type[Caller], made: Any) -> None:
    bot = Bot(kind)
    caller = made(kind, concurrency=1, window=1)
    caller.plan(bot.calls(*range(4)))
    until(lambda: len(bot.started) == 1)
    caller.close()
    time.sleep(0.05)
    assert bot.started == ["0"]


def test_closing_cancels_what_waits(made: Any) -> None:
    cancelled = threading.Event()

    async def waits(question: str) -> str:
        try:
            await asyncio.sleep(1e6)
        finally:
            cancelled.set()
        return "never"

    caller = made(LoopCaller, concurrency=1)
    caller.plan([Call(Agent("bot", waits), Request(question="why?", session_id="s"))])
    until(lambda: caller._in_flight == 1)
    time.sleep(0.02)
    caller.close()
    assert cancelled.wait(GUARD)


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set when the test is over: what is stuck may come back."""
    event = threading.Event()
    yield event
    event.set()


def test_what_is_stuck_is_left_behind_and_the_others_are_answered(
    kind: type[Caller], made: Any, over: threading.Event
) -> None:
    def blocked(question: str) -> str:
        if question.startswith("stuck"):
            over.wait(GUARD)
        return question

    bot = Bot(kind, step=blocked)
    caller = made(kind, concurrency=2)
    jobs = caller.plan(bot.calls("a", "stuck", "b", "c", "stuck too", "d", timeout=0.2))
    attempts = [caller.wait(job) for job in jobs]
    kinds = [attempt.reply.output if attempt.reply else type(attempt.error).__name__ for attempt in attempts]
    assert kinds == ["a", "CaseTimeout", "b", "c", "CaseTimeout", "d"]
    assert "cannot be interrupted and is left behind" in str(attempts[1].error)
    assert caller._in_flight == 0


def test_a_call_is_blamed_for_what_a_task_of_its_own_blocks(made: Any, over: threading.Event) -> None:
    async def blocks() -> None:
        over.wait(GUARD)

    async def bot(question: str) -> str:
        if question == "guilty":
            await asyncio.gather(blocks())
        await asyncio.sleep(0.05)
        return question

    caller = made(LoopCaller, concurrency=4)
    agent = Agent("bot", bot)
    questions = ["a", "b", "guilty", "c"]
    jobs = caller.plan([Call(agent, Request(question=q, session_id="s"), timeout=0.5) for q in questions])
    attempts = [caller.wait(job) for job in jobs]
    assert [attempt.reply is not None for attempt in attempts] == [True, True, False, True]
    assert isinstance(attempts[2].error, CaseTimeout)


def test_a_call_that_refuses_to_be_cancelled_holds_nothing_up(made: Any, over: threading.Event) -> None:
    async def bot(question: str) -> str:
        while question == "stubborn" and not over.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue
        return question

    caller = made(LoopCaller, concurrency=1)
    agent = Agent("bot", bot)
    questions = ["stubborn", "a"]
    jobs = caller.plan([Call(agent, Request(question=q, session_id="s"), timeout=0.1) for q in questions])
    assert isinstance(caller.wait(jobs[0]).error, CaseTimeout)
    assert output(caller.wait(jobs[1])) == "a"


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_a_task_that_an_agent_made_cannot_end_the_loop(made: Any, error: type[BaseException]) -> None:
    async def quits() -> None:
        raise error

    async def bot(question: str) -> str:
        if question == "quit":
            await asyncio.gather(quits())
        return question

    caller = made(LoopCaller, concurrency=2)
    agent = Agent("bot", bot)
    jobs = caller.plan([Call(agent, Request(question=q, session_id="s")) for q in ("a", "quit", "b")])
    attempts = [caller.wait(job) for job in jobs]
    assert isinstance(attempts[1].error, (AgentError, KeyboardInterrupt))
    assert [output(attempts[0]), output(attempts[2])] == ["a", "b"]


def test_one_call_cannot_cancel_another_for_good(made: Any) -> None:
    async def bot(question: str) -> str:
        if question == "rude":
            for task in asyncio.all_tasks():
                task.cancel()
        await asyncio.sleep(0.01)
        return question

    caller = made(LoopCaller, concurrency=3)
    agent = Agent("bot", bot)
    jobs = caller.plan([Call(agent, Request(question=q, session_id="s")) for q in ("a", "rude", "b", "c")])
    attempts = [caller.wait(job) for job in jobs]
    assert all(isinstance(attempt.error, AgentError) for attempt in attempts[:3])
    assert output(attempts[3]) == "c"


def test_to_thread_has_as_many_threads_as_there_are_calls(made: Any) -> None:
    together = threading.Barrier(40, timeout=GUARD)

    async def bot(question: str) -> str:
        await asyncio.to_thread(together.wait)
        return question

    caller = made(LoopCaller, concurrency=40)
    agent = Agent("bot", bot)
    jobs = caller.plan([Call(agent, Request(question=str(n), session_id="s")) for n in range(40)])
    assert [output(caller.wait(job)) for job in jobs] == [str(n) for n in range(40)]


def test_threads_are_reused(made: Any) -> None:
    seen = set()

    def bot(question: str) -> str:
        seen.add(threading.get_ident())
        return question

    caller = made(ThreadCaller, concurrency=3)
    for number in range(20):
        (job,) = caller.plan([Call(Agent("bot", bot), Request(question=str(number), session_id="s"))])
        caller.wait(job)
    assert len(seen) <= 3


def test_what_follows_a_reply_may_break(kind: type[Caller], made: Any) -> None:
    def then(attempt: Attempt) -> None:
        raise RuntimeError("no judge")

    bot = Bot(kind)
    caller = made(kind, concurrency=1)
    calls = bot.calls("a", "b")
    calls[0].then = then
    attempts = [caller.wait(job) for job in caller.plan(calls)]
    assert str(attempts[0].error) == "no judge"
    assert output(attempts[1]) == "b"


def test_a_call_can_be_made_alone(kind: type[Caller], made: Any) -> None:
    bot = Bot(kind)
    caller = made(kind, concurrency=3)
    jobs = caller.plan(bot.calls(*range(30)))
    for number in range(10):
        caller.wait(jobs[number])
        with caller.alone():
            until(lambda: bot.in_flight == 0)
            started = len(bot.started)
            (job,) = caller.plan(bot.calls("alone"))
            assert output(caller.wait(job)) == "alone"
            assert bot.started[started:] == ["alone"]
    assert [output(caller.wait(job)) for job in jobs[10:]] == [str(number) for number in range(10, 30)]


def test_what_is_stuck_is_given_up_before_a_call_is_made_alone(
    kind: type[Caller], made: Any, over: threading.Event
) -> None:
    def blocked(question: str) -> str:
        if question == "stuck":
            over.wait(GUARD)
        return question

    bot = Bot(kind, step=blocked)
    caller = made(kind, concurrency=2)
    jobs = caller.plan(bot.calls("stuck", "a", timeout=0.2))
    with caller.alone():
        (job,) = caller.plan(bot.calls("alone", timeout=5.0))
        assert output(caller.wait(job)) == "alone"
    assert isinstance(caller.wait(jobs[0]).error, CaseTimeout)
    assert output(caller.wait(jobs[1])) == "a"


def test_many_threads_switching_often_lose_nothing(kind: type[Caller], made: Any) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        bot = Bot(kind)
        caller = made(kind, concurrency=16, window=20)
        jobs = caller.plan(bot.calls(*range(300)))
        assert [output(caller.wait(job)) for job in jobs] == [str(number) for number in range(300)]
    finally:
        sys.setswitchinterval(interval)
    assert bot.most <= 16
    assert caller._ahead == set()
    assert (caller._in_flight, caller._held_chars) == (0, 0)
