"""``evalsuite baseline``: what each case did in the last runs that somebody accepted."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.cli._common import add_root, root_of, say
from pytest_evalsuite.comparison.baseline import (
    Baseline,
    merge,
    parse_baseline,
    pool,
    write_baseline,
)
from pytest_evalsuite.comparison.model import Side
from pytest_evalsuite.comparison.reference import load_side
from pytest_evalsuite.errors import BaselineMissing, StoreError
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.runs.run import CaseKey
from pytest_evalsuite.testsets.fingerprint import changed_parts

__all__ = ["add_parser", "run"]

FILE: Final = "evalsuite-baseline.json"
INCONCLUSIVE: Final = frozenset({"regression", "outage", "incomplete"})
NAMED: Final = 3


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    text = "keep what a run is compared with"
    parser = subparsers.add_parser("baseline", help=text, description=text)
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    accept = verbs.add_parser("accept", help="add a run to a baseline file", description=_ACCEPT)
    accept.add_argument("reference", metavar="RUN", help="a run or an artifact")
    accept.add_argument("--to", type=Path, default=Path(FILE), metavar="FILE", help="the file (default: %(default)s)")
    accept.add_argument("--window", type=int, metavar="N", help="runs to keep (default: the file's own, or 10)")
    accept.add_argument("--prune", action="store_true", help="drop test sets that the run does not have")
    for name, text in REFUSALS.items():
        accept.add_argument(f"--allow-{name}", action="store_true", help=text)
    add_root(accept)
    accept.set_defaults(run=accept_run)
    show = verbs.add_parser("show", help="print a baseline file, case by case")
    show.add_argument("file", nargs="?", type=Path, default=Path(FILE), metavar="FILE", help="(default: %(default)s)")
    show.set_defaults(run=show_file)
    diff = verbs.add_parser("diff", help="say what differs between two baseline files")
    diff.add_argument("old", metavar="A", help="a file, or git:[<revision>:]<path>")
    diff.add_argument("new", metavar="B", help="likewise")
    diff.set_defaults(run=diff_files)
    merging = verbs.add_parser("merge", help="put together what two branches have made of a baseline file")
    merging.add_argument("ours", type=Path, metavar="OURS")
    merging.add_argument("theirs", type=Path, metavar="THEIRS")
    merging.add_argument("--base", type=Path, metavar="FILE", help="the file that both began from")
    merging.add_argument("--output", type=Path, metavar="FILE", help="where to (default: OURS)")
    merging.set_defaults(run=merge_files)


_ACCEPT: Final = (
    "Add a run's passes and attempts to a baseline file. It must be a whole run without errors, and must not have "
    "missed its gates; cases must be defined as in the file."
)
REFUSALS: Final = {
    "partial": "take a run that does not hold all cases",
    "errors": "take a run in which cases ended in errors; they keep what the file says of them",
    "failed": "take a run that has missed a gate or is a regression",
    "changed": "begin anew for cases whose question, expectation, method, threshold or judge has changed",
}


def run(args: argparse.Namespace) -> int:
    """Do what the verb under this one says."""
    code: int = args.run(args)
    return code


def accept_run(args: argparse.Namespace) -> int:
    """Add a run to a file. Raises StoreError where it is refused."""
    side = load_side(args.reference, root_of(args), folder=Path.cwd())
    if side.info.kind == "baseline":
        raise StoreError(f"{args.reference} is a baseline itself: `evalsuite baseline merge` puts two together")
    for name, problem in refusals(side):
        if not getattr(args, f"allow_{name}"):
            raise StoreError(f"{problem}; to take it all the same, add --allow-{name}")
    if args.window is not None and args.window < 1:
        raise StoreError(f"--window: expected 1 or more, got {args.window}")
    before = read_file(args.to) if args.to.exists() else Baseline()
    after, anew = pool(before, side, window=args.window, prune=args.prune)
    if anew and not args.allow_changed:
        some = ", ".join(key.case_id for key in anew[:NAMED])
        raise StoreError(
            f"{numbers.count(len(anew), 'case')} changed since the baseline ({some}{' ...' * (len(anew) > NAMED)}); "
            "to begin anew for them, add --allow-changed"
        )
    write_baseline(after, args.to)
    say(f"{args.to}: {', '.join(told(before, after, anew))}")
    return 0


def refusals(side: Side) -> Iterator[tuple[str, str]]:
    """Why a run should not be taken for what is right, and the switch that takes it."""
    name = side.info.run_id
    if not side.info.complete:
        yield "partial", f"run {name} does not hold all cases of its test sets"
    errors = sum(outcome.status == "error" for outcome in side.outcomes)
    if errors:
        yield "errors", f"in run {name}, {numbers.count(errors, 'case')} ended in an error"
    gate = side.info.gate
    missed = [bar["reason"] for bar in gate.get("bars", ()) if bar.get("passed") is False]
    if missed or gate.get("verdict") in INCONCLUSIVE:
        why = missed or gate.get("reasons") or [gate.get("verdict")]
        yield "failed", f"run {name} has not passed: {why[0]}"


def told(before: Baseline, after: Baseline, anew: Sequence[CaseKey]) -> Iterator[str]:
    """What became of the file, in words."""
    runs = {run for series in after.series.values() for run in series.runs}
    yield numbers.count(len(after.cases), "case")
    yield f"{numbers.count(len(runs), 'run')} pooled"
    for count, what in (
        (len(after.cases.keys() - before.cases.keys()), "new"),
        (len(before.cases.keys() - after.cases.keys()), "dropped"),
        (len(anew), "began anew"),
    ):
        if count:
            yield f"{count:,} {what}"


def show_file(args: argparse.Namespace) -> int:
    """Print the cases of a file."""
    baseline = read_file(args.file)
    for key, history in sorted(baseline.cases.items()):
        mark = "flaky" if 0 < history.passes < history.attempts else ""
        rate = numbers.rate(history.passes, history.attempts)
        say(f"{rate:>16}  {numbers.score(history.score)}  {key.test_set} {key.case_id} [{key.agent}] {mark}".rstrip())
    return 0


def diff_files(args: argparse.Namespace) -> int:
    """Print the cases that differ; 0 also where some do."""
    sides = [load_side(name, Path.cwd()) for name in (args.old, args.new)]
    old, new = ({outcome.key: outcome for outcome in side.outcomes} for side in sides)
    count = 0
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        count += 1
        changed = changed_parts(before.fingerprint, after.fingerprint) if before and after else ()
        counts = [f"{side.passes}/{side.attempts}" if side else "none" for side in (before, after)]
        what = f" ({', '.join(changed)} changed)" if changed else ""
        say(f"{' -> '.join(counts)}  {key.test_set} {key.case_id} [{key.agent}]{what}")
    say(f"{numbers.count(count, 'case')} of {len({*old, *new}):,} differ")
    return 0


def merge_files(args: argparse.Namespace) -> int:
    """Put two files together."""
    base = None if args.base is None else read_file(args.base)
    merged = merge(read_file(args.ours), read_file(args.theirs), base)
    write_baseline(merged, args.output or args.ours)
    return 0


def read_file(path: Path) -> Baseline:
    """Read a baseline file. Raises StoreError."""
    try:
        return parse_baseline(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise BaselineMissing(f"there is no {path}: `evalsuite baseline accept RUN` makes it") from None
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
