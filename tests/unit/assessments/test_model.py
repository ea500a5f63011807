from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.assessments.model import (
    Assessment,
    Content,
    author_problem,
    now,
    read_assessment,
    read_content,
)
from pytest_evalsuite.errors import AssessmentError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TEXT = st.text(min_size=1, max_size=20).filter(lambda text: text.strip() and "\0" not in text)
CONTENT = st.one_of(
    st.builds(lambda value: {"comment": value}, TEXT),
    st.builds(lambda value: {"rating": value}, st.integers(1, 5)),
    st.builds(lambda value: {"approval": value}, st.sampled_from(["approved", "rejected"])),
    st.builds(lambda value: {"approval": "approved", "expires": value.isoformat()}, st.dates()),
    st.builds(lambda value: {"rubric": value}, st.dictionaries(TEXT, TEXT, min_size=1, max_size=3)),
    st.builds(lambda value: {"metadata": value}, st.dictionaries(st.text(max_size=5), JSON, max_size=3)),
    st.builds(lambda value: {"overwrite": value}, JSON.filter(lambda value: value is not None)),
)


@given(CONTENT, st.none() | TEXT)
def test_what_is_said_comes_back_as_it_was_said(fields: dict[str, Any], comment: str | None) -> None:
    content = read_content({"comment": comment, **fields})
    at = now()
    one = Assessment("0123456789abcdef", "trace 1", "span", content, "ann", at, at)
    assert read_assessment(json.loads(json.dumps(one.as_json()))) == one
    assert one.as_json()[one.assessment_type] == one.value


def test_a_type_needs_its_own_content_and_no_other() -> None:
    assert read_content({"rating": 4, "comment": "good"}, "rating") == Content("rating", 4, "good")
    assert read_content({"comment": "hm"}) == Content("comment", "hm")
    assert read_content({"approval": "approved", "expires": "2026-12-31"}).expires == date(2026, 12, 31)
    with pytest.raises(AssessmentError, match="rating: an assessment of this type needs it, and it is not given"):
        read_content({"comment": "good"}, "rating")
    with pytest.raises(AssessmentError, match=r"approval: an assessment says one thing, and this one has rating"):
        read_content({"rating": 4, "approval": "approved"})
    with pytest.raises(AssessmentError, match=r"assessment_type: expected comment, rating, .*, got 'score'"):
        read_content({"rating": 4}, "score")
    with pytest.raises(AssessmentError, match="comment: an assessment of this type needs it"):
        read_content({})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rating": 0}, "rating: expected a whole number in 1..5, got 0"),
        ({"rating": 6}, "rating: expected a whole number in 1..5, got 6"),
        ({"rating": True}, "rating: expected a whole number in 1..5, got True"),
        ({"rating": 4.0}, "rating: expected a whole number in 1..5, got 4.0"),
        ({"rating": "4"}, "rating: expected a whole number in 1..5, got '4'"),
        ({"approval": "yes"}, "approval: expected approved or rejected, got 'yes'"),
        ({"approval": "rejected", "expires": "2026-12-31"}, "expires: only an approval may expire"),
        ({"approval": "approved", "expires": "2026-02-30"}, "expires: there is no day 2026-02-30"),
        ({"approval": "approved", "expires": "31.12.2026"}, "expires: expected a date such as 2026-12-31"),
        ({"rubric": {}}, "rubric: expected a mapping of rules to verdicts"),
        ({"rubric": {"polite": 1}}, "rubric: rule 'polite': expected some text, got 1"),
        ({"rubric": dict.fromkeys(map(str, range(101)), "x")}, "rubric: expected at most 100 rules, got 101"),
        ({"metadata": [1]}, r"metadata: expected a JSON object, got \[1\]"),
        ({"metadata": {"a": float("nan")}}, "metadata: expected a JSON value"),
        ({"metadata": {1: "a"}}, "metadata: expected a JSON value: keys are texts"),
        ({"overwrite": (1, 2)}, "overwrite: expected a JSON value: keys are texts, and sequences are lists"),
        ({"overwrite": object()}, "overwrite: expected a JSON value"),
        ({"overwrite": "\ud800"}, "overwrite: expected a JSON value"),
        ({"overwrite": "x" * 1_000_001}, "overwrite: expected at most 1,000,000 bytes of JSON, got 1,000,003"),
        ({"comment": "x" * 10_001}, "comment: expected at most 10,000 characters, got 10,001"),
        ({"comment": " \n"}, "comment: expected some text"),
        ({"comment": "a\0b"}, "comment: the text holds a NUL"),
        ({"comment": "\udc80"}, "comment: the text holds characters that are none"),
        ({"comment": 3}, "comment: expected some text, got 3"),
        ({"stars": 3}, r"unknown field 'stars' \(expected comment, rating, "),
    ],
)
def test_what_cannot_be_said_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(AssessmentError, match=message):
        read_content(fields)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(AssessmentError) as caught:
        read_content({"rating": 9, "comment": "", "expires": "soon"})
    assert str(caught.value).count(";") == 3


def test_json_that_holds_itself_or_is_very_deep_is_refused() -> None:
    loop: list[Any] = []
    loop += [loop, loop]
    with pytest.raises(AssessmentError, match="expected JSON of at most 50 levels"):
        read_content({"overwrite": loop})
    deep: Any = 1
    for _ in range(2000):
        deep = {"a": deep}
    with pytest.raises(AssessmentError, match="expected JSON of at most 50 levels"):
        read_content({"metadata": deep})


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\0", None, 3])
def test_nobody_is_no_author(name: Any) -> None:
    assert author_problem(name) is not None
    assert author_problem("ann@example.org") is None


@pytest.mark.parametrize(
    "changes", [{"trace_id": ""}, {"span_id": 3}, {"created_at": "today"}, {"assessment_id": "x"}]
)
def test_what_is_no_assessment_is_refused(changes: dict[str, Any]) -> None:
    at = now()
    plain = Assessment("0123456789abcdef", "t", "s", Content("rating", 4), "ann", at, at).as_json()
    with pytest.raises(AssessmentError, match=f"{next(iter(changes))}: this is none"):
        read_assessment({**plain, **changes})
    with pytest.raises(AssessmentError, match="this is no assessment"):
        read_assessment([])
