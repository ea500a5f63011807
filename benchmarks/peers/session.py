"""Measures all contenders, interleaved: once a round each, so that what slows the machine slows all of them."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from _measure import Command, Cost, Unit, run
from _suites import questions, waits

from peers.contender import OFFLINE, Contender
from peers.environments import NotInstalledError
from peers.everyone import CONTENDERS
from peers.figures import Figures, Session
from peers.timed import COMPARING, LOADING, Timed
from peers.work import Work

IN_TURN = 10
"""Calls that wait for each other are made one tenth as often."""


def _instant(count: int, wrong_every: int = 0) -> Callable[[Contender], Work]:
    def work(contender: Contender) -> Work:
        number = min(count, contender.most)
        failing = len(range(0, number, wrong_every)) if wrong_every else 0
        return Work(tuple(questions(number, wrong_every=wrong_every)), failing=failing)

    return work


def _waiting(agent: str, count: int, straggler: float = 0.1) -> Callable[[Contender], Work]:
    def work(contender: Contender) -> Work:
        number = count if contender.overlaps else count // IN_TURN
        seconds = [straggler if one % 50 == 0 else 0.1 for one in range(number)]
        return Work(tuple(waits(seconds)), agent, at_once=50)

    return work


def workloads(quick: bool, rounds: int) -> dict[str, tuple[Callable[[Contender], Work], int]]:
    """The work of each contender, by the name of the workload, and in how many rounds it is done."""
    thousand, many, calls = (20, 50, 50) if quick else (1_000, 10_000, 500)
    return {
        "one": (_instant(1), rounds),
        "thousand": (_instant(thousand), rounds),
        "many": (_instant(many), min(rounds, 2)),
        "failing": (_instant(many, 10), 1),
        "equal async": (_waiting("async_wait", calls), rounds),
        "equal sync": (_waiting("sync_wait", calls), rounds),
        "tail async": (_waiting("async_wait", calls, 1.0), rounds),
    }


def measure(
    session: Session, quick: bool, rounds: int, only: tuple[str, ...], save: Callable[[], None]
) -> Iterator[str]:
    """Measure what is named in ``only``, or all; yields the name of each workload when it is done."""
    there, reasons = _installed()
    session.machine = machine()
    session.versions = {one.name: one.environment.version(one.package) for one in there if one.package}
    seconds = 60.0 if quick else 300.0
    wanted: dict[str, Callable[[], dict[str, dict[str, Figures]]]] = {
        name: partial(_works, there, name, work, times, seconds)
        for name, (work, times) in workloads(quick, rounds).items()
    }
    wanted["idle"] = partial(_idle, there, 2 * rounds + 1)
    wanted["comparing"] = partial(_timed, "comparing", COMPARING, 200 if quick else 100_000, rounds)
    wanted["loading"] = partial(_timed, "loading", LOADING, 100 if quick else 10_000, rounds)
    for name in only or wanted:
        for workload, figures in wanted[name]().items():
            session.figures[workload] = figures | {one: Figures(0, void=why) for one, why in reasons.items()}
        save()
        yield name


def machine() -> dict[str, str]:
    """Where and when, and how much else there was to do."""
    return {
        "date": f"{datetime.now(timezone.utc):%Y-%m-%d}",
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "load": f"{os.getloadavg()[1]:.1f}",
    }


def _installed() -> tuple[list[Contender], dict[str, str]]:
    there, reasons = [], {}
    for contender in CONTENDERS:
        try:
            contender.environment.make()
        except NotInstalledError as error:
            reasons[contender.name] = f"not installed: {error}"
        else:
            there.append(contender)
    return there, reasons


def _works(
    contenders: list[Contender], name: str, work_of: Callable[[Contender], Work], rounds: int, seconds: float
) -> dict[str, dict[str, Figures]]:
    figures: dict[str, Figures] = {}
    for number in range(rounds):
        for contender in contenders:
            work = work_of(contender)
            if work.agent not in contender.agents or (number and contender.slow and name != "one"):
                continue
            one = figures.setdefault(contender.name, Figures(len(work.pairs)))
            if one.void:
                continue
            with tempfile.TemporaryDirectory() as parent:
                folder = Path(parent) / "work"
                command = contender.prepare(folder, work, seconds)
                _add(one, command, partial(_check, contender, folder, work))
    return {name: figures}


def _check(contender: Contender, folder: Path, work: Work, cost: Cost) -> None:
    (passed, failed), (right, wrong) = contender.counted(cost.output, folder), work.outcome
    if (passed, failed) != (right, wrong):
        raise RuntimeError(f"{passed} passed and {failed} failed, not {right} and {wrong}")


def _add(figures: Figures, command: Command, check: Callable[[Cost], None]) -> None:
    try:
        cost = run(command)
        check(cost)
    except (RuntimeError, TimeoutError, ValueError, OSError, LookupError, StopIteration) as error:
        figures.void = str(error).strip().splitlines()[-1][:200] or type(error).__name__
    else:
        figures.rounds.append({"wall": cost.wall, "cpu": cost.cpu, "peak": cost.peak})


def _idle(contenders: list[Contender], rounds: int) -> dict[str, dict[str, Figures]]:
    plugins = [contender for contender in contenders if contender.plugin]
    on: dict[str, Figures] = {contender.name: Figures(1) for contender in plugins}
    off: dict[str, Figures] = {contender.name: Figures(1) for contender in plugins}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_trivial.py").write_text("def test_nothing():\n    pass\n", encoding="utf-8")
        for _ in range(rounds):
            for contender in plugins:
                for figures, switch in ((off, "1"), (on, None)):
                    variables: Mapping[str, str | None] = {
                        **OFFLINE,
                        **contender.variables,
                        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": switch,
                    }
                    command = [contender.environment.python, "-m", "pytest", "-q", "test_trivial.py"]
                    _add(figures[contender.name], Command(command, folder, (0,), variables, 60), lambda cost: None)
    return {"idle": on, "idle without": off}


def _timed(workload: str, programs: list[Timed], count: int, rounds: int) -> dict[str, dict[str, Figures]]:
    figures: dict[str, Figures] = {}
    commands: dict[str, Command] = {}
    with tempfile.TemporaryDirectory() as name:
        for program in programs:
            one = figures[program.name] = Figures(min(count, program.most))
            try:
                program.environment.make()
                commands[program.name] = program.command(Path(name) / program.name, one.count, 300)
            except (NotInstalledError, RuntimeError) as error:
                one.void = str(error).strip().splitlines()[-1][:200]
        for _ in range(rounds):
            for program_name, command in commands.items():
                _time(figures[program_name], command)
    return {workload: figures}


def _time(figures: Figures, command: Command) -> None:
    if figures.void:
        return
    try:
        cost = run(command)
        wall, cpu, count = cost.said
    except (RuntimeError, TimeoutError, ValueError) as error:
        figures.void = str(error).strip().splitlines()[-1][:200]
        return
    if count not in (0, figures.count):
        figures.void = f"{count} of {figures.count} cases"
        return
    costs: dict[Unit, float] = {"wall": wall, "cpu": cpu, "peak": cost.peak}
    figures.rounds.append(costs)
