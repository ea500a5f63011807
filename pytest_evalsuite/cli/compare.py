"""``evalsuite compare``: what changed between two runs, and whether it is more than noise."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.cli._common import add_root, print_json, root_of
from pytest_evalsuite.comparison.compare import compare
from pytest_evalsuite.comparison.document import comparison_json
from pytest_evalsuite.comparison.git import PREFIX
from pytest_evalsuite.comparison.reference import load_side, path_of
from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.garbage import not_looking
from pytest_evalsuite.reporting.markdown import run_markdown
from pytest_evalsuite.reporting.verdict import comparison_lines
from pytest_evalsuite.runs.reading import read_run

__all__ = ["add_parser", "run"]

SIDE: Final = "a run, an artifact, a baseline file, or git:[<revision>:]<path>"
BAD: Final = frozenset({"regression", "not comparable"})


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    text = "say what changed between two runs, and whether it is more than noise"
    parser = subparsers.add_parser(
        "compare",
        help=text,
        description=f"{text[:1].upper()}{text[1:]}. Cases are paired by test set, agent and id.",
    )
    parser.add_argument("base", metavar="A", help=f"what it was before: {SIDE}")
    parser.add_argument("new", metavar="B", help="what it is now: likewise")
    parser.add_argument("--key", metavar="COLUMN", help="pair by this field, metadata or input instead of the id")
    parser.add_argument("--group", metavar="COLUMN", help="cases of one value are no independent evidence")
    parser.add_argument(
        "--format", choices=("text", "json", "markdown"), default="text", help="(default: %(default)s)"
    )
    parser.add_argument(
        "--fail-on",
        choices=("regression", "never"),
        default="never",
        help="regression: exit code 1 for one, and where nothing can be compared (default: %(default)s)",
    )
    add_root(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compare and print; 1 for a regression, if that was asked for."""
    root = root_of(args)
    with not_looking():
        sides = [
            load_side(name, root, folder=Path.cwd(), key=args.key, group=args.group) for name in (args.base, args.new)
        ]
        comparison = compare(*sides)
    if args.format == "json":
        print_json(comparison_json(comparison))
    elif args.format == "markdown":
        if comparison.new.kind == "baseline" or args.new.startswith(PREFIX):
            raise StoreError(f"--format markdown tells of a run case by case, and {args.new} is none")
        run = read_run(path_of(args.new, root, Path.cwd()))
        print(run_markdown(run, comparison, before=sides[0].records))
    else:
        for line, _ in comparison_lines(comparison):
            print(line)
    return 1 if args.fail_on == "regression" and comparison.decision.verdict in BAD else 0
