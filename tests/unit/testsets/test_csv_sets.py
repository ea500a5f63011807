# ruff: noqa: E501 - a mistake and its message read best on one line
from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_evalsuite.errors import TestSetError
from pytest_evalsuite.methods.contains import Contains
from pytest_evalsuite.methods.keyword_match import KeywordMatch
from pytest_evalsuite.testsets import Case, TestSet, csv_fast
from pytest_evalsuite.testsets.assemble import assemble
from pytest_evalsuite.testsets.attachments import FileFinder, FileRules
from pytest_evalsuite.testsets.cases import mistakes_in
from pytest_evalsuite.testsets.checks import CaseDefaults, CheckBuilder
from pytest_evalsuite.testsets.csv_cells import find_cells
from pytest_evalsuite.testsets.csv_fast import RowCases
from pytest_evalsuite.testsets.csv_reader import CELL_LIMIT, physical_lines, read_csv
from pytest_evalsuite.testsets.options import Methods

Load = Callable[..., TestSet]
Mistakes = Callable[..., list[str]]

NAME = "t.eval.csv"
SEED = "question,expected_response,test_method,passing_score,keywords,order\n"


def test_the_seed_columns(load: Load) -> None:
    text = SEED + 'Q1,"30 days, no more",keyword_match,.7,"30|days, more",2\nQ2,no,,,,1\n'
    second, first = load(text, NAME).cases
    assert (first.question, first.expected_responses, first.order) == ("Q1", ("30 days, no more",), 2)
    assert first.checks[0].method == KeywordMatch(keywords=["30", "days, more"])
    assert first.checks[0].passing_score == 0.7
    assert (second.question, second.expected_responses, second.line) == ("Q2", ("no",), 3)
    assert second.checks[0].method.method == "exact_match"


def test_further_columns(load: Load) -> None:
    text = (
        "ID, Input ,expected_output,eval_type,threshold,tags,not,skip,inputs.Tier,inputs.n,metadata.owner,metadata.n,match\n"
        "017,12:30,30,contains,1e-1,b;a,true,why,gold,5,me,5,all\n"
    )
    (case,) = load(text, NAME).cases
    assert (case.id, case.question, case.expected_responses) == ("017", "12:30", ("30",))
    assert (case.tags, case.skip, case.inputs) == (("b", "a"), "why", {"Tier": "gold", "n": 5})
    assert case.metadata == {"owner": "me", "n": "5"}
    assert (case.checks[0].negate, case.checks[0].passing_score) == (True, 0.1)
    assert case.checks[0].method == Contains(match="all")


def test_structured_columns(load: Load) -> None:
    (case,) = load("inputs.text,expected.category,expected.n,test_method\nhi,billing,3,json_match\n", NAME).cases
    assert (case.question, case.inputs, case.expected) == (None, {"text": "hi"}, {"category": "billing", "n": 3})


@pytest.mark.parametrize(
    ("cell", "keywords"),
    [
        ("a", ["a"]),
        ("a|b,c;d", ["a", "b,c;d"]),
        ("a;b,c", ["a", "b,c"]),
        ("a, b", ["a", "b"]),
        ("a||b|", ["a", "b"]),
        ('["a", "b,|c"]', ["a", "b,|c"]),
        ("[not json]", ["[not json]"]),
        ("017|1", ["017", "1"]),
        ('say "hi"|x', ['say "hi"', "x"]),
    ],
)
def test_keywords_are_split(load: Load, cell: str, keywords: list[str]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([["question", "test_method", "keywords"], ["q", "keyword_match", cell]])
    (case,) = load(text.getvalue(), NAME).cases
    assert case.checks[0].method == KeywordMatch(keywords=keywords)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffquestion,expected_response\nq,a\n",
        "question,expected_response\r\nq,a\r\n",
        "question,expected_response\rq,a\r",
        " Question , EXPECTED_RESPONSE \nq,a",
        "question,expected_response\n\n\nq,a\n,\n\n",
    ],
)
def test_harmless_differences(load: Load, text: str) -> None:
    (case,) = load(text, NAME).cases
    assert (case.question, case.expected_responses) == ("q", ("a",))


def test_embedded_newlines_and_quotes_and_line_numbers(load: Load) -> None:
    text = 'question,expected_response\n"a\nb ""c""",x\n\n"d\r\ne",y\nf,z\n'
    found = load(text, NAME)
    assert [case.question for case in found.cases] == ['a\nb "c"', "d\r\ne", "f"]
    assert [case.line for case in found.cases] == [2, 5, 7]
    assert found.locate(found.cases[0], "expected_response") == (3, 10)


