"""What a run is worth, in the terminal: the comparison with its baseline, its gates, and why it fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.escape import escape_terminal

if TYPE_CHECKING:
    from pytest_evalsuite.comparison.judgement import Judgement
    from pytest_evalsuite.comparison.model import Comparison, Outcome, Pair, Shift

__all__ = ["comparison_lines", "verdict_lines"]

SHOWN: Final = 20
"""Cases that are named of each kind."""

Line = tuple[str, dict[str, bool]]


def verdict_lines(comparison: Comparison | None, judgement: Judgement | None) -> list[Line]:
    """The lines between the figures of a run and where it is kept; none where every case just passed or failed."""
    lines = [] if comparison is None else comparison_lines(comparison)
    return lines if judgement is None else [*lines, *_judged(judgement, compared=comparison is not None)]


def comparison_lines(comparison: Comparison) -> list[Line]:
    """The comparison: what paired, what changed, what got worse or better, and the verdict with what it rests on."""
    return [(escape_terminal(text), markup) for text, markup in _compared(comparison)]


def _compared(comparison: Comparison) -> Iterator[Line]:
    base = comparison.base
    name = f" ({base.name})" if base.name else ""
    yield f"compared with {base.kind} {base.reference}{name}: {_paired(comparison)}", {}
    for change in comparison.agent_changes:
        yield f"  {change}", {}
    if comparison.pairs:
        yield f"  pass rate {_rates(comparison.pass_rate)}{_interval(comparison)}", {}
        yield f"  mean score {_rates(comparison.score)}", {}
    for shift, what, show in (
        (comparison.seconds, "time", numbers.duration),
        (comparison.tokens, "tokens", lambda value: f"{value:,.0f}"),
        (comparison.cost, "cost", numbers.amount),
    ):
        if shift.base is not None and shift.new is not None:
            yield f"  {what} a case {show(shift.base)} -> {show(shift.new)}{_percent(shift)}", {}
    for bucket, markup in (("regressed", {"red": True}), ("fixed", {"green": True}), ("flaky", {"yellow": True})):
        yield from _bucket(bucket, comparison.bucket(bucket), markup)
    yield from _listed("removed", comparison.removed, {"yellow": True})
    yield from _listed("added, failing", [one for one in comparison.added if one.status != "passed"], {"yellow": True})
    for one in comparison.changed[:SHOWN]:
        yield f"  changed ({', '.join(one.what)}): {_case(one.new)}, {one.new.status} now", {"yellow": True}
    for value in comparison.ambiguous[:SHOWN]:
        yield f"  ambiguous, compared with nothing: {value}", {"yellow": True}
    decision = comparison.decision
    red, green = decision.verdict in ("regression", "not comparable"), decision.verdict == "improvement"
    markup = {"red": True} if red else {"green": True} if green else {}
    yield f"verdict: {decision.verdict}", {**markup, "bold": True}
    for reason in decision.reasons:
        yield f"  {reason}", markup


def _paired(comparison: Comparison) -> str:
    told = [
        (len(comparison.pairs), "paired"),
        (len(comparison.added), "added"),
        (len(comparison.removed), "removed"),
        (len(comparison.unselected), "not selected"),
        (len(comparison.changed), "changed"),
        (len(comparison.errors), "without a verdict"),
        (len(comparison.ambiguous), "ambiguous"),
    ]
    return ", ".join(f"{count:,} {what}" for count, what in told if count or what == "paired")


def _rates(shift: Shift) -> str:
    change = 100 * (shift.change or 0.0)
    return f"{numbers.score(shift.base)} -> {numbers.score(shift.new)} ({change:+.1f} points, {shift.cases:,} cases)"


def _interval(comparison: Comparison) -> str:
    difference = comparison.decision.pass_rate
    interval = difference.interval() if difference is not None else None
    if interval is None:
        return ""
    return f", 95 % interval {100 * interval[0]:+.1f} to {100 * interval[1]:+.1f}"


def _percent(shift: Shift) -> str:
    if not shift.base or shift.change is None:
        return ""
    return f" ({100 * shift.change / shift.base:+.0f} %)"


def _bucket(name: str, pairs: Sequence[Pair], markup: dict[str, bool]) -> Iterator[Line]:
    for pair in pairs[:SHOWN]:
        base, new = pair.base, pair.new
        again = ""
        if new.confirmation is not None:
            again = f", {new.confirmation[0]} of {new.confirmation[1]} when asked again"
        told = f"passed {base.passes} of {base.attempts} before, {new.passes} of {new.attempts} now{again}"
        yield f"  {name}: {_case(new)} ({told})", markup
    if len(pairs) > SHOWN:
        yield f"  ... and {len(pairs) - SHOWN:,} more {name}", markup


def _listed(name: str, outcomes: Sequence[Outcome], markup: dict[str, bool]) -> Iterator[Line]:
    for outcome in outcomes[:SHOWN]:
        yield f"  {name}: {_case(outcome)}", markup
    if len(outcomes) > SHOWN:
        yield f"  ... and {len(outcomes) - SHOWN:,} more {name}", markup


def _case(outcome: Outcome) -> str:
    return f"{outcome.test_set} {outcome.case_id} [{outcome.agent}]"


def _judged(judgement: Judgement, *, compared: bool) -> Iterator[Line]:
    for bar in judgement.bars:
        passed = bar.verdict.passed
        markup = {"green": True} if passed else {"yellow": True} if passed is None else {"red": True}
        word = "reached" if passed else "not evaluated" if passed is None else "missed"
        yield f"gate {word}: {escape_terminal(f'{bar.test_set}: {bar.verdict.reason}')}", markup
    for note in judgement.notes:
        yield f"note: {escape_terminal(note)}", {"yellow": True}
    if judgement.verdict == "outage":
        yield "inconclusive, an outage:", {"red": True, "bold": True}
        for reason in judgement.reasons:
            yield f"  {escape_terminal(reason)}", {"red": True}
    elif judgement.fail_on != "any" or compared:
        word = "passes" if judgement.passed else f"fails: {judgement.verdict}"
        yield f"--eval-fail-on {judgement.fail_on}: {word}", {"green" if judgement.passed else "red": True}
