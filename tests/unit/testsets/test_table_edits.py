"""CSV and JSONL test sets, edited in place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_evalsuite import TestSetFile, open_test_set
from pytest_evalsuite.errors import EditError, TestSetError
from pytest_evalsuite.testsets.editing.csv_cases import quoted
from pytest_evalsuite.testsets.editing.rows import csv_rows, lines

CASE = {"id": "new", "question": "q, new", "expected_response": "a", "test_method": "contains"}
cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


def opened(folder: Path, text: str | bytes, name: str = "a.eval.csv") -> TestSetFile:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return open_test_set(path)


@st.composite
def tables(draw: Any) -> str:
    line_break = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    always = draw(st.booleans())
    rows = [["id", "Question", "expected_response", "test_method"]]
    rows += [[f"c{number}", draw(cells), draw(cells), "contains"] for number in range(3)]
    lines = [",".join(quoted(cell, always=always) for cell in row) + line_break for row in rows]
    text = "".join(line + draw(st.sampled_from(["", line_break])) for line in lines)
    return text.rstrip(line_break) if draw(st.booleans()) else text


@settings(max_examples=30, deadline=None)
@given(tables(), st.integers(0, 2), cells)
def test_rows_outside_of_an_edit_stay_as_they_are(folder: Path, text: str, at: int, question: str) -> None:
    file = opened(folder, text)
    before, _ = csv_rows(text)
    file.update_case(f"c{at}", {"question": question})
    assert file.case(f"c{at}").question == question
    after, _ = csv_rows(file.text)
    changed = [number for number, (one, other) in enumerate(zip(before.rows, after.rows, strict=True)) if one != other]
    assert len(changed) <= 1
    assert after.breaks == before.breaks


@settings(max_examples=30, deadline=None)
@given(tables(), st.integers(0, 2), st.integers(0, 2), cells)
def test_edits_and_their_inverses(folder: Path, text: str, at: int, to: int, question: str) -> None:
    file = opened(folder, text)
    file.move_case(f"c{at}", to=to)
    file.move_case(f"c{at}", to=at)
    assert file.text == text
    file.add_case({**CASE, "question": question}, before=f"c{at}")
    assert file.case("new").question == question
    file.remove_case("new")
    assert file.text == text
    file.add_case({**CASE, "question": question})
    assert file.cases[-1] == "new"
    file.remove_case("new")
    assert file.text == text


@given(st.text('ab",\r\n', max_size=30))
def test_a_text_of_rows_is_the_sum_of_its_parts(text: str) -> None:
    assert str(csv_rows(text)[0]) == text
    assert str(lines(text)) == text


def test_quotes_columns_marks_and_line_breaks_are_kept(folder: Path) -> None:
    text = (
        '\ufeffID,"Question",expected_response,test_method\r\n"a","x, y","z","contains"\r\n\r\nb,"q ""w""",v,contains'
    )
    file = opened(folder, text)
    file.update_case("a", {"question": "p"})
    file.update_case("b", {"expected_response": "1, 2"})
    file.add_case(CASE, before="b")
    assert file.text == (
        'ID,"Question",expected_response,test_method\r\n"a","p","z","contains"\r\n\r\nnew,"q, new",a,contains\r\n'
        'b,"q ""w""","1, 2",contains'
    )
    file.save()
    assert file.path.read_bytes().startswith(b"\xef\xbb\xbfID,")


def test_a_new_field_gets_a_column(folder: Path) -> None:
    file = opened(folder, "id,input,expected_response,test_method\na,q,x,contains\n\nb,r,y,contains\n")
    file.update_case(
        "b", {"question": "s", "tags": ["one", "two, three"], "metadata.owner": "ann", "inputs.zip": "007"}
    )
    assert file.text == (
        "id,input,expected_response,test_method,tags,metadata.owner,inputs.zip\n"
        'a,q,x,contains,,,\n\nb,s,y,contains,"one|two, three",ann,007\n'
    )
    case = file.case("b")
    assert (case.question, case.tags, case.metadata) == ("s", ("one", "two, three"), {"owner": "ann"})
    assert case.inputs == {"zip": "007"}
    file.update_case("b", {"tags": None, "metadata.owner": None})
    assert file.text.endswith("b,s,y,contains,,,007\n")


def test_what_a_cell_cannot_hold_is_refused(folder: Path) -> None:
    file = opened(folder, "id,question,expected_response,test_method\na,q,x,contains\nb,r,y,contains\n")
    for changes, reason in (
        ({"expected_response": ["x", "y"]}, "expected_response: a CSV cell cannot hold a list"),
        ({"expected_response": ""}, "a text that is empty or blank"),
        ({"inputs.zip": "42"}, "the text '42', which would be read as something else"),
        ({"inputs": {"a": {"b": 1}}}, "inputs.a: a CSV cell cannot hold a mapping"),
        ({"checks": [{"method": "contains"}]}, "column 'checks' cannot stand in a CSV file"),
        ({"colour": "red"}, "unknown column 'colour'"),
    ):
        with pytest.raises(EditError, match=reason):
            file.update_case("a", changes)
    with pytest.raises(EditError, match="a CSV file holds cases and nothing else"):
        file.update_settings({"name": "x"})
    with pytest.raises(EditError, match="no case would be left"):
        file.remove_cases(["a", "b"])
    assert not file.is_changed


