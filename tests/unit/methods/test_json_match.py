from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods import Score
from pytest_evalsuite.methods._json import Comparison, depth, parse
from pytest_evalsuite.methods.json_match import JsonMatch

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.5]) | st.text("ab", max_size=2)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xy", max_size=1), inner, max_size=2)
)
EXPECTED = VALUES.filter(lambda value: value is not None)


def canonical(value: Any) -> str:
    """JSON text that differs wherever two values do, 1 and 1.0 aside."""
    return json.dumps(value, sort_keys=True)


@given(EXPECTED, VALUES)
def test_equal_is_exactly_equality_of_json(score: Callable[..., Score], expected: Any, actual: Any) -> None:
    value = score(JsonMatch(tolerance=0.0), json.dumps(actual), expected=expected).value
    assert (value == 1.0) == (canonical(expected) == canonical(actual))


@given(EXPECTED)
def test_text_output_and_fenced_text_are_the_same_answer(score: Callable[..., Score], value: Any) -> None:
    text = json.dumps(value, indent=1)
    assert score(JsonMatch(), text, expected=value).value == 1.0
    assert score(JsonMatch(), f"Here it is:\n```json\n{text}\n```\nBye.", expected=value).value == 1.0
    assert score(JsonMatch(), text, '"no"', text).value == 1.0
    if not isinstance(value, str):
        assert score(JsonMatch(), value, text).value == 1.0


@given(st.dictionaries(st.text("xy", max_size=2), SCALARS, max_size=4), st.dictionaries(st.just("z"), VALUES))
def test_further_keys_are_allowed_in_a_subset_only(
    score: Callable[..., Score], wanted: dict[str, Any], further: dict[str, Any]
) -> None:
    expected, actual = {"in": wanted}, {"in": {**wanted, **further}}
    assert score(JsonMatch(mode="subset"), actual, expected=expected).value == 1.0
    assert (score(JsonMatch(), actual, expected=expected).value == 1.0) == (not further)


@given(st.lists(VALUES, max_size=4), st.lists(VALUES, max_size=4), st.booleans())
def test_unordered_lists_are_equal_when_some_order_is(expected: list[Any], actual: list[Any], subset: bool) -> None:
    comparison = Comparison(subset=subset, unordered=True)
    some_order_is_equal = len(expected) == len(actual) and any(
        all(comparison.compare(e, a).equal for e, a in zip(expected, order, strict=True))
        for order in permutations(actual)
    )
    assert comparison.compare(expected, actual).equal == some_order_is_equal


def test_a_wide_item_is_left_for_the_narrow_expectation_that_needs_it() -> None:
    expected = [{"a": 1}, {"a": 1, "b": 2}]
    actual = [{"a": 1, "b": 2}, {"a": 1}]
    assert Comparison(subset=True, unordered=True).compare(expected, actual).equal
    assert not Comparison(subset=True).compare(expected, actual).equal


