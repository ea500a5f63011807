"""The figures of a column are those of the standard library's `statistics`."""

from __future__ import annotations

import math
import statistics
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.groups.aggregates import PERCENTILES, aggregate, pass_rate

numbers = st.floats(-1e6, 1e6) | st.integers(-(10**6), 10**6)


@given(st.lists(numbers, min_size=1, max_size=60))
def test_figures_are_those_of_statistics(values: list[float]) -> None:
    found = aggregate(values)
    assert (found.count, found.of) == (len(values), len(values))
    assert found.mean == pytest.approx(statistics.mean(map(float, values)), abs=1e-9)
    assert (found.min, found.max) == (min(values), max(values))
    if len(values) > 1:
        assert found.standard_deviation == pytest.approx(statistics.stdev(map(float, values)), rel=1e-9, abs=1e-7)
        cuts = statistics.quantiles(values, n=100, method="inclusive")
        percentiles = (found.p50, found.p90, found.p95, found.p99)
        for percent, measured in zip(PERCENTILES, percentiles, strict=True):
            assert measured == pytest.approx(cuts[percent - 1], rel=1e-9, abs=1e-6)
    else:
        assert found.standard_deviation is None


@given(st.lists(numbers, min_size=1, max_size=30))
def test_every_figure_is_within_the_range_of_the_values(values: list[float]) -> None:
    found = aggregate(values)
    for figure in (found.mean, found.p50, found.p90, found.p95, found.p99):
        assert figure is not None
        assert min(values) <= figure <= max(values)


@given(st.lists(numbers, max_size=20), st.randoms())
def test_figures_do_not_depend_on_the_order(values: list[float], random: Any) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    assert aggregate(shuffled) == aggregate(values)


def test_what_is_no_number_only_counts_among_the_rows() -> None:
    found = aggregate([1, None, "2", True, [3], {}, 2.0, 10**400])
    assert (found.count, found.of, found.mean) == (2, 8, 1.5)


def test_nothing_has_no_figures() -> None:
    assert aggregate([]).as_json() == {"count": 0, "of": 0, **dict.fromkeys(list(aggregate([]).as_json())[2:])}
    assert aggregate([None, "a"]).mean is None


def test_equal_values_have_no_spread() -> None:
    found = aggregate([0.1] * 7)
    assert (found.mean, found.standard_deviation, found.p99) == (0.1, 0.0, 0.1)


def test_a_sum_that_no_float_can_hold_has_a_mean_all_the_same() -> None:
    values = [1.7e308, 1.7e308, 1.6e308]
    assert aggregate(values).mean == statistics.mean(values)


def test_a_spread_that_no_float_can_hold_is_none() -> None:
    found = aggregate([1.7e308, -1.7e308])
    assert (found.mean, found.standard_deviation) == (0.0, None)


@pytest.mark.parametrize("values", [[1e308, 1e308, -1e308], [1e200, -1e200], [2**999, 2**998]])
def test_numbers_whose_sum_is_beyond_a_float_have_figures(values: list[float]) -> None:
    found = aggregate(values)
    assert found.mean is not None
    assert math.isfinite(found.mean)
    assert found.standard_deviation == pytest.approx(statistics.stdev(values))


def test_a_pass_rate_is_of_those_that_were_judged() -> None:
    found = pass_rate(["passed", "passed", "failed", "error", "skipped", "not_run"])
    assert (found.total, found.passed, found.judged, found.rate) == (6, 2, 4, 0.5)
    assert found.interval is not None
    assert found.interval[0] < 0.5 < found.interval[1]
    assert found.as_json()["skipped"] == 1


def test_a_pass_rate_over_nothing_is_none() -> None:
    found = pass_rate(["skipped"])
    assert (found.rate, found.interval, found.as_json()["pass_rate"]) == (None, None, None)
