from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.cli._tables import moment, shortened, table
from pytest_evalsuite.reporting.difference import cell_width

CELLS = st.text(st.one_of(st.sampled_from("ab \u65e5\u672c\x1b\n\t\u0301"), st.characters()), max_size=40)


@given(st.lists(st.tuples(CELLS, CELLS, st.integers(0, 10**9).map(str)), max_size=5), st.integers(46, 200))
def test_a_table_fits_where_its_texts_may_be_cut(rows: list[tuple[str, str, str]], width: int) -> None:
    lines = table(("one", "two", "number"), rows, width, right=("number",), cut=("one", "two"))
    assert len(lines) == len(rows) + 1
    assert max(map(cell_width, lines)) <= width
    assert not any(set(line) & set("\n\r\x1b\t") for line in lines)
    assert all(line.endswith(row[2]) for line, row in zip(lines[1:], rows, strict=True))


@given(CELLS, st.integers(4, 60))
def test_a_shortened_text_begins_like_the_text(text: str, width: int) -> None:
    shown = shortened(text, width)
    assert cell_width(shown) <= width or shown == text
    assert shown == text or text.startswith(shown.removesuffix("..."))


def test_texts_stand_left_and_figures_right() -> None:
    assert table(("name", "n"), [("a", "1"), ("bcdefg", "200")], 80, right=("n",)) == [
        "name      n",
        "a         1",
        "bcdefg  200",
    ]


def test_columns_are_left_out_in_the_order_that_is_given_and_only_as_many_as_need_be() -> None:
    row = ("x" * 10, "y" * 10, "z" * 10)
    for width, heads in ((34, "a b c"), (33, "a c"), (22, "a c"), (21, "a"), (5, "a")):
        assert table("abc", [row], width, spare=("b", "c"))[0].split() == heads.split()


def test_nothing_is_cut_below_ten_columns() -> None:
    assert table(("name",), [("x" * 30,)], 3, cut=("name",)) == ["name", "xxxxxxx..."]


@pytest.mark.parametrize(("time", "shown"), [("2026-01-02T03:04:05.678Z", "2026-01-02 03:04"), (None, "-")])
def test_moments_are_told_to_the_minute(time: str | None, shown: str) -> None:
    assert moment(time) == shown
