"""Every row of every evaluation is in the joined table exactly once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.errors import GroupError
from pytest_evalsuite.groups.join import JoinedRow, join, repeated

Keys = list[str | None]


def unique(keys: Keys) -> Keys:
    """The keys without those that came before; rows without a key stay."""
    seen: set[str] = set()
    return [key for key in keys if key is None or not (key in seen or seen.add(key))]  # type: ignore[func-returns-value]


key = st.none() | st.sampled_from("abcdefgh") | st.text(max_size=3)
sides = st.lists(st.lists(key, max_size=12).map(unique), min_size=1, max_size=5)


def naive(keys: list[Keys]) -> set[tuple[str | None, tuple[int | None, ...]]]:
    """The full outer join, as a textbook has it."""
    known = {one for side in keys for one in side if one is not None}
    rows: set[tuple[str | None, tuple[int | None, ...]]]
    rows = {(one, tuple(side.index(one) if one in side else None for side in keys)) for one in known}
    for number, side in enumerate(keys):
        for place, one in enumerate(side):
            if one is None:
                rows.add((None, tuple(place if other == number else None for other in range(len(keys)))))
    return rows


@given(sides)
def test_a_join_is_what_a_naive_one_gives(keys: list[Keys]) -> None:
    rows = join(keys).rows
    assert {(row.key, row.places) for row in rows} == naive(keys)
    assert len(rows) == len(naive(keys))


@given(sides)
def test_every_row_is_there_exactly_once(keys: list[Keys]) -> None:
    joined = join(keys)
    for number, side in enumerate(keys):
        places = [row.places[number] for row in joined.rows if row.places[number] is not None]
        assert sorted(places) == list(range(len(side)))  # type: ignore[type-var]
        for row in joined.rows:
            place = row.places[number]
            assert place is None or side[place] == row.key


@given(sides)
def test_the_order_is_that_of_the_first_evaluation_then_of_the_later_ones(keys: list[Keys]) -> None:
    found = [row.key for row in join(keys).rows if row.key is not None]
    assert found == list(dict.fromkeys(one for side in keys for one in side if one is not None))


@given(sides)
def test_what_matched_what_did_not_and_what_has_no_key_add_up(keys: list[Keys]) -> None:
    joined = join(keys)
    for number, side in enumerate(keys):
        parts = joined.matched(number), len(joined.unmatched(number)), len(joined.keyless[number])
        assert sum(parts) == len(side)


@given(sides, st.data())
def test_a_key_twice_in_one_evaluation_is_an_error_and_no_product(keys: list[Keys], data: st.DataObject) -> None:
    side = data.draw(st.sampled_from(keys))
    twice = data.draw(st.text(max_size=3))
    side[:] = [*(one for one in side if one != twice), twice, twice]
    assert repeated(side) == {twice: [len(side) - 2, len(side) - 1]}
    with pytest.raises(GroupError, match="twice"):
        join(keys)


@given(sides)
def test_a_column_lies_along_the_joined_rows(keys: list[Keys]) -> None:
    joined = join(keys)
    for number, side in enumerate(keys):
        column = joined.column(number, side)
        assert column == [row.key if row.places[number] is not None else None for row in joined.rows]


def test_rows_without_a_key_join_nothing_not_even_each_other() -> None:
    joined = join([[None, "a"], [None, None]])
    assert joined.rows == [
        JoinedRow("a", (1, None)),
        JoinedRow(None, (0, None)),
        JoinedRow(None, (None, 0)),
        JoinedRow(None, (None, 1)),
    ]
    assert joined.keyless == [[0], [0, 1]]
    assert joined.complete == 0
