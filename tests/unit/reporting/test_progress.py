from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.reporting.progress import is_terminal, progress_text


@pytest.mark.parametrize(
    ("done", "total", "failed", "errors", "seconds", "text"),
    [
        (0, 500, 0, 0, 1.0, " 0/500"),
        (37, 500, 2, 1, 3.0, " 37/500 | 12.3/s | 37.5 s left | 2 failed | 1 error"),
        (1_000, 20_000, 0, 0, 100.0, " 1,000/20,000 | 10.0/s | 31 min 40 s left"),
        (3, 4, 0, 0, 90.0, " 3/4 | 2.0/min | 30.0 s left"),
        (5, 5, 0, 0, 0.0, " 5/5"),
    ],
)
def test_how_far_how_fast_how_long(done: int, total: int, failed: int, errors: int, seconds: float, text: str) -> None:
    assert progress_text(done, total, failed, errors, seconds, room=80) == text


def test_what_matters_least_goes_first_when_there_is_little_room() -> None:
    texts = [progress_text(37, 500, 2, 1, 3.0, room) for room in (60, 30, 20, 10, 3)]
    assert [text.count("|") for text in texts] == [4, 2, 1, 0, 0]
    assert texts[-1] == ""


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.floats(0, 1e6), st.integers(-5, 80))
def test_it_never_takes_more_room_than_there_is(done: int, total: int, seconds: float, room: int) -> None:
    assert len(progress_text(done, max(done, total), 1, 1, seconds, room)) <= max(room, 0)


class Writer:
    fullwidth = 80
    width_of_current_line = 0

    def __init__(self, file: io.StringIO) -> None:
        self._file = file

    def write(self, msg: str, *, flush: bool = False) -> None:
        self._file.write(msg)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("term", "obeys"), [("xterm", True), ("dumb", False), ("", False)])
def test_only_a_terminal_shows_a_live_count(term: str, obeys: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", term)
    assert is_terminal(Writer(Terminal())) is obeys
    assert not is_terminal(Writer(io.StringIO()))
    assert not is_terminal(None)
