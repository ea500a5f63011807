"""What the commands that edit test sets share: how they end, and what they say."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from functools import wraps

from pytest_evalsuite.cli._common import say
from pytest_evalsuite.cli.validate import add_loading, loading_of
from pytest_evalsuite.errors import ConfigurationError, EditError, Mistake, TestSetError
from pytest_evalsuite.reporting.escape import escape_terminal

__all__ = ["add_dry_run", "add_loading", "loading_of", "say_diff", "say_mistakes", "telling"]

Run = Callable[[argparse.Namespace], int]


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Add the option that leaves everything as it is."""
    parser.add_argument("--dry-run", action="store_true", help="print what would change as a diff, and write nothing")


def telling(run: Run) -> Run:
    """Make a command that says what was wrong and gives 1, instead of raising."""

    @wraps(run)
    def told(args: argparse.Namespace) -> int:
        try:
            return run(args)
        except TestSetError as error:
            say_mistakes(error.mistakes)
            say("nothing was written", sys.stderr)
        except (ConfigurationError, EditError) as error:
            say(str(error), sys.stderr)
        return 1

    return told


def say_mistakes(mistakes: Iterable[Mistake]) -> None:
    """Print mistakes, each on a line."""
    for mistake in mistakes:
        say(str(mistake), sys.stderr)


def say_diff(text: str) -> None:
    """Print a diff."""
    print(escape_terminal(text.replace("\r\n", "\n"), keep_newlines=True), end="")
