"""``evalsuite watch``: follow a run of another process while it goes on."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.cli._common import RUN_HELP, add_root, as_json_line, columns, named_run, say
from pytest_evalsuite.cli._tables import shortened
from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.reporting.failure import case_file, headline
from pytest_evalsuite.runs.encoding import decode
from pytest_evalsuite.runs.history import figures_of, kept_run
from pytest_evalsuite.runs.reading import journals, read_info, result_line
from pytest_evalsuite.runs.run import CaseKey
from pytest_evalsuite.runs.summary import STATUSES, gate_status

__all__ = ["add_parser", "run"]

POLL: Final = 0.2
"""Seconds between two looks."""

EVERY: Final = 5.0
"""Seconds between two lines of progress where there is no terminal."""

STOPPED: Final = 130
"""The exit code of a command that Ctrl-C has ended."""

SHOWN: Final = (
    *("test_set", "case_id", "agent", "status"),
    *("score", "passing_score", "known_failure", "execution_time_ms"),
)
"""What a line of JSON says of a result."""

Record = Mapping[str, Any]


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser(
        "watch",
        help="follow a run while it goes on",
        description="Follow a run of another process until it ends, telling of failures as they come. Exit code 0: it "
        "has succeeded, whatever its verdicts; 1: it has not. Ctrl-C ends the watching, not the run.",
    )
    parser.add_argument("reference", metavar="RUN", nargs="?", default="latest", help=f"{RUN_HELP} (default: latest)")
    parser.add_argument(
        "--json", action="store_true", help="print a line of JSON for each finished case, and one at the end"
    )
    add_root(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Follow the run; 0 when it succeeds."""
    path = named_run(args).path
    if not path.is_dir():
        raise StoreError(f"{path} is the artifact of a run that has ended: `evalsuite show` shows it")
    told: Told = Lines() if args.json else Live() if sys.stdout.isatty() else Log()
    try:
        return follow(path, told)
    except KeyboardInterrupt:
        told.stop()
        say("stopped watching; the run goes on by itself", sys.stderr)
        return STOPPED


def follow(path: Path, told: Told) -> int:
    """Tell of what comes until nothing more will."""
    seen = Seen(path)
    while True:
        info = read_info(path)  # before the journals: what has ended writes no more
        for record in seen.poll():
            told.case(record, seen)
        if info["status"] != "running":
            break
        told.progress(seen, seconds_since(info.get("started_at")))
        time.sleep(POLL)
    told.end(info, path.name, seen)
    return 0 if info["status"] == "succeeded" else 1


class Seen:
    """What the journals of a run hold, as far as they have been read."""

    def __init__(self, folder: Path) -> None:
        self.total = 0
        self._folder = folder
        self._rests: dict[Path, bytes] = {}
        self._offsets: dict[Path, int] = {}
        self._statuses: dict[CaseKey, str] = {}

    @property
    def done(self) -> int:
        """How many cases have a result."""
        return len(self._statuses)

    @property
    def counts(self) -> dict[str, int]:
        """How many cases ended how; the last result of a case counts."""
        found = list(self._statuses.values())
        return {status: found.count(status) for status in STATUSES}

    def poll(self) -> Iterator[Record]:
        """Read what has been written since, in whole lines. Raises StoreError."""
        if not self.total:
            self.total = figures_of(kept_run(self._folder).evaluations).cases
        for path in journals(self._folder):
            for line in self._new_lines(path):
                text = result_line(line)
                if text is not None:
                    record: Record = decode(text)
                    key = CaseKey(record["test_set"], record["case_id"], record["agent"])
                    self._statuses[key] = record["status"]
                    yield record

    def _new_lines(self, path: Path) -> list[bytes]:
        try:
            with path.open("rb") as file:
                file.seek(self._offsets.get(path, 0))
                new = file.read()
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
        self._offsets[path] = self._offsets.get(path, 0) + len(new)
        *lines, self._rests[path] = (self._rests.get(path, b"") + new).split(b"\n")
        return lines


