from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from assessed import keep_answers, trace_of
from hypothesis import given
from hypothesis import strategies as st
from kept import FIRST, SECOND
from records import error, passed, record
from statsmodels.stats.inter_rater import cohens_kappa

from pytest_evalsuite.assessments import Assessments
from pytest_evalsuite.assessments.agreement import Agreement, agreement, report

COUNTS = st.tuples(*[st.integers(0, 200)] * 4)


def test_a_textbook_example() -> None:
    """The example of Wikipedia, "Cohen's kappa": 20 and 15 grants of 50 on which two readers agree."""
    found = Agreement(20, 5, 10, 15)
    assert found.rate == pytest.approx(0.7)
    assert found.kappa.value == pytest.approx(0.4)
    assert found.interval == pytest.approx((0.5625, 0.8090), abs=1e-4)


@given(COUNTS)
def test_kappa_and_its_interval_are_those_of_statsmodels(counts: tuple[int, int, int, int]) -> None:
    found = Agreement(*counts)
    kappa = found.kappa
    if kappa.interval is None:
        assert kappa.why is not None
        assert found.agreed == found.n or kappa.value is not None
        return
    other = cohens_kappa(np.array(counts, dtype=float).reshape(2, 2))
    assert kappa.value == pytest.approx(other.kappa)
    assert kappa.why is None
    low, high = kappa.interval
    assert low == pytest.approx(max(other.kappa_low, -1), abs=1e-7)
    assert high == pytest.approx(min(other.kappa_upp, 1), abs=1e-7)


@given(COUNTS)
def test_no_figure_is_ever_no_number(counts: tuple[int, int, int, int]) -> None:
    told = Agreement(*counts).as_json()
    figures = [told["agreement"], *told["agreement_interval"], told["kappa"], *(told["kappa_interval"] or ())]
    assert all(figure is None or (math.isfinite(figure) and -1 <= figure <= 1) for figure in figures)
    assert (told["kappa"] is None) <= (told["kappa_note"] is not None)


@pytest.mark.parametrize(
    ("counts", "value", "why"),
    [
        ((0, 0, 0, 0), None, "no answer has both verdicts"),
        ((7, 0, 0, 0), None, "all verdicts are the same: agreement beyond chance cannot be told"),
        ((0, 0, 0, 7), None, "all verdicts are the same: agreement beyond chance cannot be told"),
        ((3, 0, 0, 4), 1.0, "no disagreement: there is no interval"),
        ((8, 2, 0, 0), 0.0, "the verdicts do not vary enough for an interval"),
    ],
)
def test_where_nothing_can_be_told_that_is_said(counts: Any, value: float | None, why: str) -> None:
    kappa = Agreement(*counts).kappa
    assert (kappa.value, kappa.interval, kappa.why) == (value, None, why)


def test_verdicts_are_counted_by_pairs() -> None:
    assert agreement([(True, True), (True, False), (False, True), (True, True)]) == Agreement(2, 1, 1, 0)


def judged(**changes: Any) -> dict[str, Any]:
    check = {"name": "quality", "method": "semantic_quality", "score": 1.0, "passing_score": 0.7, "passed": True}
    exact = {"name": "exact", "method": "exact_match", "score": 0.0, "passing_score": 1.0, "passed": False}
    return passed(checks=[{**check, "judge": "openai:tiny"}, exact, {"name": "x", "method": "regex", "skipped": True}])


def test_machines_and_people_are_compared_method_by_method_and_judge_by_judge(tmp_path: Path) -> None:
    right = {**record()["checks"][0], "passed": True}
    records = [judged(), passed(checks=[right]), record(), error(), passed(), record()]
    one = Assessments(keep_answers(tmp_path, *records, run_id=FIRST))
    two = Assessments(keep_answers(tmp_path, passed(checks=[right]), run_id=SECOND))
    said = [(0, "ann", "rejected"), (1, "ann", "approved"), (1, "bob", "approved"), (2, "ann", "approved")]
    said += [(3, "ann", "approved"), (4, "ann", "approved"), (4, "bob", "rejected")]
    for case, by, approval in said:
        one.create(trace_of(one, case), approval=approval, by=by)
    two.create(trace_of(two), rating=4, by="bob")
    two.create(trace_of(two), rating=5, by="bob")
    found = report([one, two])
    assert found.overall == Agreement(2, 1, 1, 0)
    assert found.methods == {"exact_match": Agreement(2, 0, 1, 1), "semantic_quality": Agreement(0, 1, 0, 0)}
    assert found.judges == {"openai:tiny": Agreement(0, 1, 0, 0)}
    assert found.people == {("ann", "bob"): Agreement(1, 1, 0, 0)}
    assert found.unjudged == 1
    assert [answer.key.case_id for _, answer, _ in found.divided] == ["case-4"]
    assert [(one.answer.key.case_id, one.machine) for one in found.differences] == [
        ("case-0", True),
        ("case-2", False),
    ]
    assert report([two], rating_at_least=5).overall == Agreement(1, 0, 0, 0)
    two.create(trace_of(two), rating=4, by="ann")
    assert report([two], rating_at_least=5, author="ann").overall == Agreement(0, 1, 0, 0)


def test_the_latest_verdict_counts_and_an_approval_more_than_a_rating(tmp_path: Path) -> None:
    assessments = Assessments(keep_answers(tmp_path, passed()))
    trace = trace_of(assessments)
    first = assessments.create(trace, approval="approved", by="ann")
    assessments.create(trace, rating=5, by="ann")
    assert report([assessments]).overall == Agreement(1, 0, 0, 0)
    assessments.update(first.assessment_id, approval="rejected", by="ann")
    assert report([assessments]).overall == Agreement(0, 1, 0, 0)
    assessments.delete(first.assessment_id, by="ann")
    assert report([assessments]).overall == Agreement(1, 0, 0, 0)
