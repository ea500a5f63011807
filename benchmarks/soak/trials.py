"""The three trials: one long run, one whose workers are killed, one that is killed and resumed again and again."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_evalsuite.runs.artifact import VARYING
from soak import suite
from soak.watched import Finished, watched

PATIENCE = 10.0
"""Seconds that processes have to end after the run."""


@dataclass(frozen=True)
class Told:
    """What a trial found: figures by name, and what is not as it should be."""

    figures: dict[str, str]
    faults: list[str]


def endured(folder: Path, cases: int) -> Told:
    """One run of ``cases`` cases, put to two agents; memory is sampled all along."""
    expected = suite.write(folder, cases)
    watch = watched(suite.command(), folder, suite.environment(), 0.2 if cases < 1000 else 1.0)
    faults = list(_faults(folder, watch.code, watch.output, expected))
    return Told(
        {
            "cases": f"{2 * cases:,}",
            "seconds": f"{watch.seconds:.0f}",
            "peak memory": f"{watch.peak / 1e6:.0f} MB",
            "memory more for each case finished": f"{watch.slope() / 1000:.2f} kB",
        },
        faults,
    )


def bereaved(folder: Path, cases: int, kills: int, seed: int = 7) -> Told:
    """The same with ``-n 2``, and a worker killed now and then, ``kills`` times at most."""
    source = random.Random(seed)  # noqa: S311 - when, not a secret
    expected = suite.write(folder, cases)
    killed: list[int] = []
    finished = Finished(folder)
    gap = max(2 * cases // kills, 2)
    due = source.randint(1, gap)

    def kill_one(pid: int) -> None:
        nonlocal due
        done = finished.now()
        if done < due or len(killed) == kills:
            return
        victims = _working(pid)
        if victims:
            killed.append(source.choice(victims))
            os.kill(killed[-1], signal.SIGKILL)
            due = done + source.randint(1, gap)

    xdist = ("-p", "xdist", "-n2", "--max-worker-restart", str(10 * kills))
    watch = watched(suite.command(*xdist), folder, suite.environment(), 0.05, kill_one)
    hanging = _left(folder)[: len(killed)]  # for an hour, as they were told to: nobody was left to end them
    for pid in hanging:
        os.kill(pid, signal.SIGKILL)
    faults = list(_faults(folder, watch.code, watch.output, expected, lost_at_most=len(killed)))
    lost = sum(end[2] == "worker_crash" for end in suite.outcomes(suite.artifact(folder)).elements())
    return Told(
        {
            "cases": f"{2 * cases:,}",
            "seconds": f"{watch.seconds:.0f}",
            "workers killed": str(len(killed)),
            "cases in their hands: errors": str(lost),
            "programs that hung when their worker was killed": str(len(hanging)),
        },
        faults,
    )


def interrupted(folder: Path, cases: int, kills: int, seed: int = 11) -> Told:
    """A run killed ``kills`` times at random moments and resumed each time, beside one that is left alone."""
    source = random.Random(seed)  # noqa: S311 - when, not a secret
    killed = folder / "suite"
    expected = suite.write(killed, cases, hangs=False)
    undisturbed = watched(suite.command(), killed, suite.environment(), 0.2)
    wanted = suite.artifact(killed)
    shutil.rmtree(killed)
    suite.write(killed, cases, hangs=False)  # in the same place, for tracebacks name it
    start = next((seconds for seconds, done, _ in undisturbed.samples if done), undisturbed.seconds)
    step = (undisturbed.seconds - start) / kills
    code, done = None, 0
    while code is None:  # sometimes killed before the first case, mostly among them
        seconds = source.uniform(0.2 * start, start + 4 * step) if done < kills else None
        code = _run_for(killed, seconds)
        done += code is None
    faults = list(_faults(killed, code, "", expected))
    if not _same(wanted, suite.artifact(killed)):
        faults.append("the artifact is not that of an undisturbed run")
    return Told({"cases": f"{2 * cases:,}", "killed": str(done)}, faults)


def _run_for(folder: Path, seconds: float | None) -> int | None:
    resume = ("--eval-resume",) if any((folder / ".evalsuite").glob("runs/*")) else ()
    process = subprocess.Popen(
        suite.command(*resume),
        cwd=folder,
        env=suite.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


def _faults(
    folder: Path,
    code: int,
    output: str,
    expected: Counter[tuple[str, str, str | None]],
    lost_at_most: int = 0,
) -> Iterator[str]:
    if code != 1:  # some cases fail, always
        yield f"exit code {code}, not 1: {output[-2000:]}"
    document = suite.artifact(folder)
    found = suite.outcomes(document)
    names = Counter((record["agent"], record["case_id"]) for record in suite.results(document))
    if len(names) != found.total() or found.total() != expected.total():
        yield f"{found.total()} records of {len(names)} cases, not {expected.total()}"
    lost = (expected - found).total()
    if lost > lost_at_most:
        yield f"{lost} cases ended otherwise than they should: {expected - found} became {found - expected}"
    if any(cause != "worker_crash" for _, _, cause in found - expected):
        yield f"ends that nobody expects: {dict(found - expected)}; {_unexpected(document)[:3]}"
    total = document["totals"]
    if total["total"] != expected.total():
        yield f"the totals tell of {total['total']} cases"
    if left := _left(folder):
        yield f"processes are left: {left}"


def _unexpected(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Agent, question and message of cases that did not end as their question says."""
    return [
        (record["agent"], record["question"], record.get("cause", {}).get("message", record["status"])[:300])
        for record in suite.results(document)
        if suite.status(record["question"].split()[0])[0] != record["status"]
    ]


def _left(folder: Path) -> list[int]:
    """Processes that do not end with the run."""
    end = time.monotonic() + PATIENCE
    while (left := suite.processes_in(folder)) and time.monotonic() < end:
        time.sleep(0.1)
    return left


def _working(pid: int) -> list[int]:
    """Workers that have their journal open: one that is killed while it starts ends pytest-xdist itself."""
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return []
    return [child for child in map(int, listed) if _has_journal(child)]


def _has_journal(pid: int) -> bool:
    try:
        return any("/results-" in str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # it ended meanwhile
        return False


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    for document in (one, other):
        for path in VARYING:
            _drop(document, path[1:].split("."))
        for record in suite.results(document):
            _drop(record, ["trace_id"])
    return one == other


def _drop(value: Any, steps: list[str]) -> None:
    if isinstance(value, list):
        for one in value:
            _drop(one, steps)
    elif isinstance(value, dict) and len(steps) == 1:
        value.pop(steps[0].removesuffix("[]"), None)
    elif isinstance(value, dict):
        _drop(value.get(steps[0].removesuffix("[]")), steps[1:])