class Told:
    """How a run is told of. This one tells of failures and of the end."""

    def case(self, record: Record, seen: Seen) -> None:
        """A case has ended."""
        if record["status"] == "error" or (gate_status(record) == "failed" and record.get("known_failure") is None):
            place = f"{case_file(record)}:{record['line']} {record['case_id']} [{record['agent']}]"
            self.line(f"{headline(record)}  {escape_terminal(place)}")

    def progress(self, seen: Seen, seconds: float) -> None:
        """The run goes on."""

    def line(self, text: str) -> None:
        """Print a line."""
        print(text, flush=True)

    def end(self, info: Record, run_id: str, seen: Seen) -> None:
        """The run has ended."""
        name = f" ({info['name']})" if info.get("name") else ""
        counts = ", ".join((f"{seen.done:,} of {numbers.count(seen.total, 'case')}", *count_texts(seen)))
        self.line(escape_terminal(f"run {run_id}{name} {info['status']}: {counts}"))
        if info["status"] == "interrupted":
            self.line(f"go on with: {resumption(run_id)}")
        elif info.get("error_message"):
            self.line(escape_terminal(info["error_message"].partition("\n")[0]))

    def stop(self) -> None:
        """Nobody watches any more."""


class Log(Told):
    """A line of progress every few seconds."""

    def __init__(self) -> None:
        self._next = time.monotonic()

    def progress(self, seen: Seen, seconds: float) -> None:
        """Say how far the run is, if that was said a while ago."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY
            self.line(" | ".join(so_far(seen, seconds)))


class Live(Told):
    """One line of progress that is written over."""

    def __init__(self) -> None:
        self._shown = 0

    def progress(self, seen: Seen, seconds: float) -> None:
        """Write how far the run is over what was written before."""
        text = shortened(" | ".join(so_far(seen, seconds)), columns() - 1)
        self._write(text.ljust(self._shown))
        self._shown = len(text)

    def line(self, text: str) -> None:
        """Print a line where the progress stood."""
        self.stop()
        super().line(text)

    def stop(self) -> None:
        """Take the progress away."""
        if self._shown:
            self._write(" " * self._shown)
            self._write("")
            self._shown = 0

    def _write(self, text: str) -> None:
        print(f"\r{text}", end="", flush=True)


class Lines(Told):
    """A line of JSON for each case and for the end."""

    def case(self, record: Record, seen: Seen) -> None:
        """Print what came of the case."""
        told = {key: record.get(key) for key in SHOWN}
        self.line(as_json_line({"event": "case", **told, "done": seen.done, "total": seen.total}))

    def end(self, info: Record, run_id: str, seen: Seen) -> None:
        """Print how the run ended."""
        told = {"event": "end", "run": run_id, "status": info["status"], "error_message": info.get("error_message")}
        self.line(as_json_line({**told, "done": seen.done, "total": seen.total, "counts": seen.counts}))


def so_far(seen: Seen, seconds: float) -> Iterator[str]:
    """``37/500``, the counts, the rate, the time left."""
    yield f"{seen.done:,}/{seen.total:,}" if seen.total else f"{seen.done:,} done"
    yield from count_texts(seen)
    if seen.done and seconds > 0:
        rate = seen.done / seconds
        yield f"{rate:.1f}/s" if rate >= 1 else f"{rate * 60:.1f}/min"
        if seen.total > seen.done:
            yield f"{numbers.duration((seen.total - seen.done) / rate)} left"


def count_texts(seen: Seen) -> Iterator[str]:
    """``30 passed``, ``2 failed`` and so on; of passed also none."""
    for status, count in seen.counts.items():
        if count or status == "passed":
            yield f"{count:,} {status.replace('_', ' ')}"


def seconds_since(time_: str | None) -> float:
    """The seconds since a time of the artifact; 0 where there is none."""
    try:
        began = datetime.fromisoformat((time_ or "").replace("Z", "+00:00"))
        return (datetime.now(timezone.utc) - began).total_seconds()
    except (TypeError, ValueError):
        return 0.0


def resumption(run_id: str) -> str:
    """The command that goes on with an interrupted run."""
    return f"pytest --eval-suite --eval-resume={run_id}"
