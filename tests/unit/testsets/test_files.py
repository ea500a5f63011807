# ruff: noqa: E501 - a mistake and its message read best on one line
from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_evalsuite.errors import TestSetError
from pytest_evalsuite.testsets import Defaults, TestSet, load_test_set, source

Load = Callable[..., TestSet]
Mistakes = Callable[..., list[str]]
Write = Callable[..., Path]

EXACT = Defaults(test_method="exact_match")
CSV = "question,expected_response\nq,a\n"
CASES = "cases:\n- {question: q, expected_response: a}\n"


def refusal(path: Path) -> str:
    with pytest.raises(TestSetError) as caught:
        load_test_set(path, display_path="shown", defaults=EXACT)
    (mistake,) = caught.value.mistakes
    assert (mistake.path, mistake.line, mistake.column) == ("shown", 1, 1)
    return mistake.message


SUFFIXES = pytest.mark.parametrize("suffix", [".yaml", ".csv", ".jsonl"])


@SUFFIXES
def test_what_is_no_regular_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    assert refusal(path) == "cannot be read: No such file or directory"
    path.symlink_to(tmp_path / "nowhere")
    assert refusal(path) == "cannot be read: a symbolic link to nothing"
    path.unlink()
    path.symlink_to(path)
    assert "cannot be read: " in refusal(path)
    path.unlink()
    path.mkdir()
    assert refusal(path) == "cannot be read: it is a folder"
    path.rmdir()
    os.mkfifo(path)
    assert refusal(path) == "cannot be read: it is no regular file"
    assert refusal(tmp_path / f"a\0b{suffix}").startswith("cannot be read: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(write: Write) -> None:
    path = write(CASES)
    path.chmod(0)
    assert refusal(path) == "cannot be read: Permission denied"


def test_a_file_that_is_too_large(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 10)
    assert refusal(write(CASES)).startswith("too large: ")


def test_a_suffix_that_is_none(write: Write) -> None:
    assert refusal(write(CASES, "t.txt")) == "a test set ends in .yaml, .yml, .csv, .jsonl, not '.txt'"


@pytest.mark.parametrize(("name", "text"), [("t.yaml", CASES), ("t.csv", CSV)])
def test_encodings(mistakes: Mistakes, load: Load, name: str, text: str) -> None:
    assert mistakes(text.encode("utf-16"), name) == ["1:1: the file is UTF-16: save it as UTF-8"]
    assert mistakes(text.encode("utf-32"), name) == ["1:1: the file is UTF-32: save it as UTF-8"]
    umlaut = text.replace("q,", "\u00fc\u00e4,")
    line = 1 + umlaut[: umlaut.index("\u00fc")].count("\n")
    column = len(umlaut[: umlaut.index("\u00fc")].split("\n")[-1]) + 1
    assert mistakes(umlaut.encode("latin-1"), name) == [
        f"{line}:{column}: byte 0xfc is not UTF-8 (Latin-1, Windows-1252?): save it as UTF-8"
    ]
    assert load(umlaut.encode("utf-8-sig"), name).cases[0].question == "\u00fc\u00e4"


def test_garbage_collection_is_as_it_was(load: Load, mistakes: Mistakes) -> None:
    assert gc.isenabled()
    load(CASES)
    mistakes("cases: []")
    assert gc.isenabled()
    gc.disable()
    try:
        load(CASES)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_cases_from_a_file_beside(write: Write, load: Load) -> None:
    write("question,expected_response,Team\nq,a,x\n", "sub/cases.csv")
    text = "name: N\nagent: support\ndefaults: {test_method: contains}\ncases_from: sub/cases.csv\nextra_columns: metadata\n"
    found = load(text)
    (case,) = found.cases
    assert (found.name, found.path, found.cases_path) == ("N", "t.eval.yaml", "sub/cases.csv")
    assert (case.line, case.metadata, case.agent) == (2, {"Team": "x"}, "support")
    assert case.checks[0].method.method == "contains"
    assert found.locate(case, "expected_response") == (2, 3)
    write('{"question": "q", "expected_response": "a"}\n', "cases.jsonl")
    assert load("cases_from: cases.jsonl").cases[0].question == "q"


def test_mistakes_carry_the_path_of_their_file(write: Write) -> None:
    write("question,expected_response,passing_score\nq,a,7\n", "cases.csv")
    path = write("nam: x\ncases_from: cases.csv\n")
    with pytest.raises(TestSetError) as caught:
        load_test_set(path, display_path="suites/t.eval.yaml", defaults=EXACT)
    assert [(found.path, found.line, found.column) for found in caught.value.mistakes] == [
        ("suites/cases.csv", 2, 5),
        ("suites/t.eval.yaml", 1, 1),
    ]


CASES_FROM = {
    "cases_from: nope.csv": "1:13: cases_from: there is no file 'nope.csv' in the test set's folder",
    "cases_from: t.eval.yaml": "1:13: cases_from: expected a .csv or .jsonl file, not 't.eval.yaml'",
    "cases_from: /etc/passwd": "1:13: cases_from: expected a file name relative to the test set",
    "cases_from: ../up.csv": "1:13: cases_from: '..' leads out of the test set's folder",
    "cases_from: a/../../up.csv": "1:13: cases_from: '..' leads out of the test set's folder",
    "cases_from: file:///etc/passwd": "1:13: cases_from: expected a file name relative",
    "cases_from: C:\\x.csv": "1:13: cases_from: expected a file name relative",
    'cases_from: "a\\0.csv"': "1:13: cases_from: expected a file name relative",
    "cases_from: link.csv": "1:13: cases_from: the file is a link that leads out of the test set's folder",
    "cases_from: circle.csv": "1:13: cases_from: ",
    "cases_from: folder.csv": "1:1: cannot be read: it is a folder",
    "cases_from:": "1:12: cases_from: is empty",
    "cases_from: in.csv\nextra_columns: yes": "2:16: extra_columns: expected metadata, not 'yes'",
    "cases_from: in.csv\ncases: [{question: q, expected_response: a}]": "1:1: 'cases' and 'cases_from' are both given",
    "cases_from: in.jsonl\nextra_columns: metadata": "2:1: 'extra_columns' is about the columns of a CSV file",
}


@pytest.mark.parametrize("text", CASES_FROM)
def test_a_wrong_cases_from(write: Write, mistakes: Mistakes, tmp_path: Path, text: str) -> None:
    write(CSV, "outside/secret.csv")
    write(CSV, "sets/in.csv")
    write('{"question": "q", "expected_response": "a"}', "sets/in.jsonl")
    (tmp_path / "sets/link.csv").symlink_to(tmp_path / "outside/secret.csv")
    (tmp_path / "sets/circle.csv").symlink_to(tmp_path / "sets/circle.csv")
    (tmp_path / "sets/folder.csv").mkdir()
    (found,) = mistakes(text, "sets/t.eval.yaml")
    assert found.startswith(CASES_FROM[text])