HEADER = {
    "": "1:1: no cases: the file is empty",
    "question,expected_response\n": "1:1: no cases",
    "question;expected_response\nq;a\n": "1:1: the columns are separated by semicolons: save the file with commas",
    "question\texpected_response\nq\ta\n": "1:1: the columns are separated by tabs: save the file with commas",
    "question,question\nq,a\n": "1:10: column 'question' is there twice: 'question' is the same",
    "id,Question,input\nq,a,b\n": "1:13: column 'input' is there twice: 'Question' is the same",
    "expected_response\na\n": "1:1: no column 'question' (found: 'expected_response')",
    "question,expected_respons\nq,a\n": "1:10: unknown column 'expected_respons'; did you mean 'expected_response'? (to keep it",
    "question,zzzz\nq,a\n": "1:10: unknown column 'zzzz' (known: question, expected_response, test_method, passing_score, keywords",
    "question,expected_response,\nq,a,\n": "1:28: a column has no name",
    "What is it?,tea,contains\n": "1:1: the first row names no column: put question,expected_response,test_method or",
    "question,checks\nq,a\n": "1:10: column 'checks' cannot stand in a CSV file; use a YAML test set",
    "question,inputs\nq,a\n": "1:10: column 'inputs' cannot stand in a CSV file; use inputs.<name>",
    'question,"a\nb"\nq,a\n': "1:10: unknown column 'a\\nb' (known: question",
    "question,mapping\nq,a\n": "1:10: unknown column 'mapping' (known: question,",
}


@pytest.mark.parametrize("text", HEADER)
def test_a_wrong_header(mistakes: Mistakes, text: str) -> None:
    (found,) = mistakes(text, NAME)
    assert found.startswith(HEADER[text])


def test_all_wrong_columns_at_once(mistakes: Mistakes) -> None:
    found = mistakes("question,nope,expected_respons\nq,a,b\n", NAME)
    assert [line.partition(": ")[0] for line in found] == ["1:10", "1:15"]
    assert len(mistakes("questoin,zzzz\nq,a\n", NAME)) == 2


ROWS = {
    "q,a,,\n": "2:1: the row has 4 cells, the header 6: an empty cell has its comma too",
    "q,a,,,,,x\n": "2:9: the row has 7 cells, the header 6: a cell with a comma in it needs quotes",
    'q, "a,b",,,,\n': "2:13: the row has 7 cells, the header 6 (a quote after a space does not begin a quoted cell)",
    '"q,a,,,,\nr,a,,,,\n': "2:1: the quote that opens here is never closed",
    'p,a,,,,\nq,"a,,,,\nr,a,,,,\n': "3:3: the quote that opens here is never closed",
    'q,"a"b,,,,\n': "2:1: a quoted cell goes on after its quote: close it before the comma",
    "q,a\0,,,,\n": "2:4: NUL is not allowed in a CSV",
    ",a,,,,\n": "2:1: the case asks nothing: it needs a question, or inputs",
    "q,,,,,\n": "2:1: cannot be checked: exact_match needs an expected_response",
    "q,a,exactmatch,,,\n": "2:5: column 'test_method': unknown method 'exactmatch'; did you mean 'exact_match'?",
    'q,a,,"0,7",,\n': "2:6: column 'passing_score': expected a number from 0 to 1, not '0,7'; write 0.7, with a point",
    "q,a,,70%,,\n": "2:6: column 'passing_score': expected a number from 0 to 1, not '70%'; write 0.7",
    "q,a,,1_0,,\n": "2:6: column 'passing_score': expected a number from 0 to 1, not '1_0'; write it without '_'",
    "q,a,,nan,,\n": "2:6: column 'passing_score': expected a number from 0 to 1, not 'nan'",
    "q,a,,inf,,\n": "2:6: column 'passing_score': expected a number from 0 to 1, not 'inf'",
    "q,a,,1e999,,\n": "2:6: column 'passing_score': the number is too large",
    "q,a,,-0.1,,\n": "2:6: column 'passing_score': expected a number from 0 to 1, not -0.1",
    "q,a,,1.01,,\n": "2:6: column 'passing_score': expected a number from 0 to 1, not 1.01",
    "q,a,,True,,\n": "2:6: column 'passing_score': expected a number from 0 to 1, not True",
    "q,a,,,x|y,\n": "2:7: 'keywords' is an option of keyword_match, not of exact_match",
    "q,a,,,,x\n": "2:8: column 'order': expected a whole number, not 'x'",
    'q,a,keyword_match,," , ",\n': "2:20: column 'keywords': ",
    "q,a,,,,\nq,b,,,,\n": "3:1: asks the same as the case on line 2: give both an id",
}


@pytest.mark.parametrize("rows", ROWS)
def test_a_wrong_row(mistakes: Mistakes, rows: str) -> None:
    (found,) = mistakes(SEED + rows, NAME)
    assert found.startswith(ROWS[rows])


