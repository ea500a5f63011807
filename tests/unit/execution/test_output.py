"""What a call prints and logs is kept for it, in order and within bounds."""

# ruff: noqa: T201 - printing is what is tested

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import sys
import threading
from collections.abc import Iterator

import pytest

from pytest_evalsuite.execution.output import MAX_CHARS, Output, OutputRouter, keeping_output


class Stream(io.StringIO):
    """One that takes attributes."""


@contextlib.contextmanager
def routed() -> Iterator[tuple[Stream, Stream]]:
    """Standard output and error of our own, in the hands of a router."""
    out, err = Stream(), Stream()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        router = OutputRouter()
        router.attach()
        try:
            yield out, err
        finally:
            router.close()


@pytest.fixture
def router() -> Iterator[OutputRouter]:
    router = OutputRouter()
    yield router
    router.close()


def test_what_is_printed_waits_for_its_replay() -> None:
    output = Output()
    with routed() as (out, err):
        with keeping_output(output):
            print("one", "two")
            sys.stderr.write("bad\n")
            print("three")
        print("before")
        assert (out.getvalue(), err.getvalue()) == ("before\n", "")
        output.replay()
    assert out.getvalue() == "before\none two\nthree\n"
    assert err.getvalue() == "bad\n"


def test_tasks_and_the_threads_that_they_ask_write_to_their_own() -> None:
    outputs = [Output() for _ in range(3)]

    async def agent(number: int) -> None:
        with keeping_output(outputs[number]):
            for _ in range(3):
                print(number)
                await asyncio.to_thread(print, number)

    async def all_at_once() -> None:
        await asyncio.gather(*map(agent, range(3)))

    with routed() as (out, _):
        asyncio.run(all_at_once())
        assert out.getvalue() == ""
        for output in outputs:
            output.replay()
    assert out.getvalue().split() == ["0"] * 6 + ["1"] * 6 + ["2"] * 6


def test_a_flood_is_bounded_and_counted() -> None:
    output = Output()
    with routed() as (out, _):
        with keeping_output(output):
            print("x" * (MAX_CHARS - 2))
            for _ in range(1000):
                print("yy")
        output.replay()
    assert out.getvalue().startswith("xxx")
    assert out.getvalue().endswith("x\ny\n... (2,999 more characters were printed or logged)\n")
    assert output.chars == MAX_CHARS


def test_what_comes_after_the_replay_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    output = Output()
    with routed() as (out, _):
        output.replay()
        with keeping_output(output):
            print("late")
            logging.getLogger().warning("late")
        output.replay()
    assert out.getvalue() == "\n... (109 more characters were printed or logged)\n"
    assert caplog.messages == []


def test_a_thread_that_keeps_nothing_writes_as_ever() -> None:
    with routed() as (out, _), keeping_output(Output()):
        thread = threading.Thread(target=print, args=("plain",))
        thread.start()
        thread.join()
    assert out.getvalue() == "plain\n"


class Users(logging.Handler):
    """A handler of the user's own."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture
def users() -> Iterator[Users]:
    handler = Users()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def test_log_records_reach_pytest_at_the_replay_and_other_handlers_once_at_once(
    router: OutputRouter, users: Users, caplog: pytest.LogCaptureFixture
) -> None:
    router.attach()
    output = Output()
    values = ["as it was"]
    with keeping_output(output):
        logging.getLogger("shop.bot").warning("stock %s", values)
    values[0] = "as it became"
    assert users.messages == ["stock ['as it was']"]
    assert caplog.messages == []
    output.replay()
    assert caplog.messages == ["stock ['as it was']"]
    assert caplog.records[0].name == "shop.bot"
    assert users.messages == ["stock ['as it was']"]


def test_a_flood_of_log_records_is_bounded(router: OutputRouter, caplog: pytest.LogCaptureFixture) -> None:
    router.attach()
    output = Output()
    with keeping_output(output):
        for _ in range(20):
            logging.getLogger().warning("x" * 100_000)
    output.replay()
    assert sum(map(len, caplog.messages)) <= MAX_CHARS
    assert len(caplog.records) == 10


def test_a_record_that_cannot_be_formatted_does_not_break_the_agent() -> None:
    output = Output()
    with routed() as (out, err):
        with keeping_output(output):
            logging.getLogger().warning("%d", "no number")
            print("went on")
        output.replay()
    assert "--- Logging error ---" in err.getvalue()
    assert out.getvalue() == "went on\n"


def test_the_router_gives_everything_back() -> None:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    filters = [list(handler.filters) for handler in handlers]
    out = Stream()
    with contextlib.redirect_stdout(out):
        router = OutputRouter(log_level=logging.DEBUG)
        router.attach()
        router.attach()
        assert root.level == logging.DEBUG
        assert "write" in vars(out)
        router.close()
    assert (root.level, root.handlers) == (level, handlers)
    assert [handler.filters for handler in handlers] == filters
    assert "write" not in vars(out)
