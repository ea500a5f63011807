"""``evalsuite delete``: remove kept runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from pytest_evalsuite.assessments.log import Log
from pytest_evalsuite.assessments.store import FILE
from pytest_evalsuite.cli._common import add_root, named_run, nothing, root_of, say, whole_number
from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.runs.history import KeptRun, runs
from pytest_evalsuite.runs.upkeep import needed_by, own_run, remove

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser(
        "delete",
        help="remove kept runs",
        description="Remove kept runs: those that are named, or all but the newest. A run that goes on is never "
        "removed, nor one whose results an unfinished one needs that stays; one that people have assessed is removed "
        "only by name.",
    )
    parser.add_argument("references", nargs="*", metavar="RUN", help="as `evalsuite show` takes it")
    parser.add_argument("--keep", type=whole_number, metavar="N", help="remove all but the newest N runs")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_root(parser)
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Remove the runs, once somebody has agreed; 1 where nothing is removed."""
    if (args.keep is None) == (not args.references):
        args.usage_error("expected RUN..., or --keep N")
    root = root_of(args)
    every = runs(root)
    if args.keep is None:
        named = {own_run(root, named_run(args, reference).path) for reference in args.references}
        doomed = [one for one in every if one.path in named]
    else:
        doomed = old_ones(every, args.keep)
        if not doomed:
            return nothing(f"nothing to remove: {numbers.count(len(every), 'run')}, of which {args.keep:,} may stay")
    refuse_needed(every, doomed)
    if not (args.yes or agreed(doomed, args)):
        return nothing("nothing was removed")
    for one in doomed:
        told = described(one)
        remove(one.path)
        say(f"removed {told}")
    return 0


def old_ones(every: Sequence[KeptRun], keep: int) -> list[KeptRun]:
    """The runs beyond the newest so many that may go, saying which may not."""
    stay = [one for number, one in enumerate(every) if number < keep or one.status == "running"]
    needed = needed_by(every, stay)
    doomed = []
    for one in every[keep:]:
        if one.status == "running":
            say(f"{one.id} stays: it is running", sys.stderr)
        elif one.id in needed:
            say(f"{one.id} stays: run {needed[one.id]} goes on from it", sys.stderr)
        elif (count := assessed(one)) > 0:
            kept = numbers.count(count, "assessment")
            say(f"{one.id} stays: people have written {kept} of it (name it to remove it)", sys.stderr)
        else:
            doomed.append(one)
    return doomed


def assessed(run: KeptRun) -> int:
    """How many assessments of a run there are, which nobody could make again."""
    return len(Log(run.path / FILE).read().live)


def refuse_needed(every: Sequence[KeptRun], doomed: Sequence[KeptRun]) -> None:
    """Raise StoreError where one of them goes on, or where one that stays needs it."""
    needed = needed_by(every, [one for one in every if one not in doomed])
    for one in doomed:
        if one.status == "running":
            process, host = one.info.get("process"), one.info.get("host")
            raise StoreError(f"run {one.id} is running (process {process} on {host}): end it first")
        if one.id in needed:
            raise StoreError(f"run {needed[one.id]} is unfinished and goes on from {one.id}: remove that first")


def agreed(doomed: Sequence[KeptRun], args: argparse.Namespace) -> bool:
    """Ask on a terminal; without one it is a usage error."""
    if not sys.stdin.isatty():
        args.usage_error("there is no terminal to ask on: say --yes")
    for one in doomed:
        say(described(one))
    try:
        return input(f"remove {numbers.count(len(doomed), 'run')}? [y/N] ").strip().casefold() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        print()
        return False


def described(run: KeptRun) -> str:
    """A run in a few words."""
    count = assessed(run)
    said = numbers.count(count, "assessment") if count else None
    return f"{run.id} ({', '.join(filter(None, (run.name, run.status, said)))})"
