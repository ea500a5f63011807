"""Whether one evaluation reaches the bars that its test set declares, or has failed for reasons of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pytest_evalsuite.runs.summary import Brief, Tally, brief, tally
from pytest_evalsuite.testsets.gate import Gate

__all__ = ["BarVerdict", "GateResult", "check_gate", "gate_result", "outage"]

TOLERANCE: Final = 1e-9
"""A figure this close to its bar reaches it, as a score does."""
FEWEST_ERRORS: Final = 5
"""Fewer errors than these are an outage only where nothing else was judged."""
NAMED: Final = 3
"""Required cases that a reason names."""


class GateResult(NamedTuple):
    """What a gate needs to know of one result: its figures, its tags and the test set's, the kind of its cause."""

    case_id: str
    brief: Brief
    tags: tuple[str, ...] = ()
    required: bool = False
    cause: str | None = None


class BarVerdict(NamedTuple):
    """One bar held against one evaluation.

    ``name`` is ``pass_rate``, ``tags.safety.pass_rate``, ..., or ``required``. ``measured`` is None where there is
    nothing to measure, ``of`` is how many cases it is measured on. ``passed`` is None where the bar does not decide,
    and ``reason`` says in one line what was found.
    """

    name: str
    bar: float
    measured: float | None
    of: int
    passed: bool | None
    reason: str

    def as_json(self) -> dict[str, Any]:
        """The same for the artifact."""
        return {**self._asdict(), "measured": None if self.measured is None else round(self.measured, 9)}


class _Figures(NamedTuple):
    tally: Tally
    briefs: Sequence[Brief]
    regressions: tuple[int, int]


class _Measure(NamedTuple):
    """How a bar's figure is called, found (with the number of cases that it is of) and written.

    ``nothing`` says why there may be none. ``least`` is whether the bar is the least that it may be, not the most.
    """

    label: str
    find: Callable[[_Figures], tuple[float | None, int]]
    nothing: str
    least: bool = False
    form: str = "{}"
    is_share: bool = False


def _failures(figures: _Figures) -> tuple[float | None, int]:
    return figures.tally.counts["failed"] - figures.tally.known_failures, figures.tally.judged


def _error_share(figures: _Figures) -> tuple[float | None, int]:
    judged = figures.tally.judged
    return figures.tally.counts["error"] / judged if judged else None, judged


def _latency(figures: _Figures) -> tuple[float | None, int]:
    return figures.tally.latency_p95, sum(one.seconds is not None for one in figures.briefs)


def _cost(figures: _Figures) -> tuple[float | None, int]:
    known = [cost for cost in (figures.tally.cost, figures.tally.judge_cost) if cost is not None]
    return sum(known) if known else None, sum(map(_has_cost, figures.briefs))


def _has_cost(one: Brief) -> bool:
    return one.cost is not None or any(cost is not None for _, _, _, cost in one.judging)


JUDGED: Final = "no case was judged"
MEASURES: Final[Mapping[str, _Measure]] = {
    "pass_rate": _Measure(
        "pass rate", lambda f: (f.tally.pass_rate, f.tally.judged), JUDGED, least=True, is_share=True
    ),
    "mean_score": _Measure(
        "mean score", lambda f: (f.tally.mean_score, f.tally.scored), "no case has a score", least=True
    ),
    "max_errors": _Measure("errors", lambda f: (f.tally.counts["error"], f.tally.judged), JUDGED),
    "max_error_share": _Measure("share of errors", _error_share, JUDGED, is_share=True),
    "max_failures": _Measure("failures", _failures, JUDGED),
    "max_regressions": _Measure("regressions", lambda f: f.regressions, "no case could be compared with the baseline"),
    "latency_p95": _Measure("p95 latency", _latency, "no case was timed", form="{} s"),
    "cost": _Measure("cost", _cost, "neither the agent nor a judge said what it costs", form="${}"),
}


def gate_result(record: Mapping[str, Any], set_tags: Sequence[str] = ()) -> GateResult:
    """Take from a case's record what a gate needs; ``set_tags`` are those of its test set.

    Where a person's verdict counts, the status is what that makes of it.
    """
    cause = record.get("cause") or {}
    tags = (*set_tags, *record.get("tags", ()))
    one = brief(record)
    one = one._replace(status=one.gate_status, overruled=False)
    return GateResult(record["case_id"], one, tags, record.get("required") is True, cause.get("kind"))


