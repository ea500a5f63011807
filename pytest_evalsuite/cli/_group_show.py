"""Groups are listed and shown."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.cli._common import (
    as_json_line,
    columns,
    named_run,
    nothing,
    page_of,
    print_json,
    root_of,
    say,
)
from pytest_evalsuite.cli._group_file import is_file, read_file
from pytest_evalsuite.errors import GroupError, StoreError
from pytest_evalsuite.garbage import not_looking
from pytest_evalsuite.groups.document import VIEWS, group_json, side_by_side_json
from pytest_evalsuite.groups.evaluations import Library
from pytest_evalsuite.groups.model import Group
from pytest_evalsuite.groups.report import GroupReport, Wanted, group_report
from pytest_evalsuite.groups.side_by_side import SideBySide, order_in, side_by_side
from pytest_evalsuite.groups.store import GroupStore, NoSuchGroup
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.reporting.groups import group_csv, group_lines, group_markdown
from pytest_evalsuite.reporting.side_by_side import side_by_side_view
from pytest_evalsuite.reporting.tables import moment, table
from pytest_evalsuite.reporting.views import view_csv, view_lines, view_markdown
from pytest_evalsuite.runs.reading import read_run
from pytest_evalsuite.runs.store import write_atomically

__all__ = ["FORMATS", "VIEWS", "list_groups", "show"]

FORMATS: Final = ("terminal", "json", "csv", "markdown")
USUAL: Final = ("members", "aggregates", "differences")


def list_groups(args: argparse.Namespace) -> int:
    """List groups; 1 where there is none such."""
    root = root_of(args)
    every, broken = GroupStore(root).all()
    wanted = args.evaluation
    if wanted is not None and not any(wanted in group.evaluation_ids for group in every):
        wanted = Library(root).find(wanted).id
    found = [group for group in every if is_wanted(group, args, wanted)]
    shown, line = page_of(found, args, "group")
    if args.json:
        print_json({"total": len(found), "page": args.page, "groups": [group.as_json() for group in shown]})
    elif found:
        heads = ["group", "name", "created (UTC)", "evaluations", "tags", "deleted (UTC)"]
        rows = [list_cells(group) for group in shown]
        kept = len(heads) if args.include_deleted else len(heads) - 1
        cells = [row[:kept] for row in rows]
        for text in table(
            heads[:kept], cells, columns(), right=("evaluations",), cut=("name", "tags"), spare=("tags",)
        ):
            print(text)
        say(line)
    for one in broken:
        say(f"broken: {one.problem}", sys.stderr if args.json else None)
    if found:
        return 0
    return nothing("no group is kept" if not every else f"no group of {len(every):,} is such a one")


def list_cells(group: Group) -> list[str]:
    """What a row says of a group."""
    count, tags = f"{len(group.members):,}", ", ".join(group.tags) or "-"
    return [group.id, group.name, moment(group.created_at), count, tags, moment(group.deleted_at)]


def is_wanted(group: Group, args: argparse.Namespace, evaluation: str | None) -> bool:
    """Whether the group is among those that are asked for."""
    return (
        (args.include_deleted or group.deleted_at is None)
        and (args.name is None or args.name.casefold() in group.name.casefold())
        and set(args.tags) <= set(group.tags)
        and (evaluation is None or evaluation in group.evaluation_ids)
    )


def show(args: argparse.Namespace) -> int:
    """Show what is named: a group file, a group, or the agents of a run."""
    root = root_of(args)
    if args.format == "csv" and len(args.views or ()) > 1:
        args.usage_error("--format csv holds one table: give one --view")
    try:
        with not_looking():
            return show_named(root, args)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise GroupError(f"{args.reference} holds a result of no known form ({reason})") from None


def show_named(root: Path, args: argparse.Namespace) -> int:
    """The same, of results that have their form."""
    if is_file(args.reference):
        return show_report(report_of_file(Path(args.reference), root, args), args)
    try:
        group = GroupStore(root).find(args.reference)
    except NoSuchGroup as error:
        return show_run(args, error)
    return show_report(report_of_group(group, root, args), args)


def report_of_group(group: Group, root: Path, args: argparse.Namespace) -> GroupReport:
    """A kept group with the rows of its evaluations; those whose run is gone are said to be missing."""
    library = Library(root)
    wanted = []
    for member in group.members:
        identifier = group.row_identifiers.get(member.evaluation_id)
        try:
            wanted.append(Wanted(library.load(member.evaluation_id), identifier))
        except GroupError as error:
            label = f"{member.evaluation_name} {member.evaluation_id}"
            wanted.append(Wanted(None, identifier, label, str(error), member.evaluation_id))
    head = {
        key: value for key, value in group.as_json().items() if key not in ("schema", "members", "row_identifiers")
    }
    return group_report(head, wanted, **options(args))


def report_of_file(path: Path, root: Path, args: argparse.Namespace) -> GroupReport:
    """A group file with the rows of the evaluations that it names."""
    from pytest_evalsuite.groups.resolving import report_of, wanted_of

    file = read_file(path, root)
    return report_of(file, wanted_of(file, Library(root)), **options(args))


def options(args: argparse.Namespace) -> dict[str, Any]:
    """What the command line says of the report."""
    return {
        "columns": args.columns,
        "against": args.against,
        "only": args.only,
        "latest_only": args.latest_only,
    }


def show_report(report: GroupReport, args: argparse.Namespace) -> int:
    """Write the views that are asked for."""
    views = args.views or (("table",) if args.format == "csv" else USUAL)
    rows = args.limit or None
    if not report.sides:
        reasons = "; ".join(f"{one.label}: {one.reason}" for one in report.missing)
        raise GroupError(f"group {report.name!r} has no evaluation left: {reasons}")
    if args.format == "json":
        write(as_json_line(group_json(report, views), indent=2) + "\n", args)
    elif args.format == "csv":
        write(group_csv(report, views[0]), args)
    elif args.format == "markdown":
        write(group_markdown(report, views, rows=rows), args)
    else:
        lines = [*head_lines(report), *group_lines(report, views, width(args), rows=rows)]
        write("\n".join(lines) + "\n", args)
    if "members" not in views:
        for one in report.missing:
            say(f"missing: {one.label}: {one.reason}", sys.stderr)
    return 0


def head_lines(report: GroupReport) -> list[str]:
    """What the group says of itself."""
    head = report.head
    name = f"group {head['name']}" + (f" ({head['id']})" if head.get("id") else "")
    lines = [name + (f", deleted {moment(head['deleted_at'])}" if head.get("deleted_at") else "")]
    if head.get("description"):
        lines.append(head["description"].partition("\n")[0])
    if head.get("tags"):
        lines.append(f"tags: {', '.join(head['tags'])}")
    lines += [f"{key}: {as_json_line(value)}" for key, value in head.get("metadata", {}).items()]
    return [*(escape_terminal(line) for line in [*lines, *(f"note: {note}" for note in report.notes)]), ""]


def show_run(args: argparse.Namespace, error: GroupError) -> int:
    """Show the agents of a run side by side. Raises GroupError where nothing is named so."""
    try:
        path = named_run(args).path
    except StoreError:
        raise GroupError(f"{error} (nor is there such a run)") from None
    if args.views or args.columns or args.only or args.latest_only:
        args.usage_error(f"{args.reference} is a run: its agents are shown side by side, without views and columns")
    run = read_run(path)
    found = side_by_side(run, order_in(run))
    if found is None:
        raise GroupError(f"run {run.info['id']} put no case to several agents: there is nothing to show side by side")
    if args.against is not None:
        if args.against not in found.agents:
            raise GroupError(f"the run has no agent {args.against!r} (it has {', '.join(found.agents)})")
        others = (agent for agent in found.agents if agent != args.against)
        found = side_by_side(run, (args.against, *others)) or found
    return show_side_by_side(found, args)


def show_side_by_side(found: SideBySide, args: argparse.Namespace) -> int:
    """Write the cases by agents."""
    view = side_by_side_view(found, rows=args.limit or None)
    if args.format == "json":
        write(as_json_line(side_by_side_json(found), indent=2) + "\n", args)
    elif args.format == "csv":
        write(view_csv(side_by_side_view(found, rows=None)), args)
    elif args.format == "markdown":
        write(view_markdown(view), args)
    else:
        write("\n".join(view_lines(view, width(args))) + "\n", args)
    return 0


def width(args: argparse.Namespace) -> int:
    """The columns that there are."""
    return 1_000_000 if args.to is not None else columns()


def write(text: str, args: argparse.Namespace) -> None:
    """Write to the file that is named, or print."""
    if args.to is not None:
        write_atomically(args.to, [text.encode()])
        say(f"written: {args.to}", sys.stderr)
    elif args.format == "csv" and not sys.stdout.isatty():
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
    else:
        print(escape_terminal(text.replace("\r\n", "\n"), keep_newlines=True), end="")
