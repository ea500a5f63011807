"""Runs of pytest in processes of their own: for signals, crashes, terminals and encodings."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from suites import Suite

GUARD = 60
"""Seconds after which a process hangs; none takes more than a few."""


def start(suite: Suite, *arguments: Any, beside: str = "", stdout: Any = subprocess.PIPE, **env: str) -> Any:
    """Start ``pytest --eval-suite`` with no plugins but ours and those that ``beside`` names; gives the process.

    Its errors go where its output goes. ``env`` are further environment variables; an empty one is removed.
    """
    variables = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "100", **env}
    plugins = [f"-p{name}" for name in ("evalsuite", *beside.split())]
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *plugins, "--eval-suite", *map(str, arguments)],
        cwd=suite.path,
        env={name: value for name, value in variables.items() if value},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT,
    )


def finish(process: Any) -> tuple[int, bytes]:
    """Wait for a process: its exit code and what it wrote."""
    try:
        written, _ = process.communicate(timeout=GUARD)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, written or b""


def run(suite: Suite, *arguments: Any, beside: str = "", **env: str) -> tuple[int, str]:
    """Run ``pytest --eval-suite`` as `start` does, to its end: its exit code and what it wrote, as UTF-8."""
    code, written = finish(start(suite, *arguments, beside=beside, **env))
    return code, written.decode("utf-8")


def wait_until(true: Callable[[], object]) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + GUARD
    while not true():
        assert time.monotonic() < end, "this never came true"
        time.sleep(0.02)


def noted_pids(suite: Suite) -> list[int]:
    """The processes that have noted themselves, one a line, in ``pids.txt``."""
    return [int(line) for line in (suite.path / "pids.txt").read_text(encoding="utf-8").split()]


def all_gone(suite: Suite) -> None:
    """Wait until all of `noted_pids` are gone, and none is left as a zombie of this process or of a run."""
    for pid in noted_pids(suite):
        wait_until(partial(is_gone, pid))


def is_gone(pid: int) -> bool:
    """Whether there is no such process any more."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
    except FileNotFoundError:
        return True
    return state == "Z" and parent == "1"  # an orphan, which the init process has yet to wait for
