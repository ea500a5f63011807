"""``evalsuite judge check``: whether a judge gets right what is known, before it is trusted with what is not."""

from __future__ import annotations

import argparse
import asyncio
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.errors import ConfigurationError, JudgeError
from pytest_evalsuite.judges import Bench, Judge, Verdict
from pytest_evalsuite.judges._canaries import LANGUAGES, Canary, canaries
from pytest_evalsuite.judges._reply import fits
from pytest_evalsuite.redaction import redact
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.escape import escape_terminal

__all__ = ["add_parser", "run"]

AT_ONCE: Final = 8
"""Requests in flight."""

MODELS: Final = ("openai:", "anthropic:")

Found = Verdict | JudgeError


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    text = "see whether a judge can be trusted"
    parser = subparsers.add_parser("judge", help=text, description=text)
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = verbs.add_parser(
        "check",
        help="put answers to a judge whose worth is known",
        description="Put to a judge, in each language, a right answer in other words, a wrong one in nearly the same "
        "words, and one that tells the judge what to say. Exit code 0: all verdicts are right; 1: one is wrong; "
        "2: the judge could not be asked.",
    )
    check.add_argument(
        "--judge", required=True, metavar="NAME", help="openai:<model>, anthropic:<model>, module:callable or embedded"
    )
    check.add_argument(
        "--language",
        action="append",
        choices=LANGUAGES,
        dest="languages",
        help="only in this language (may be repeated; default: all)",
    )
    check.add_argument("--prompts", type=folder, metavar="FOLDER", help="prompts that replace those of the package")
    check.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask the judge, print each verdict; 0 when all are right, 1 when one is wrong, 2 when one is missing."""
    asked = [canary for language in args.languages or LANGUAGES for canary in canaries(language)]
    try:
        bench = bench_for(args.judge, args.prompts)
        judge = bench.get()
    except ConfigurationError as error:
        say(str(error), sys.stderr)
        return 2
    found = asyncio.run(ask(bench, judge, asked))
    for canary, verdict in zip(asked, found, strict=True):
        say(line(canary, verdict), sys.stderr if isinstance(verdict, JudgeError) else None)
    missing = sum(isinstance(verdict, JudgeError) for verdict in found)
    wrong = sum(is_wrong(canary, verdict) for canary, verdict in zip(asked, found, strict=True))
    right = len(asked) - wrong - missing
    say(f"{judge.identity}: {right} of {numbers.count(len(asked), 'verdict')} right, {wrong} wrong, {missing} missing")
    return 1 if wrong else 2 if missing else 0


def folder(name: str) -> Path:
    """A folder that is there. Raises ArgumentTypeError."""
    path = Path(name)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{name!r} is no folder")
    return path


def bench_for(name: str, prompts: Path | None) -> Bench:
    """A bench whose default is the judge of this name. Raises ConfigurationError."""
    if ":" not in name or name.startswith(MODELS):
        return Bench(name, prompts=prompts)
    sys.path.insert(0, str(Path.cwd()))
    try:
        function = pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError) as error:
        forms = "openai:<model>, anthropic:<model> or module:callable"
        raise ConfigurationError(f"the judge {name!r} cannot be had: {error} (expected {forms})") from None
    return Bench(name, {name: function}, prompts=prompts)


async def ask(bench: Bench, judge: Judge, asked: Sequence[Canary]) -> list[Found]:
    """Have all judged, several at once."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(canary: Canary) -> Found:
        async with room:
            try:
                verdict = await judge.judge(canary.request)
            except JudgeError as error:
                return error
        if fits(verdict.value, canary.request.scale):
            return verdict
        return JudgeError(f"could not be judged: {judge.identity} gave {verdict.value!r:.100}")

    try:
        return await asyncio.gather(*map(one, asked))
    finally:
        await bench.aclose()


def is_wrong(canary: Canary, found: Found) -> bool:
    """Whether there is a verdict, and the judge did not see what the answer is."""
    return isinstance(found, Verdict) and not canary.is_judged_well(found.value)


def line(canary: Canary, found: Found) -> str:
    """One verdict in a line."""
    head = f"{canary.language} {canary.kind:8}"
    if isinstance(found, JudgeError):
        return f"{head} error: {found}"
    told = f"{head} {numbers.score(found.value)}"
    return f"{told} WRONG, {canary.wanted()} was right: {found.reason}" if is_wrong(canary, found) else f"{told} ok"


def say(text: str, stream: Any = None) -> None:
    """Print a line that holds what others wrote."""
    print(escape_terminal(redact(text)), file=stream)
