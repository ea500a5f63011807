from __future__ import annotations

import csv
import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import pytest
from assessed import keep_answers, trace_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kept import FIRST
from records import error, passed, record

from pytest_evalsuite.assessments import Assessments
from pytest_evalsuite.assessments.sheet import Imported, import_rows, sheet_rows
from pytest_evalsuite.errors import TestSetError
from pytest_evalsuite.reporting.csv import escape_cell, unescape_cell
from pytest_evalsuite.reporting.sheet import read_sheet, sheet_csv, sheet_jsonl

HEAD = "case_id,approval,rating,comment,overwrite,expires,author"


@pytest.fixture
def assessments(tmp_path: Path) -> Assessments:
    structured = record(actual_response='{"a": 1}', actual_output={"a": 1}, expected={"a": 2})
    return Assessments(keep_answers(tmp_path, passed(), record(), structured, error()))


def imported(assessments: Assessments, text: str | bytes, *, name: str = "sheet.csv", **options: Any) -> Imported:
    path = assessments.folder.parent / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    rows, unread = read_sheet(path)
    unread = [dataclasses.replace(mistake, path=name) for mistake in unread]
    return import_rows(assessments, rows, name, **{"author": "ann", **options}, unread=unread)


def said(assessments: Assessments) -> list[tuple[str, Any, str | None, str]]:
    return [(one.assessment_type, one.value, one.comment, one.created_by) for one in assessments.list()]


def mistakes(result: Imported) -> list[str]:
    return [str(mistake) for mistake in result.mistakes]


def test_a_sheet_tells_of_every_answer_and_leaves_room(assessments: Assessments) -> None:
    rows = list(csv.DictReader(io.StringIO(sheet_csv(sheet_rows(assessments)).removeprefix("\ufeff"))))
    assert [(row["case_id"], row["status"], row["score"]) for row in rows] == [
        ("case-0", "passed", "1.0"),
        ("case-1", "failed", "0.0"),
        ("case-2", "failed", "0.0"),
        ("case-3", "error", ""),
    ]
    assert rows[1]["question"] == "What is the capital of France?"
    assert (rows[1]["expected"], rows[1]["answer"]) == ("Paris", "Pariss")
    assert rows[1]["reason"] == "differs from character 6 on"
    assert rows[2]["answer"] == '{"a": 1}'
    assert rows[3]["reason"] == "'42'"
    assert not any(row[name] for row in rows for name in ("approval", "rating", "comment", "overwrite", "author"))


@pytest.mark.parametrize("write", [sheet_csv, sheet_jsonl])
def test_a_sheet_that_comes_back_as_it_was_changes_nothing(assessments: Assessments, write: Any) -> None:
    trace = trace_of(assessments, 1)
    assessments.create(trace, rating=4, comment="=good", by="ann")
    assessments.create(trace, approval="approved", expires="2020-01-01", by="ann")
    assessments.create(trace, comment="and so on", by="ann")
    assessments.create(trace, overwrite={"a\0": "b"}, by="bob")
    assessments.create(trace, rubric={"polite": "yes"}, by="bob")
    assessments.create(trace_of(assessments, 2), overwrite={"a": 2}, by="bob")
    assessments.create(trace_of(assessments, 0), overwrite="-1\0", by="bob", comment="@x")
    before = assessments.history()
    name = "sheet.csv" if write is sheet_csv else "sheet.jsonl"
    done = imported(assessments, write(sheet_rows(assessments)), name=name, author=None)
    assert mistakes(done) == []
    assert (done.created, done.updated) == (0, 0)
    assert assessments.history() == before
    own = imported(assessments, write(sheet_rows(assessments, "ann")), name=name)
    assert (own.created, own.updated, own.unchanged > 0) == (0, 0, True)
    assert "bob" not in write(sheet_rows(assessments, "ann"))


def test_what_people_fill_in_is_taken_over(assessments: Assessments) -> None:
    text = f"""{HEAD}
case-0,Approved,,fine,,2026-12-31,
case-1,rejected,2,"two
lines",Paris,,bob
case-2,,,only words,"{{""a"": 3}}",,
case-3,,,,,,
"""
    done = imported(assessments, text)
    assert mistakes(done) == []
    assert (done.created, done.updated, done.unchanged) == (5, 0, 0)
    assert said(assessments) == [
        ("approval", "approved", "fine", "ann"),
        ("approval", "rejected", "two\nlines", "bob"),
        ("rating", 2, None, "bob"),
        ("overwrite", "Paris", None, "bob"),
        ("overwrite", {"a": 3}, "only words", "ann"),
    ]
    again = imported(assessments, text)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 5)
    changed = imported(assessments, f"{HEAD}\ncase-0,rejected,1,worse,,,\n")
    assert (changed.created, changed.updated, changed.unchanged) == (1, 1, 0)
    assert ("approval", "rejected", "worse", "ann") in said(assessments)
    assert len(assessments.history()) == 7


