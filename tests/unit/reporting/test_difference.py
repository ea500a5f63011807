from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.reporting.difference import cell_width, differing, marked_lines

TEXTS = st.text(
    st.one_of(st.sampled_from([*"ab é::##[\n\t日本語한\u0301\u200d🙂\ufe0f\x1b\u202e"]), st.characters()), max_size=60
)
WIDTHS = st.integers(8, 30)


def marks(text: str, mask: list[bool]) -> str:
    return "".join(character for character, marked in zip(text, mask, strict=True) if marked)


def shown(expected: str, actual: str, width: int = 60) -> list[tuple[str, str]]:
    masks = differing(expected, actual)
    assert masks is not None
    return list(marked_lines(actual, masks[1], width))


@pytest.mark.parametrize(
    ("expected", "actual", "missing", "added"),
    [
        ("Paris", "Pariss", "", "s"),
        ("colour", "color", "u", ""),
        ("12.50 EUR", "14.60 EUR", "2.5", "4.6"),
        ("30 days", "31 days", "0", "1"),
    ],
)
def test_what_either_text_has_for_itself_is_marked(expected: str, actual: str, missing: str, added: str) -> None:
    masks = differing(expected, actual)
    assert masks is not None
    assert (marks(expected, masks[0]), marks(actual, masks[1])) == (missing, added)


@pytest.mark.parametrize(
    ("expected", "actual"), [("same", "same"), ("", ""), ("abc", "xyz"), ("a", ""), ("a" * 6000, "a")]
)
def test_no_marks_where_they_would_tell_nothing(expected: str, actual: str) -> None:
    assert differing(expected, actual) is None


@given(TEXTS, TEXTS)
def test_what_is_not_marked_is_the_same_in_both(expected: str, actual: str) -> None:
    masks = differing(expected, actual)
    if masks is not None:
        common = [marks(text, [not m for m in mask]) for text, mask in zip((expected, actual), masks, strict=True)]
        assert common[0] == common[1]
        assert any(masks[0]) or any(masks[1])


@given(TEXTS, TEXTS, WIDTHS)
def test_carets_stay_below_their_text_and_lines_within_their_width(expected: str, actual: str, width: int) -> None:
    masks = differing(expected, actual)
    for line, carets in marked_lines(actual, masks and masks[1], width):
        assert len(carets) <= cell_width(line) <= width
        assert set(carets) <= {"^", " "}
        assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in line)
        assert not line.lstrip().startswith("::")


@given(st.text(st.sampled_from("abc é日\n"), max_size=80), WIDTHS)
def test_no_text_is_lost_but_blanks_at_line_ends(text: str, width: int) -> None:
    lines = [line for line, _ in marked_lines(text, None, width)]
    assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\n", "")


def test_wide_characters_have_wide_marks() -> None:
    assert shown("東京都です", "東京府です") == [("東京府です", "    ^^")]


def test_a_mark_on_a_combining_character_stands_below_its_letter() -> None:
    assert shown("cafe au lait", "cafe\u0301 au lait") == [("cafe\u0301 au lait", "   ^")]


def test_marks_follow_the_text_into_the_next_line() -> None:
    lines = shown("the cat sat on the mat", "the cat sat on the rug mat", width=12)
    assert lines == [("the cat sat", ""), ("on the rug", "       ^^^"), ("mat", "")]


def test_blanks_tabs_and_line_breaks_that_differ_can_be_seen() -> None:
    assert shown("Paris", "Paris ") == [("Paris ", "     ^")]
    assert shown("a b c", "a\tb c") == [(r"a\tb c", " ^^")]
    assert shown("one two", "one\ntwo") == [(r"one\n", "   ^^"), ("two", "")]


@pytest.mark.parametrize(
    ("text", "columns"), [("", 0), ("abc", 3), ("日本", 4), ("e\u0301", 1), ("🙂", 2), ("a\u200db", 2)]
)
def test_cell_width(text: str, columns: int) -> None:
    assert cell_width(text) == columns
