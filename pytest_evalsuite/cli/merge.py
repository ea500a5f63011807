"""``evalsuite merge``: the shards of a suite become one run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from pytest_evalsuite.cli._common import RUN_HELP, add_root, named_run, say
from pytest_evalsuite.comparison.judgement import judge_run
from pytest_evalsuite.groups.document import side_by_side_json
from pytest_evalsuite.groups.side_by_side import order_in, side_by_side
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.runs.artifact import write_artifact
from pytest_evalsuite.runs.merging import merge_shards
from pytest_evalsuite.runs.reading import read_run

__all__ = ["add_parser", "run"]


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    text = "put the shards of a suite together"
    parser = subparsers.add_parser(
        "merge",
        help=text,
        description="Put all shards that --eval-shard has made of a suite together: the artifact is the one that one "
        "machine would have written. A shard that is missing, there twice or not finished is refused.",
    )
    parser.add_argument("shards", nargs="+", metavar="SHARD", help=RUN_HELP)
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="where the artifact is written")
    add_root(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Merge and write; 1 where a case failed or a gate was missed."""
    shards = [read_run(named_run(args, shard).path) for shard in args.shards]
    merged = merge_shards(shards)
    judgement = judge_run(merged, "any")
    merged.verdicts = {"gate": judgement.as_json()}
    beside = side_by_side(merged, order_in(shards[0]))
    if beside is not None:
        merged.verdicts["groups"] = [side_by_side_json(beside)]
    write_artifact(merged, args.output)
    say(f"{args.output}: {numbers.count(merged.tally.total, 'case')}, {judgement.verdict}")
    for reason in judgement.reasons:
        say(reason, sys.stderr)
    return 0 if judgement.passed else 1
