"""``evalsuite history``: the runs that are kept, newest first."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, Final

from pytest_evalsuite.cli._common import (
    UNLIMITED,
    add_json,
    add_paging,
    add_root,
    columns,
    nothing,
    page_of,
    print_json,
    root_of,
    say,
)
from pytest_evalsuite.cli._select import of_test_set, sort_known
from pytest_evalsuite.cli._tables import moment, table
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.difference import cell_width
from pytest_evalsuite.runs.history import Figures, KeptRun, figures_of, none_kept, runs

__all__ = ["add_parser", "run"]

RIGHT: Final = ("cases", "passed", "mean score", "took")
SPARE: Final = ("took", "mean score")

SORTS: Final[dict[str, Callable[[KeptRun], float | str | None]]] = {
    "started": lambda run: run.started_at,
    "pass-rate": lambda run: figures_of(run.evaluations).pass_rate,
    "score": lambda run: figures_of(run.evaluations).mean_score,
    "duration": lambda run: run.info.get("duration_seconds"),
}


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    text = "list the runs that are kept, newest first"
    parser = subparsers.add_parser("history", help=text, description=text)
    parser.add_argument(
        "test_set", nargs="?", metavar="TEST_SET", help="only its runs and their figures for it: its path or its title"
    )
    parser.add_argument("--search", metavar="TEXT", help="only runs with this in name, id, test sets or agents")
    parser.add_argument("--sort", choices=SORTS, default="started", help="highest first (default: %(default)s)")
    parser.add_argument("--reverse", action="store_true", help="lowest first")
    add_paging(parser, 20)
    add_json(parser)
    add_root(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List the runs; 1 where there are none."""
    root = root_of(args)
    kept = runs(root)
    found = of_test_set(kept, args.test_set, root) if args.test_set is not None and kept else kept
    if args.search is not None:
        found = [one for one in found if holds(one, args.search.casefold())]
    found = sort_known(found, SORTS[args.sort], descending=not args.reverse)
    shown, line = page_of(found, args, "run")
    if args.json:
        print_json({"total": len(found), "page": args.page, "runs": [as_json(one) for one in shown]})
    elif found:
        for row in rows(shown, args.test_set is not None, columns()):
            print(row)
        for one in shown:
            if one.problem is not None:
                say(f"broken: {one.problem}")
        say(line)
    if found:
        return 0
    return nothing(f"no run of {len(kept):,} holds {args.search!r}" if kept else none_kept(root))


def holds(run: KeptRun, text: str) -> bool:
    """Whether a text that describes the run holds this one, whatever the case of its letters."""
    evaluations = (one[key] for one in run.evaluations for key in ("test_set", "name", "agent"))
    return any(text in described.casefold() for described in (run.id, run.name or "", *evaluations))


def rows(shown: Sequence[KeptRun], of_one: bool, width: int) -> list[str]:
    """The table; ids are short where there is no room for them."""
    what = "agents" if of_one else "test sets"
    heads = ("run", "name", "started (UTC)", "status", what, *RIGHT)
    told = [cells(run, "agent" if of_one else "name") for run in shown]
    whole, short = ([(run.id[cut:], *row) for run, row in zip(shown, told, strict=True)] for cut in (0, -8))
    lines = table(heads, whole, UNLIMITED, right=RIGHT)
    fits = max(map(cell_width, lines)) <= width
    return lines if fits else table(heads, short, width, right=RIGHT, cut=("name", what), spare=SPARE)


def cells(run: KeptRun, key: str) -> list[str]:
    """What a row says of a run, but for its id."""
    names = ", ".join(dict.fromkeys(one[key] for one in run.evaluations))
    told = [run.name or "-", moment(run.started_at), run.status, names or "-"]
    return [*told, *figure_cells(figures_of(run.evaluations)), numbers.duration(run.info.get("duration_seconds"))]


def figure_cells(figures: Figures) -> list[str]:
    """Cases, pass rate, mean score: each with what it is of."""
    mean = "-" if figures.mean_score is None else f"{numbers.score(figures.mean_score)} of {figures.scored:,}"
    return [f"{figures.cases:,}", numbers.rate(figures.passed, figures.judged), mean]


def as_json(run: KeptRun) -> dict[str, Any]:
    """The run with its figures."""
    figures = figures_of(run.evaluations)
    return {
        **run.info,
        "id": run.id,
        "status": run.status,
        "folder": str(run.path),
        "problem": run.problem,
        "totals": {**figures._asdict(), "pass_rate": figures.pass_rate},
        "evaluations": run.evaluations,
    }
