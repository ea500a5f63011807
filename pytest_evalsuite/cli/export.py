"""``evalsuite export``: a run in a form that other programs read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.assessments.reading import read_assessed_run
from pytest_evalsuite.cli._common import add_run, named_run, say
from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.reporting.csv import csv_text
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.reporting.junit import junit_xml
from pytest_evalsuite.reporting.markdown import run_markdown
from pytest_evalsuite.reporting.otlp import otlp_parts
from pytest_evalsuite.runs.artifact import artifact_parts
from pytest_evalsuite.runs.run import Run
from pytest_evalsuite.runs.store import write_atomically
from pytest_evalsuite.runs.traces import Traces

__all__ = ["add_parser", "run"]


def lines_of(kept: Run) -> Iterator[str]:
    """One result a line, as the artifact holds it."""
    for evaluation in kept.evaluations:
        for key in evaluation.keys:
            yield kept.results.line(key) + "\n"


FORMATS: Final[dict[str, Callable[[Run, Path], Iterator[str]]]] = {
    "csv": lambda kept, _: iter([csv_text(kept)]),
    "json": lambda kept, _: artifact_parts(kept),
    "jsonl": lambda kept, _: lines_of(kept),
    "junit": lambda kept, _: iter([junit_xml(kept)]),
    "markdown": lambda kept, _: iter([run_markdown(kept)]),
    "otlp": lambda kept, path: otlp_parts(Traces(kept, path)),
}


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    text = "write a run in a form that other programs read"
    parser = subparsers.add_parser("export", help=text, description=text)
    add_run(parser)
    parser.add_argument(
        "--format",
        choices=FORMATS,
        required=True,
        help="csv: as --eval-csv; json: as --eval-json; jsonl: one result a line; junit: JUnit XML; "
        "markdown: as --eval-markdown; otlp: the traces, as OpenTelemetry's JSON",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to (default: the standard output)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the run."""
    path = named_run(args).path
    kept, problems = read_assessed_run(path)
    for problem in problems:
        say(f"problem: {problem}", sys.stderr)
    try:
        parts = [part.encode() for part in FORMATS[args.format](kept, path)]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise StoreError(f"run {kept.info['id']} holds a result of no known form ({reason})") from None
    if args.output is not None:
        write_atomically(args.output, parts)
        say(f"written: {args.output}", sys.stderr)
    elif sys.stdout.isatty():
        text = b"".join(parts).decode().replace("\r\n", "\n")
        print(escape_terminal(text, keep_newlines=True), end="")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.writelines(parts)
    return 0
