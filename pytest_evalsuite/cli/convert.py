"""``evalsuite convert``: a test set in another format."""

from __future__ import annotations

import argparse
from typing import Any

from pytest_evalsuite.cli._common import say
from pytest_evalsuite.cli._editing import add_loading, loading_of, telling
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.testsets.editing.converting import convert

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser(
        "convert",
        help="write a test set in another format",
        description=(
            "Write a YAML, CSV or JSONL test set in the format that the new file's name says. Nothing is lost: what "
            "the format cannot hold is an error that names it. Comments are not part of a test set."
        ),
    )
    parser.add_argument("source", metavar="SET", help="a test set")
    parser.add_argument("target", metavar="NEW", help="the file to be written, which must not be there")
    parser.add_argument(
        "--drop", action="append", default=[], metavar="SETTING", help="a setting that may be lost (may be repeated)"
    )
    add_loading(parser)
    parser.set_defaults(run=telling(run))


def run(args: argparse.Namespace) -> int:
    """Convert, and say how many cases there are."""
    found = convert(args.source, args.target, drop=args.drop, **loading_of(args))
    say(f"{args.target}: {numbers.count(len(found.cases), 'case')} written")
    return 0
