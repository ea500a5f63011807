"""``evalsuite case``: add, change, remove, move and list the cases of a test set."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.cli._common import add_json, print_json, say
from pytest_evalsuite.cli._editing import add_dry_run, add_loading, loading_of, say_diff, telling
from pytest_evalsuite.errors import EditError
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.testsets.csv_columns import CELL_READERS
from pytest_evalsuite.testsets.editing import TestSetFile, open_test_set
from pytest_evalsuite.testsets.fields import CASE, Field
from pytest_evalsuite.testsets.scalars import Plain
from pytest_evalsuite.testsets.yaml_events import YamlMistake, read_yaml

__all__ = ["add_parser", "run"]

OF_CELLS: Final = [
    field for field in CASE.fields.values() if field.kind.cell is not None and field.name != "conversation"
]
WIDEST: Final = 60


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    text = "add, change, remove, move or list the cases of a test set"
    description = (
        "Edit the cases of a YAML, CSV or JSONL test set in place. Comments, order, quotes and all else stay as they "
        "are but where a change is made; a change that would make the test set wrong changes nothing."
    )
    actions = subparsers.add_parser("case", help=text, description=description).add_subparsers(
        title="actions", metavar="ACTION", required=True
    )
    adding = _action(actions, "add", "add a case", add)
    _add_fields(adding)
    _add_place(adding)
    adding.add_argument("--at", type=int, metavar="N", help="put it at this place, the first being 0")
    adding.add_argument("--conversation", metavar="ID", help="the conversation that it is a turn of")
    updating = _action(actions, "update", "change fields of a case", update)
    updating.add_argument("case_id", metavar="ID", help="the case's id")
    _add_fields(updating)
    updating.add_argument(
        "--unset", action="append", default=[], metavar="FIELD", help="take a field away (may be repeated)"
    )
    removing = _action(actions, "remove", "remove cases", remove)
    removing.add_argument("case_ids", nargs="+", metavar="ID", help="the ids of the cases")
    moving = _action(actions, "move", "move a case", move)
    moving.add_argument("case_id", metavar="ID", help="the case's id")
    _add_place(moving)
    moving.add_argument("--to", type=int, metavar="N", help="to this place, the first being 0")
    listing = _action(actions, "list", "list the cases as they stand in the file", list_cases, edits=False)
    add_json(listing)


def _action(actions: Any, name: str, text: str, run: Any, *, edits: bool = True) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=f"{text.capitalize()}.")
    parser.add_argument("path", metavar="SET", help="a test set")
    if edits:
        add_dry_run(parser)
    add_loading(parser, known="--known-method", default="--default-method")
    parser.set_defaults(run=telling(run))
    return parser


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--before", metavar="ID", help="put it before this case")
    parser.add_argument("--after", metavar="ID", help="put it behind this case")


def _add_fields(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("fields", "Each is read as a cell of a CSV test set.")
    for field in OF_CELLS:
        option = f"--{field.name.replace('_', '-')}"
        many = field.name == "expected_response"
        text = field.description.replace("%", "%%") + (" Repeated: any one of them." if many else "")
        group.add_argument(option, dest=_dest(field), metavar="TEXT", help=text, action="append" if many else "store")
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        dest="settings",
        help="any field or option of the method, its value in YAML: 'keywords=[a, b]', metadata.owner=ann",
    )
    group.add_argument(
        "--from-json", metavar="FILE", help="fields as a JSON object (add: or a list of them); - is the standard input"
    )


def _dest(field: Field) -> str:
    return f"field_{field.name}"


def add(args: argparse.Namespace) -> int:
    """Add a case, or those of a JSON list."""
    given = _fields(args)
    cases = _from_json(args)
    listed = cases if isinstance(cases, list) else [cases]
    if not all(isinstance(case, dict) for case in listed):
        raise EditError("--from-json: expected a JSON object, or a list of them")
    file = open_test_set(args.path, **loading_of(args))
    ids = file.add_cases(
        [{**case, **given} for case in listed],
        before=args.before,
        after=args.after,
        at=args.at,
        conversation=args.conversation,
    )
    return _done(args, file, "added", ids)


def update(args: argparse.Namespace) -> int:
    """Change fields of a case."""
    changes = _from_json(args)
    if not isinstance(changes, dict):
        raise EditError("--from-json: expected a JSON object")
    changes = {**changes, **_fields(args), **dict.fromkeys(args.unset)}
    if not changes:
        raise EditError("nothing to change: say which fields, such as --passing-score 0.8 or --unset skip")
    file = open_test_set(args.path, **loading_of(args))
    return _done(args, file, "updated", [file.update_case(args.case_id, changes)])


def remove(args: argparse.Namespace) -> int:
    """Remove cases, all of them or none."""
    file = open_test_set(args.path, **loading_of(args))
    lines = {case_id: file.case(case_id).line for case_id in args.case_ids}
    file.remove_cases(args.case_ids)
    return _done(args, file, "removed", args.case_ids, lines)


def move(args: argparse.Namespace) -> int:
    """Move a case."""
    file = open_test_set(args.path, **loading_of(args))
    file.move_case(args.case_id, before=args.before, after=args.after, to=args.to)
    return _done(args, file, "moved", [args.case_id])


def list_cases(args: argparse.Namespace) -> int:
    """List the cases, as they stand in the file."""
    file = open_test_set(args.path, **loading_of(args))
    cases = [file.case(case_id) for case_id in file.cases]
    if args.json:
        shown = [
            {
                "id": case.id,
                "line": case.line,
                "question": case.question,
                "methods": [check.method.method for check in case.checks],
                "tags": list(case.tags),
            }
            for case in cases
        ]
        print_json({"path": str(file.cases_path), "cases": shown})
        return 0
    for case in cases:
        asked = case.question if case.question is not None else json.dumps(case.inputs)
        asked = " ".join(asked.split())
        short = asked if len(asked) <= WIDEST else f"{asked[: WIDEST - 3]}..."
        say(f"{file.cases_path}:{case.line}: {case.id}: {short}")
    say(numbers.count(len(cases), "case"))
    return 0


def _done(
    args: argparse.Namespace, file: TestSetFile, what: str, ids: list[str], lines: Mapping[str, int] | None = None
) -> int:
    """Save, or show what would be saved, and say what was done."""
    if args.dry_run:
        say_diff(file.diff())
        return 0
    is_changed = file.is_changed
    file.save()
    for case_id in ids:
        line = lines[case_id] if lines is not None else file.case(case_id).line
        say(f"{file.cases_path}:{line}: {what if is_changed else 'unchanged:'} {case_id}")
    return 0


def _fields(args: argparse.Namespace) -> dict[str, Any]:
    """Give the fields that options say. Raises EditError for one that cannot be read."""
    found: dict[str, Any] = {}
    for field in OF_CELLS:
        value = getattr(args, _dest(field), None)
        if value is None:
            continue
        read = CELL_READERS[field.kind.cell or "text"]
        values = [read(one) for one in value] if isinstance(value, list) else [read(value)]
        found[field.name] = values if len(values) > 1 else values[0]
    for setting in args.settings:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise EditError(f"--set {setting}: expected FIELD=VALUE, such as passing_score=0.8")
        found[name.strip()] = _value(name, text)
    return found


def _value(name: str, text: str) -> Any:
    try:
        document = read_yaml(text)
    except YamlMistake as error:
        raise EditError(f"--set {name}: {error.message}") from None
    if document.mistakes:
        raise EditError(f"--set {name}: {document.mistakes[0][2]}")
    return Plain("null") if document.data is None else document.data


def _from_json(args: argparse.Namespace) -> Any:
    """Read what ``--from-json`` names. Raises EditError."""
    if args.from_json is None:
        return {}
    try:
        text = sys.stdin.read() if args.from_json == "-" else Path(args.from_json).read_text("utf-8-sig")
        return json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise EditError(f"--from-json {args.from_json}: {error}") from None


run = list_cases
