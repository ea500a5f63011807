"""Several judges vote."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from pytest_evalsuite.agents.usage import total_cost, total_usage
from pytest_evalsuite.errors import JudgeError
from pytest_evalsuite.judges._base import Judge, JudgeRequest, Verdict

__all__ = ["VotingJudge"]


class VotingJudge:
    """Asks all judges at once; the majority or the mean of their verdicts counts.

    Bools and labels are always decided by majority, numbers by the ``vote``: ``mean``, or for ``majority`` the
    median. A judge that gives no verdict makes the vote an error, for a vote of those who happened to answer would be
    another one. A tie is an error too.
    """

    def __init__(self, judges: Sequence[Judge], vote: Literal["majority", "mean"]) -> None:
        self._judges = judges
        self._vote = vote

    @property
    def identity(self) -> str:
        """All judges and the kind of vote."""
        return f"{self._vote} of {', '.join(judge.identity for judge in self._judges)}"

    async def judge(self, request: JudgeRequest) -> Verdict:
        """Have all vote. Raises JudgeError."""
        verdicts = await asyncio.gather(*[judge.judge(request) for judge in self._judges])
        values = [verdict.value for verdict in verdicts]
        decided = self._decide(values)
        spread = "; ".join(f"{verdict.judge}: {_shown(verdict.value)}" for verdict in verdicts)
        return Verdict(
            value=decided,
            reason=" | ".join(f"{verdict.judge}: {verdict.reason}" for verdict in verdicts),
            reasons=_reasons_for(decided, verdicts),
            judge=self.identity,
            raw_reply="\n".join(verdict.raw_reply or "" for verdict in verdicts),
            usage=total_usage(verdict.usage for verdict in verdicts),
            cost=total_cost(verdict.cost for verdict in verdicts),
            notes=(f"votes: {spread}", *(note for verdict in verdicts for note in verdict.notes)),
        )

    def _decide(self, values: list[Any]) -> Any:
        if isinstance(values[0], tuple):
            return tuple(self._decide([value[rule] for value in values]) for rule in range(len(values[0])))
        if isinstance(values[0], (bool, str)):
            (first, most), *others = Counter(values).most_common()
            if others and others[0][1] == most:
                raise JudgeError(f"could not be judged: the vote is a tie ({', '.join(map(_shown, values))})")
            return first
        if self._vote == "mean":
            return math.fsum(values) / len(values)
        ordered = sorted(values)
        middle = len(ordered) // 2
        return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _reasons_for(decided: Any, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """For each rule the reason of the first judge who decided as the vote did."""
    if not isinstance(decided, tuple) or not all(len(verdict.reasons) == len(decided) for verdict in verdicts):
        return ()
    return tuple(
        next(verdict.reasons[rule] for verdict in verdicts if verdict.value[rule] == met)
        for rule, met in enumerate(decided)
    )


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
