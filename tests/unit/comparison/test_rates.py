"""Pass rates with their intervals, and the chance of passing when asked several times."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from pytest_evalsuite.comparison.rates import pass_at_k, pass_hat_k, wilson_interval


@st.composite
def counts(draw: st.DrawFn, most: int = 2000) -> tuple[int, int]:
    total = draw(st.integers(1, most))
    return draw(st.integers(0, total)), total


@given(counts(), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_the_interval_is_wilsons(passed_of: tuple[int, int], confidence: float) -> None:
    expected = proportion_confint(*passed_of, alpha=1 - confidence, method="wilson")
    assert wilson_interval(*passed_of, confidence) == pytest.approx(expected, abs=1e-9)


@given(counts(), st.floats(0.01, 0.999))
def test_the_interval_contains_the_rate_and_stays_in_range(passed_of: tuple[int, int], confidence: float) -> None:
    low, high = wilson_interval(*passed_of, confidence)
    rate = passed_of[0] / passed_of[1]
    assert 0 <= low <= rate <= high <= 1
    assert (low == 0) == (rate == 0)
    assert (high == 1) == (rate == 1)


@given(counts())
def test_more_confidence_takes_a_wider_interval(passed_of: tuple[int, int]) -> None:
    narrow, wide = (wilson_interval(*passed_of, confidence) for confidence in (0.8, 0.95))
    assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]


def test_nothing_is_known_of_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("bar", "runs"), [(0.8, 16), (0.9, 35), (0.95, 73)])
def test_how_many_passes_in_a_row_show_a_rate(bar: float, runs: int) -> None:
    assert wilson_interval(runs - 1, runs - 1)[0] < bar <= wilson_interval(runs, runs)[0]


@given(st.lists(st.booleans(), min_size=1, max_size=7), st.data())
def test_pass_at_k_and_pass_hat_k_count_what_drawing_k_attempts_gives(
    outcomes: list[bool], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(outcomes)))
    drawn = list(itertools.combinations(outcomes, k))
    passed = sum(outcomes)
    assert pass_at_k(len(outcomes), passed, k) == pytest.approx(sum(map(any, drawn)) / len(drawn))
    assert pass_hat_k(len(outcomes), passed, k) == pytest.approx(sum(map(all, drawn)) / len(drawn))
