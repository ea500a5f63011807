"""What all benchmarks share: contenders run in turn, each in its own process, and compared round by round."""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

LAUNCHER = """
import json, os, sys, time
report = int(sys.argv[1])
os.set_inheritable(report, False)
start = time.perf_counter()
pid = os.fork()
if not pid:
    try:
        os.execvp(sys.argv[2], sys.argv[2:])
    finally:
        os._exit(127)
_, status, usage = os.wait4(pid, 0)  # unlike getrusage, it speaks of this child alone
wall, cpu = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
os.write(report, json.dumps([wall, cpu, usage.ru_maxrss, os.waitstatus_to_exitcode(status)]).encode())
"""
"""Starts a command from a small process: on Linux the peak of one begins with that of the process that started it."""

Unit = Literal["wall", "cpu", "peak"]


@dataclass(frozen=True)
class Cost:
    """What one process took: wall and CPU seconds (user and system, its children too), peak memory in bytes."""

    wall: float
    cpu: float
    peak: float
    output: str

    def of(self, unit: Unit) -> float:
        """One of the three figures."""
        return {"wall": self.wall, "cpu": self.cpu, "peak": self.peak}[unit]

    @property
    def said(self) -> Any:
        """The JSON value on the last line that the process printed."""
        return json.loads(self.output.strip().rpartition("\n")[2])


@dataclass(frozen=True)
class Row:
    """One line of a report: what was measured, and whether it is what was asked (None: nothing was asked)."""

    what: str
    ours: str
    beside: str
    measured: str
    asked: str = "-"
    met: bool | None = None


@dataclass(frozen=True)
class Command:
    """A command line, where it runs, the exit codes that mean that it did its work, and for how long it may.

    ``variables`` are set in its environment, or taken out of it where they are None.
    """

    arguments: Sequence[str]
    folder: Path
    expected: tuple[int, ...] = (0,)
    variables: Mapping[str, str | None] = field(default_factory=dict)
    seconds: float = 1800


def run(command: Command) -> Cost:
    """Run a command and measure it.

    Raises RuntimeError with its output when it ends in an unexpected way, TimeoutError when it takes too long.
    """
    wanted = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONHASHSEED": "0", **command.variables}
    environment = {name: value for name, value in wanted.items() if value is not None}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its byte code beside it
    reader, writer = os.pipe()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output, os.fdopen(reader, encoding="ascii") as report:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", LAUNCHER, str(writer), *command.arguments],
            cwd=command.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(writer,),
        )
        os.close(writer)
        limit = threading.Timer(command.seconds, os.killpg, (process.pid, signal.SIGKILL))
        limit.start()
        process.wait()
        limit.cancel()
        told = report.read()
        took = time.perf_counter() - start
        output.seek(0)
        text = output.read()
    if took >= command.seconds:
        raise TimeoutError(f"more than {command.seconds:.0f} s")
    wall, cpu, peak, code = json.loads(told)
    if code not in command.expected:
        raise RuntimeError(f"{' '.join(command.arguments)} ended with {code}:\n{text[-4000:]}")
    return Cost(wall, cpu, peak * (1 if sys.platform == "darwin" else 1024), text)


def in_turn(contenders: Mapping[str, Command], rounds: int) -> dict[str, list[Cost]]:
    """Run every contender once a round, so that what slows the machine for a while slows all of them.

    Each remembers its own tests only: pytest reads and writes their names at every run.
    """
    for number, (name, command) in enumerate(contenders.items()):
        own = {"PYTEST_ADDOPTS": f"-o cache_dir=.cache-{number}"}
        contenders = {**contenders, name: replace(command, variables={**own, **command.variables})}
    costs: dict[str, list[Cost]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, command in contenders.items():
            costs[name].append(run(command))
    return costs


def inner(costs: Sequence[Cost]) -> list[Cost]:
    """Wall and CPU as each process measured its own work: the first two numbers of what it said."""
    return [Cost(cost.said[0], cost.said[1], cost.peak, cost.output) for cost in costs]


def median(costs: Sequence[Cost], unit: Unit) -> float:
    """The median over the rounds, in seconds or bytes."""
    return statistics.median(cost.of(unit) for cost in costs)


def ratio(ours: Sequence[Cost], beside: Sequence[Cost], unit: Unit) -> float:
    """The median over the rounds of ours by theirs."""
    pairs = zip(ours, beside, strict=True)
    return statistics.median(one.of(unit) / other.of(unit) for one, other in pairs)


def compared(what: str, ours: Sequence[Cost], beside: Sequence[Cost], unit: Unit, most: float | None = None) -> Row:
    """A row for a ratio that is to be at most ``most``, if anything was asked."""
    measured = ratio(ours, beside, unit)
    mine, theirs = (_amount(median(costs, unit), unit) for costs in (ours, beside))
    if most is None:
        return Row(what, mine, theirs, f"{measured:.2f}")
    return Row(what, mine, theirs, f"{measured:.2f}", f"≤ {most:g}", measured <= most)


def _amount(value: float, unit: Unit) -> str:
    return f"{value / 1e6:.0f} MB" if unit == "peak" else f"{value:.2f} s {unit}"


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| what | ours | beside it | measured | asked | met |", "|---|---|---|---|---|---|"]
    for row in rows:
        met = {True: "yes", False: "**no**", None: ""}[row.met]
        lines.append(f"| {row.what} | {row.ours} | {row.beside} | {row.measured} | {row.asked} | {met} |")
    return "\n".join(lines)


def summary(rows: Sequence[Row]) -> str:
    """How many of the figures that were asked for are met, and which are not."""
    asked = [row for row in rows if row.met is not None]
    lines = [f"{sum(row.met is True for row in asked)} of {len(asked)} figures are as asked."]
    if missed := [row for row in asked if not row.met]:
        lines += ["Not met:", "", *(f"- {row.what}: {row.measured}, asked {row.asked}" for row in missed)]
    return "\n".join(lines)


def script(measure: Callable[[bool], list[Row]]) -> None:
    """The command line that every benchmark has: ``--quick`` for a small one that only shows that it works."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="few cases, one round: shows that it runs, not a figure")
    print(table(measure(parser.parse_args().quick)))
