"""``evalsuite list``: the test sets of a project, and how they did last."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.cli._common import add_json, add_root, columns, nothing, print_json, root_of, say
from pytest_evalsuite.cli._select import sort_known
from pytest_evalsuite.cli._tables import moment, table
from pytest_evalsuite.cli.validate import NAMES, accepting, test_sets_in
from pytest_evalsuite.errors import TestSetError
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.runs.history import Figures, KeptRun, figures_of, runs
from pytest_evalsuite.testsets import MethodLookup, TestSet, load_test_set

__all__ = ["add_parser", "run"]

Part = tuple[KeptRun, list[Mapping[str, Any]]]
"""A run, and its evaluations of one test set."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of a test set. ``path`` is that of its file from the project's folder.

    ``last`` is the newest run of it that has figures, else the newest; ``figures`` are those of that run.
    """

    path: str
    name: str
    cases: int | None
    problem: str | None
    runs: int
    last: KeptRun | None
    figures: Figures | None

    @property
    def last_started_at(self) -> str | None:
        """When the last run began."""
        return None if self.last is None else self.last.started_at

    @property
    def pass_rate(self) -> float | None:
        """That of the last run."""
        return None if self.figures is None else self.figures.pass_rate


SORTS: Final[dict[str, Callable[[Row], Any]]] = {
    "name": lambda row: (row.name.casefold(), row.path),
    "cases": lambda row: row.cases,
    "last-run": lambda row: row.last_started_at,
    "pass-rate": lambda row: row.pass_rate,
}


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser(
        "list",
        help="list the test sets of a project, and how they did last",
        description=f"List the test sets (*{', *'.join(NAMES)}) below the project's folder, and those that runs know.",
    )
    parser.add_argument(
        "--sort", choices=SORTS, default="name", help="by name, or highest or newest first (default: %(default)s)"
    )
    parser.add_argument("--reverse", action="store_true", help="the other way round")
    parser.add_argument(
        "--method",
        action="append",
        default=[],
        metavar="NAME",
        dest="methods",
        help="a method that your conftest.py registers: accept it, with any options (may be repeated)",
    )
    add_json(parser)
    add_root(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List the test sets; 1 where there are none."""
    root = root_of(args)
    found = known(root, accepting(args.methods))
    every = sort_known(found, SORTS[args.sort], descending=(args.sort != "name") != args.reverse)
    if args.json:
        print_json([as_json(row) for row in every])
    if not every:
        return nothing(f"no test sets (*{', *'.join(NAMES)}) in {root}")
    if not args.json:
        for line in lines(every, columns()):
            print(line)
        for row in every:
            if row.problem is not None:
                say(f"broken: {row.problem}")
        say(numbers.count(len(every), "test set"))
    return 0


def known(root: Path, lookup: MethodLookup) -> Iterator[Row]:
    """All test sets that there is a file of, or a run."""
    parts: dict[str, list[Part]] = {}
    for kept in runs(root):
        for path in dict.fromkeys(one["test_set"] for one in kept.evaluations):
            parts.setdefault(path, []).append((kept, [one for one in kept.evaluations if one["test_set"] == path]))
    files = (Path(file).relative_to(root).as_posix() for file in test_sets_in(str(root)))
    for path in dict.fromkeys([*files, *parts]):
        yield row_of(root, path, parts.get(path, []), lookup)


def row_of(root: Path, path: str, parts: Sequence[Part], lookup: MethodLookup) -> Row:
    """What the file says, or the runs where it cannot be used."""
    name, cases, problem, last, figures = path, None, None, None, None
    if parts:
        last, evaluations = next((part for part in parts if "passed" in part[1][0]), parts[0])
        name = evaluations[0]["name"]
        figures = figures_of(evaluations) if "passed" in evaluations[0] else None
    loaded = load(root, path, lookup)
    if isinstance(loaded, TestSet):
        name, cases = loaded.name, len(loaded.cases)
    else:
        problem = loaded
    return Row(path, name, cases, problem, len(parts), last, figures)


def load(root: Path, path: str, lookup: MethodLookup) -> TestSet | str:
    """The test set, or its first mistake."""
    try:
        return load_test_set(root / path, display_path=path, methods=lookup)
    except TestSetError as error:
        first, *others = error.mistakes
        return f"{first}" + (f" (and {numbers.count(len(others), 'mistake')} more)" if others else "")


def lines(every: Sequence[Row], width: int) -> list[str]:
    """The table."""
    heads = ("test set", "file", "cases", "runs", "last run (UTC)", "passed")
    rows = [
        (
            row.name,
            row.path,
            "-" if row.cases is None else f"{row.cases:,}",
            f"{row.runs:,}",
            moment(row.last_started_at),
            "-" if row.figures is None else numbers.rate(row.figures.passed, row.figures.judged),
        )
        for row in every
    ]
    return table(heads, rows, width, right=("cases", "runs", "passed"), cut=("test set", "file"))


def as_json(row: Row) -> dict[str, Any]:
    """The test set with the figures of its last run."""
    return {
        "test_set": row.path,
        "name": row.name,
        "cases": row.cases,
        "problem": row.problem,
        "runs": row.runs,
        "last_run": None if row.last is None else row.last.id,
        "last_run_status": None if row.last is None else row.last.status,
        "last_started_at": row.last_started_at,
        "last_pass_rate": row.pass_rate,
    }
