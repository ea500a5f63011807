from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pytest_evalsuite.methods import Score
from pytest_evalsuite.methods._numbers import numbers_in
from pytest_evalsuite.methods.numeric import Numeric

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It is 5.", [5]),
        ("-5, \u22125 and +5", [-5, -5, 5]),
        ("10-20", [10, 20]),
        ("- 5 apples", [5]),
        ("covid-19 (B2B, v1.5)", [19]),
        ("1,234.50 or 1234.5", [1234.5, 1234.5]),
        ("1\u202f000 1\u00a0000 1'000 1\u2019000 1_000", [1000] * 5),
        ("1 000", [1, 0]),
        ("-$5.50, $-5.50, €5, 5€, US$5, £ 5", [-5.5, -5.5, 5, 5, 5, 5]),
        ("12%, 12 %, 5kg", [12, 12, 5]),
        (".5 So...5", [0.5, 5]),
        ("1e3 1.5E-3 1e\u22123", [1000, 0.0015, 0.001]),
        ("2024-01-15 12:30", [2024, 1, 15, 12, 30]),
        ("1.2.3 3,5 1,2345 1,23", []),
        ("5k 5K 5 M 2bn 2 million 0x1F", []),
        ("٣٠", [30]),
        ("nan inf none", []),
        ("9" * 400, [math.inf]),
    ],
)
def test_numbers_as_people_write_them(text: str, numbers: list[float]) -> None:
    assert numbers_in(text) == numbers


@pytest.mark.parametrize(
    ("text", "numbers"), [("3,5", [3.5]), ("1.234,5", [1234.5]), ("3.14", []), ("1'000,5 und 7", [1000.5, 7])]
)
def test_a_decimal_comma(text: str, numbers: list[float]) -> None:
    assert numbers_in(text, ",") == numbers


@given(FINITE)
def test_every_float_that_python_writes_is_read_back(number: float) -> None:
    assert numbers_in(f"about {number!r}, I think.") == [number]
    assert numbers_in(f"{number:,.3f}") == [float(f"{number:.3f}")]


@given(st.text("0123456789.,-\u2212$ eEkx'", max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert not any(math.isnan(number) for number in numbers_in(text) + numbers_in(text, ","))


@pytest.mark.parametrize(
    ("options", "actual", "expected", "value"),
    [
        ({}, "It takes 30 days.", "30 days", 1.0),
        ({}, "It takes 14 days.", "30 days", 0.0),
        ({}, "0.30000000000000004", "0.3", 1.0),
        ({}, "0.3000001", "0.3", 0.0),
        ({"absolute": 0.1}, "0.4", "0.3", 1.0),
        ({"absolute": 0.1}, "0.41", "0.3", 0.0),
        ({"relative": 0.05}, "105", "100", 1.0),
        ({"relative": 0.05}, "-105", "-100", 1.0),
        ({"relative": 0.05}, "106", "100", 0.0),
        ({"relative": 0.05, "absolute": 10}, "106", "100", 1.0),
        ({}, "12%", "12", 1.0),
        ({}, "0", "0", 1.0),
        ({"decimal": ","}, "3,5", "3,50 EUR", 1.0),
        ({}, "1e999", "30", 0.0),
        ({}, "nan", "30", 0.0),
        ({"absolute": 1e308, "relative": 1e300}, "1e999", "1e308", 0.0),
    ],
)
def test_near_enough_to_the_expected_number(
    score: Callable[..., Score], options: dict[str, Any], actual: str, expected: str, value: float
) -> None:
    assert score(Numeric(**options), actual, expected).value == value


@pytest.mark.parametrize(
    ("output", "expected", "value"),
    [
        (30, 30, 1.0),
        (30.0, [14, 30], 1.0),
        ("30", 30, 1.0),
        ({"days": 30}, 30, 1.0),
        (True, 1, 0.0),
        (math.nan, 30, 0.0),
        (math.inf, 30, 0.0),
        (10**400, 30, 0.0),
    ],
)
def test_structured_output_and_expectation(
    score: Callable[..., Score], output: Any, expected: Any, value: float
) -> None:
    assert score(Numeric(), output, expected=expected).value == value


@given(FINITE, st.floats(0, 1e6), FINITE)
def test_passing_is_symmetric_about_the_expected_number(
    score: Callable[..., Score], wanted: float, absolute: float, off: float
) -> None:
    method = Numeric(absolute=absolute)
    above, below = score(method, off, expected=wanted), score(method, -off, expected=-wanted)
    assert above.value == below.value
    assert score(method, wanted, expected=wanted).value == 1.0


@pytest.mark.parametrize(
    ("number", "value"), [("0.5", 1.0), ("2", 1.0), ("0.49", 0.0), ("2.01", 0.0), ("none", 0.0), ("1e999", 0.0)]
)
def test_bounds_are_inclusive_and_need_no_expectation(score: Callable[..., Score], number: str, value: float) -> None:
    assert score(Numeric(minimum=0.5, maximum=2), number).value == value
    assert score(Numeric(minimum=0.5, maximum=2), number, "prose for another check").value == value


@pytest.mark.parametrize(("extract", "value"), [("only", 0.0), ("first", 0.0), ("last", 1.0)])
def test_which_number_counts(score: Callable[..., Score], extract: Any, value: float) -> None:
    assert score(Numeric(extract=extract), "6 times 7 is 42", "42").value == value


@pytest.mark.parametrize(
    ("options", "actual", "reason"),
    [
        ({}, "no idea", "no number in the answer 'no idea'"),
        ({}, "6 of 7", "2 numbers in the answer where one was expected: 6, 7"),
        ({}, "14", "14, expected 30; off by 16, allowed 0"),
        ({"absolute": 1}, "30.5", "30.5, expected 30; off by 0.5, allowed 1"),
        ({"minimum": 40}, "30", "30 is below the minimum 40"),
        ({"maximum": 20}, "30", "30 is above the maximum 20"),
        ({}, "1e999", "the answer's number is not finite"),
    ],
)
def test_the_reason(score: Callable[..., Score], options: dict[str, Any], actual: str, reason: str) -> None:
    assert score(Numeric(**options), actual, "30").reason == reason


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"minimum": 2, "maximum": 1}, "minimum 2 is above maximum 1"),
        ({"minimum": 2, "absolute": 1}, "absolute and relative go with an expected number"),
        ({"absolute": -1}, "greater than or equal to 0"),
        ({"relative": math.nan}, "relative"),
        ({"maximum": math.inf}, "finite"),
        ({"absolute": True}, "absolute"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Numeric(**options)


@pytest.mark.parametrize(
    ("texts", "expected", "problem"),
    [
        ((), None, "numeric needs an expected number, a minimum or a maximum"),
        (("30", "a month"), None, "expected_response 'a month' holds 0 numbers; numeric needs one"),
        (("10-20",), None, "expected_response '10-20' holds 2 numbers; numeric needs one"),
        (("1e999",), None, "the expected number 'inf' is not finite"),
        ((), {"a": 1}, "expected is a dict; numeric needs a number, or a list of numbers"),
        ((), True, "expected is a bool; numeric needs a number, or a list of numbers"),
        ((), [], "expected is a list; numeric needs a number, or a list of numbers"),
        ((), [1, None], "expected is a NoneType; numeric needs a number, or a list of numbers"),
    ],
)
def test_an_expectation_that_is_no_number_is_a_problem(texts: tuple[str, ...], expected: Any, problem: str) -> None:
    assert Numeric().problem(expected_responses=texts, expected=expected) == problem
