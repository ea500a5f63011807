"""While a run waits, a terminal shows how far it is; nothing of it is left, and nothing else ever sees it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import processes
import pytest
from suites import Suite

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals", allow_module_level=True)

import fcntl
import pty
import struct
import termios

COUNT = re.compile(rb" \d+/\d+( \| [\d.]+/(s|min) \| [\d.]+ (s|ms|min)( \d\d s)? left( \| 1 failed)?)?(\x08+)")
AGENTS = """
    import time

    def slow(question):
        if question == "slow":
            time.sleep(0.6)
        return question
"""


@pytest.fixture
def waiting(suite: Suite) -> Suite:
    """A suite whose third case takes a while, and a count that has little patience."""
    suite.write("conftest.py", "from pytest_evalsuite.reporting import progress\nprogress.PATIENCE = 0.1\n")
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("slow = agents:slow",))
    suite.cases("a: one -> one", "b: two -> zwei", "c: slow -> slow", "d: four -> four")
    return suite


def on_a_terminal(suite: Suite, *arguments: Any, columns: int = 100, term: str = "xterm") -> bytes:
    """What a run writes to a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = processes.start(suite, *arguments, stdout=theirs, TERM=term, COLUMNS="", PY_COLORS="")
    os.close(theirs)
    written = b""
    try:
        while chunk := os.read(ours, 65536):
            written += chunk
    except OSError:  # what Linux says at the end of a terminal
        pass
    os.close(ours)
    try:
        process.wait(processes.GUARD)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return written


def as_seen(written: bytes, columns: int = 100) -> list[str]:
    """What a terminal of so many columns shows in the end: each line with what was written over it."""
    lines = []
    for raw in re.sub(rb"\x1b\[[0-9;]*m", b"", written).decode().split("\r\n"):
        shown: list[str] = []
        column = 0
        for character in raw:
            if character == "\b":
                column -= 1
            elif character == "\r":
                column = 0
            else:
                shown[column : column + 1] = [character]
                column += 1
                assert column <= columns or raw.startswith("rootdir: ")  # as long as the folder's path
        lines.append("".join(shown).rstrip())
    return lines


def test_a_count_with_rate_and_time_left_comes_and_goes(waiting: Suite) -> None:
    written = on_a_terminal(waiting)
    count = COUNT.search(written)
    assert count is not None
    assert count[0].startswith(b" 2/4 | ")
    assert b" left | 1 failed" in count[0]
    assert count[0].count(b"\b") == len(count[0].rstrip(b"\b"))
    seen = as_seen(written)
    assert not any("2/4" in line for line in seen)
    assert "set.eval.yaml .F.." in [re.sub(" +\\[100%\\]", "", line) for line in seen]


def test_it_stands_behind_the_case_that_is_waited_for(waiting: Suite) -> None:
    written = on_a_terminal(waiting, "-v")
    assert re.search(rb"set\.eval\.yaml::c  ?2/4 \| ", written)
    assert any(line.startswith("set.eval.yaml::c PASSED 1.00 ") for line in as_seen(written))


@pytest.mark.parametrize(("options", "term"), [([], "dumb"), (["-s"], "xterm"), (["-p", "no:terminal"], "xterm")])
def test_where_it_would_do_harm_it_does_not_come(waiting: Suite, options: list[str], term: str) -> None:
    assert b"\b" not in on_a_terminal(waiting, *options, term=term)


@pytest.mark.parametrize("capture", ["fd", "sys"])
def test_it_is_never_taken_for_what_an_agent_prints(waiting: Suite, capture: str) -> None:
    waiting.cases("a: one -> one", "c: slow -> fast")
    written = on_a_terminal(waiting, f"--capture={capture}")
    assert b" 1/2" in written
    assert b"Captured" not in written


def test_it_needs_no_escape_sequence(waiting: Suite) -> None:
    written = on_a_terminal(waiting, "--color=no")
    assert b"2/4" in written
    assert b"\x1b" not in written


def test_a_narrow_terminal_gets_what_fits(waiting: Suite) -> None:
    written = on_a_terminal(waiting, columns=40)
    assert b" 2/4" in written
    assert not any("2/4" in line for line in as_seen(written, 200))


def test_what_is_no_terminal_never_sees_it(waiting: Suite) -> None:
    code, output = processes.run(waiting)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "\b" not in output
    assert "2/4" not in output