@pytest.mark.parametrize(
    ("options", "expected", "actual", "value", "differences"),
    [
        ({}, {"a": 1, "b": 2}, {"a": 1, "b": 3}, 0.5, ["$.b: expected 2, got 3"]),
        (
            {},
            {"items": [{"price": 1}, {"price": 10}]},
            {"items": [{"price": 1}, {"price": 12}]},
            0.5,
            ["$.items[1].price: expected 10, got 12"],
        ),
        ({}, {"a": 1}, {"a": 1, "b c": 2}, 0.5, ['$["b c"]: not expected']),
        ({}, {"a": {"b": [1, 2]}}, {}, 0.0, ["$.a: expected an object of 1, missing"]),
        ({}, [1, 2], [1, 2, 3], 2 / 3, ["$[2]: not expected, got 3"]),
        ({"mode": "subset"}, [1, 2], [1, 2, 3], 2 / 3, ["$[2]: not expected, got 3"]),
        ({}, [1, 2], [2, 1], 0.0, ["$[0]: expected 1, got 2", "$[1]: expected 2, got 1"]),
        ({"unordered": True}, [1, 2], [2, 1], 1.0, []),
        ({"unordered": True}, [1, 2, 4], [4, 3, 1], 2 / 3, ["$[1]: expected 2, got 3"]),
        ({}, {"a": True}, {"a": 1}, 0.0, ["$.a: expected true, got 1"]),
        ({}, {"a": 10}, {"a": "10"}, 0.0, ['$.a: expected 10, got "10"']),
        ({}, {"a": None}, {"a": 0}, 0.0, ["$.a: expected null, got 0"]),
        ({}, [], {}, 0.0, ["$: expected [], got {}"]),
        ({}, {"a": []}, {"a": [1, 2]}, 0.0, ["$.a: expected [], got a list of 2"]),
        ({}, {"a": 0.3}, {"a": 0.1 + 0.2}, 1.0, []),
        ({"tolerance": 0.5}, {"a": 10}, {"a": 10.5}, 1.0, []),
        ({"tolerance": 0.5}, {"a": 10}, {"a": 10.6}, 0.0, ["$.a: expected 10, got 10.6"]),
        ({"tolerance": 0.5}, {"a": 0.5}, {"a": 10**400}, 0.0, ["$.a: expected 0.5, got a huge number"]),
        ({}, {"a": "é"}, {"a": "e\u0301"}, 1.0, []),
        ({"mode": "subset"}, {"a": {}}, {"a": {"b": 1}}, 1.0, []),
    ],
)
def test_the_score_is_the_share_of_leaves_and_differences_have_paths(
    score: Callable[..., Score],
    options: dict[str, Any],
    expected: Any,
    actual: Any,
    value: float,
    differences: list[str],
) -> None:
    scored = score(JsonMatch(**options), actual, expected=expected)
    assert scored.value == pytest.approx(value)
    assert scored.evidence == {"differences": differences}


def test_the_reason_counts_and_shows_the_first_differences(score: Callable[..., Score]) -> None:
    scored = score(JsonMatch(), [0, 2, 3, 4, 5], expected=[0, 1, 1, 1, 1])
    assert scored.reason == (
        "1 of 5 values match: $[1]: expected 1, got 2; $[2]: expected 1, got 3; $[3]: expected 1, got 4; …"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the text is empty"),
        ("It is billing.", "Expecting value: line 1 column 1"),
        ("```json\n{\n```", "Expecting property name"),
        ("```json\n1\n``` or ```json\n2\n```", "2 code blocks where one was expected"),
        ("```python\n{}\n```", "a code block of 'python', not of json"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": 1, "a": 2}', "key 'a' is given twice"),
        ("[" * 200_000, "nested too deeply"),
        ("9" * 5000, "Exceeds the limit"),
    ],
)
def test_an_answer_that_is_no_json_fails_with_the_reason(score: Callable[..., Score], text: str, reason: str) -> None:
    scored = score(JsonMatch(), text, expected={"a": 1})
    assert scored.value == 0.0
    assert scored.reason.startswith(f"the answer is no JSON: {reason}")


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("unordered", [False, True])
def test_deep_nesting_is_bounded_by_the_expectation(score: Callable[..., Score], unordered: bool) -> None:
    assert depth(nested(100)) == 100
    assert score(JsonMatch(unordered=unordered), nested(50_000), expected=nested(100), text="[[…]]").value == 0.0
    problem = JsonMatch().problem(expected_responses=(), expected=nested(101))
    assert problem == "the expected JSON value is nested more than 100 levels deep"
    assert depth(nested(50_000)) == 101


@pytest.mark.usefixtures("unmeasured")
def test_too_many_pairs_are_an_error(score: Callable[..., Score]) -> None:
    with pytest.raises(MethodError, match="too large to compare"):
        score(JsonMatch(unordered=True), [0] * 600, expected=[1] * 600)


@given(st.text(max_size=60))
def test_any_text_is_json_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert parse(json.dumps(parse(text))) == parse(text)


def test_an_expectation_must_be_there_and_be_json() -> None:
    def problem(*texts: str) -> str | None:
        return JsonMatch().problem(expected_responses=texts, expected=None)

    assert problem() == "json_match needs expected, or an expected_response of JSON text"
    assert problem('{"a": 1}', "nope") == (
        "expected_response 'nope' is no JSON: Expecting value: line 1 column 1 (char 0)"
    )
    assert problem("null") is None
    assert JsonMatch().problem(expected_responses=("nope",), expected={"a": 1}) is None


def test_a_negative_tolerance_is_refused() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        JsonMatch(tolerance=-1)
