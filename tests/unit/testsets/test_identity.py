from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.testsets.identity import derive_id, slug


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How long do I have?", "how-long-do-i-have"),
        ("  Größe & Maß: 3 cm!", "größe-maß-3-cm"),
        ("snake_case words", "snake-case-words"),
        ("什么是退款?", "什么是退款"),
        ("???", ""),
        ("a" * 100, "a" * 40),
        ("word " * 20, "word-word-word-word-word-word-word-word"),
    ],
)
def test_slugs(text: str, expected: str) -> None:
    assert slug(text) == expected


@given(st.text())
def test_a_derived_id_is_readable_and_short(question: str) -> None:
    found = derive_id(question, {})
    assert re.fullmatch(r"(?:[^\W_]+(?:-[^\W_]+)*|case)-[0-9a-f]{8}", found)
    assert len(found) <= 49


def test_the_id_stays_what_it_is() -> None:
    assert derive_id("How long do I have?", {}) == "how-long-do-i-have-c25baa98"
    assert derive_id(None, {"n": 3, "text": "Hi there"}).startswith("hi-there-")
    assert derive_id(None, {"n": 3}).startswith("case-")


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), min_size=2, max_size=4))
def test_the_order_of_inputs_does_not_matter(inputs: dict[str, Any]) -> None:
    backwards = dict(reversed(list(inputs.items())))
    assert derive_id("q", inputs).rpartition("-")[2] == derive_id("q", backwards).rpartition("-")[2]


def test_composed_and_decomposed_texts_are_the_same() -> None:
    assert derive_id("caf\u00e9", {}) == derive_id("cafe\u0301", {})


def test_question_and_inputs_both_count() -> None:
    ids = {derive_id("q", {}), derive_id("q", {"a": 1}), derive_id(None, {"a": 1}), derive_id("q", {"a": "1"})}
    assert len(ids) == 4
