"""``evalsuite import``: the cases of one file, added to a test set."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_evalsuite.cli._common import add_json, print_json, say
from pytest_evalsuite.cli._editing import add_dry_run, add_loading, loading_of, say_diff, say_mistakes, telling
from pytest_evalsuite.errors import Mistake, TestSetError
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.testsets.editing.importing import Imported, import_cases

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser(
        "import",
        help="add the cases of a CSV, JSONL or YAML file to a test set",
        description=(
            "Add the cases of a CSV, JSONL or YAML file to a test set, which is made where there is none. Unless "
            "every row is good, nothing is written, and every mistake is told."
        ),
    )
    parser.add_argument("source", metavar="FILE", help="the file with the cases")
    parser.add_argument("--into", required=True, metavar="SET", dest="target", help="the test set")
    parser.add_argument(
        "--lenient",
        action="store_true",
        help="add the good rows, and tell what is wrong with the others (exit code 1)",
    )
    parser.add_argument(
        "--update",
        action="store_true",
        help="rows whose id the test set has replace that case; else they are mistakes",
    )
    add_json(parser)
    add_dry_run(parser)
    add_loading(parser)
    parser.set_defaults(run=telling(run))


def run(args: argparse.Namespace) -> int:
    """Import, and say how many cases are new and what was wrong; 0 when every row is in."""
    try:
        done = import_cases(args.source, args.target, lenient=args.lenient, update=args.update, **loading_of(args))
    except TestSetError as error:
        if not args.json:
            raise
        done = Imported(Path(args.target), mistakes=list(error.mistakes))
    if not args.dry_run:
        done.save()
    if args.json:
        print_json(as_json(done, written=not args.dry_run))
        return 1 if done.mistakes else 0
    say_mistakes(done.mistakes)
    if args.dry_run:
        say_diff(done.diff())
    say(summary(done, dry=args.dry_run), sys.stderr if args.dry_run else None)
    return 1 if done.mistakes else 0


def as_json(done: Imported, *, written: bool) -> dict[str, Any]:
    """Give what was done as JSON values."""
    return {
        "path": str(done.path),
        "written": written and bool(done.created or done.updated),
        "created": len(done.created),
        "updated": len(done.updated),
        "created_ids": done.created,
        "updated_ids": done.updated,
        "errors": errors(done.mistakes),
    }


def errors(mistakes: Sequence[Mistake]) -> list[dict[str, Any]]:
    """Give mistakes as JSON values."""
    return [
        {"path": each.path, "line": each.line, "column": each.column, "message": each.message} for each in mistakes
    ]


def summary(done: Imported, *, dry: bool) -> str:
    """Say in a line what was done."""
    parts = [f"{numbers.count(len(done.created), 'case')} {'would be ' if dry else ''}created"]
    parts += [f"{len(done.updated):,} updated"] if done.updated else []
    parts += (
        [f"{numbers.count(len(done.mistakes), 'mistake')}: the rows with them were left out"] if done.mistakes else []
    )
    return f"{done.path}: {', '.join(parts)}"
