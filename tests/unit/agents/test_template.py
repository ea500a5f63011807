"""Templates put values in by name and do nothing else."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.agents.template import as_json, check_template, fill
from pytest_evalsuite.errors import AgentError, ConfigurationError

TEXT = st.text(max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_a_lone_placeholder_is_the_value_itself(value: Any) -> None:
    template = {"a": ["{inputs.x}", {"b": "{inputs}"}]}
    check_template(template, "body")
    assert fill(template, {"inputs": {"x": value}}) == {"a": [value, {"b": {"x": value}}]}


@given(JSON, TEXT.filter(lambda text: not set("{}") & set(text)), TEXT.filter(lambda text: not set("{}") & set(text)))
def test_within_a_text_it_is_its_text(value: Any, before: str, after: str) -> None:
    filled = fill(f"{before}!{{question}}{after}", {"question": value})
    assert filled == f"{before}!{value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}{after}"


@given(TEXT)
def test_what_a_case_says_is_never_a_template(question: str) -> None:
    values = {"question": f"{{inputs.x}}{question}{{question}}", "inputs": {"x": "secret"}}
    assert fill("{question} and {question}", values) == f"{values['question']} and {values['question']}"


@given(st.text(alphabet="{}question.!:0_ a", max_size=40))
def test_any_text_is_filled_or_refused_clearly(text: str) -> None:
    problem = ""
    try:
        check_template(text, "body")
        fill(text, {"question": "Q", "session_id": "s"})
    except (AgentError, ConfigurationError) as error:
        problem = str(error)
    assert not problem or "placeholder {" in problem


def test_attributes_formats_and_conversions_are_no_placeholders() -> None:
    for text in ("{question!r}", "{question:>10}", "{0}", "{}", "{question[0]}", '{"a": 1}'):
        check_template(text, "body")
        assert fill(text, {"question": "x"}) == text


def test_items_of_lists_are_found_by_number() -> None:
    assert fill("{history.0.content}", {"history": [{"content": "hi"}]}) == "hi"


def test_json_is_made_of_mappings_and_sequences_of_any_class() -> None:
    assert as_json(MappingProxyType({"a": (1, range(2))})) == '{"a": [1, [0, 1]]}'
