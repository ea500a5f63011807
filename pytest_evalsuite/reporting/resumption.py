"""How a run goes on with another one, and how to go on with a run that was stopped."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_evalsuite.redaction import redact_arguments

__all__ = ["resume_command", "resume_lines"]

NAMED: Final = 3
"""Cases that are named for each reason."""

ENDS_ELSEWHERE: Final = ("--eval-resume", "--eval-regrade", "--eval-replay")


def resume_lines(info: Mapping[str, Any]) -> Iterator[str]:
    """What a run took over from the one that it goes on with, or whose answers it graded anew."""
    if (regrade := info.get("regrade")) is not None:
        yield f"graded anew: the answers of run {regrade['from']}; no agent was called"
    if (replay := info.get("replay")) is not None:
        yield f"replayed: the answers of run {replay['from']}; no agent and no judge was asked"
    resume = info.get("resume")
    if resume is None or "reused" not in resume:
        return
    asked = resume["asked"]
    dropped: dict[str, list[str]] = {}
    for one in resume["dropped"]:
        dropped.setdefault(one["reason"], []).append(one["case_id"])
    again = sum(asked.values())
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in asked.items())
    told = f"resumed from {resume['from']}: {resume['reused']:,} reused"
    told += f", {again:,} asked ({reasons})" if again else ""
    parts = [f"{len(cases):,} dropped: {reason} ({_some(cases)})" for reason, cases in sorted(dropped.items())]
    yield "; ".join([told, *parts])


def resume_command(arguments: Sequence[str], run_id: str) -> str:
    """The command that goes on with the run: that of the run, as its arguments have it, and its id."""
    kept: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        name, equals, _ = argument.partition("=")
        if name not in ENDS_ELSEWHERE:
            kept.append(argument)
        elif not equals and rest and not rest[0].startswith("-"):
            rest.pop(0)
    return shlex.join(["pytest", *redact_arguments(kept), f"--eval-resume={run_id}"])


def _some(cases: Sequence[str]) -> str:
    more = f" and {len(cases) - NAMED:,} more" if len(cases) > NAMED else ""
    return ", ".join(cases[:NAMED]) + more
