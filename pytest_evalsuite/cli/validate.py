"""``evalsuite validate``: check test sets without running anything."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ConfigDict

from pytest_evalsuite.errors import ConfigurationError, TestSetError
from pytest_evalsuite.methods import Method, get_method
from pytest_evalsuite.redaction import redact
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.testsets import DEFAULT_METHOD, SUFFIXES, Defaults, MethodLookup, load_test_set
from pytest_evalsuite.testsets.attachments import FileRules

__all__ = ["add_parser", "run"]

NAMES: Final = tuple(f".eval{suffix}" for suffix in SUFFIXES)
PASSED_OVER: Final = frozenset({"__pycache__", "node_modules", "venv"})


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser(
        "validate",
        help="check test sets without running anything",
        description=f"Check test sets and list every mistake. Folders are searched for *{', *'.join(NAMES)}.",
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", default=["."], help="a test set or a folder (default: .)")
    parser.add_argument(
        "--method",
        action="append",
        default=[],
        metavar="NAME",
        dest="methods",
        help="a method that your conftest.py registers: accept it, with any options (may be repeated)",
    )
    parser.add_argument(
        "--test-method",
        default=DEFAULT_METHOD,
        metavar="NAME",
        help="the method of cases that name none (default: %(default)s)",
    )
    parser.add_argument(
        "--max-file-mb",
        type=megabytes,
        default=FileRules().max_bytes / 1e6,
        metavar="N",
        help="as the ini value evalsuite_max_file_mb (default: %(default)g)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check all test sets; 0 when there are any and all are good."""
    files = list(dict.fromkeys(file for path in args.paths for file in test_sets_in(path)))
    if not files:
        say(f"no test sets (*{', *'.join(NAMES)}) in {', '.join(args.paths)}", sys.stderr)
        return 1
    defaults = Defaults(test_method=args.test_method)
    lookup = accepting(args.methods)
    rules = FileRules(max_bytes=int(args.max_file_mb * 1e6))
    good = [is_good(file, defaults, lookup, rules) for file in files]
    return 0 if all(good) else 1


def is_good(file: str, defaults: Defaults, lookup: MethodLookup, rules: FileRules) -> bool:
    """Check one test set, and say how many cases it has or what is wrong with it."""
    try:
        count = len(load_test_set(file, defaults=defaults, methods=lookup, files=rules).cases)
    except TestSetError as error:
        for mistake in error.mistakes:
            say(str(mistake), sys.stderr)
        return False
    say(f"{file}: {count:,} {'case' if count == 1 else 'cases'} ok")
    return True


def megabytes(text: str) -> float:
    """Read a number of megabytes, more than 0."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return number


def say(text: str, stream: Any = None) -> None:
    """Print a line that holds what others wrote."""
    print(escape_terminal(redact(text)), file=stream)


def test_sets_in(path: str) -> Iterator[str]:
    """Give the test sets under a folder, sorted; anything else is meant as a test set itself."""
    if not Path(path).is_dir():
        yield path
        return
    for folder, subfolders, names in os.walk(path):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith(".") and name not in PASSED_OVER)
        yield from (str(Path(folder, name)) for name in sorted(names) if name.endswith(NAMES))


class AnyMethod(Method):
    """Stands for a method that is known only inside a test session."""

    model_config = ConfigDict(extra="allow")

    def missing(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Want nothing: only the method itself knows."""
        return None


def accepting(names: Sequence[str]) -> MethodLookup:
    """Make a lookup that knows further methods, whatever their options."""
    further = {name: type(name, (AnyMethod,), {"method": name}) for name in names}

    def lookup(name: str) -> type[Method]:
        try:
            return get_method(name)
        except ConfigurationError as error:
            if name in further:
                return further[name]
            raise ConfigurationError(f"{error}; if your conftest.py registers it: --method {name}") from None

    return lookup
