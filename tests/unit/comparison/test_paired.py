"""The paired difference agrees with SciPy, and says nothing where nothing can be said."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.regression.linear_model import OLS

from pytest_evalsuite.comparison.paired import paired_difference

DIFFERENCES = st.lists(st.floats(-1, 1).map(lambda value: round(value, 6)), min_size=2, max_size=60)
VARIED = DIFFERENCES.filter(lambda values: len(set(values)) > 1)


@given(VARIED)
def test_without_clusters_it_is_the_paired_t_test(differences: list[float]) -> None:
    found = paired_difference(differences)
    t_test = stats.ttest_1samp(differences, 0, alternative="less")
    assert found.mean == pytest.approx(statistics.fmean(differences))
    assert found.standard_error == pytest.approx(stats.sem(differences))
    floor = 0.5 ** sum(map(bool, differences))
    assert found.p_worse == pytest.approx(max(t_test.pvalue, floor), rel=1e-6)
    assert found.interval(0.9) == pytest.approx(
        stats.ttest_1samp(differences, 0).confidence_interval(0.9), rel=1e-6, abs=1e-9
    )


@given(VARIED, st.data())
def test_with_clusters_it_is_the_clustered_standard_error_of_statsmodels(
    differences: list[float], data: st.DataObject
) -> None:
    names = st.sampled_from(["a", "b", "c", "d", "e"])
    clusters = data.draw(st.lists(names, min_size=len(differences), max_size=len(differences)))
    size = len(set(clusters))
    found = paired_difference(differences, clusters)
    assert found.clusters == size
    if size < 2:
        assert found.standard_error is None
        return
    numbers = ["abcde".index(name) for name in clusters]
    fit = OLS(differences, [1.0] * len(differences)).fit(
        cov_type="cluster", cov_kwds={"groups": numbers, "use_correction": False}
    )
    assert found.standard_error == pytest.approx(fit.bse[0] * math.sqrt(size / (size - 1)), rel=1e-6, abs=1e-9)


@given(DIFFERENCES)
def test_each_in_a_cluster_of_its_own_is_no_clustering(differences: list[float]) -> None:
    plain = paired_difference(differences)
    assert paired_difference(differences, [str(index) for index in range(len(differences))]) == plain
    assert paired_difference(differences, [None] * len(differences)) == plain


def test_cases_that_move_together_are_worth_less_than_as_many_that_do_not() -> None:
    differences = [-1.0] * 5 + [0.0] * 15
    apart = paired_difference(differences)
    together = paired_difference(differences, ["one source"] * 5 + [None] * 15)
    assert (apart.clusters, together.clusters, together.moved) == (20, 16, 1)
    assert apart.standard_error is not None
    assert together.standard_error is not None
    assert together.standard_error > 2 * apart.standard_error
    assert together.p_worse == 0.5


@given(DIFFERENCES, st.floats(0.5, 0.999))
def test_intervals_and_bounds_contain_the_mean(differences: list[float], confidence: float) -> None:
    found = paired_difference(differences)
    interval = found.interval(confidence)
    lower, upper = found.lower_bound(confidence), found.upper_bound(confidence)
    assert interval is not None
    assert lower is not None
    assert upper is not None
    assert interval[0] <= lower <= found.mean <= upper <= interval[1]


@given(DIFFERENCES)
def test_swapping_the_runs_turns_everything_round(differences: list[float]) -> None:
    found, turned = paired_difference(differences), paired_difference([-one for one in differences])
    assert turned.mean == -found.mean
    assert turned.standard_error == pytest.approx(found.standard_error)
    assert turned.p_worse == pytest.approx(found.p_better)
    assert 0 < found.p_worse <= 1


@pytest.mark.parametrize("differences", [[-0.5], [-0.5, -0.5, -0.5]])
def test_a_single_case_or_cluster_says_nothing_about_others(differences: list[float]) -> None:
    found = paired_difference(differences, ["one"] * len(differences))
    assert (found.mean, found.clusters, found.standard_error) == (-0.5, 1, None)
    assert (found.interval(), found.lower_bound(), found.upper_bound()) == (None, None, None)
    assert found.p_worse == found.p_better == 1.0


def test_no_difference_at_all_is_no_evidence() -> None:
    found = paired_difference([0.0] * 30)
    assert (found.standard_error, found.moved, found.interval()) == (0.0, 0, (0.0, 0.0))
    assert found.p_worse == found.p_better == 1.0


@pytest.mark.parametrize("differences", [[-1.0] * 5, [-1.0, -1.0, -1.0, -1.0, -0.9999]])
def test_a_few_equal_drops_prove_no_more_than_their_signs(differences: list[float]) -> None:
    assert paired_difference(differences).p_worse == 0.5**5
    assert paired_difference(differences).p_better == pytest.approx(1.0)


def test_no_case_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one difference"):
        paired_difference([])
