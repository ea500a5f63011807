from __future__ import annotations

import unicodedata
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.methods._text import Step, excerpt, first_difference, nfc, normalize

STEPS = st.lists(st.sampled_from([step for step in get_args(Step) if step != "none"]), unique=True)
TEXT = st.text(
    alphabet=st.characters() | st.sampled_from("aB1.,-_'\u2019 \t\n\u00a0\u0301\u0345ßİςΣﬁ"),
    max_size=12,
)


@given(TEXT, STEPS)
def test_normalising_twice_is_normalising_once(text: str, steps: list[Step]) -> None:
    once = normalize(text, steps)
    assert normalize(once, steps) == once


@given(TEXT, STEPS)
def test_the_result_is_composed_and_canonically_equal_texts_give_one_result(text: str, steps: list[Step]) -> None:
    result = normalize(text, steps)
    assert unicodedata.is_normalized("NFC", result)
    assert normalize(unicodedata.normalize("NFD", text), steps) == result


@given(TEXT, STEPS)
def test_the_order_of_steps_does_not_matter(text: str, steps: list[Step]) -> None:
    assert normalize(text, steps[::-1]) == normalize(text, steps)


@pytest.mark.parametrize(
    ("text", "steps", "expected"),
    [
        (" a  b\n", ["none"], " a  b\n"),
        (" a  b\n", ["strip"], "a  b"),
        (" a \u00a0 b\n", ["whitespace"], "a b"),
        ("Straße ÉTÉ", ["case"], "strasse été"),
        ("«Yes», he said — don\u2019t!", ["punctuation", "whitespace"], "Yes he said dont"),
        ("It is 3.14, not -5 (2024-01-01).", ["punctuation"], "It is 3.14 not -5 2024-01-01"),
        ("$5 + 5% of x_y", ["punctuation"], "$5 + 5 of xy"),
    ],
)
def test_each_step_does_what_it_says(text: str, steps: list[Step], expected: str) -> None:
    assert normalize(text, steps) == expected


def test_nfc_joins_a_letter_and_its_accent() -> None:
    assert nfc("cafe\u0301") == "café"


@given(st.text(max_size=300), st.integers(10, 80))
def test_an_excerpt_of_plain_text_keeps_to_its_limit(text: str, limit: int) -> None:
    plain = "".join(c if c.isalnum() else "x" for c in text)
    assert len(excerpt(plain, limit)) <= limit + 2


@pytest.mark.parametrize(
    ("left", "right", "index"), [("abc", "abd", 2), ("ab", "abc", 2), ("", "x", 0), ("x", "x", 1)]
)
def test_the_first_difference(left: str, right: str, index: int) -> None:
    assert first_difference(left, right) == index
