from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import error, passed, record, run_of

from pytest_evalsuite.reporting.csv import COLUMNS, csv_text, escape_cell

FULL_WIDTH = "\uff1d\uff0b\uff0d\uff20"
TEXTS = st.text(
    st.one_of(st.sampled_from([*"=+-@'\"\t\r\n\0,;|1.", *FULL_WIDTH]), st.characters(exclude_categories=["Cs"]))
)
TRIGGERS = (*"=+-@\t\r\n", *FULL_WIDTH)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def unescaped(cell: str) -> str:
    """As `escape_cell` says how to have the text back."""
    return cell[1:] if re.match(f"'+[-=+@\t\r\n{FULL_WIDTH}]", cell) else cell


@given(TEXTS)
def test_every_text_can_be_had_back(text: str) -> None:
    assert unescaped(escape_cell(text)) == text.replace("\0", "\u2400")


@given(TEXTS)
def test_no_cell_is_a_formula(text: str) -> None:
    cell = escape_cell(text)
    assert not cell.startswith(TRIGGERS) or float(cell) is not None
    assert "\0" not in cell


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("@SUM(1)", "'@SUM(1)"),
        ("-1+1", "'-1+1"),
        ("-5", "-5"),
        ("+3.25", "+3.25"),
        ("-", "'-"),
        ("\tx", "'\tx"),
        ("'=1", "''=1"),
        ("it's", "it's"),
        ("'tis", "'tis"),
        ("", ""),
        ("a\0b", "a\u2400b"),
    ],
)
def test_escaping_changes_only_what_is_dangerous(text: str, cell: str) -> None:
    assert escape_cell(text) == cell


@given(TEXTS, TEXTS, TEXTS)
def test_what_was_asked_and_answered_reads_back(question: str, expected: str, actual: str) -> None:
    one = record(question=question, expected_response=expected, actual_response=actual)
    (row,) = rows(csv_text(run_of(("set", "echo", [one]))))
    read = tuple(unescaped(row[column]) for column in ("question", "expected_response", "actual_response"))
    assert read == tuple(text.replace("\0", "\u2400") for text in (question, expected, actual))


def test_the_columns_of_the_export_that_people_know_come_first() -> None:
    assert COLUMNS[:8] == (
        "question",
        "expected_response",
        "actual_response",
        "status",
        "score",
        "reasoning",
        "execution_time_ms",
        "error",
    )
    header = csv_text(run_of()).splitlines()[0]
    assert header.replace('"', "") == ",".join(COLUMNS)


def test_numbers_are_numbers_and_what_is_unknown_is_empty() -> None:
    text = csv_text(run_of(("set", "echo", [passed(score=0.25, execution_time_ms=12.5), error()])))
    lines = text.split("\r\n")
    assert '"passed",0.25,' in lines[1]
    assert ",12.5," in lines[1]
    assert rows(text)[1]["score"] == ""
    assert rows(text)[1]["error"] == "'42'"


def test_values_that_are_no_text_are_json() -> None:
    one = record(question=..., inputs={"text": "ü"}, expected_response=["a", "b"], test_method=["regex", "contains"])
    (row,) = rows(csv_text(run_of(("set", "echo", [one]))))
    assert (row["question"], row["expected_response"]) == ('{"text": "ü"}', '["a", "b"]')
    assert row["test_method"] == "regex, contains"
