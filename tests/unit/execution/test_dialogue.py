"""Turns are asked once each and in their order, however they are waited for and whatever becomes of the caller."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_evalsuite.agents import Agent
from pytest_evalsuite.errors import CaseTimeout, TurnBroken
from pytest_evalsuite.execution import lookahead
from pytest_evalsuite.execution.call import Attempt, make_call
from pytest_evalsuite.execution.dialogue import HISTORY_LIMIT, MESSAGE_LIMIT, Dialogue
from pytest_evalsuite.execution.lookahead import Caller
from pytest_evalsuite.execution.loop import LoopCaller
from pytest_evalsuite.execution.runner import CaseRunner, Ticket, request_of
from pytest_evalsuite.execution.threads import ThreadCaller
from pytest_evalsuite.testsets.conversation import Conversation, OnTurnError
from pytest_evalsuite.testsets.model import Case

Step = Callable[[str], str]


@pytest.fixture(params=[LoopCaller, ThreadCaller])
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def made() -> Iterator[Callable[..., Any]]:
    """Makes what is closed in the end."""
    opened: list[Any] = []

    def make(kind: Callable[..., Any], **options: Any) -> Any:
        opened.append(kind(**options))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def conversation(name: str, count: int, on_turn_error: OnTurnError = "skip") -> Conversation:
    turns = [
        Case(f"{name}/{turn}", f"{name}{turn}", (), turn, turn - 1, conversation_id=name, turn=turn)
        for turn in range(1, count + 1)
    ]
    found = Conversation(name, None, on_turn_error, turns)
    for case in turns:
        case.conversation = found
    return found


class Bot:
    """An agent for both kinds of callers that says how many messages it was told, and what ``step`` makes of it."""

    def __init__(self, *, is_async: bool, step: Step = str, pause: float = 0.0) -> None:
        self.asked: list[str] = []
        self.in_flight: dict[str, int] = {}
        self.most = self.most_of_one = 0
        self.lock = threading.Lock()
        self.step = step
        self.pause = pause
        self.agent = Agent("bot", self.answer_async if is_async else self.answer)

    def enter(self, question: str, session_id: str) -> None:
        with self.lock:
            self.asked.append(question)
            self.in_flight[session_id] = self.in_flight.get(session_id, 0) + 1
            self.most = max(self.most, sum(self.in_flight.values()))
            self.most_of_one = max(self.most_of_one, *self.in_flight.values())

    def leave(self, session_id: str) -> None:
        with self.lock:
            self.in_flight[session_id] -= 1

    def answer(self, question: str, history: Any, session_id: str) -> str:
        self.enter(question, session_id)
        try:
            time.sleep(self.pause)
            return f"{len(history)} {self.step(question)}"
        finally:
            self.leave(session_id)

    async def answer_async(self, question: str, history: Any, session_id: str) -> str:
        self.enter(question, session_id)
        try:
            await asyncio.sleep(self.pause)
            return f"{len(history)} {self.step(question)}"
        finally:
            self.leave(session_id)


def dialogue(bot: Bot, talk: Conversation, timeout: float | None = None) -> Dialogue:
    return Dialogue(talk, bot.agent, 1, request_of=request_of, timeout_of=lambda _: timeout)


def plan(caller: Caller, one: Dialogue, through: int) -> None:
    after = one.jobs[-1] if one.jobs else None
    one.jobs += caller.plan_in_turn(one.calls(through), after)


def output(attempt: Attempt) -> Any:
    assert attempt.reply is not None, attempt.error
    return attempt.reply.output


def test_turns_follow_each_other_and_are_told_what_was_said(kind: Any, made: Any) -> None:
    bot = Bot(is_async=kind is LoopCaller)
    caller = made(kind, concurrency=4)
    one = dialogue(bot, conversation("q", 15))
    plan(caller, one, 15)
    assert [output(caller.wait(job)) for job in one.jobs] == [f"{2 * turn} q{turn + 1}" for turn in range(15)]
    assert bot.asked == [f"q{turn}" for turn in range(1, 16)]
    assert [len(attempt.history) for attempt in one.attempts] == [min(2 * n, HISTORY_LIMIT) for n in range(15)]


def test_what_each_turn_was_told_is_kept_no_longer_than_it_is_asked() -> None:
    """Kept with every turn, it would grow with the square of the conversation."""
    bot = Bot(is_async=False)
    one = dialogue(bot, conversation("a", 50))
    made = one.calls(50)
    for call in made:
        call.finish(make_call(call))
    assert [output(attempt).split()[0] for attempt in one.attempts] == [str(2 * turn) for turn in range(50)]
    assert sum(len(call.request.history) for call in made) == 0
    assert max(len(attempt.history) for attempt in one.attempts) == HISTORY_LIMIT


def test_a_long_message_is_told_whole_and_kept_in_part() -> None:
    long = "x" * (MESSAGE_LIMIT + 1234)
    heard = []

    def talk(question: str, history: Any) -> str:
        heard.append([message["content"] for message in history])
        return long

    one = Dialogue(conversation("a", 2), Agent("bot", talk), 1, request_of=request_of, timeout_of=lambda _: None)
    for call in one.calls(2):
        call.finish(make_call(call))
    assert heard == [[], ["a1", long]]
    kept = [message["content"] for message in one.attempts[1].history]
    assert kept == ["a1", "x" * MESSAGE_LIMIT + "... (1,234 more characters)"]


def test_a_turn_may_be_planned_long_after_the_one_before_it_has_ended(kind: Any, made: Any) -> None:
    bot = Bot(is_async=kind is LoopCaller)
    caller = made(kind, concurrency=2)
    one = dialogue(bot, conversation("q", 3))
    for turn in (1, 2, 3):
        plan(caller, one, turn)
        assert output(caller.wait(one.jobs[-1])) == f"{2 * (turn - 1)} q{turn}"


def test_conversations_overlap_within_the_concurrency_and_turns_never(kind: Any, made: Any) -> None:
    bot = Bot(is_async=kind is LoopCaller, pause=0.002)
    caller = made(kind, concurrency=3)
    all_of_them = [dialogue(bot, conversation(name, 4)) for name in "abcdef"]
    for one in all_of_them:
        plan(caller, one, 4)
    for one in all_of_them:
        for job in one.jobs:
            output(caller.wait(job))
    assert bot.most <= 3
    assert bot.most_of_one == 1
    assert len(bot.asked) == len(set(bot.asked)) == 24


@pytest.mark.parametrize("window", [1, 2, 5])
def test_what_is_waited_for_comes_whatever_the_window(kind: Any, made: Any, window: int) -> None:
    bot = Bot(is_async=kind is LoopCaller)
    caller = made(kind, concurrency=2, window=window)
    first, second = (dialogue(bot, conversation(name, 5)) for name in "ab")
    plan(caller, first, 5)
    plan(caller, second, 5)
    assert output(caller.wait(second.jobs[4])) == "8 b5"
    assert output(caller.wait(first.jobs[4])) == "8 a5"
    assert sorted(bot.asked) == sorted(f"{name}{turn}" for name in "ab" for turn in range(1, 6))


def test_nothing_more_is_begun_once_the_caller_is_closed(kind: Any, made: Any) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def step(question: str) -> str:
        begun.set()
        go_on.wait(10)
        return question

    bot = Bot(is_async=kind is LoopCaller, step=step)
    caller = made(kind, concurrency=2)
    one = dialogue(bot, conversation("q", 3))
    plan(caller, one, 3)
    assert begun.wait(10)
    threading.Timer(0.05, go_on.set).start()
    caller.close()
    go_on.wait()
    while one.jobs[0].attempt is None and kind is ThreadCaller:
        time.sleep(0.001)
    assert bot.asked == ["q1"]


def test_turns_after_a_timeout_are_broken_off_or_go_on(kind: Any, made: Any) -> None:
    for on_turn_error, ended in (("skip", TurnBroken), ("continue", type(None))):
        bot = Bot(is_async=kind is LoopCaller)
        stuck = threading.Event()
        if kind is ThreadCaller:
            bot.step = lambda question: str(stuck.wait(10)) if question == "q2" else question  # noqa: B023
        else:
            bot.pause = 0.0
            bot.agent = Agent("bot", slow_at_two(bot))
        caller = made(kind, concurrency=2)
        one = dialogue(bot, conversation("q", 3, on_turn_error), timeout=0.1)  # type: ignore[arg-type]
        plan(caller, one, 3)
        attempts = [caller.wait(job) for job in one.jobs]
        stuck.set()
        assert [type(attempt.error) for attempt in attempts] == [type(None), CaseTimeout, ended]
        if ended is TurnBroken:
            assert str(attempts[2].error).startswith("turn 2 (q/2) got no answer: CaseTimeout: agent 'bot' did not")
        else:
            assert output(attempts[2]) == "3 q3", "the question that got no answer was said, too"


def slow_at_two(bot: Bot) -> Any:
    async def answer(question: str, history: Any, session_id: str) -> str:
        if question == "q2":
            await asyncio.sleep(30)
        return await bot.answer_async(question, history, session_id)

    return answer


def test_a_loop_that_a_turn_blocks_is_left_behind_and_other_conversations_go_on(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookahead, "CHECK_EVERY", 0.01)
    monkeypatch.setattr("pytest_evalsuite.execution.loop.PATIENCE", 0.05)
    monkeypatch.setattr(LoopCaller, "patience", 0.05)
    free = threading.Event()

    async def answer(question: str, history: Any) -> str:
        if question == "a2":
            free.wait(30)
        await asyncio.sleep(0)
        return f"{len(history)} {question}"

    bot = Bot(is_async=True)
    bot.agent = Agent("bot", answer)
    caller = made(LoopCaller, concurrency=2)
    blocked, other = (dialogue(bot, conversation(name, 4), timeout=0.1) for name in "ab")
    plan(caller, blocked, 4)
    plan(caller, other, 4)
    ended = [caller.wait(job) for job in blocked.jobs]
    assert [type(attempt.error) for attempt in ended] == [type(None), CaseTimeout, TurnBroken, TurnBroken]
    assert [output(caller.wait(job)) for job in other.jobs] == ["0 b1", "2 b2", "4 b3", "6 b4"]
    free.set()
    assert len(blocked.attempts) == len(other.attempts) == 4


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=4),
    st.randoms(),
    st.booleans(),
    st.integers(1, 4),
    st.sampled_from([None, 1, 3]),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_in_whatever_order_turns_are_wanted_each_is_asked_once_and_in_its_order(
    lengths: list[int], rng: Any, is_async: bool, concurrency: int, window: int | None, ahead: bool
) -> None:
    bot = Bot(is_async=is_async)
    talks = [conversation(chr(97 + number), length) for number, length in enumerate(lengths)]
    tickets = [Ticket(object(), case, bot.agent) for talk in talks for case in talk.turns if rng.random() < 0.7]
    rng.shuffle(tickets)
    runner = CaseRunner(concurrency_of=lambda _: concurrency, ahead=ahead, window=lambda _: window)
    try:
        for number, ticket in enumerate(tickets):
            rest = tickets[number:]
            (attempt,) = runner.run(ticket, lambda rest=rest: rest)  # type: ignore[misc]
            assert output(attempt) == f"{2 * (ticket.case.turn - 1)} {ticket.case.question}"
    finally:
        runner.close()
    wanted = {talk.id: max((t.case.turn for t in tickets if t.case.conversation is talk), default=0) for talk in talks}
    for talk in talks:
        asked = [question for question in bot.asked if question[0] == talk.id]
        assert asked == [case.question for case in talk.turns[: wanted[talk.id]]]
    assert bot.most <= max(concurrency, 1)


@pytest.mark.parametrize("is_async", [True, False])
def test_what_follows_an_answer_follows_it_once_whenever_it_is_asked_for(is_async: bool) -> None:
    bot = Bot(is_async=is_async)
    talk = conversation("q", 3)
    heard: list[int] = []
    runner = CaseRunner(concurrency_of=lambda _: 2)
    try:
        for turn in (3, 1, 2):

            def then(attempt: Attempt, turn: int = turn) -> Any:
                heard.append(turn)
                return Future()

            (attempt,) = runner.run(Ticket(object(), talk.turns[turn - 1], bot.agent, then=then))
            assert attempt.awaited is not None
            runner.run(Ticket(object(), talk.turns[turn - 1], bot.agent, then=then))
    finally:
        runner.close()
    assert heard == [3, 1, 2]
