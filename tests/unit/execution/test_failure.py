"""Whatever an agent raises can be told, in bounded text that can be written anywhere."""

from __future__ import annotations

import builtins
import json

import pytest

from pytest_evalsuite.errors import AgentError, CaseTimeout, ReplyError
from pytest_evalsuite.execution.failure import describe_error


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def raised(error: BaseException) -> BaseException:
    """The exception with a traceback."""
    try:
        raise error  # noqa: TRY301 - its frame is what is wanted
    except BaseException as caught:  # noqa: BLE001 - whatever was given
        return caught


def cyclic() -> BaseException:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    return first


def chained(length: int) -> BaseException:
    error: BaseException = ValueError("last")
    for number in range(length):
        outer = ValueError(f"number {number}")
        outer.__context__ = error
        error = outer
    return error


def endless(n: int = 0) -> None:
    endless(n + 1)


def too_deep() -> BaseException:
    try:
        endless()
    except RecursionError as error:
        return error
    raise AssertionError


ERRORS = [
    ValueError("plain"),
    ValueError(),
    ValueError("x" * 10_000_000),
    ValueError("a\ud800\x1b]52;c;evil\x07"),
    Mute(),
    MemoryError(),
    too_deep(),
    cyclic(),
    chained(3_000),
    KeyError("key"),
    SyntaxError("bad", ("file.py", 1, 2, "text \ud800", 1, 3)),
]
if group := getattr(builtins, "ExceptionGroup", None):
    ERRORS.append(group("several", [ValueError("one"), group("inner", [Mute()])]))


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_any_exception_is_told_in_bounded_text(error: BaseException) -> None:
    told = describe_error(raised(error))
    assert told["kind"] == "agent"
    assert told["type"] == type(error).__name__
    assert told["message"]
    assert len(json.dumps(told, ensure_ascii=False).encode()) < 60_000


def test_a_long_message_keeps_its_ends_and_says_what_is_left_out() -> None:
    message = describe_error(ValueError("begin" + "x" * 10_000 + "end"))["message"]
    assert message.startswith("begin")
    assert message.endswith("end")
    assert "8,008 characters left out" in message


def test_the_traceback_begins_where_the_agents_code_does() -> None:
    traceback = describe_error(raised(ValueError("plain")))["traceback"]
    assert traceback.startswith("Traceback (most recent call last):\n")
    assert "raise error" in traceback
    assert traceback.endswith("ValueError: plain")


@pytest.mark.parametrize(
    ("error", "kind"), [(ReplyError("no"), "reply"), (CaseTimeout("no"), "timeout"), (AgentError("no"), "agent")]
)
def test_an_error_of_our_own_needs_no_traceback(error: BaseException, kind: str) -> None:
    assert describe_error(raised(error)) == {"kind": kind, "type": type(error).__name__, "message": "no"}


def test_the_traceback_of_what_was_wrapped_is_shown() -> None:
    error = AgentError("the agent raised SystemExit(0)")
    error.__cause__ = raised(SystemExit(0))
    assert describe_error(error)["traceback"].endswith("SystemExit: 0")
