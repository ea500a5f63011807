"""Several agents side by side: cases by agents, who won, and each agent against the first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pytest_evalsuite.comparison.paired import PairedDifference
from pytest_evalsuite.groups.differences import Difference
from pytest_evalsuite.groups.side_by_side import CaseRow, SideBySide
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.groups import outcome_text
from pytest_evalsuite.reporting.views import Cell, Shown, View

__all__ = ["side_by_side_view"]

SHOWN: Final = 20
"""Cases that are listed where not all are asked for."""


def side_by_side_view(found: SideBySide, *, rows: int | None = SHOWN) -> View:
    """The cases that differ, those in which verdicts do first; at most so many ``rows``, None: all cases."""
    ranked = found.ranked
    if rows is None:
        same = [row for row in found.rows if not row.differs]
        shown = [*ranked, *same]
    else:
        shown = ranked[:rows]
    several = len({row.test_set for row in found.rows}) > 1
    heads = [*(["test set"] if several else []), "case", *found.agents, "winner"]
    cells: list[list[Cell]] = [
        [
            *([row.test_set] if several else []),
            row.case_id,
            *map(outcome_text, row.outcomes),
            Shown(_winner(found, row), _winner(found, row)),
        ]
        for row in shown
    ]
    differing, count = len(ranked), numbers.count(len(found.rows), "case")
    title = f"side by side: {count} put to {len(found.agents)} agents, {differing:,} differ"
    left_out = max(len(ranked) - len(shown), 0)
    return View(title, heads, cells, (), heads[:-1], (), left_out, list(_told(found)))


def _winner(found: SideBySide, row: CaseRow) -> str:
    if not row.winners:
        return "-"
    names = ", ".join(found.agents[number] for number in row.winners)
    return f"tie: {names}" if row.is_tie and len(row.winners) < len(found.agents) else "tie" if row.is_tie else names


def _told(found: SideBySide) -> Iterator[str]:
    wins = ", ".join(f"{agent} {found.wins(number):,}" for number, agent in enumerate(found.agents))
    undecided = f", {found.undecided:,} undecided" if found.undecided else ""
    yield f"wins: {wins}; {numbers.count(found.ties, 'tie')}{undecided}"
    broken = [
        f"{agent} {found.without_verdict(number):,}"
        for number, agent in enumerate(found.agents)
        if found.without_verdict(number)
    ]
    if broken:
        yield f"without a verdict, which is no loss: {', '.join(broken)}"
    for agent, one in found.differences:
        yield from _against(agent, found.agents[0], one)


def _against(agent: str, reference: str, one: Difference) -> Iterator[str]:
    decision = one.decision
    head = f"{agent} against {reference}"
    if not one.pairs or decision.pass_rate is None or decision.score is None:
        yield f"{head}: no case has a verdict of both"
        return
    paired = numbers.count(len(one.pairs), "pair")
    yield f"{head}, {paired}:"
    yield f"  pass rate {_points(decision.pass_rate)}"
    yield f"  mean score {_points(decision.score)}"
    exact = min((decision.worse, decision.better), key=lambda test: test.p)
    if exact.informative:
        word = "worse" if exact is decision.worse else "better"
        yield f"  {word} in these cases: p = {exact.p:.2g} ({exact.test}, {exact.informative:,} informative)"
    if decision.verdict not in ("improvement", "regression") and decision.detectable_drop is not None:
        drop = f"{100 * decision.detectable_drop:.1f} points"
        yield f"  a drop of the pass rate by {drop} would have been found with a chance of 80 %"


def _points(found: PairedDifference) -> str:
    interval = found.interval()
    if interval is None or not found.standard_error:
        within = "" if interval is None else ", in every case"
    else:
        within = f" (95 % interval {100 * interval[0]:+.1f} to {100 * interval[1]:+.1f})"
    return f"{100 * found.mean:+.1f} points{within}"