def check_gate(
    gate: Gate | None, results: Sequence[GateResult], *, regressions: tuple[int, int] | None = None
) -> list[BarVerdict]:
    """Hold the results of a whole evaluation against the gate of its test set, and required cases to passing.

    ``regressions`` are the regressed of so many paired cases, None where the run has no baseline: their bar does not
    decide then, nor does one for a tag that no case of the evaluation has. Any other bar that nothing can be measured
    on is missed. Without a gate only required cases are looked at.
    """
    verdicts = []
    if gate is not None:
        verdicts = [*_check(gate.bars, results, regressions)]
        for tag, bars in gate.tags.items():
            tagged = [one for one in results if tag in one.tags]
            for verdict in _check(bars, tagged):
                name, reason = f"tags.{tag}.{verdict.name}", f"tag {tag}: {verdict.reason}"
                verdicts.append(verdict._replace(name=name, reason=reason))
    required = [one for one in results if one.required]
    return [*verdicts, _check_required(required)] if required else verdicts


def outage(results: Iterable[GateResult], share: float = 0.5) -> str | None:
    """Say that the results speak of an outage rather than of the agent, which no bar can then judge; else None.

    It is one where every judged case ended in an error, or at least five did and more than ``share`` (0..1) of them.
    """
    judged = [one for one in results if one.brief.status in ("passed", "failed", "error")]
    kinds = Counter(one.cause or "unknown" for one in judged if one.brief.status == "error")
    errors = kinds.total()
    if not errors or (errors < len(judged) and (errors < FEWEST_ERRORS or errors <= share * len(judged))):
        return None
    most_first = sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))
    told = ", ".join(f"{kind} {count:,}" for kind, count in most_first)
    cases = "case" if len(judged) == 1 else "cases"
    return f"outage: {errors:,} of {len(judged):,} {cases} ended in an error ({told})"


def _check(
    bars: Mapping[str, float], results: Sequence[GateResult], regressions: tuple[int, int] | None = None
) -> Iterator[BarVerdict]:
    """One verdict for each bar."""
    briefs = [one.brief for one in results]
    figures = _Figures(tally(briefs), briefs, regressions or (0, 0))
    for name, bar in bars.items():
        measure = MEASURES[name]
        value, of = measure.find(figures)
        if not results:
            yield BarVerdict(name, bar, None, 0, None, f"{measure.label}: not evaluated, this agent has no such case")
        elif name == "max_regressions" and regressions is None:
            yield BarVerdict(name, bar, None, 0, None, f"{measure.label}: not evaluated, the run has no baseline")
        elif value is None or not of:
            yield BarVerdict(name, bar, None, of, False, f"{measure.label}: nothing to measure, {measure.nothing}")
        else:
            passed = value >= bar - TOLERANCE if measure.least else value <= bar + TOLERANCE
            yield BarVerdict(name, bar, value, of, passed, _reason(measure, value, of, bar, passed=passed))


def _check_required(required: Sequence[GateResult]) -> BarVerdict:
    missed = [one for one in required if one.brief.status != "passed"]
    total = len(required)
    reason = f"required cases: {total - len(missed):,} of {total:,} passed"
    if missed:
        named = [f"{one.case_id} ({one.brief.status.replace('_', ' ')})" for one in missed[:NAMED]]
        named += [f"{len(missed) - NAMED:,} more"] if len(missed) > NAMED else []
        reason += f", not {', '.join(named)}"
    return BarVerdict("required", total, total - len(missed), total, not missed, reason)


def _reason(measure: _Measure, value: float, of: int, bar: float, *, passed: bool) -> str:
    """A line such as ``pass rate 0.93 (37/40) < 0.95``."""
    sign = (">=" if passed else "<") if measure.least else ("<=" if passed else ">")
    shown, wanted = (f"{value:,}", f"{bar:,}") if type(value) is int else _numbers(value, bar)
    count = f"{round(value * of):,}/{of:,}" if measure.is_share else f"{of:,} case{'' if of == 1 else 's'}"
    return f"{measure.label} {measure.form.format(shown)} ({count}) {sign} {measure.form.format(wanted)}"


def _numbers(value: float, bar: float) -> tuple[str, str]:
    """A figure with two digits, or so many that it looks like neither its bar, 0 nor 1, unless it is; and the bar."""
    wanted = f"{bar:,.2f}" if round(bar, 2) == bar else f"{bar:,}"
    if abs(value - bar) <= TOLERANCE:
        return wanted, wanted
    others = {bar, 0.0, 1.0} - {value}
    texts = [f"{value:,.{digits}f}" for digits in range(2, 10)]
    unlike = (text for digits, text in enumerate(texts, 2) if all(text != f"{one:,.{digits}f}" for one in others))
    return next(unlike, texts[-1]), wanted
