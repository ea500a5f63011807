"""Finds the verb that is asked for and runs it."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules

from pytest_evalsuite import cli
from pytest_evalsuite.errors import GroupError, StoreError
from pytest_evalsuite.redaction import make_redactor, redact, use
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.version import __version__

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``evalsuite`` with arguments (the process's own by default) and give its exit code.

    0: all is well; 1: something is wrong, and was said; 2: the command line is wrong.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    before = use(make_redactor())
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = make_parser(arguments)
    args = parser.parse_args(spelled_out(arguments))
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except (GroupError, StoreError) as error:
        print(escape_terminal(redact(str(error)), keep_newlines=isinstance(error, GroupError)), file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever reads the output has seen enough; do not complain again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    finally:
        use(before)
    return code


def make_parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Make the parser, with the one verb that the arguments begin with, or with all of them."""
    parser = argparse.ArgumentParser(prog="evalsuite", description="Test sets for pytest --eval-suite.")
    parser.add_argument("--version", action="version", version=f"evalsuite {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    verbs = known_verbs()
    for verb in arguments[:1] if arguments[:1] and arguments[0] in verbs else verbs:
        import_module(f"{cli.__name__}.{verbs[verb]}").add_parser(subparsers)
    return parser


def known_verbs() -> dict[str, str]:
    """The verbs, and the name of the module of each."""
    modules = [module.name for module in iter_modules(cli.__path__)]
    return {name.rstrip("_"): name for name in modules if name != "main" and not name.startswith("_")}


def spelled_out(arguments: Sequence[str]) -> Sequence[str]:
    """The arguments with what their verb lets one leave out."""
    name = known_verbs().get(arguments[0]) if arguments else None
    if name is None:
        return arguments
    module = import_module(f"{cli.__name__}.{name}")
    full: Sequence[str] = module.spelled_out(arguments) if hasattr(module, "spelled_out") else arguments
    return full
