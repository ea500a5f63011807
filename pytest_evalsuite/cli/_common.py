"""What the commands about kept runs share: where runs are, which one is meant, pages, what is printed."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.redaction import redact, redact_values
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.runs.history import FOLDER, Found, look_up, project_folder

__all__ = [
    "RUN_HELP",
    "UNLIMITED",
    "add_json",
    "add_paging",
    "add_root",
    "add_run",
    "as_json_line",
    "columns",
    "named_run",
    "nothing",
    "page_of",
    "print_json",
    "root_of",
    "say",
    "whole_number",
]

UNLIMITED: Final = 1_000_000
"""Columns of what is no terminal."""

RUN_HELP: Final = (
    "a run's id, the beginning of it or of its last eight characters; its name; latest, latest~1, ...; or the path of "
    "an artifact or of a run's folder"
)

One = TypeVar("One")


def say(text: str, stream: Any = None) -> None:
    """Print a line that holds what others wrote."""
    print(escape_terminal(redact(text)), file=stream)


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print(as_json_line(value, indent=2))


def as_json_line(value: Any, indent: int | None = None) -> str:
    """The value as JSON, in ASCII that neither a terminal nor a CI runner obeys."""
    return json.dumps(redact_values(value), indent=indent).replace("##[", "#\\u0023[").replace("\x7f", "\\u007f")


def columns() -> int:
    """The columns of the terminal, or as many as one likes."""
    return shutil.get_terminal_size((UNLIMITED, 24)).columns


def add_root(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where runs are kept."""
    parser.add_argument(
        "--root",
        type=Path,
        metavar="FOLDER",
        help=f"the folder that holds {FOLDER} (default: the nearest one, from here upward)",
    )


def root_of(args: argparse.Namespace) -> Path:
    """The project's folder. Raises StoreError for a ``--root`` that is none."""
    root: Path | None = args.root
    if root is None:
        return project_folder(Path.cwd())
    if not root.is_dir():
        raise StoreError(f"--root: {root} is no folder")
    return root.absolute()


def add_run(parser: argparse.ArgumentParser, **more: Any) -> None:
    """Add the argument that names a run, and where runs are kept."""
    parser.add_argument("reference", metavar="RUN", help=RUN_HELP, **more)
    add_root(parser)


def named_run(args: argparse.Namespace, reference: str | None = None) -> Found:
    """The run that is named, saying so where there was a choice. Raises StoreError."""
    found = look_up(root_of(args), args.reference if reference is None else reference)
    if found.note is not None:
        say(found.note, sys.stderr)
    return found


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option that asks for JSON."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_paging(parser: argparse.ArgumentParser, limit: int) -> None:
    """Add the options that say which part of a long list is shown."""
    parser.add_argument(
        "--limit",
        type=whole_number,
        default=limit,
        metavar="N",
        help="so many to a page (default: %(default)s; 0: all)",
    )
    parser.add_argument("--page", type=whole_number, default=1, metavar="N", help="which page (default: the first)")


def whole_number(text: str) -> int:
    """A whole number, 0 or more. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"expected a whole number, got {text!r}")
    return int(text)


def page_of(items: Sequence[One], args: argparse.Namespace, noun: str) -> tuple[Sequence[One], str]:
    """The items of the page, and a line that says which of them these are. Raises StoreError where there is none."""
    limit = args.limit or max(len(items), 1)
    pages = max(-(-len(items) // limit), 1)
    if not 1 <= args.page <= pages:
        held = f"{numbers.count(len(items), noun)} on {numbers.count(pages, 'page')}"
        raise StoreError(f"there is no page {args.page}: {held}")
    start = (args.page - 1) * limit
    shown = items[start : start + limit]
    if len(shown) == len(items):
        return shown, numbers.count(len(items), noun)
    line = f"{start + 1:,}-{start + len(shown):,} of {numbers.count(len(items), noun)}"
    return shown, line + (f"; the next page: --page {args.page + 1}" if args.page < pages else "")


def nothing(message: str) -> int:
    """Say that there is nothing to show: the exit code that this gives."""
    say(message, sys.stderr)
    return 1
