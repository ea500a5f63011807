"""The command ``evalsuite`` in processes of its own: for signals, terminals and what goes on meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from processes import GUARD, finish
from suites import Suite

__all__ = ["end", "on_a_terminal", "read_until", "run", "start"]


def start(suite: Suite, *arguments: str, stdout: Any = subprocess.PIPE, **env: str) -> Any:
    """Start ``evalsuite`` in the suite's folder; gives the process. Its errors go where its output goes."""
    return subprocess.Popen(
        [sys.executable, "-m", "pytest_evalsuite", *arguments],
        cwd=suite.path,
        env={**os.environ, "PYTHONUTF8": "1", **env},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT,
    )


def run(suite: Suite, *arguments: str) -> tuple[int, str]:
    """Run it to its end: its exit code and what it wrote."""
    code, written = finish(start(suite, *arguments))
    return code, written.decode()


def on_a_terminal(suite: Suite, *arguments: str, columns: int = 100) -> tuple[Any, int]:
    """Start it on a terminal of so many columns: the process, and the descriptor that its output is read from."""
    import pty

    ours, theirs = pty.openpty()
    process = start(suite, *arguments, stdout=theirs, COLUMNS=str(columns))
    os.close(theirs)
    return process, ours


def read_until(descriptor: int, text: str | None = None) -> str:
    """What comes from a terminal until this text has come, or to its end."""
    written = b""
    try:
        while text is None or text.encode() not in written:
            written += (chunk := os.read(descriptor, 65536))
            if not chunk:
                break
    except OSError:  # what Linux says at the end of a terminal
        return written.decode()
    return written.decode()


def end(process: Any) -> int:
    """Wait for a process: its exit code."""
    try:
        code: int = process.wait(GUARD)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return code
