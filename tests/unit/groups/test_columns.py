"""Columns are paths into records; a short name finds the only one that it can mean."""

from __future__ import annotations

from typing import Any

import pytest
from records import error, passed, record

from pytest_evalsuite.errors import GroupError
from pytest_evalsuite.groups.columns import Rows, find_column, key_text

RECORD = passed(
    inputs={"customer": {"id": 7, "tier": "gold"}, "a.b": 1},
    metadata={"region": "eu", "size": None, "list": [1]},
    expected={"deep": {"a": {"b": 2}}},
    usage={"input_tokens": 3, "output_tokens": None},
    cost=0.5,
    cause=...,
)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("case_id", "a"),
        ("inputs.customer.id", 7),
        ("inputs.a.b", 1),
        ("expected.deep.a.b", 2),
        ("metadata.region", "eu"),
        ("metadata.size", None),
        ("metadata.nothing.below", None),
        ("inputs.customer.id.below", None),
        ("question.below", None),
        ("nothing", None),
        ("duration", 0.0015),
        ("tokens", 3),
        ("cost", 0.5),
        ("error", None),
        ("checks.exact_match.score", 0.0),
        ("checks.other.score", None),
    ],
)
def test_a_column_is_a_path(column: str, value: Any) -> None:
    assert Rows([RECORD]).column(column) == [value]


def test_what_went_wrong_is_a_column() -> None:
    rows = Rows([error(), passed(usage={}), passed(usage={"input_tokens": None})])
    assert rows.column("error") == ["'42'", None, None]
    assert rows.column("tokens") == [None, None, None]


def test_a_schema_has_every_column_with_types_and_counts() -> None:
    rows = Rows([RECORD, error(metadata={"region": 3, "size": 1.5}, execution_time_ms=...)])
    schema = {column.name: (column.types, column.count) for column in rows.schema()}
    assert schema["metadata.region"] == (("integer", "string"), 2)
    assert schema["metadata.size"] == (("number",), 1)
    assert schema["metadata.list"] == (("array",), 1)
    assert schema["inputs.customer.tier"] == (("string",), 1)
    assert schema["duration"] == (("number",), 1)
    assert schema["score"] == (("number",), 1)
    assert schema["checks.exact_match.score"] == (("number",), 1)
    assert not {"fingerprint", "attempts", "line", "cause.kind"} & schema.keys()
    for name in schema:
        assert any(value is not None for value in rows.column(name)), name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        ("1", "1"),
        (1, "1"),
        (1.0, "1.0"),
        (True, "true"),
        (None, None),
        ("", None),
        (" ", " "),
        ({"b": 1, "a": "é"}, '{"a": "é", "b": 1}'),
        ([1, "2"], '[1, "2"]'),
    ],
)
def test_rows_are_joined_by_the_text_of_a_value(value: Any, text: str | None) -> None:
    assert key_text(value) == text


def test_a_short_name_finds_the_only_column_that_it_may_mean() -> None:
    rows = Rows([record(inputs={"user": 1}, metadata={"region": "eu"})])
    assert find_column(rows, "user", "A") == "inputs.user"
    assert find_column(rows, "region", "A") == "metadata.region"
    assert find_column(rows, "inputs.user", "A") == "inputs.user"
    assert find_column(rows, "status", "A") == "status"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("user", "A: the column 'user' may be inputs.user or metadata.user: write which one"),
        ("regoin", "A has no column 'regoin'; did you mean 'region'?"),
        ("metadata.regin", "A has no column 'metadata.regin'; did you mean 'metadata.region'?"),
    ],
)
def test_a_column_that_is_not_there_or_not_clear_is_an_error(name: str, message: str) -> None:
    rows = Rows([record(inputs={"user": 1}, metadata={"user": 2, "region": "eu"})])
    with pytest.raises(GroupError) as raised:
        find_column(rows, name, "A")
    assert str(raised.value) == message


def test_where_no_column_is_near_some_are_named() -> None:
    with pytest.raises(GroupError, match=r"^A has no column 'zzzz' \(it has test_set, case_id, .* and \d+ more\)$"):
        find_column(Rows([record(metadata={"x": 1})]), "zzzz", "A")


def test_an_evaluation_without_rows_has_any_column() -> None:
    assert find_column(Rows([]), "whatever", "A") == "whatever"
    assert find_column(Rows([record()]), "cost", "A") == "cost"
