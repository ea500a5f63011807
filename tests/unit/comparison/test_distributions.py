"""Quantiles and chances agree with SciPy to many digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pytest_evalsuite.comparison.distributions import normal_cdf, normal_quantile, t_cdf, t_quantile

CHANCES = st.floats(1e-9, 1 - 1e-9)
DEGREES = st.integers(1, 100_000)


@given(st.floats(-30, 30), DEGREES)
def test_the_chance_below_t_is_scipys(t: float, df: int) -> None:
    assert t_cdf(t, df) == pytest.approx(stats.t.cdf(t, df), rel=1e-8, abs=1e-290)


@given(CHANCES, DEGREES)
def test_the_quantile_of_t_is_scipys(chance: float, df: int) -> None:
    assert t_quantile(chance, df) == pytest.approx(stats.t.ppf(chance, df), rel=1e-6, abs=1e-7)


@given(st.floats(1e-6, 0.5), st.integers(1, 1000))
def test_the_quantile_undoes_the_chance_and_is_symmetric(chance: float, df: int) -> None:
    assert t_cdf(t_quantile(chance, df), df) == pytest.approx(chance, rel=1e-9)
    assert t_quantile(1 - chance, df) == pytest.approx(-t_quantile(chance, df), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(
    ("chance", "df", "value"), [(0.975, 1, 12.7062), (0.975, 10, 2.2281), (0.95, 30, 1.6973), (0.5, 3, 0.0)]
)
def test_the_quantile_is_that_of_the_printed_tables(chance: float, df: int, value: float) -> None:
    assert t_quantile(chance, df) == pytest.approx(value, abs=5e-5)


def test_what_is_beyond_every_table_is_certain() -> None:
    assert t_cdf(float("inf"), 3) == 1
    assert t_cdf(-1e200, 3) == 0
    assert t_cdf(0.0, 3) == 0.5


@given(st.floats(-8, 8))
def test_the_normal_distribution_is_scipys(z: float) -> None:
    assert normal_cdf(z) == pytest.approx(stats.norm.cdf(z), rel=1e-9)
    assert normal_quantile(normal_cdf(min(z, 5))) == pytest.approx(min(z, 5), rel=1e-6, abs=1e-6)
