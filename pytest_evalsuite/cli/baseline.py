"""``evalsuite baseline``: what each case did in the last runs that somebody accepted."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator, Sequence
from itertools import starmap
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.cli._common import add_json, add_root, columns, print_json, root_of, say, whole_number
from pytest_evalsuite.cli._tables import table
from pytest_evalsuite.comparison.baseline import (
    Baseline,
    History,
    merge,
    parse_baseline,
    pool,
    write_baseline,
)
from pytest_evalsuite.comparison.model import Outcome, Side
from pytest_evalsuite.comparison.reference import load_side
from pytest_evalsuite.errors import BaselineMissing, StoreError
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.runs.run import CaseKey
from pytest_evalsuite.testsets.fingerprint import changed_parts

__all__ = ["add_parser", "run"]

FILE: Final = "evalsuite-baseline.json"
INCONCLUSIVE: Final = frozenset({"regression", "outage", "incomplete"})
NAMED: Final = 3
HEADS: Final = ("passed", "score", "flaky", "case", "agent", "test set")


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    text = "keep what a run is compared with"
    parser = subparsers.add_parser("baseline", help=text, description=text)
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    accept = verbs.add_parser("accept", help="add a run to a baseline file", description=_ACCEPT)
    accept.add_argument("reference", metavar="RUN", help="a run or an artifact")
    accept.add_argument("--to", type=Path, metavar="FILE", help=f"the file (default: {FILE} of the project's folder)")
    accept.add_argument(
        "--window", type=whole_number, metavar="N", help="runs to keep (default: the file's own, or 10)"
    )
    accept.add_argument("--prune", action="store_true", help="drop test sets that the run does not have")
    for name, text in REFUSALS.items():
        accept.add_argument(f"--allow-{name}", action="store_true", help=text)
    add_root(accept)
    accept.set_defaults(run=accept_run)
    show = verbs.add_parser("show", help="print a baseline file, case by case")
    show.add_argument("file", nargs="?", type=Path, metavar="FILE", help=f"(default: {FILE} of the project's folder)")
    add_root(show)
    add_json(show)
    show.set_defaults(run=show_file)
    diff = verbs.add_parser("diff", help="say what differs between two baseline files")
    diff.add_argument("old", metavar="A", help="a file, or git:[<revision>:]<path>")
    diff.add_argument("new", metavar="B", help="likewise")
    add_root(diff)
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
    "partial": "take a run that does not hold all cases; the others keep what the file says of them",
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
    if args.window == 0:
        raise StoreError("--window: expected 1 or more, got 0")
    side = load_side(args.reference, root_of(args), folder=Path.cwd())
    if side.info.kind == "baseline":
        raise StoreError(f"{args.reference} is a baseline itself: `evalsuite baseline merge` puts two together")
    for name, problem in refusals(side):
        if not getattr(args, f"allow_{name}"):
            raise StoreError(f"{problem}; to take it all the same, add --allow-{name}")
    path = file_of(args, args.to)
    before = read_file(path) if path.exists() else Baseline()
    after, anew = pool(before, side, window=args.window, prune=args.prune)
    if anew and not args.allow_changed:
        some = ", ".join(key.case_id for key in anew[:NAMED])
        raise StoreError(
            f"{numbers.count(len(anew), 'case')} changed since the baseline ({some}{' ...' * (len(anew) > NAMED)}); "
            "to begin anew for them, add --allow-changed"
        )
    write_baseline(after, path)
    say(f"{path}: {', '.join(told(before, after, anew))}")
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
    missed = [bar.get("reason") for bar in gate.get("bars", ()) if bar.get("passed") is False]
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
    baseline = read_file(file_of(args, args.file))
    cases = sorted(baseline.cases.items())
    if args.json:
        evaluations = [
            {"test_set": place[0], "agent": place[1], **dataclasses.asdict(series)}
            for place, series in sorted(baseline.series.items())
        ]
        print_json({"window": baseline.window, "evaluations": evaluations, "cases": list(starmap(as_json, cases))})
        return 0
    rows = [
        (
            numbers.rate(history.passes, history.attempts),
            numbers.score(history.score),
            "flaky" if is_flaky(history) else "-",
            key.case_id,
            key.agent,
            key.test_set,
        )
        for key, history in cases
    ]
    for line in table(HEADS, rows, columns(), right=("score",), cut=("case", "agent", "test set")):
        print(line)
    flaky = sum(is_flaky(history) for _, history in cases)
    runs = {run for series in baseline.series.values() for run in series.runs}
    say(f"{numbers.count(len(cases), 'case')}, {flaky:,} of them flaky, over {numbers.count(len(runs), 'run')}")
    return 0


def is_flaky(history: History) -> bool:
    """Whether a case has passed and failed."""
    return 0 < history.passes < history.attempts


def as_json(key: CaseKey, history: History) -> dict[str, Any]:
    """A case of a file with its figures, as JSON values."""
    return {
        **key._asdict(),
        "fingerprint": history.fingerprint,
        "passes": history.passes,
        "attempts": history.attempts,
        "score": history.score,
        "flaky": is_flaky(history),
        "trials": [trial and trial._asdict() for trial in history.trials],
    }


def diff_files(args: argparse.Namespace) -> int:
    """Print the cases that differ; 0 also where some do."""
    sides = [load_side(name, root_of(args), folder=Path.cwd()) for name in (args.old, args.new)]
    old, new = ({outcome.key: outcome for outcome in side.outcomes} for side in sides)
    count = 0
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before and after and figures(before) == figures(after):
            continue
        count += 1
        changed = changed_parts(before.fingerprint, after.fingerprint) if before and after else ()
        counts = [f"{side.passes}/{side.attempts}" if side else "none" for side in (before, after)]
        what = f" ({', '.join(changed)} changed)" if changed else ""
        say(f"{' -> '.join(counts)}  {key.test_set} {key.case_id} [{key.agent}]{what}")
    say(f"{numbers.count(count, 'case')} of {len({*old, *new}):,} differ")
    return 0


def figures(outcome: Outcome) -> tuple[str, int, int, float]:
    """What a baseline file says of a case."""
    return outcome.fingerprint, outcome.passes, outcome.attempts, round(outcome.score or 0.0, 3)


def merge_files(args: argparse.Namespace) -> int:
    """Put two files together. An empty base, which git gives where both have made the file, is none."""
    base = None if args.base is None or is_empty(args.base) else read_file(args.base)
    merged = merge(read_file(args.ours), read_file(args.theirs), base)
    write_baseline(merged, args.output or args.ours)
    return 0


def file_of(args: argparse.Namespace, path: Path | None) -> Path:
    """The file that is named; by default that of the project. Raises StoreError."""
    return root_of(args) / FILE if path is None else path


def is_empty(path: Path) -> bool:
    """Whether there is a file with nothing in it."""
    return path.is_file() and not path.stat().st_size


def read_file(path: Path) -> Baseline:
    """Read a baseline file. Raises StoreError."""
    try:
        return parse_baseline(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise BaselineMissing(f"there is no {path}: `evalsuite baseline accept RUN` makes it") from None
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
