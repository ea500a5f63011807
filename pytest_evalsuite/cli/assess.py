"""``evalsuite assess``: what people say of answers, kept beside the machine's verdict."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Final

from pytest_evalsuite.assessments import Assessment, Assessments
from pytest_evalsuite.assessments.model import TYPES
from pytest_evalsuite.cli import _agreement, _promote, _sheets
from pytest_evalsuite.cli._assessing import add_author, add_case, add_content, answer_named, content_of, opened
from pytest_evalsuite.cli._common import add_json, add_paging, add_run, columns, nothing, page_of, print_json, say
from pytest_evalsuite.cli._tables import moment, table
from pytest_evalsuite.errors import AssessmentError
from pytest_evalsuite.reporting.people import assessed, said

__all__ = ["add_parser", "run", "spelled_out"]

VERBS: Final = ("add", "list", "update", "delete", "history", "export", "import", "agreement", "promote")
HEADS: Final = ("id", "said", "comment", "case", "agent", "span", "by", "updated (UTC)")
SPARE: Final = ("updated (UTC)", "span", "agent")


def spelled_out(arguments: Sequence[str]) -> list[str]:
    """The arguments with the verb ``add``, which is left out where a run is named first."""
    verb, *rest = arguments
    given = bool(rest) and not rest[0].startswith("-") and rest[0] not in VERBS
    return [verb, "add", *rest] if given else [verb, *rest]


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser(
        "assess",
        help="say what people think of answers, and what that means",
        description="Say of an answer how good it is: `evalsuite assess RUN CASE --rating 4` is short for "
        "`evalsuite assess add ...`.",
    )
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = verbs.add_parser("add", help="assess an answer (the command that is meant where none is given)")
    add_run(add)
    add_case(add)
    add.add_argument("--span", metavar="SPAN", help="a span of the trace, by id or name (default: the root)")
    add_content(add)
    add_author(add)
    add_json(add)
    add.set_defaults(run=add_run_)
    listing = verbs.add_parser("list", help="list what is said of a run's answers")
    add_run(listing)
    listing.add_argument("--trace", metavar="ID", help="only of this trace")
    listing.add_argument("--span", metavar="ID", help="only of this span")
    listing.add_argument("--type", choices=TYPES, help="only of this type")
    listing.add_argument("--author", metavar="NAME", help="only by this person")
    add_paging(listing, 50)
    add_json(listing)
    listing.set_defaults(run=list_run)
    update = verbs.add_parser("update", help="say otherwise; only its author may")
    add_run(update)
    update.add_argument("assessment", metavar="ID", help="the assessment's id, or how it begins")
    add_content(update)
    add_author(update)
    add_json(update)
    update.set_defaults(run=update_run)
    delete = verbs.add_parser("delete", help="take it back; only its author may")
    add_run(delete)
    delete.add_argument("assessment", metavar="ID", help="the assessment's id, or how it begins")
    add_author(delete)
    delete.set_defaults(run=delete_run)
    history = verbs.add_parser("history", help="everything that was said, changed and taken back")
    add_run(history)
    history.add_argument("assessment", nargs="?", metavar="ID", help="only of this assessment")
    add_json(history)
    history.set_defaults(run=history_run)
    _sheets.add_parsers(verbs)
    _agreement.add_parser(verbs)
    _promote.add_parser(verbs)


def run(args: argparse.Namespace) -> int:
    """Do what the verb under this one says."""
    code: int = args.run(args)
    return code


def add_run_(args: argparse.Namespace) -> int:
    """Assess an answer."""
    assessments = opened(args)
    answer = answer_named(assessments, args)
    structured = None if args.span is not None else "actual_output" in answer.told
    fields = content_of(args, structured=structured)
    if not fields:
        raise AssessmentError("nothing is said: give --rating, --approve, --reject, --comment or another of them")
    refuse_past(fields)
    made = assessments.create(answer.trace_id, span_id=args.span, by=args.by, **fields)
    return told(assessments, made, args, "")


def update_run(args: argparse.Namespace) -> int:
    """Change an assessment."""
    assessments = opened(args)
    old = assessments.get(args.assessment)
    answer = assessments.answers.get(old.trace_id)
    structured = None if answer is None else "actual_output" in answer.told
    fields: dict[str, Any] = content_of(args, structured=structured)
    refuse_past(fields)
    if fields.get("comment") == "" and old.assessment_type != "comment":
        fields["comment"] = None
    if fields.get("approval") == "rejected":
        fields.setdefault("expires", None)
    if not fields:
        raise AssessmentError("nothing is changed: give --rating, --approve, --reject, --comment or another of them")
    return told(assessments, assessments.update(args.assessment, by=args.by, **fields), args, "changed ")


def delete_run(args: argparse.Namespace) -> int:
    """Take an assessment back."""
    gone = opened(args).delete(args.assessment, by=args.by)
    say(f"deleted {gone.assessment_id}: {assessed(gone.as_json())}")
    return 0


def list_run(args: argparse.Namespace) -> int:
    """List assessments; 1 where there are none."""
    assessments = opened(args)
    found = assessments.list(trace_id=args.trace, span_id=args.span, assessment_type=args.type, author=args.author)
    shown, line = page_of(found, args, "assessment")
    if args.json:
        listed = [placed(assessments, one) for one in shown]
        print_json({"total": len(found), "page": args.page, "assessments": listed})
    elif found:
        rows = [cells(assessments, one) for one in shown]
        for row in table(HEADS, rows, columns(), cut=("said", "comment", "case", "by"), spare=SPARE):
            print(row)
        say(line)
    return 0 if found else nothing("nobody has said such a thing of this run's answers")


def history_run(args: argparse.Namespace) -> int:
    """Print events, oldest first; 1 where there are none."""
    assessments = opened(args)
    events = assessments.history(args.assessment)
    if args.json:
        print_json([event.as_json() for event in events])
    for event in () if args.json else events:
        one = event.assessment
        what = f"{event.kind} {one.assessment_id}"
        say(f"{moment(event.at)}  {what}: {assessed(one.as_json())} ({place(assessments, one)})")
    return 0 if events else nothing("nobody has said anything of this run's answers")


def told(assessments: Assessments, one: Assessment, args: argparse.Namespace, word: str) -> int:
    """Say what is kept now."""
    if args.json:
        print_json(placed(assessments, one))
    else:
        say(f"{word}{one.assessment_id}: {assessed(one.as_json())} ({place(assessments, one)})")
    return 0


def refuse_past(fields: Mapping[str, Any]) -> None:
    """Raise AssessmentError for an approval that would not count for a day."""
    expires = fields.get("expires")
    if expires is not None and expires < datetime.now(timezone.utc).date().isoformat():
        raise AssessmentError(f"--expires: expected a date such as 2026-12-31 that is not past, got {expires}")


def place(assessments: Assessments, one: Assessment) -> str:
    """Which answer an assessment is about, in words."""
    answer = assessments.answers.get(one.trace_id)
    if answer is None:
        return f"trace {one.trace_id}, which the run does not have"
    several = len(assessments.answers.of_case(answer.key)) > 1
    span = "" if one.span_id == assessments.answers.root_of(one.trace_id) else f", span {one.span_id}"
    attempt = f", attempt {answer.number}" if several else ""
    return f"case {answer.key.case_id} of agent {answer.key.agent}{attempt}{span}"


def placed(assessments: Assessments, one: Assessment) -> dict[str, Any]:
    """An assessment as JSON values, with the answer that it is about."""
    answer = assessments.answers.get(one.trace_id)
    where = {} if answer is None else {**answer.key._asdict(), "attempt": answer.number}
    return {**one.as_json(), **where}


def cells(assessments: Assessments, one: Assessment) -> list[str]:
    """A row of the table."""
    answer = assessments.answers.get(one.trace_id)
    case, agent = ("-", "-") if answer is None else (answer.key.case_id, answer.key.agent)
    root = one.span_id == assessments.answers.root_of(one.trace_id)
    fields = one.as_json()
    is_comment = one.assessment_type == "comment"
    return [
        one.assessment_id,
        "comment" if is_comment else said(fields),
        fields.get("comment") or "-",
        case,
        agent,
        "root" if root else one.span_id,
        one.created_by,
        moment(one.updated_at),
    ]
