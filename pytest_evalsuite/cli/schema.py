"""``evalsuite schema``: the JSON Schema of YAML test sets."""

from __future__ import annotations

import argparse
import json
from typing import Any

from pytest_evalsuite.testsets.schema import json_schema

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    text = "print a JSON Schema of YAML test sets, for your editor"
    subparsers.add_parser("schema", help=text, description=text).set_defaults(run=run)


def run(args: argparse.Namespace) -> int:  # noqa: ARG001 - every verb is given them
    """Print the schema."""
    print(json.dumps(json_schema(), indent=2))
    return 0
