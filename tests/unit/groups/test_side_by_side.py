"""Who did better, case by case: by passes, then by score; an error is no loss."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import error, passed, record, run_of

from pytest_evalsuite.comparison.sides import outcome_of
from pytest_evalsuite.groups.document import side_by_side_json
from pytest_evalsuite.groups.side_by_side import SideBySide, side_by_side, winners_of
from pytest_evalsuite.reporting.side_by_side import side_by_side_view
from pytest_evalsuite.reporting.views import view_lines


def made(*columns: list[dict[str, Any]], order: tuple[str, ...] = ("a", "b", "c")) -> SideBySide:
    found = side_by_side(run_of(*(("set", agent, rows) for agent, rows in zip("abc", columns, strict=False))), order)
    assert found is not None
    return found


HALF = {"statistics": {"scored": 2, "passed": 1}}


@pytest.mark.parametrize(
    ("results", "winners"),
    [
        ([passed(), record()], (0,)),
        ([record(score=0.2), record(score=0.4)], (1,)),
        ([passed(score=0.7), passed(score=0.9)], (1,)),
        ([passed(score=0.7), record(score=0.9)], (0,)),
        ([passed(), passed()], (0, 1)),
        ([passed(), error()], ()),
        ([error(), error()], ()),
        ([passed(), error(), record()], (0,)),
        ([passed(), record(), passed()], (0, 2)),
        ([passed(score=0.6, **HALF), passed(score=0.6)], (1,)),
        ([passed(score=1 / 3), passed(score=1 / 3 + 1e-12)], (0, 1)),
    ],
)
def test_the_winner_of_a_case(results: list[dict[str, Any]], winners: tuple[int, ...]) -> None:
    assert winners_of([outcome_of(one) for one in results]) == winners


outcomes = st.lists(
    st.sampled_from([passed(), record(), error()]) | st.floats(0, 1).map(lambda score: record(score=score)),
    min_size=2,
    max_size=12,
)


@given(outcomes, outcomes)
def test_wins_ties_and_undecided_add_up_to_the_cases(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    size = min(len(one), len(other))
    found = made(one[:size], other[:size])
    assert found.wins(0) + found.wins(1) + found.ties + found.undecided == len(found.rows) == size
    ((_, difference),) = found.differences
    assert len(difference.pairs) == size - found.undecided
    assert (len(difference.worse), len(difference.better)) == (found.wins(0), found.wins(1))


def test_cases_that_differ_come_first_those_with_other_verdicts_before_all() -> None:
    found = made(
        [passed(), passed(score=0.8), error(), passed(), record()],
        [passed(), passed(score=0.9), passed(), record(), record()],
    )
    assert [row.case_id for row in found.ranked] == ["case-3", "case-2", "case-1"]
    document = side_by_side_json(found)
    assert (document["cases"], document["same"], document["ties"], document["undecided"]) == (5, 2, 2, 1)
    assert document["wins"] == {"a": 1, "b": 1}
    assert document["without_verdict"] == {"a": 1, "b": 0}
    assert document["rows"][0]["winners"] == ["a"]
    assert document["rows"][1]["results"]["a"]["status"] == "error"
    assert document["differences"][0]["paired"] == 4


def test_the_first_agent_that_was_asked_for_is_the_reference() -> None:
    rows = [[passed()], [record()], [passed()]]
    assert made(*rows, order=("c", "a")).agents == ("c", "a", "b")
    assert made(*rows, order=()).agents == ("a", "b", "c")
    assert [agent for agent, _ in made(*rows, order=("c",)).differences] == ["a", "b"]


def test_a_run_of_one_agent_has_nothing_side_by_side() -> None:
    assert side_by_side(run_of(("set", "a", [passed()]), ("other", "b", [passed()]))) is None


def test_only_cases_that_several_agents_were_put_are_rows() -> None:
    found = made([passed(), passed()], [passed()])
    assert [row.case_id for row in found.rows] == ["case-0"]
    three = made([passed(), passed()], [passed(), record()], [passed()])
    assert three.rows[1].outcomes[2] is None
    assert three.rows[1].winners == (0,)


def test_what_is_told_is_bounded_and_complete() -> None:
    found = made([passed()] * 30 + [error()], [record()] * 29 + [passed()] + [passed()])
    lines = list(view_lines(side_by_side_view(found, rows=5), 100))
    assert lines[0] == "side by side: 31 cases put to 2 agents, 30 differ"
    assert lines[1].split() == ["case", "a", "b", "winner"]
    assert lines[2].split() == ["case-0", "passed", "1.00", "failed", "0.00", "a"]
    assert lines[7] == "  ... and 25 more"
    assert lines[8:10] == [
        "  wins: a 29, b 0; 1 tie, 1 undecided",
        "  without a verdict, which is no loss: a 1",
    ]
    assert lines[10] == "  b against a, 30 pairs:"
    assert lines[11].startswith("    pass rate -96.7 points (95 % interval ")
    assert lines[13].startswith("    worse in these cases: p = ")
    assert len(side_by_side_view(found, rows=None).rows) == 31


def test_other_ends_of_a_comparison() -> None:
    told = {
        "better in these cases: p = 9.5e-07 (McNemar, exact, 20 informative)": made([record()] * 20, [passed()] * 20),
        "pass rate +100.0 points, in every case": made([record()] * 20, [passed()] * 20),
        "a drop of the pass rate by": made([passed()] * 20, [passed()] * 20),
        "no case has a verdict of both": made([error()] * 2, [passed()] * 2),
        "tie: a, c": made([passed()], [record()], [passed()]),
    }
    for text, found in told.items():
        assert any(text in line for line in view_lines(side_by_side_view(found), 120)), text
