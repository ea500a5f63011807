"""``evalsuite validate``: check test sets without running anything."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ConfigDict

from pytest_evalsuite.errors import ConfigurationError, TestSetError
from pytest_evalsuite.methods import Method, get_method
from pytest_evalsuite.redaction import redact
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.testsets import DEFAULT_METHOD, SUFFIXES, Defaults, MethodLookup, load_test_set
from pytest_evalsuite.testsets.attachments import FileRules

__all__ = ["add_loading", "add_parser", "loading_of", "run"]

NAMES: Final = tuple(f".eval{suffix}" for suffix in SUFFIXES)
GROUP_NAMES: Final = (".evalgroup.yaml", ".evalgroup.yml")
PASSED_OVER: Final = frozenset({"__pycache__", "node_modules", "venv"})


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser(
        "validate",
        help="check test sets without running anything",
        description="Check test sets and group files, and list every mistake. Folders are searched for "
        f"*{', *'.join((*NAMES, *GROUP_NAMES))}.",
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", default=["."], help="a test set or a folder (default: .)")
    add_loading(parser)
    parser.set_defaults(run=run)


def add_loading(parser: argparse.ArgumentParser, *, known: str = "--method", default: str = "--test-method") -> None:
    """Add the options that say how test sets are read; ``known`` and ``default`` are what two of them are called."""
    parser.add_argument(
        known,
        action="append",
        default=[],
        metavar="NAME",
        dest="methods",
        help="a method that your conftest.py registers: accept it, with any options (may be repeated)",
    )
    parser.set_defaults(known_by=known)
    parser.add_argument(
        default,
        default=DEFAULT_METHOD,
        metavar="NAME",
        dest="default_method",
        help="the method of cases that name none (default: %(default)s)",
    )
    parser.add_argument(
        "--max-file-mb",
        type=megabytes,
        default=FileRules().max_bytes / 1e6,
        metavar="N",
        help="as the ini value evalsuite_max_file_mb (default: %(default)g)",
    )


def loading_of(args: argparse.Namespace) -> dict[str, Any]:
    """Give what these options say, as arguments of `load_test_set`."""
    return {
        "defaults": Defaults(test_method=args.default_method),
        "methods": accepting(args.methods, args.known_by),
        "files": FileRules(max_bytes=int(args.max_file_mb * 1e6)),
    }


def run(args: argparse.Namespace) -> int:
    """Check all test sets; 0 when there are any and all are good."""
    files = list(dict.fromkeys(file for path in args.paths for file in files_in(path, (*NAMES, *GROUP_NAMES))))
    if not files:
        say(f"no test sets (*{', *'.join(NAMES)}) in {', '.join(args.paths)}", sys.stderr)
        return 1
    loading = loading_of(args)
    good = [is_good_group(file) if file.endswith(GROUP_NAMES) else is_good(file, loading) for file in files]
    return 0 if all(good) else 1


def is_good(file: str, loading: Mapping[str, Any]) -> bool:
    """Check one test set, and say how many cases it has or what is wrong with it."""
    try:
        count = len(load_test_set(file, **loading).cases)
    except TestSetError as error:
        for mistake in error.mistakes:
            say(str(mistake), sys.stderr)
        return False
    say(f"{file}: {count:,} {'case' if count == 1 else 'cases'} ok")
    return True


def is_good_group(file: str) -> bool:
    """Check one group file, and say how many members it has or what is wrong with it."""
    from pytest_evalsuite.groups.file import load_group_file

    try:
        count = len(load_group_file(Path(file)).members)
    except TestSetError as error:
        for mistake in error.mistakes:
            say(str(mistake), sys.stderr)
        return False
    say(f"{file}: {count:,} {'member' if count == 1 else 'members'} ok")
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
    return files_in(path, NAMES)


def files_in(path: str, endings: tuple[str, ...]) -> Iterator[str]:
    """Give the files under a folder that end so, sorted; anything else is meant as such a file itself."""
    if not Path(path).is_dir():
        yield path
        return
    for folder, subfolders, names in os.walk(path):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith(".") and name not in PASSED_OVER)
        yield from (str(Path(folder, name)) for name in sorted(names) if name.endswith(endings))


class AnyMethod(Method):
    """Stands for a method that is known only inside a test session."""

    model_config = ConfigDict(extra="allow")

    def missing(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Want nothing: only the method itself knows."""
        return None


def accepting(names: Sequence[str], option: str = "--method") -> MethodLookup:
    """Make a lookup that knows further methods, whatever their options; ``option`` is what names them."""
    further = {name: type(name, (AnyMethod,), {"method": name}) for name in names}

    def lookup(name: str) -> type[Method]:
        try:
            return get_method(name)
        except ConfigurationError as error:
            if name in further:
                return further[name]
            raise ConfigurationError(f"{error}; if your conftest.py registers it: {option} {name}") from None

    return lookup
