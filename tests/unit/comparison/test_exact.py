"""Exact tests agree with SciPy and statsmodels, with enumeration where it is possible, and with each other."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable, mcnemar
from statsmodels.stats.multitest import multipletests

from pytest_evalsuite.comparison import exact
from pytest_evalsuite.comparison.exact import (
    ExactTest,
    Stratum,
    fisher_worse,
    holm,
    stratified_better,
    stratified_worse,
)


@st.composite
def strata(draw: st.DrawFn, most: int = 12) -> Stratum:
    base, new = draw(st.integers(0, most)), draw(st.integers(0, most))
    return Stratum(draw(st.integers(0, base)), base, draw(st.integers(0, new)), new)


def swapped(stratum: Stratum) -> Stratum:
    return Stratum(stratum.new_passes, stratum.new_attempts, stratum.base_passes, stratum.base_attempts)


def losses_and_wins(losses: int, wins: int, ties: int = 0) -> list[Stratum]:
    return [Stratum(1, 1, 0, 1)] * losses + [Stratum(0, 1, 1, 1)] * wins + [Stratum(1, 1, 1, 1)] * ties


def noisy(cases: int, base: int, new: int) -> list[Stratum]:
    """Cases that have not changed, with up to so many attempts."""
    rng = random.Random(7)

    def passes(rate: float, attempts: int) -> int:
        return sum(rng.random() < rate for _ in range(attempts))

    result = []
    for _ in range(cases):
        rate, before, after = rng.random(), rng.randint(1, base), rng.randint(1, new)
        result.append(Stratum(passes(rate, before), before, passes(rate, after), after))
    return result


def enumerated(cases: Sequence[Stratum]) -> float:
    """The stratified p-value by going through every way in which the passes can fall on the attempts."""
    observed = sum(stratum.new_passes for stratum in cases)
    ways = [
        [
            sum(chosen < stratum.new_attempts for chosen in subset)
            for subset in itertools.combinations(
                range(stratum.base_attempts + stratum.new_attempts), stratum.base_passes + stratum.new_passes
            )
        ]
        for stratum in cases
    ]
    outcomes = [sum(outcome) for outcome in itertools.product(*ways)]
    return sum(outcome <= observed for outcome in outcomes) / len(outcomes)


@given(strata(40))
def test_fisher_is_scipys(stratum: Stratum) -> None:
    base, before, new, after = stratum
    expected = stats.fisher_exact([[new, after - new], [base, before - base]], alternative="less").pvalue
    assert fisher_worse(*stratum) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("counts", "p"),
    [((10, 10, 0, 1), 1 / 11), ((10, 10, 0, 4), 1 / 1001), ((5, 5, 0, 5), 1 / 252), ((0, 0, 0, 4), 1.0)],
)
def test_the_smallest_p_that_some_trials_can_give(counts: tuple[int, int, int, int], p: float) -> None:
    assert fisher_worse(*counts) == pytest.approx(p)


@given(st.lists(strata(3), max_size=3))
def test_the_stratified_test_counts_every_way_that_passes_can_fall(cases: list[Stratum]) -> None:
    assert stratified_worse(cases).p == pytest.approx(enumerated(cases))


@given(strata(30))
def test_of_one_case_it_is_fishers(stratum: Stratum) -> None:
    assert stratified_worse([stratum]).p == pytest.approx(fisher_worse(*stratum))


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 20))
def test_of_cases_asked_once_on_each_side_it_is_mcnemars(losses: int, wins: int, ties: int) -> None:
    found = stratified_worse(losses_and_wins(losses, wins, ties))
    assert found.p == pytest.approx(mcnemar_worse(losses, wins), rel=1e-9)
    assert found.informative == losses + wins


def mcnemar_worse(losses: int, wins: int) -> float:
    return float(stats.binom.cdf(wins, losses + wins, 0.5))


@given(st.integers(1, 60), st.integers(0, 60))
def test_twice_the_smaller_side_is_the_two_sided_mcnemar_of_statsmodels(losses: int, wins: int) -> None:
    cases = losses_and_wins(losses, wins)
    two_sided = min(1.0, 2 * min(stratified_worse(cases).p, stratified_better(cases).p))
    assert two_sided == pytest.approx(mcnemar([[0, losses], [wins, 0]], exact=True).pvalue)


@given(st.lists(strata(), max_size=30))
def test_swapping_the_runs_swaps_worse_and_better(cases: list[Stratum]) -> None:
    turned = [swapped(stratum) for stratum in cases]
    assert stratified_better(cases) == stratified_worse(turned)
    assert stratified_worse(cases).p == pytest.approx(stratified_better(turned).p)


@given(st.lists(strata(), max_size=30))
def test_p_is_a_probability_and_the_two_sides_overlap_in_what_was_observed(cases: list[Stratum]) -> None:
    worse, better = stratified_worse(cases).p, stratified_better(cases).p
    assert 0 < worse <= 1
    assert 0 < better <= 1
    assert worse + better >= 1 - 1e-9


@given(st.lists(strata(), max_size=20), st.randoms(use_true_random=False))
def test_order_and_cases_without_a_say_change_nothing(cases: list[Stratum], rng: random.Random) -> None:
    more = [*cases, Stratum(5, 5, 3, 3), Stratum(0, 2, 0, 1), Stratum(0, 0, 1, 2), Stratum(4, 9, 0, 0)]
    rng.shuffle(more)
    assert stratified_worse(more) == stratified_worse(cases)


def test_nothing_to_go_by_is_no_evidence() -> None:
    assert stratified_worse([]) == stratified_worse([Stratum(3, 3, 1, 1)]) == ExactTest(1.0, "no informative case", 0)


def test_the_test_is_named() -> None:
    assert stratified_worse(losses_and_wins(3, 1)).test == "McNemar, exact"
    assert stratified_worse([Stratum(9, 10, 0, 4)]).test == "Fisher, exact"
    assert stratified_worse([Stratum(9, 10, 0, 4), Stratum(1, 2, 0, 1)]).test == "Cochran-Mantel-Haenszel, exact"


@pytest.mark.parametrize(("base", "new"), [(1, 1), (10, 1), (10, 3), (3, 10)])
def test_large_suites_are_close_to_the_cochran_mantel_haenszel_test_of_statsmodels(base: int, new: int) -> None:
    cases = [case for case in noisy(4000, base, new) if 0 < case[0] + case[2] < case[1] + case[3]]
    tables = [[[y, after - y], [x, before - x]] for x, before, y, after in cases]
    two_sided = StratifiedTable(tables).test_null_odds(correction=True).pvalue
    worse, better = stratified_worse(cases), stratified_better(cases)
    assert 2 * min(worse.p, better.p) == pytest.approx(two_sided, abs=0.002)
    assert "exact" in worse.test


def test_mixtures_that_take_too_much_work_are_tested_by_the_normal_approximation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cases = noisy(2000, 12, 5)
    precise = stratified_worse(cases)
    monkeypatch.setattr(exact, "MOST_WORK", 1000)
    approximate = stratified_worse(cases)
    assert (precise.test, approximate.test) == (
        "Cochran-Mantel-Haenszel, exact",
        "Cochran-Mantel-Haenszel, normal approximation",
    )
    assert approximate.p == pytest.approx(precise.p, abs=0.001)
    assert approximate.informative == precise.informative


def test_a_hundred_thousand_cases_stay_exact_and_certain_losses_stay_above_zero() -> None:
    found = stratified_worse(losses_and_wins(15_300, 15_000, 70_000))
    assert found.p == pytest.approx(mcnemar_worse(15_300, 15_000), rel=1e-9)
    assert 0 < stratified_worse(losses_and_wins(20_000, 0)).p < 1e-30
    assert stratified_better(losses_and_wins(20_000, 0)).p == 1.0


@pytest.mark.parametrize("stratum", [(2, 1, 0, 1), (-1, 1, 0, 1), (0, 1, 2, 1), (0, 1, -1, 1)])
def test_counts_that_cannot_be_are_refused(stratum: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="passes between 0 and attempts"):
        stratified_worse([Stratum(*stratum)])
    with pytest.raises(ValueError, match="passes between 0 and attempts"):
        fisher_worse(*stratum)


@settings(max_examples=20)  # statsmodels takes its time
@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_is_statsmodels(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="holm")[1] if p_values else []
    assert holm(p_values) == pytest.approx(list(expected))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_adjusted_values_are_never_smaller_and_keep_their_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(raw <= value <= 1 for raw, value in zip(p_values, adjusted, strict=True))
    ordered = [value for _, value in sorted(zip(p_values, adjusted, strict=True))]
    assert ordered == sorted(ordered)
    assert math.isclose(min(adjusted), min(1.0, len(p_values) * min(p_values)))
