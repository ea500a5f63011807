"""``evalsuite schema``: the JSON Schema of YAML test sets, or of the artifact."""

from __future__ import annotations

import argparse
import json
from typing import Any

from pytest_evalsuite.runs.schema import artifact_schema
from pytest_evalsuite.testsets.schema import json_schema

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    text = "print a JSON Schema of YAML test sets, for your editor"
    parser = subparsers.add_parser("schema", help=text, description=text)
    parser.add_argument("--artifact", action="store_true", help="print that of what --eval-json writes instead")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the schema."""
    print(json.dumps(artifact_schema() if args.artifact else json_schema(), indent=2))
    return 0