def test_an_empty_cell_takes_nothing_back(assessments: Assessments) -> None:
    imported(assessments, f"{HEAD}\ncase-0,approved,5,fine,,2999-12-31,\n")
    done = imported(assessments, f"{HEAD}\ncase-0,approved,,,,,\n")
    assert (done.created, done.updated, done.unchanged) == (0, 0, 1)
    assert said(assessments) == [("approval", "approved", "fine", "ann"), ("rating", 5, None, "ann")]


def test_all_mistakes_are_told_at_once_with_their_places_and_nothing_is_kept(assessments: Assessments) -> None:
    text = f"""{HEAD}
case-0,approved,4,,,,
case-1,maybe,4.0,,,,
case-9,approved,,,,,
,approved,,,,,
case-2,,,,not json,,
case-1,,3,,,2026-01-01,"{"x" * 201}"
case-3,approved
case-0,rejected,,,,,
"""
    done = imported(assessments, text)
    assert mistakes(done) == [
        "sheet.csv:3:8: approval: expected approved or rejected, got 'maybe'",
        "sheet.csv:3:14: rating: expected a whole number in 1..5, got '4.0'",
        f"sheet.csv:4:1: no answer is of case_id 'case-9' in run {FIRST}",
        "sheet.csv:5:1: expected trace_id or case_id, to know which answer this is about",
        "sheet.csv:6:11: overwrite: expected JSON, got 'not json'",
        "sheet.csv:7:13: only an approval may expire, and there is none",
        "sheet.csv:7:24: author: expected at most 200 characters, got 201",
        "sheet.csv:8:1: the row has 2 cells, the header 7",
        "sheet.csv:9:21: ann has assessed this answer on line 2 already",
    ]
    assert not assessments.history()
    lenient = imported(assessments, text, lenient=True)
    assert mistakes(lenient) == mistakes(done)
    assert said(assessments) == [("approval", "approved", None, "ann"), ("rating", 4, None, "ann")]


def test_a_row_that_names_another_case_than_its_trace_has_been_moved(assessments: Assessments) -> None:
    text = f"trace_id,case_id,rating\n{trace_of(assessments, 0)},case-1,4\nffff,case-1,4\n"
    first, second = mistakes(imported(assessments, text))
    assert first.endswith("this trace is case_id 'case-0', got 'case-1': have columns been moved?")
    assert second == f"sheet.csv:3:1: run {FIRST} has no trace 'ffff'"


def test_an_answer_of_several_agents_must_be_told_apart(tmp_path: Path) -> None:
    assessments = Assessments(keep_answers(tmp_path, passed(), agents=("echo", "other")))
    (only,) = mistakes(imported(assessments, "case_id,rating\ncase-0,4\n"))
    assert only.endswith(
        f"2 answers are of case_id 'case-0' in run {FIRST}: give trace_id, agent, attempt or test_set too"
    )
    assert imported(assessments, "case_id,agent,rating\ncase-0,other,4\n").created == 1


def test_somebody_elses_overwrite_stays(assessments: Assessments) -> None:
    text = f"{HEAD}\ncase-0,,,,London,,bob\ncase-0,,,,Paris,,cid\n"
    assert mistakes(imported(assessments, text)) == [
        "sheet.csv:3:11: bob has corrected this answer already: it has one overwrite"
    ]
    assert imported(assessments, text, lenient=True).created == 1
    assert mistakes(imported(assessments, f"{HEAD}\ncase-0,,,,Paris,,\n")) == [
        "sheet.csv:2:11: bob has corrected this answer already: it has one overwrite"
    ]


