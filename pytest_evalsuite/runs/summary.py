"""Results become counts, rates and latencies: per evaluation, and for the whole run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

__all__ = ["STATUSES", "Brief", "Tally", "brief", "gate_status", "tally"]

STATUSES: Final = ("passed", "failed", "error", "skipped", "cancelled", "not_run")
"""Every case has exactly one of these."""

OVERRULED: Final = {"passed": "failed", "failed": "passed"}
"""What a person may make of a status; an error is nobody's opinion."""


class Brief(NamedTuple):
    """What the figures of a run need to know of one result. ``seconds`` is the agent's time.

    ``tolerated`` failures and errors do not fail the run by themselves. ``overruled`` says that a person's verdict
    counts instead of the status. Tokens and cost are the agent's, ``judging`` tells of the judges: who, input tokens,
    output tokens, cost.
    """

    status: str
    score: float | None = None
    seconds: float | None = None
    known_failure: bool = False
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    judging: tuple[tuple[str, int | None, int | None, float | None], ...] = ()
    tolerated: bool = False
    overruled: bool = False

    @property
    def gate_status(self) -> str:
        """As `gate_status` of the record."""
        return OVERRULED[self.status] if self.overruled else self.status


@dataclass(slots=True)
class Tally:
    """The figures of some results, each rate with what it is a rate of.

    ``pass_rate`` is passed / (passed + failed + error): a case that could not be judged has not passed. ``mean_score``
    is over the ``scored`` cases, for an error has no score. Both are None over nothing. Latencies are in seconds.
    ``judges`` are those who judged, sorted; their tokens and cost are not the agent's. All statuses are the machine's:
    ``approved_failures`` and ``rejected_passes`` are those that a gate takes otherwise, for a person says so.
    """

    total: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATUSES, 0))
    known_failures: int = 0
    tolerated: int = 0
    approved_failures: int = 0
    rejected_passes: int = 0
    judged: int = 0
    pass_rate: float | None = None
    scored: int = 0
    mean_score: float | None = None
    latency_p50: float | None = None
    latency_p95: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    judges: tuple[str, ...] = ()
    judge_input_tokens: int | None = None
    judge_output_tokens: int | None = None
    judge_cost: float | None = None

    @property
    def blamed(self) -> int:
        """Failures that nobody expected, for a gate."""
        return self.counts["failed"] - self.approved_failures + self.rejected_passes - self.known_failures

    def as_json(self) -> dict[str, Any]:
        """The figures for the artifact, those that depend on the clock under ``latency``."""
        return {
            "total": self.total,
            **self.counts,
            "known_failures": self.known_failures,
            "tolerated": self.tolerated,
            "approved_failures": self.approved_failures,
            "rejected_passes": self.rejected_passes,
            "pass_rate": _round(self.pass_rate),
            "judged": self.judged,
            "mean_score": _round(self.mean_score),
            "scored": self.scored,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost": self.cost,
            "judges": list(self.judges),
            "judge_input_tokens": self.judge_input_tokens,
            "judge_output_tokens": self.judge_output_tokens,
            "judge_cost": self.judge_cost,
            "latency": {"p50_seconds": _round(self.latency_p50), "p95_seconds": _round(self.latency_p95)},
        }


def brief(record: Mapping[str, Any]) -> Brief:
    """Take from a case's record what the figures need."""
    usage = record.get("usage") or {}
    milliseconds = record.get("execution_time_ms")
    return Brief(
        record["status"],
        record.get("score"),
        None if milliseconds is None else milliseconds / 1000,
        record.get("known_failure") is not None,
        usage.get("input_tokens"),
        usage.get("output_tokens"),
        record.get("cost"),
        tuple(_judging(record)),
        "tolerated" in record,
        gate_status(record) != record["status"],
    )


def gate_status(record: Mapping[str, Any]) -> str:
    """The status that a case has for a gate: a person's verdict, where one counts, stands for the machine's."""
    verdict = record.get("human_verdict")
    if not verdict or verdict.get("not_counted"):
        return str(record["status"])
    wanted = "passed" if verdict["approval"] == "approved" else "failed"
    return wanted if record["status"] in OVERRULED else str(record["status"])


def tally(briefs: Iterable[Brief]) -> Tally:
    """Count and average."""
    result = Tally()
    scores: list[float] = []
    seconds: list[float] = []
    every = list(briefs)
    for one in every:
        result.counts[one.status] += 1
        if one.overruled and not one.known_failure:
            result.approved_failures += one.status == "failed"
            result.rejected_passes += one.status == "passed"
        if one.known_failure and one.status == "failed":
            result.known_failures += 1
        elif one.tolerated:
            result.tolerated += 1
        if one.status in ("passed", "failed") and one.score is not None:
            scores.append(one.score)
        if one.seconds is not None:
            seconds.append(one.seconds)
    result.total = len(every)
    result.judged = sum(result.counts[status] for status in ("passed", "failed", "error"))
    result.scored = len(scores)
    if result.judged:
        result.pass_rate = result.counts["passed"] / result.judged
    if scores:
        result.mean_score = math.fsum(scores) / len(scores)
    if seconds:
        result.latency_p50, result.latency_p95 = percentile(seconds, 50), percentile(seconds, 95)
    result.input_tokens = _total(one.input_tokens for one in every)
    result.output_tokens = _total(one.output_tokens for one in every)
    result.cost = _dollars(one.cost for one in every)
    judging = [judged for one in every for judged in one.judging]
    result.judges = tuple(sorted({judge for judge, _, _, _ in judging}))
    result.judge_input_tokens = _total(tokens for _, tokens, _, _ in judging)
    result.judge_output_tokens = _total(tokens for _, _, tokens, _ in judging)
    result.judge_cost = _dollars(cost for _, _, _, cost in judging)
    return result


def percentile(values: Sequence[float], percent: int) -> float:
    """The percentile (1..99) with linear interpolation between the values, so that it stays within their range."""
    return ordered_percentile(sorted(values), percent)


def ordered_percentile(ordered: Sequence[float], percent: int) -> float:
    """The same of values that are in order."""
    whole, part = divmod((len(ordered) - 1) * percent, 100)
    if not part:
        return ordered[whole]
    return ordered[whole] + (ordered[whole + 1] - ordered[whole]) * part / 100


def _judging(record: Mapping[str, Any]) -> Iterator[tuple[str, int | None, int | None, float | None]]:
    """Each check of each attempt that a judge was asked for."""
    for attempt in record.get("attempts") or (record,):
        for check in attempt.get("checks", ()):
            if "judge" in check:
                usage = check.get("judge_usage") or {}
                yield check["judge"], usage.get("input_tokens"), usage.get("output_tokens"), check.get("judge_cost")


def _total(numbers: Iterable[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _dollars(costs: Iterable[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return round(math.fsum(known), 9) if known else None


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
