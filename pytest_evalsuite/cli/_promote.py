"""``evalsuite assess promote``: what people have corrected or approved becomes what is expected."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from pytest_evalsuite.assessments.promotion import promote, promoted, test_set_path, why_outdated
from pytest_evalsuite.cli._assessing import add_case, answers_named, opened
from pytest_evalsuite.cli._common import add_run, nothing, root_of, say
from pytest_evalsuite.cli.validate import add_loading, loading_of
from pytest_evalsuite.errors import ConfigurationError, EditError, StoreError, TestSetError
from pytest_evalsuite.reporting.escape import escape_terminal

__all__ = ["add_parser"]


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "promote",
        help="let a corrected or an approved answer be what the case expects",
        description="Write the correction of a case's answer (an overwrite), or else an answer that is approved, into "
        "the test set: as what the case expects, or as a new case.",
    )
    add_run(parser)
    add_case(parser)
    parser.add_argument("--as-new-case", action="store_true", help="add a case that asks the same, behind this one")
    parser.add_argument("--id", metavar="ID", help="the new case's id (default: CASE-approved)")
    parser.add_argument("--force", action="store_true", help="though the case has changed since the run")
    parser.add_argument("--dry-run", action="store_true", help="print the difference, and write nothing")
    add_loading(parser)
    parser.set_defaults(run=promote_run)


def promote_run(args: argparse.Namespace) -> int:
    """Change the test set, and print the difference; 1 where it stays as it is."""
    if args.id is not None and not args.as_new_case:
        raise StoreError("--id is that of a new case: add --as-new-case")
    try:
        return promoted_case(args)
    except TestSetError as error:
        for mistake in error.mistakes:
            say(str(mistake), sys.stderr)
    except (EditError, ConfigurationError) as error:
        say(str(error), sys.stderr)
    return 1


def promoted_case(args: argparse.Namespace) -> int:
    """The same. Raises StoreError, EditError or TestSetError."""
    from pytest_evalsuite.testsets.editing import open_test_set

    assessments = opened(args)
    answers = answers_named(assessments, args)
    if args.attempt is not None:
        answers = [answer for answer in answers if answer.number == args.attempt]
        if not answers:
            raise StoreError(f"case {args.case!r} has no attempt {args.attempt}")
    what = promoted(assessments, answers)
    path = Path(os.path.relpath(test_set_path(root_of(args), what.answer)))
    file = open_test_set(path, **loading_of(args))
    outdated = why_outdated(file, what.answer, assessments.folder.name)
    case_id = promote(file, what, new_id=args.id, as_new_case=args.as_new_case)
    if not file.is_changed:
        return nothing(f"case {case_id!r} expects this already")
    if outdated is not None and not args.force:
        raise StoreError(outdated)
    print(escape_terminal(file.diff(), keep_newlines=True), end="")
    if args.dry_run:
        return 0
    file.save()
    done = "a new case" if args.as_new_case else "changed"
    say(f"{file.cases_path}: case {case_id!r} is {done}, as {what.said.created_by} says", sys.stderr)
    return 0
