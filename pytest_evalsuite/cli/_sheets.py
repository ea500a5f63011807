"""``evalsuite assess export`` and ``import``: sheets for people who have no terminal."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pytest_evalsuite.assessments.author import default_author
from pytest_evalsuite.assessments.sheet import import_rows, sheet_rows
from pytest_evalsuite.cli._assessing import add_author, opened
from pytest_evalsuite.cli._common import add_json, add_run, nothing, print_json, say
from pytest_evalsuite.errors import Mistake, StoreError, TestSetError
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.sheet import FORMS, read_sheet
from pytest_evalsuite.runs.store import write_atomically

__all__ = ["add_parsers"]


def add_parsers(verbs: Any) -> None:
    """Add the two verbs."""
    export = verbs.add_parser("export", help="write a sheet of the answers, to be filled in")
    add_run(export)
    export.add_argument("--to", type=Path, required=True, metavar="FILE", help="the sheet: *.csv or *.jsonl")
    export.add_argument("--by", metavar="NAME", help="for this person: with what they have said, and nobody else")
    export.set_defaults(run=export_run)
    importing = verbs.add_parser("import", help="take over what people have filled in")
    add_run(importing)
    importing.add_argument("file", type=Path, metavar="FILE", help="the sheet: *.csv or *.jsonl")
    importing.add_argument("--lenient", action="store_true", help="take the rows that have no mistake")
    add_author(importing, "who has filled in the rows that name no author")
    add_json(importing)
    importing.set_defaults(run=import_run)


def export_run(args: argparse.Namespace) -> int:
    """Write a sheet; 1 where there is nothing to assess."""
    assessments = opened(args)
    write = FORMS.get(args.to.suffix.lower())
    if write is None:
        raise StoreError(f"--to: expected a file named *.csv or *.jsonl, got {args.to.name!r}")
    rows = list(sheet_rows(assessments, args.by))
    if not rows:
        return nothing("no case of this run was put to an agent: there is nothing to assess")
    write_atomically(args.to, [write(rows).encode()])
    say(f"written: {args.to} ({numbers.count(len(rows), 'row')})", sys.stderr)
    return 0


def import_run(args: argparse.Namespace) -> int:
    """Take over a sheet; 1 where it has mistakes."""
    assessments = opened(args)
    try:
        rows, unread = read_sheet(args.file)
    except TestSetError as error:
        return told_mistakes(error.mistakes)
    author = args.by if args.by is not None else default_author(assessments.folder)
    done = import_rows(assessments, rows, str(args.file), author=author, lenient=args.lenient, unread=unread)
    told_mistakes(done.mistakes)
    counts = {"created": done.created, "updated": done.updated, "unchanged": done.unchanged}
    if args.json:
        print_json({**counts, "mistakes": [dataclasses.asdict(mistake) for mistake in done.mistakes]})
    elif done.mistakes and not args.lenient:
        say(f"nothing was imported: {numbers.count(len(done.mistakes), 'mistake')} (--lenient takes the other rows)")
    else:
        say(f"{numbers.count(done.created, 'assessment')} new, {done.updated:,} changed, {done.unchanged:,} as before")
    return 1 if done.mistakes else 0


def told_mistakes(mistakes: Iterable[Mistake]) -> int:
    """Say each of them on a line of its own: the exit code that this gives."""
    for mistake in mistakes:
        say(str(mistake), sys.stderr)
    return 1
