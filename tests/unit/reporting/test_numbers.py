from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.reporting import numbers

SCORES = st.floats(0, 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.0, "0.00"),
        (1, "1.00"),
        (0.42, "0.42"),
        (0.999, "0.999"),
        (0.9999, "0.9999"),
        (0.99999999, "0.999999"),
        (0.004, "0.004"),
        (1e-12, "0.000001"),
    ],
)
def test_score(value: float | None, text: str) -> None:
    assert numbers.score(value) == text


@given(SCORES)
def test_only_a_whole_score_shows_as_one_and_only_none_as_zero(value: float) -> None:
    shown = float(numbers.score(value))
    assert (shown == 1) == (value == 1)
    assert (shown == 0) == (value == 0)
    assert abs(shown - value) <= 0.005 + 1e-9


@given(SCORES, SCORES)
def test_two_scores_never_look_equal_or_the_other_way_round(value: float, bar: float) -> None:
    shown, shown_bar = map(float, numbers.apart(value, bar))
    assert (shown < shown_bar, shown > shown_bar) == (value < bar, value > bar)


@pytest.mark.parametrize(
    ("value", "bar", "texts"),
    [
        (0.42, 0.7, ("0.42", "0.70")),
        (0.6999, 0.7, ("0.6999", "0.7000")),
        (0.7, 0.7, ("0.70", "0.70")),
        (0.999, 1.0, ("0.999", "1.00")),
    ],
)
def test_apart(value: float, bar: float, texts: tuple[str, str]) -> None:
    assert numbers.apart(value, bar) == texts


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "-"),
        (0, 5, "0.00 (0/5)"),
        (38, 40, "0.95 (38/40)"),
        (40, 40, "1.00 (40/40)"),
        (9_999, 10_000, "0.9999 (9,999/10,000)"),
        (999_999, 1_000_000, "0.9999 (999,999/1,000,000)"),
        (1, 10_000, "0.0001 (1/10,000)"),
    ],
)
def test_rate(part: int, whole: int, text: str) -> None:
    assert numbers.rate(part, whole) == text


@given(st.integers(1, 10**6), st.data())
def test_only_all_of_them_show_as_one(whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole))
    shown = float(numbers.rate(part, whole).partition(" ")[0])
    assert (shown == 1) == (part == whole)
    assert (shown == 0) == (part == 0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0, "0 ms"),
        (0.00004, "0.04 ms"),
        (0.003, "3 ms"),
        (0.0994, "99 ms"),
        (0.0996, "0.10 s"),
        (0.207, "0.21 s"),
        (9.996, "10.0 s"),
        (12.34, "12.3 s"),
        (59.96, "1 min 00 s"),
        (245, "4 min 05 s"),
        (3_599.7, "1 h 00 min"),
        (7_380, "2 h 03 min"),
    ],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert numbers.duration(seconds) == text


@given(st.floats(1e-5, 1e6))
def test_a_duration_reads_back_as_about_what_it_was(seconds: float) -> None:
    units = {"ms": 0.001, "s": 1, "min": 60, "h": 3600}
    parts = re.findall(r"([\d.]+) (ms|min|s|h)", numbers.duration(seconds))
    shown = sum(float(number) * units[unit] for number, unit in parts)
    assert shown == pytest.approx(seconds, rel=0.06, abs=1e-6)


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        (0, "$0.00"),
        (12.3, "$12.30"),
        (1234.5, "$1,234.50"),
        (0.09999, "$0.10"),
        (0.0012, "$0.0012"),
        (0.00000123, "$1.2e-06"),
    ],
)
def test_amount(dollars: float, text: str) -> None:
    assert numbers.amount(dollars) == text


def test_count() -> None:
    assert [numbers.count(n, "case") for n in (0, 1, 1200)] == ["0 cases", "1 case", "1,200 cases"]
    assert numbers.count(2, "reply", "replies") == "2 replies"