def test_all_wrong_rows_at_once(mistakes: Mistakes) -> None:
    found = mistakes(SEED + 'q,a\n"x\ny",b,,9,,\n,c,,,,z\n', NAME)
    assert [line.partition(": ")[0] for line in found] == ["2:1", "4:7", "5:1", "5:7"]


@pytest.mark.usefixtures("unmeasured")
def test_long_cells(load: Load, mistakes: Mistakes) -> None:
    before = csv.field_size_limit()
    long = "x" * 1_000_000
    assert load(f"question,expected_response\nq,{long}\n", NAME).cases[0].expected_responses == (long,)
    too_long = "x" * (CELL_LIMIT + 1)
    (found,) = mistakes(f"question,expected_response\np,a\nq,{too_long}\n", NAME)
    assert found == "3:1: a cell is longer than 10,000,000 characters"
    assert csv.field_size_limit() == before


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1), min_size=1
    )
)
def test_cells_are_found_where_they_are_written(rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    lines = physical_lines(text.getvalue())
    first = 1
    for row in rows:
        written = io.StringIO(newline="")
        csv.writer(written, quoting=csv.QUOTE_ALL).writerow(row)
        cells = find_cells(lines, first)
        assert cells.closed
        assert len(cells.places) == len(row)
        for (line, column), cell in zip(cells.places, row, strict=True):
            rest = lines[line - 1][column - 1 :] + "".join(lines[line:])
            assert rest.startswith('"' + cell.replace('"', '""') + '"')
        first += len(physical_lines(written.getvalue()))


def outcome(text: str, *, fast: bool) -> list[object]:
    """Give all that is to know of the cases, or the mistakes."""
    methods = Methods()
    try:
        raw = read_csv(text, NAME, methods)
    except TestSetError as error:
        return list(error.mistakes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_fast, "FEWEST_ROWS", 1 if fast else 10**9)
        patch.setattr(csv_fast, "MOST_KINDS", 1.0)
        checks = CheckBuilder(CaseDefaults(test_method="exact_match"), methods)
        cases, _, found = assemble(raw, checks, FileFinder(Path(), FileRules()))
        if found or raw.broken:
            return [*raw.broken, *mistakes_in(raw, found)]
        return [told(case) for case in cases]


def told(case: Case) -> object:
    return (case.id, case.question, case.line, case.position, case.tags, [check.how() for check in case.checks])


COLUMNS = [
    "question",
    "expected_response",
    "id",
    "test_method",
    "passing_score",
    "keywords",
    "tags",
    "order",
    "expected",
]
CELLS = {
    "question": st.sampled_from(["a", "b", "c", "d", "e", "caf\u00e9", "cafe\u0301", "", " ", "x\ny"]),
    "expected_response": st.sampled_from(["a", "5", "", " ", "??"]),
    "test_method": st.sampled_from(["", "contains", "similarity", "numeric", "keyword_match", "nope"]),
    "passing_score": st.sampled_from(["", ".5", "1", "2"]),
    "keywords": st.sampled_from(["", "a", "a|b"]),
    "tags": st.sampled_from(["", "x,y"]),
    "id": st.sampled_from(["", "i", "j", "k", "l ", "caf\u00e9", "\x07", "x" * 201]),
    "order": st.sampled_from(["", "1", "2", "-3", "017", " 4", "9" * 19]),
    "expected": st.sampled_from(["", "z"]),
}


@settings(max_examples=500)
@given(st.data())
def test_the_quick_way_finds_what_the_ordinary_way_finds(data: st.DataObject) -> None:
    columns = data.draw(
        st.lists(st.sampled_from(COLUMNS[1:]), unique=True, max_size=4).map(lambda names: ["question", *names])
    )
    rows = data.draw(st.lists(st.tuples(*(CELLS[name] for name in columns)), min_size=1, max_size=5))
    text = io.StringIO(newline="")
    csv.writer(text).writerows([columns, *rows])
    assert outcome(text.getvalue(), fast=True) == outcome(text.getvalue(), fast=False)


def test_many_rows_become_cases_only_when_looked_at(load: Load) -> None:
    rows = "".join(f"question {i},answer {i},contains,0.5\n" for i in range(2000))
    found = load("question,expected_response,test_method,passing_score\n" + rows, NAME)
    assert isinstance(found.cases, RowCases)
    assert found.cases[3] is found.cases[3]
    assert (found.cases[-1].question, found.cases[-1].line) == ("question 1999", 2001)
    assert [case.position for case in found.cases[5:8]] == [5, 6, 7]
    assert len({case.id for case in found.cases}) == 2000
    assert found.locate(found.cases[1999], "test_method") == (2001, 27)
    with pytest.raises(IndexError):
        found.cases[2000]
