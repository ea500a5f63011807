"""What can be seen, and what it takes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import normal_power_het

from pytest_evalsuite.comparison.exact import Stratum, stratified_worse
from pytest_evalsuite.comparison.power import cases_needed, detectable_drop, planned_drop

SHARES = st.floats(0.01, 0.9)
DROPS = st.floats(0.005, 0.9)


@pytest.mark.parametrize(("drop", "cases"), [(0.1, 87), (0.05, 365), (0.03, 1025)])
def test_cases_that_a_drop_takes(drop: float, cases: int) -> None:
    assert cases_needed(drop) == cases


@given(DROPS, SHARES)
def test_as_many_cases_as_are_needed_find_the_drop_and_one_less_does_not(drop: float, discordance: float) -> None:
    cases = cases_needed(drop, discordance)
    assert planned_drop(cases, discordance) <= drop * (1 + 1e-9)
    if cases > 1:
        assert planned_drop(cases - 1, discordance) > drop * (1 - 1e-9)


@given(st.integers(1, 10**6), SHARES)
def test_no_drop_is_larger_than_one(cases: int, discordance: float) -> None:
    assert 0 < planned_drop(cases, discordance) < 1


@given(st.floats(0.001, 0.2), st.floats(0.001, 0.2), st.floats(0.5, 0.99))
def test_the_detectable_drop_has_the_power_that_statsmodels_gives_it(error: float, alpha: float, power: float) -> None:
    drop = detectable_drop(error, alpha, power)
    assert normal_power_het(drop, 1, alpha, std_null=error, alternative="larger") == pytest.approx(power, abs=1e-6)


def test_without_an_error_any_drop_is_seen() -> None:
    assert detectable_drop(0.0) == 0.0


def test_a_planned_drop_is_found_about_as_often_as_promised() -> None:
    """At 5 % one-sided, with the exact test, which is a little stricter than the formula."""
    rng = random.Random(5)
    cases, discordance = 200, 0.15
    drop = planned_drop(cases, discordance)
    lost, won = (discordance + drop) / 2, (discordance - drop) / 2
    found = 0
    for _ in range(1000):
        draws = [rng.random() for _ in range(cases)]
        losses = sum(draw < lost for draw in draws)
        wins = sum(lost <= draw < lost + won for draw in draws)
        pairs = [Stratum(1, 1, 0, 1)] * losses + [Stratum(0, 1, 1, 1)] * wins
        found += stratified_worse(pairs).p <= 0.05
    assert 0.70 <= found / 1000 <= 0.84