def test_lists_keep_their_items(folder: Path) -> None:
    text = "id,question,test_method,keywords\na,q,keyword_match,x\n"
    for keywords in (["a", "b"], ["a,b"], ["a|b", "c"], ["1", "2.50"], ["[x]"], ["a;b", '"c"'], [" a", "b "]):
        file = opened(folder, text)
        file.update_case("a", {"keywords": keywords})
        assert file.case("a").checks[0].method.model_dump()["keywords"] in (keywords, tuple(keywords))


def test_the_file_that_cases_are_from_is_the_one_that_is_edited(folder: Path) -> None:
    (folder / "rows.csv").write_text("id,question,expected_response,test_method,note\na,q,x,contains,n\n")
    file = opened(folder, "cases_from: rows.csv  # there\nextra_columns: metadata\n", "s.eval.yaml")
    assert file.cases_path == folder / "rows.csv"
    file.update_case("a", {"metadata.note": "m"})
    file.update_settings({"tags": ["t"], "name": "S"})
    file.save()
    assert (folder / "rows.csv").read_text() == "id,question,expected_response,test_method,note\na,q,x,contains,m\n"
    assert (folder / "s.eval.yaml").read_text() == (
        "tags: [t]\nname: S\ncases_from: rows.csv  # there\nextra_columns: metadata\n"
    )
    assert file.diff() == ""


JSONL = (
    '{"id":"a","question":"q","expected_response":"x","test_method":"contains"}\n\n'
    '{"id": "b", "question": "\\u00e9", "expected_response": ["x"], "test_method": "contains", "passing_score": 1e0}'
)


def test_a_line_of_jsonl_is_changed_where_it_has_to_be(folder: Path) -> None:
    file = opened(folder, JSONL, "a.eval.jsonl")
    file.update_case("a", {"question": "é", "tags": ["t", "u"]})
    file.update_case("b", {"question": "ü", "tags": ["t"]})
    file.add_case(CASE, after="a")
    assert file.text.split("\n") == [
        '{"id":"a","question":"é","expected_response":"x","test_method":"contains","tags":["t","u"]}',
        '{"id": "new", "question": "q, new", "expected_response": "a", "test_method": "contains"}',
        "",
        JSONL.split("\n")[2].replace("00e9", "00fc").replace("1e0", '1e0, "tags": ["t"]'),
    ]
    file.remove_case("new")
    file.move_case("b", to=0)
    assert file.text.split("\n")[2].startswith('{"id":"a"')
    file.update_case("b", {"passing_score": None, "id": "c"})
    assert json.loads(file.text.split("\n")[0]) == {
        "id": "c",
        "question": "ü",
        "expected_response": ["x"],
        "test_method": "contains",
        "tags": ["t"],
    }


def test_json_that_is_no_yaml(folder: Path) -> None:
    line = '{"id": "a", "question": "\\ud83d\\ude00 \\/", "expected_response": "x", "test_method": "contains"}\n'
    file = opened(folder, line, "a.eval.jsonl")
    file.update_case("a", {"expected_response": "😀"})
    assert file.case("a").expected_responses == ("😀",)
    assert file.case("a").question == "😀 /"
    assert file.text.isascii()


@settings(max_examples=25, deadline=None)
@given(st.lists(cells, min_size=2, max_size=4, unique=True), cells)
def test_jsonl_edits_and_their_inverses(folder: Path, questions: list[str], question: str) -> None:
    rest = {"test_method": "regex", "pattern": "x"}
    text = "\n".join(json.dumps({"id": f"c{at}", "question": asked, **rest}) for at, asked in enumerate(questions))
    file = opened(folder, text, "h.eval.jsonl")
    file.add_case({"id": "new", "question": question, **rest}, at=1)
    assert file.case("new").question == question
    file.remove_case("new")
    file.move_case("c0", to=1)
    file.move_case("c1", to=1)
    assert file.text == text
    file.update_case("c0", {"question": question})
    assert file.case("c0").question == question
    assert file.text.split("\n")[1:] == text.split("\n")[1:]


def test_what_a_jsonl_file_cannot_do(folder: Path) -> None:
    file = opened(folder, JSONL, "a.eval.jsonl")
    with pytest.raises(EditError, match="a JSONL file holds cases and nothing else"):
        file.update_settings({"name": "x"})
    with pytest.raises(EditError, match="no case would be left"):
        file.remove_cases(["a", "b"])
    with pytest.raises(TestSetError, match="unknown method 'contians'"):
        file.update_case("a", {"test_method": "contians"})
    assert file.diff() == ""


def test_numbers_and_flags_become_cells(folder: Path) -> None:
    file = opened(folder, "id,question,expected_response,test_method\na,q,x,contains\n")
    file.update_case("a", {"passing_score": 0.5, "order": 3, "required": True, "case_sensitive": True})
    assert file.text.splitlines()[1] == "a,q,x,contains,0.5,3,true,true"
    with pytest.raises(EditError, match="begins or ends with white space"):
        file.update_case("a", {"inputs.text": " x"})
