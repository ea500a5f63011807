"""Test sets edited, imported and converted by command."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import commands
import pytest
from suites import Suite

from pytest_evalsuite import load_test_set
from pytest_evalsuite.cli.main import main

SET = """\
# Refunds
cases:
  - {id: a, question: q, expected_response: x, test_method: contains}  # first
  - id: b
    question: r
    expected_response: y
    test_method: contains
"""
Printed = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.eval.yaml").write_text(SET)
    return tmp_path


def text(name: str = "t.eval.yaml") -> str:
    return Path(name).read_text(encoding="utf-8")


def test_an_edited_suite_runs_with_its_new_case(suite: Suite) -> None:
    suite.cases("old: hello -> hello")
    (name,) = (path.name for path in suite.path.glob("*.eval.*"))
    code, printed = commands.run(
        suite,
        "case",
        "add",
        name,
        "--id",
        "new",
        "--question",
        "no",
        "--expected-response",
        "no",
        "--test-method",
        "exact_match",
    )
    assert (code, printed.splitlines()[-1].endswith("added new")) == (0, True)
    suite.run("--eval-json=run.json")
    assert suite.statuses() == {"old": "passed", "new": "passed"}


def test_a_case_is_added_changed_moved_and_removed(capsys: Printed) -> None:
    assert (
        main(
            [
                "case",
                "add",
                "t.eval.yaml",
                "--id",
                "c",
                "--question",
                "a: no",
                "--expected-response",
                "007",
                "--expected-response",
                "z",
                "--test-method",
                "contains",
                "--set",
                "metadata.owner=ann",
                "--tags",
                "x|y",
                "--required",
                "true",
                "--before",
                "b",
            ]
        )
        == 0
    )
    assert capsys.readouterr() == ("t.eval.yaml:4: added c\n", "")
    (case,) = [case for case in load_test_set("t.eval.yaml").cases if case.id == "c"]
    assert (case.question, case.expected_responses, case.tags, case.required) == (
        "a: no",
        ("007", "z"),
        ("x", "y"),
        True,
    )
    assert main(["case", "update", "t.eval.yaml", "c", "--id", "d", "--set", "iterations=2", "--unset", "tags"]) == 0
    assert main(["case", "move", "t.eval.yaml", "d", "--to", "0"]) == 0
    assert main(["case", "remove", "t.eval.yaml", "d", "b"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "t.eval.yaml:4: updated d",
        "t.eval.yaml:3: moved d",
        "t.eval.yaml:3: removed d",
        "t.eval.yaml:11: removed b",
    ]
    assert text() == SET[: SET.index("  - id: b")]


def test_a_dry_run_prints_the_diff_and_writes_nothing(capsys: Printed) -> None:
    assert main(["case", "update", "t.eval.yaml", "a", "--question", "new", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[-5:-2] == [
        "-  - {id: a, question: q, expected_response: x, test_method: contains}  # first",
        "+  - {id: a, question: new, expected_response: x, test_method: contains}  # first",
        "   - id: b",
    ]
    assert text() == SET
    assert main(["case", "update", "t.eval.yaml", "a", "--question", "q"]) == 0
    assert capsys.readouterr().out == "t.eval.yaml:3: unchanged: a\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["case", "update", "t.eval.yaml", "a", "--passing-score", "7"],
            "t.eval.yaml:3:86: passing_score: expected a number",
        ),
        (["case", "update", "t.eval.yaml", "x", "--question", "s"], "t.eval.yaml has no case 'x'"),
        (["case", "update", "t.eval.yaml", "a"], "nothing to change"),
        (["case", "update", "t.eval.yaml", "a", "--set", "tags"], "--set tags: expected FIELD=VALUE"),
        (["case", "update", "t.eval.yaml", "a", "--set", "tags=[a"], "--set tags: not YAML"),
        (["case", "update", "t.eval.yaml", "a", "--set", "metadata={a: 1, a: 2}"], "given twice"),
        (["case", "update", "t.eval.yaml", "a", "--set", "tags="], "tags: is empty"),
        (["case", "update", "t.eval.yaml", "a", "--from-json", "none.json"], "--from-json none.json: "),
        (["case", "update", "t.eval.yaml", "a", "--test-method", "contians"], "--known-method contians"),
        (["case", "add", "t.eval.yaml", "--question", "q"], "needs an expected_response"),
        (["case", "remove", "t.eval.yaml", "a", "b"], "no case would be left"),
        (["case", "list", "none.eval.yaml"], "none.eval.yaml:1:1: cannot be read"),
        (["convert", "t.eval.yaml", "t.eval.txt"], "a test set ends in .yaml"),
        (["convert", "none.eval.yaml", "t.eval.csv"], "none.eval.yaml:1:1: cannot be read"),
        (["import", "none.csv", "--into", "t.eval.yaml"], "none.csv:1:1: cannot be read"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(capsys: Printed, arguments: list[str], message: str) -> None:
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""
    assert text() == SET
    assert [path.name for path in Path().iterdir()] == ["t.eval.yaml"]


def test_fields_come_from_json(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(value: Any) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(value)))

    given(
        [
            {"question": "one", "checks": [{"method": "length", "max_words": 3}]},
            {"question": "two", "pattern": "x", "test_method": "regex"},
        ]
    )
    assert main(["case", "add", "t.eval.yaml", "--from-json", "-", "--tags", "new"]) == 0
    one, two = load_test_set("t.eval.yaml").cases[2:]
    assert (one.question, one.tags, two.question) == ("one", ("new",), "two")
    given({"expected_response": None, "test_method": "regex", "pattern": "^x"})
    assert main(["case", "update", "t.eval.yaml", "a", "--from-json", "-"]) == 0
    assert "- {id: a, question: q, test_method: regex, pattern: ^x}  # first\n" in text()
    for wrong in (5, [5]):
        given(wrong)
        assert main(["case", "add", "t.eval.yaml", "--from-json", "-"]) == 1
        assert "expected a JSON object" in capsys.readouterr().err


def test_cases_are_listed_as_they_stand(capsys: Printed) -> None:
    assert main(["case", "list", "t.eval.yaml"]) == 0
    assert capsys.readouterr().out == "t.eval.yaml:3: a: q\nt.eval.yaml:4: b: r\n2 cases\n"
    assert main(["case", "list", "t.eval.yaml", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["cases"][1] == {"id": "b", "line": 4, "question": "r", "methods": ["contains"], "tags": []}


def test_a_method_of_a_conftest_is_accepted_where_it_is_named(here: Path, capsys: Printed) -> None:
    (here / "t.eval.yaml").write_text(SET.replace("contains}", "polite, tone: calm}"))
    assert main(["case", "list", "t.eval.yaml"]) == 1
    assert main(["case", "update", "t.eval.yaml", "a", "--known-method", "polite", "--set", "tone=[warm]"]) == 0
    assert "test_method: polite, tone: [warm]}  # first" in text()


NEW = "id,question,expected_response,test_method,passing_score\nc,s,x,contains,\nb,t,x,contains,7\na,u,x,contains,\n"


def test_an_import_is_strict_or_tells_what_it_left_out(here: Path, capsys: Printed) -> None:
    (here / "new.csv").write_text(NEW)
    assert main(["import", "new.csv", "--into", "t.eval.yaml"]) == 1
    assert [line.split(": ")[0] for line in capsys.readouterr().err.splitlines()] == [
        "new.csv:3:1",
        "new.csv:3:16",
        "new.csv:4:1",
        "nothing was written",
    ]
    assert text() == SET
    assert main(["import", "new.csv", "--into", "t.eval.yaml", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["created"] == 0
    assert main(["import", "new.csv", "--into", "t.eval.yaml", "--lenient", "--dry-run"]) == 1
    printed = capsys.readouterr()
    assert "+  - id: c\n" in printed.out
    assert printed.err.endswith("t.eval.yaml: 1 case would be created, 3 mistakes: the rows with them were left out\n")
    assert text() == SET
    assert main(["import", "new.csv", "--into", "t.eval.yaml", "--lenient", "--update", "--json"]) == 1
    done = json.loads(capsys.readouterr().out)
    assert (done["created_ids"], done["updated_ids"], done["written"]) == (["c"], ["a"], True)
    assert [(each["path"], each["line"], each["column"]) for each in done["errors"]] == [("new.csv", 3, 16)]
    assert [case.id for case in load_test_set("t.eval.yaml").cases] == ["a", "b", "c"]
    assert "  # first\n" in text()


def test_an_import_that_is_good_says_so(here: Path, capsys: Printed) -> None:
    (here / "new.csv").write_text("question,expected_response,test_method\ns,x,contains\n")
    for name in ("t.eval.yaml", "new.eval.jsonl"):
        assert main(["import", "new.csv", "--into", name]) == 0
    assert capsys.readouterr().out == "t.eval.yaml: 1 case created\nnew.eval.jsonl: 1 case created\n"
    (here / "bad.csv").write_text("question;expected_response\n")
    assert main(["import", "bad.csv", "--into", "t.eval.yaml", "--lenient"]) == 1
    assert "separated by semicolons" in capsys.readouterr().err


def test_a_test_set_is_converted_there_and_back(capsys: Printed) -> None:
    assert main(["convert", "t.eval.yaml", "t.eval.csv"]) == 0
    assert text("t.eval.csv") == "id,question,expected_response,test_method\na,q,x,contains\nb,r,y,contains\n"
    assert main(["convert", "t.eval.csv", "again.eval.yaml"]) == 0
    assert capsys.readouterr().out == "t.eval.csv: 2 cases written\nagain.eval.yaml: 2 cases written\n"
    assert main(["convert", "t.eval.csv", "again.eval.yaml"]) == 1
    assert "is there already" in capsys.readouterr().err


def test_what_others_wrote_reaches_no_terminal(here: Path, capsys: Printed) -> None:
    (here / "t.eval.yaml").write_text(SET.replace("question: q", r'question: "\e[31mred"'))
    assert main(["case", "list", "t.eval.yaml"]) == 0
    assert main(["case", "update", "t.eval.yaml", "a", "--name", "\x1b[31mred", "--dry-run"]) in {0, 1}
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err