def test_nobody_is_no_author(assessments: Assessments) -> None:
    (only,) = mistakes(imported(assessments, f"{HEAD}\ncase-0,approved,,,,,\n", author=None))
    assert only == "sheet.csv:2:1: nobody is named who says so: fill in author, or give --by" or ":2:" in only


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_spreadsheets_of_other_languages_separate_cells_otherwise(assessments: Assessments, delimiter: str) -> None:
    text = f"{HEAD}\r\ncase-0,approved,6,,,,\r\n".replace(",", delimiter)
    assert mistakes(imported(assessments, text.encode("utf-8-sig"))) == [
        "sheet.csv:2:17: rating: expected a whole number in 1..5, got '6'"
    ]
    assert imported(assessments, text.replace("6", "5")).created == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("sheet.csv", b"", "sheet.csv:1:1: the file is empty: expected a header"),
        ("sheet.csv", b"case_id,ratings\n", "sheet.csv:1:9: unknown column 'ratings': did you mean 'rating'?"),
        ("sheet.csv", b"case_id,case_id\n", "sheet.csv:1:9: column 'case_id' is there twice"),
        ("sheet.csv", b'case_id,"rating\n', "sheet.csv:1:9: the quote that opens here is never closed"),
        ("sheet.csv", b"\xff\xfec\0", "sheet.csv:1:1: the file is UTF-16: save it as UTF-8"),
        ("sheet.csv", b"case_id\n\xe9\n", "sheet.csv:2:1: byte 0xe9 is not UTF-8"),
        ("sheet.xlsx", b"PK", "sheet.xlsx:1:1: expected a file named *.csv or *.jsonl, got 'sheet.xlsx'"),
    ],
)
def test_what_is_no_sheet_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TestSetError) as caught:
        read_sheet(path)
    assert message in str(caught.value)


def test_a_quote_that_never_ends_spoils_its_own_row_only(assessments: Assessments) -> None:
    text = f'{HEAD}\ncase-0,approved,,,,,\ncase-1,approved,,"never,,,\ncase-2,approved,,,,,\n'
    done = imported(assessments, text, lenient=True)
    assert mistakes(done) == ["sheet.csv:3:18: the quote that opens here is never closed"]
    assert done.created == 1


def test_lines_of_json_are_read_likewise(assessments: Assessments) -> None:
    lines: list[Any] = [
        {"case_id": "case-0", "rating": 4, "comment": None, "author": "bob"},
        {"case_id": "case-1", "metadata": {"ticket": 7}, "rubric": {"polite": "yes"}},
        {"case_id": "case-2", "overwrite": {"a": 2}},
    ]
    text = "\n".join(map(json.dumps, lines))
    assert imported(assessments, text, name="s.jsonl").created == 4
    wrong = '{"case_id": "case-0", "rating": "4"}\n[]\n{"stars": 1}\n{\n'
    first, *others = mistakes(imported(assessments, wrong, name="s.jsonl"))
    assert first == "s.jsonl:1:1: rating: expected a whole number in 1..5, got '4'"
    assert [other.split(": ")[1] for other in others] == [
        "expected a JSON object, got []",
        "unknown column 'stars'",
        "no JSON",
    ]


@given(st.text())
def test_a_cell_is_what_was_written_into_it(text: str) -> None:
    assert unescape_cell(escape_cell(text)) == text.replace("\0", "\u2400")


ROWS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["ann", "bob"]),
        st.sampled_from([None, "approved", "rejected"]),
        st.sampled_from([None, 1, 5]),
        st.sampled_from([None, "a", "b"]),
    ),
    max_size=6,
    unique_by=lambda row: row[:2],
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=ROWS, second=ROWS)
def test_whatever_is_imported_the_same_again_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, first: list[Any], second: list[Any]
) -> None:
    assessments = Assessments(keep_answers(tmp_path_factory.mktemp("run"), passed(), record(), passed()))

    def sheet(rows: list[Any]) -> str:
        told = [
            {"case_id": f"case-{case}", "author": by, "approval": approval, "rating": rating, "comment": comment}
            for case, by, approval, rating, comment in rows
        ]
        return sheet_jsonl(told)

    for rows in (first, second):
        assert not imported(assessments, sheet(rows), name="s.jsonl").mistakes
        before = assessments.history()
        again = imported(assessments, sheet(rows), name="s.jsonl")
        assert (again.created, again.updated, again.mistakes) == (0, 0, [])
        whole = imported(assessments, sheet_csv(sheet_rows(assessments)), author=None)
        assert (whole.created, whole.updated, whole.mistakes) == (0, 0, [])
        assert assessments.history() == before
    for case, by, approval, rating, comment in second:
        trace = trace_of(assessments, case)
        own = {one.assessment_type: one for one in assessments.list(trace_id=trace, author=by)}
        assert approval is None or own["approval"].value == approval
        assert rating is None or own["rating"].value == rating
        assert comment is None or comment in {one.comment for one in own.values()}
