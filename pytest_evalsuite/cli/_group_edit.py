"""Groups are made, changed, deleted and brought back."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pytest_evalsuite.cli._common import root_of, say
from pytest_evalsuite.cli._group_file import read_file
from pytest_evalsuite.errors import GroupError
from pytest_evalsuite.groups.columns import find_column
from pytest_evalsuite.groups.evaluations import Library
from pytest_evalsuite.groups.model import Group, Member, members_of, now, patched
from pytest_evalsuite.groups.store import GroupStore

__all__ = ["create", "delete", "restore", "update"]


def create(args: argparse.Namespace) -> int:
    """Make a group: of all evaluations that are named, or none."""
    root = root_of(args)
    library = Library(root)
    if args.file is not None:
        if args.name is not None or given(args):
            args.usage_error("--from takes everything from the file: give nothing else")
        from pytest_evalsuite.groups.resolving import fields_of

        fields = fields_of(read_file(args.file, root), library)
    else:
        if args.name is None:
            args.usage_error("expected NAME EVALUATION..., or --from FILE")
        fields = fields_given(args, found(library, args.evaluations), library)
        fields = {"description": None, "tags": (), "metadata": {}, "row_identifiers": {}, **fields, "name": args.name}
    check_columns(fields["row_identifiers"], library)
    moment = now()
    group = GroupStore(root).create(lambda new: Group(id=new, created_at=moment, updated_at=moment, **fields))
    say(f"created {group.id} ({group.name}): {counted(group)}")
    return 0


def update(args: argparse.Namespace) -> int:
    """Change a group, or replace it as a whole."""
    root = root_of(args)
    library, store = Library(root), GroupStore(root)
    group = store.find(args.reference, deleted=False)
    if args.clear_row_identifiers and args.row_identifiers:
        args.usage_error("--row-identifier and --clear-row-identifiers: keep one")
    if args.replace:
        if args.name is None or not args.evaluations:
            args.usage_error("--replace needs all that a group must have: --name and EVALUATION...")
        if args.without_metadata:
            args.usage_error("--replace clears metadata that is not given: leave --without-metadata out")
    elif not (given(args) or args.name is not None or args.clear_row_identifiers or args.without_metadata):
        args.usage_error("nothing to change: expected EVALUATION... or an option")
    members = found(library, args.evaluations, group.members) if args.evaluations else group.members
    fields = fields_given(args, members, library)
    if args.name is not None:
        fields["name"] = args.name
    if args.clear_row_identifiers:
        fields["row_identifiers"] = {}
    check_columns(fields.get("row_identifiers", {}), library)

    def change(current: Group) -> Group:
        if args.replace:
            cleared: dict[str, Any] = {"description": None, "tags": (), "metadata": {}, "row_identifiers": {}}
            return replace(current, **{**cleared, **fields, "members": members, "updated_at": now()})
        return patched(current, fields, without_metadata=args.without_metadata)

    changed = store.change(group.id, change)
    say(f"updated {changed.id} ({changed.name}): {counted(changed)}")
    return 0


def delete(args: argparse.Namespace) -> int:
    """Mark a group as deleted."""
    store = GroupStore(root_of(args))
    group = store.find(args.reference)
    if group.deleted_at is not None:
        raise GroupError(f"group {group.name!r} is deleted already")
    store.change(group.id, lambda current: replace(current, deleted_at=now()))
    say(f"deleted {group.id} ({group.name}); `evalsuite group restore {group.id}` brings it back")
    return 0


def restore(args: argparse.Namespace) -> int:
    """Bring a deleted group back."""
    store = GroupStore(root_of(args))
    group = store.find(args.reference)
    if group.deleted_at is None:
        raise GroupError(f"group {group.name!r} is not deleted")
    store.change(group.id, lambda current: replace(current, deleted_at=None, updated_at=now()))
    say(f"restored {group.id} ({group.name}): {counted(group)}")
    return 0


def given(args: argparse.Namespace) -> bool:
    """Whether any field is given that all groups have, but for the name."""
    fields = (args.description, args.tags, args.metadata, args.row_identifiers, args.evaluations or None)
    return any(field is not None for field in fields)


def found(library: Library, references: Sequence[str], before: Sequence[Member] = ()) -> tuple[Member, ...]:
    """All evaluations that are named, as members; those that were members ``before`` may be gone.

    Raises GroupError, naming every one that is not there or there twice.
    """
    known = {member.evaluation_id: member for member in before}
    members: dict[str, Member] = {}
    problems: list[str] = []
    for reference in references:
        try:
            member = known.get(reference) or members_of([library.find(reference)], before)[0]
        except GroupError as error:
            problems.append(str(error))
            continue
        if member.evaluation_id in members:
            problems.append(f"the evaluation {member.evaluation_id!r} is there twice ({reference!r})")
        members[member.evaluation_id] = member
    if problems:
        raise GroupError("\n".join(problems))
    return tuple(members.values())


def fields_given(args: argparse.Namespace, members: Sequence[Member], library: Library) -> dict[str, Any]:
    """The fields of a group that options give."""
    fields: dict[str, Any] = {}
    if args.evaluations or "reference" not in args:
        fields["members"] = tuple(members)
    if args.description is not None:
        fields["description"] = args.description
    if args.tags is not None:
        fields["tags"] = tuple(dict.fromkeys(args.tags))
    if args.metadata is not None:
        fields["metadata"] = dict(args.metadata)
    if args.row_identifiers is not None:
        fields["row_identifiers"] = row_identifiers(args.row_identifiers, members, library)
    return fields


def row_identifiers(pairs: Sequence[tuple[str, str]], members: Sequence[Member], library: Library) -> dict[str, str]:
    """Columns by evaluation id. One of an evaluation that is no member is left out, and that is said."""
    ids = {member.evaluation_id for member in members}
    columns: dict[str, str] = {}
    for reference, column in pairs:
        one = reference if reference in ids else library.find(reference).id
        if one not in ids:
            say(f"{one} is no member of the group: its row identifier {column!r} is ignored", sys.stderr)
        elif one in columns:
            raise GroupError(f"{one} has two row identifiers, {columns[one]!r} and {column!r}: keep one")
        else:
            columns[one] = column
    return columns


def check_columns(columns: dict[str, str], library: Library) -> None:
    """Raise GroupError for a row identifier that its evaluation does not have."""
    for one, column in columns.items():
        find_column(library.load(one).rows, column, one)


def counted(group: Group) -> str:
    """How many evaluations the group has."""
    count = len(group.members)
    return f"{count:,} evaluation{'s' if count != 1 else ''}"
