"""``evalsuite rename``: give a kept run another name."""

from __future__ import annotations

import argparse
from typing import Any

from pytest_evalsuite.cli._common import add_run, named_run, root_of, say
from pytest_evalsuite.runs.upkeep import own_run, rename

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    text = "give a kept run a name, or another one"
    parser = subparsers.add_parser("rename", help=text, description=text)
    add_run(parser)
    parser.add_argument("name", metavar="NAME", type=name_of_run, help="1 to 255 characters")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Rename the run."""
    path = own_run(root_of(args), named_run(args).path)
    rename(path, args.name)
    say(f"{path.name} is now named {args.name!r}")
    return 0


def name_of_run(text: str) -> str:
    """A name. Raises ArgumentTypeError."""
    if not 1 <= len(text.strip()) <= 255:
        raise argparse.ArgumentTypeError(f"expected 1..255 characters, got {len(text.strip()):,}")
    return text
