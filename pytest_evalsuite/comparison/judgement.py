"""The verdict on a whole run: outage, gates, regression, in this order, under what it was told to fail on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pytest_evalsuite.comparison.gate import BarVerdict, check_gate, gate_result, outage
from pytest_evalsuite.comparison.policy import FailOn
from pytest_evalsuite.runs.run import Evaluation, Run
from pytest_evalsuite.testsets.gate import Gate

if TYPE_CHECKING:
    from pytest_evalsuite.comparison.model import Comparison

__all__ = ["Bar", "Judgement", "Verdict", "judge_run"]

Verdict = Literal["passed", "failed", "regression", "outage", "incomplete"]


class Bar(NamedTuple):
    """A bar of a test set's gate, or its required cases, and how it was reached."""

    test_set: str
    agent: str
    verdict: BarVerdict

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {"test_set": self.test_set, "agent": self.agent, **self.verdict.as_json()}


@dataclass(slots=True)
class Judgement:
    """Whether a run passes, and why not.

    ``verdict`` names the first of ``reasons``: ``outage`` and ``incomplete`` say that nothing can be concluded, which
    is no pass. ``notes`` are what was left out of account. ``passed`` is what the exit code says.
    """

    fail_on: FailOn
    verdict: Verdict = "passed"
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether the run may be taken for good."""
        return self.verdict == "passed" or self.fail_on == "never"

    def blame(self, verdict: Verdict, *reasons: str) -> None:
        """Give reasons against the run, if there are any."""
        if reasons and self.verdict == "passed":
            self.verdict = verdict
        self.reasons += reasons

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {
            "fail_on": self.fail_on,
            "passed": self.passed,
            "verdict": self.verdict,
            "reasons": self.reasons,
            "notes": self.notes,
            "bars": [bar.as_json() for bar in self.bars],
        }


def judge_run(run: Run, fail_on: FailOn, comparison: Comparison | None = None) -> Judgement:
    """Judge a run as a whole. ``comparison`` is that with its baseline, None where it has none.

    What does not hold all of its cases is judged by its single cases alone: a gate speaks of a whole test set, a test
    over the suite of a whole run.
    """
    result = Judgement(fail_on)
    if run.info["status"] != "succeeded":
        result.blame("incomplete", f"run {run.info['status']}: {_first_line(run.info['error_message'])}")
    result.blame("outage", *_outages(run))
    down = result.verdict == "outage"
    if not down:
        result.bars = list(_bars(run, comparison))
        failed = [bar for bar in result.bars if bar.verdict.passed is False]
        result.blame("failed", *(f"{bar.test_set}: {bar.verdict.reason}" for bar in failed))
        if comparison is not None and fail_on == "regression" and run.is_whole:
            _against(result, comparison)
        elif run.info["status"] == "succeeded" and not run.is_whole and (comparison or any(_gates(run))):
            result.notes.append(f"{_part(run)}: what is not whole is held to no gate and to no test over the suite")
    count = _blamed(run)
    if count and not down:
        result.blame("regression" if fail_on == "regression" else "failed", count)
    return result


def _against(result: Judgement, comparison: Comparison) -> None:
    decision = comparison.decision
    if decision.verdict == "regression":
        result.blame("regression", *decision.reasons)
    elif decision.verdict == "not comparable":
        result.blame("incomplete", *decision.reasons)


def _outages(run: Run) -> Iterator[str]:
    """A test set that mostly broke tells of no change. What single cases ended in is looked at only where many did."""
    for evaluation in run.evaluations:
        tally = evaluation.tally
        if tally.counts["error"] and 2 * tally.counts["error"] >= tally.judged:
            results = [gate_result(record, evaluation.plan.tags) for record in run.records(evaluation)]
            found = outage(results)
            if found is not None:
                yield f"{evaluation.plan.test_set}: {found}"


def _gates(run: Run) -> Iterator[tuple[Evaluation, Gate]]:
    for evaluation in run.evaluations:
        gate = Gate.from_json(evaluation.plan.gate)
        if gate is not None:
            yield evaluation, gate


def _bars(run: Run, comparison: Comparison | None) -> Iterator[Bar]:
    for evaluation, gate in _gates(run):
        plan = evaluation.plan
        if not evaluation.is_whole:
            continue
        results = [gate_result(record, plan.tags) for record in run.records(evaluation)]
        regressions = None if comparison is None else _regressions(comparison, evaluation)
        for verdict in check_gate(gate, results, regressions=regressions):
            yield Bar(plan.test_set, plan.agent, verdict)


def _regressions(comparison: Comparison, evaluation: Evaluation) -> tuple[int, int]:
    """Regressed pairs of an evaluation, and all of its pairs."""
    place = (evaluation.plan.test_set, evaluation.plan.agent)
    buckets = [pair.bucket for pair in comparison.pairs if (pair.new.test_set, pair.new.agent) == place]
    return buckets.count("regressed"), len(buckets)


def _blamed(run: Run) -> str:
    """The cases that fail the run by themselves, in words; nothing where there are none."""
    tally = run.tally
    blamed = tally.blamed + tally.counts["error"] - tally.tolerated
    return f"{blamed:,} of {tally.judged:,} cases failed" if blamed > 0 else ""


def _part(run: Run) -> str:
    cases = sum(len(one.keys) for one in run.evaluations)
    return f"{cases:,} of {sum(max(one.plan.collected, len(one.keys)) for one in run.evaluations):,} cases selected"


def _first_line(message: str | None) -> str:
    return (message or "").partition("\n")[0].removesuffix(":")
