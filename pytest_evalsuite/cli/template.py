"""``evalsuite template``: a test set to begin with."""

from __future__ import annotations

import argparse
from typing import Any

from pytest_evalsuite.testsets.template import template

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    text = "print a test set to begin with"
    parser = subparsers.add_parser("template", help=text, description=text)
    parser.add_argument("kind", nargs="?", choices=("csv", "yaml"), default="yaml", help="its format (default: yaml)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the template."""
    print(template(args.kind), end="")
    return 0
