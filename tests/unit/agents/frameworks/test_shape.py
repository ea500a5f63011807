"""What any framework may hand over becomes JSON values."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.agents import Usage
from pytest_evalsuite.agents.frameworks._shape import arguments_of, plain, prompt, usage_of


@pytest.mark.parametrize(
    ("question", "inputs", "text"),
    [
        ("Why?", None, "Why?"),
        ("Why?", {}, "Why?"),
        (None, {"a": "é"}, '{"a": "é"}'),
        ("Why?", {"a": 1}, 'Why?\n\n{"a": 1}'),
        (None, None, ""),
    ],
)
def test_a_prompt_is_the_question_and_the_inputs_as_json(question: Any, inputs: Any, text: str) -> None:
    assert prompt(question, inputs) == text


@pytest.mark.parametrize(
    ("raw", "arguments"),
    [
        (None, {}),
        ("", {}),
        ('{"a": 1}', {"a": 1}),
        ("{", {"arguments": "{"}),
        ("[1]", {"arguments": [1]}),
        ({"when": dt.date(2026, 1, 2)}, {"when": "2026-01-02"}),
    ],
)
def test_arguments_are_a_mapping_whatever_a_model_wrote(raw: Any, arguments: Any) -> None:
    assert arguments_of(raw) == arguments


@given(
    st.text()
    | st.recursive(
        st.none() | st.floats() | st.binary() | st.dates(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_everything_has_a_plain_form(value: Any) -> None:
    json.dumps(plain(value), allow_nan=False)


def test_what_no_json_can_say_is_what_it_prints_as() -> None:
    class Thing:
        def __str__(self) -> str:
            return "a thing"

    assert plain([Thing(), float("nan"), {1}]) == ["a thing", "NaN", [1]]


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ([], None),
        ([(0, 0)], None),
        ([(None, None)], None),
        ([(1, 2), (None, 3)], Usage(input_tokens=1, output_tokens=5)),
    ],
)
def test_usage_is_the_sum_and_nothing_where_nobody_tells(counts: Any, usage: Usage | None) -> None:
    assert usage_of(counts) == usage
