"""``evalsuite group``: evaluations that belong together, and what they show side by side."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_evalsuite.cli import _group_edit as edit
from pytest_evalsuite.cli import _group_show as show
from pytest_evalsuite.cli._common import add_json, add_paging, add_root, whole_number

__all__ = ["add_parser"]

EVALUATION = (
    "RUN/test-set[agent], such as latest/refunds.eval.yaml[support]; what a run has but one of may be left out"
)


class Intermixed(argparse.ArgumentParser):
    """Takes options also between and before the evaluations, which argparse alone does not."""

    _is_inside = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse options first, then what is left."""
        if self._is_inside:
            return super().parse_known_args(args, namespace)
        self._is_inside = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_inside = False


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    text = "put evaluations together in a group, join their rows and compare them"
    verbs = subparsers.add_parser("group", help=text, description=f"{text[:1].upper()}{text[1:]}.")
    inner = verbs.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Intermixed)
    _add_create(inner)
    _add_list(inner)
    _add_show(inner)
    _add_update(inner)
    _add(inner, "delete", "mark a group as deleted; its runs stay", edit.delete)
    _add(inner, "restore", "bring a deleted group back", edit.restore)


def _add(inner: Any, name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = inner.add_parser(name, help=text, description=f"{text[:1].upper()}{text[1:]}.")
    if name not in ("create", "list"):
        parser.add_argument("reference", metavar="GROUP", help="a group's id, the beginning of its end, or its name")
    add_root(parser)
    parser.set_defaults(run=run, usage_error=parser.error)
    return parser


def _add_create(inner: Any) -> None:
    parser = _add(inner, "create", "make a group of evaluations of kept runs", edit.create)
    parser.add_argument("name", nargs="?", metavar="NAME", help="1 to 128 characters")
    parser.add_argument("evaluations", nargs="*", default=[], metavar="EVALUATION", help=EVALUATION)
    parser.add_argument("--from", dest="file", type=Path, metavar="FILE", help="take everything from a group file")
    _add_fields(parser)


def _add_update(inner: Any) -> None:
    parser = _add(inner, "update", "change a group: what is given, metadata key by key", edit.update)
    parser.add_argument(
        "evaluations", nargs="*", default=[], metavar="EVALUATION", help="instead of those that it has"
    )
    parser.add_argument("--name", help="1 to 128 characters")
    parser.add_argument("--replace", action="store_true", help="replace it as a whole: what is left out is cleared")
    parser.add_argument(
        "--clear-row-identifiers", action="store_true", help="join rows by case ids, for all evaluations"
    )
    parser.add_argument(
        "--without-metadata", action="append", default=[], metavar="KEY", help="drop this key (may be repeated)"
    )
    _add_fields(parser)


def _add_fields(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--description", metavar="TEXT", help="what the group is for")
    parser.add_argument("--tag", action="append", dest="tags", metavar="TAG", help="a word to find it by (repeatable)")
    parser.add_argument(
        "--metadata", action="append", type=pair, metavar="KEY=VALUE", help="anything else, as text (may be repeated)"
    )
    parser.add_argument(
        "--row-identifier",
        action="append",
        dest="row_identifiers",
        type=pair,
        metavar="EVALUATION=COLUMN",
        help="the column that its rows are joined by; its case ids where nothing is said (may be repeated)",
    )


def _add_list(inner: Any) -> None:
    parser = _add(inner, "list", "list groups, newest first", show.list_groups)
    parser.add_argument("--name", metavar="TEXT", help="only groups whose name holds this text")
    parser.add_argument(
        "--tag", action="append", default=[], dest="tags", metavar="TAG", help="only groups with all of these tags"
    )
    parser.add_argument("--evaluation", metavar="EVALUATION", help="only groups of this evaluation")
    parser.add_argument("--include-deleted", action="store_true", help="deleted ones too")
    add_paging(parser, 100)
    add_json(parser)


def _add_show(inner: Any) -> None:
    parser = _add(inner, "show", "show a group, a group file, or the agents of a run side by side", show.show)
    parser.add_argument(
        "--view",
        action="append",
        choices=show.VIEWS,
        dest="views",
        help="what to show (may be repeated; default: members, aggregates and differences)",
    )
    parser.add_argument(
        "--column", action="append", default=[], dest="columns", metavar="COLUMN", help="aggregate this one too"
    )
    parser.add_argument("--only", action="append", default=[], metavar="MEMBER", help="only these (may be repeated)")
    parser.add_argument("--latest-only", action="store_true", help="only the members of the newest run among them")
    parser.add_argument("--against", metavar="MEMBER", help="compare with this one (default: the first)")
    parser.add_argument("--format", choices=show.FORMATS, default="terminal", help="(default: %(default)s)")
    parser.add_argument("--to", type=Path, metavar="FILE", help="write to a file")
    parser.add_argument(
        "--limit", type=whole_number, default=20, metavar="N", help="rows of a table (default: %(default)s; 0: all)"
    )


def pair(text: str) -> tuple[str, str]:
    """Read ``KEY=VALUE``; the key may hold ``=`` itself. Raises ArgumentTypeError."""
    key, equals, value = text.rpartition("=")
    if not equals or not key or not value:
        raise argparse.ArgumentTypeError(f"expected KEY=VALUE, got {text!r}")
    return key, value
