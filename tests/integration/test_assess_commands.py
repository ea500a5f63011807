"""What people say of answers, with `evalsuite assess`, is kept, shown, and written into test sets."""

from __future__ import annotations

import csv
import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import commands
import jsonschema
import pytest
from suites import Suite

from pytest_evalsuite.cli.main import main
from pytest_evalsuite.runs.schema import artifact_schema

AGENTS = r"""
    from pytest_evalsuite import span

    HOSTILE = "=\x1b]52;c;eA==\x07\n::error::no\n##[error]no \u202e <b> |"

    def clerk(question):
        with span("retrieve"):
            pass
        if question == "raise":
            raise KeyError("no such order")
        if question == "data":
            return {"city": "Paris"}
        return HOSTILE if question == "hostile" else question

    count = 0

    def fickle(question):
        global count
        count += 1
        return f"{question} {count % 2}"
"""
SET = """
    # what the desk must know
    defaults: {test_method: exact_match}
    cases:
      - {id: window, question: 30 days, expected_response: 30 days}  # as the shop says
      - {id: postage, question: we pay, expected_response: you pay}
      - {id: city, question: data, expected: {city: Rome}, test_method: json_match}
      - {id: hostile, question: hostile, expected_response: kind}
      - {id: broken, question: raise, expected_response: x}
"""


class Said:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def desk(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A suite whose run is kept; ann assesses."""
    suite.write("bots.py", AGENTS)
    suite.configure(agents=("clerk = bots:clerk",))
    suite.write("desk.eval.yaml", SET)
    monkeypatch.chdir(suite.path)
    monkeypatch.setenv("EVALSUITE_AUTHOR", "ann")
    suite.run()
    return suite


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run `evalsuite` in this process."""

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        code = main(arguments)
        return Said(code, *capsys.readouterr())

    return run


def test_an_answer_is_assessed_and_the_assessment_listed_changed_and_deleted(
    desk: Suite, say: Callable[..., Said]
) -> None:
    made = say("assess", "latest", "window", "--rating", "4", "--comment", "good", "--json").json
    assert (made["rating"], made["comment"], made["created_by"]) == (4, "good", "ann")
    assert (made["case_id"], made["agent"], made["attempt"]) == ("window", "clerk", 1)
    key = made["assessment_id"]
    said = say("assess", "add", "latest", "postage", "--approve", "--expires", "2999-12-31")
    assert said.out.endswith(": approved until 2999-12-31, by ann (case postage of agent clerk)\n")
    listed = say("assess", "list", "latest")
    assert [line.split()[0] for line in listed.out.splitlines()[:-1]] == ["id", key, said.out[:16]]
    assert say("assess", "list", "latest", "--type", "approval", "--json").json["total"] == 1
    assert say("assess", "list", "latest", "--trace", made["trace_id"], "--json").json["assessments"] == [made]
    assert say("assess", "list", "latest", "--span", made["span_id"], "--json").json["total"] == 1
    assert say("assess", "list", "latest", "--author", "bob").code == 1
    changed = say("assess", "update", "latest", key[:8], "--rating", "2", "--comment", "")
    assert changed.out == f"changed {key}: rating 2, by ann (case window of agent clerk)\n"
    assert say("assess", "update", "latest", key, "--rating", "5", "--by", "bob").code == 1
    assert say("assess", "delete", "latest", key).out == f"deleted {key}: rating 2, by ann\n"
    history = [line.split()[2] for line in say("assess", "history", "latest", key).out.splitlines()]
    assert history == ["created", "updated", "deleted"]
    assert [event["event"] for event in say("assess", "history", "latest", "--json").json] == [
        "created"
    ] * 2 + history[1:]
    (run,) = (desk.path / ".evalsuite" / "runs").iterdir()
    assert stat.S_IMODE((run / "assessments.jsonl").stat().st_mode) == 0o600 or sys.platform == "win32"


def test_everything_that_can_be_said_is_taken(desk: Suite, say: Callable[..., Said]) -> None:
    for arguments, kind, value in [
        (["window", "--comment", "hm"], "comment", "hm"),
        (["window", "--reject"], "approval", "rejected"),
        (["window", "--rubric", "polite=yes", "--rubric", "a=b = c"], "rubric", {"polite": "yes", "a": "b = c"}),
        (["window", "--rubric", '{"polite": "yes"}'], "rubric", {"polite": "yes"}),
        (["window", "--metadata", "ticket=7"], "metadata", {"ticket": "7"}),
        (["window", "--metadata", '{"ticket": 7}'], "metadata", {"ticket": 7}),
        (["window", "--overwrite", "{30} days"], "overwrite", "{30} days"),
        (["city", "--overwrite", '{"city": "Oslo"}'], "overwrite", {"city": "Oslo"}),
        (["city", "--overwrite", '["a"]', "--span", "retrieve"], "overwrite", ["a"]),
    ]:  # fmt: skip
        made = say("assess", "latest", *arguments, "--json")
        assert made.code == 0, made.err
        assert (made.json["assessment_type"], made.json[kind]) == (kind, value)


MISTAKES: list[tuple[list[str], str]] = [
    (["latest", "windw", "--rating", "4"], "has no case 'windw'; did you mean 'window'?"),
    (["latest", "window", "--agent", "clark", "--rating", "4"], "no agent 'clark' was asked case 'window'; did"),
    (["latest", "window", "--attempt", "2", "--rating", "4"], "case 'window' has no attempt 2: it was asked"),
    (["latest", "window", "--test-set", "x", "--rating", "4"], "there is no test set 'x'"),
    (["latest", "window", "--span", "x", "--rating", "4"], "has no span 'x': it has "),
    (["latest", "window", "--rating", "4.0"], "rating: expected a whole number in 1..5, got '4.0'"),
    (["latest", "window", "--rating", "4", "--approve"], "approval: an assessment says one thing, and"),
    (["latest", "window", "--reject", "--expires", "2999-01-01"], "expires: only an approval may expire"),
    (["latest", "window", "--approve", "--expires", "2020-01-01"], "2026-12-31 that is not past"),
    (["latest", "window", "--approve", "--expires", "soon"], "expires: expected a date such as"),
    (["latest", "window", "--rubric", "polite"], "--rubric: expected KEY=VALUE or a JSON object, got 'polite'"),
    (["latest", "window", "--rubric", "a=b", "--rubric", "a=c"], "--rubric: 'a' is there twice"),
    (["latest", "window", "--metadata", "{1}"], "--metadata: this is no JSON: line 1, column 2: "),
    (["latest", "city", "--overwrite", "Rome"], "--overwrite: this is no JSON"),
    (["latest", "window"], "nothing is said: give --rating, --approve"),
    (["latest", "window", "--rating", "4", "--by", " "], "author: expected the name or the address of a person"),
    (["nope", "window", "--rating", "4"], "there is no run 'nope'"),
    (["update", "latest", "0000", "--rating", "4"], "there is no assessment '0000'"),
    (["delete", "latest", "0000"], "there is no assessment '0000'"),
    (["history", "latest", "0000"], "there is no assessment '0000'"),
    (["history", "latest"], "nobody has said anything of this run's answers"),
    (["list", "latest"], "nobody has said such a thing of this run's answers"),
    (["agreement", "latest"], "nobody has approved, rejected or rated an answer of this"),
    (["export", "latest", "--to", "sheet.xlsx"], "--to: expected a file named *.csv or *.jsonl, got 'sheet.xlsx'"),
    (["import", "latest", "gone.csv"], "gone.csv:1:1: cannot be read: No such file or directory"),
    (["promote", "latest", "window"], "nobody has corrected or approved the answer to case 'window'"),
    (["promote", "latest", "window", "--id", "x"], "--id is that of a new case: add --as-new-case"),
    (["promote", "latest", "window", "--attempt", "3"], "case 'window' has no attempt 3"),
]  # fmt: skip


def test_what_cannot_be_is_said_in_one_line(desk: Suite, say: Callable[..., Said]) -> None:
    for arguments, message in MISTAKES:
        said = say("assess", *arguments)
        assert (said.code, said.out, said.err.count("\n")) == (1, "", 1), arguments
        assert message in said.err


def test_an_artifact_is_not_written_to(desk: Suite, say: Callable[..., Said]) -> None:
    say("export", "latest", "--format", "json", "--output", "run.json")
    assert "is an artifact, which is not written to" in say("assess", "run.json", "window", "--rating", "4").err


def test_several_agents_attempts_and_test_sets_are_told_apart(
    suite: Suite, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.write("bots.py", AGENTS)
    suite.configure(agents=("clerk = bots:clerk", "fickle = bots:fickle"))
    suite.cases("a: one -> one 1")
    monkeypatch.chdir(suite.path)
    suite.run("--eval-agent", "fickle", "--eval-agent", "clerk", "--eval-iterations", "3")
    assert (
        "case 'a' was put to several agents: give --agent (clerk, fickle)"
        in say("assess", "latest", "a", "--approve").err
    )
    shown = say("assess", "latest", "a", "--agent", "fickle", "--approve", "--json").json
    assert shown["attempt"] in (1, 2, 3)
    made = say("assess", "latest", "a", "--agent", "fickle", "--attempt", "3", "--approve")
    assert made.out.endswith("(case a of agent fickle, attempt 3)\n")
    suite.cases("a: one -> one", name="other.eval.yaml")
    suite.run("--eval-agent", "clerk")
    assert "several test sets have a case 'a': give --test-set" in say("assess", "latest", "a", "--approve").err
    assert say("assess", "latest", "a", "--test-set", "other.eval.yaml", "--approve").code == 0


def test_a_case_that_nobody_was_asked_cannot_be_assessed(
    suite: Suite, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.write(
        "set.eval.yaml",
        "cases: [{id: a, question: b, expected_response: b, test_method: exact_match, skip: not yet}]\n",
    )
    monkeypatch.chdir(suite.path)
    suite.run()
    said = say("assess", "latest", "a", "--approve")
    assert "case 'a' was not put to its agent (skipped): there is nothing to assess" in said.err
    assert "there is nothing to assess" in say("assess", "export", "latest", "--to", "s.csv").err


def test_what_is_said_is_shown_beside_the_verdict(desk: Suite, say: Callable[..., Said]) -> None:
    say("assess", "latest", "window", "--rating", "2", "--comment", "\x1b[31mtoo\nshort")
    say("assess", "latest", "window", "--reject", "--by", "bob")
    rows = say("show", "latest").out.splitlines()
    assert next(row for row in rows if "window" in row).split()[:3] == ["passed", "2,", "rejected"]
    case = say("show", "latest", "--case", "window").out
    assert r"assessed      rating 2, by ann: \x1b[31mtoo" in case
    assert "assessed      rejected, by bob" in case
    document = json.loads(say("export", "latest", "--format", "json").out)
    jsonschema.validate(document, artifact_schema())
    (first, *others) = document["evaluations"][0]["results"]
    assert [one["assessment_type"] for one in first["assessments"]] == ["rating", "approval"]
    assert not any("assessments" in other for other in others)
    assert say("show", "latest", "--json").json["results"][0]["assessments"] == first["assessments"]
    say("export", "latest", "--format", "csv", "--output", "run.csv")
    with Path("run.csv").open(newline="", encoding="utf-8") as file:
        cells = [row["assessments"] for row in csv.DictReader(file)]
    assert cells == ["rating 2, by ann: \x1b[31mtoo\nshort\nrejected, by bob", "", "", "", ""]
    markdown = say("export", "latest", "--format", "markdown").out
    assert "### Assessed by people: 2" in markdown
    assert "\x1b" not in markdown


def test_a_torn_line_is_told_and_the_rest_is_shown(desk: Suite, say: Callable[..., Said]) -> None:
    say("assess", "latest", "window", "--rating", "4")
    (log,) = desk.path.glob(".evalsuite/runs/*/assessments.jsonl")
    log.write_bytes(log.read_bytes() + b'{"event":"crea')
    for arguments in (["assess", "list", "latest"], ["show", "latest"], ["export", "latest", "--format", "csv"]):
        said = say(*arguments)
        assert said.code == 0
        assert said.err == "problem: assessments.jsonl:2: this line cannot be used: it was cut off\n"
        assert "rating 4" in said.out or "4" in said.out
    assert say("assess", "latest", "postage", "--rating", "1").code == 0
    assert say("assess", "list", "latest", "--json").json["total"] == 2


def test_hostile_answers_go_into_sheets_as_data_and_come_back(desk: Suite, say: Callable[..., Said]) -> None:
    say("assess", "latest", "hostile", "--rubric", "+sum==1+1", "--comment=-2+3")
    assert "written: sheet.csv (5 rows)" in say("assess", "export", "latest", "--to", "sheet.csv").err
    assert stat.S_IMODE(Path("sheet.csv").stat().st_mode) == 0o600 or sys.platform == "win32"
    with Path("sheet.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    row = next(row for row in rows if row["case_id"] == "hostile")
    assert row["answer"].startswith("'=\x1b]52")
    assert (row["comment"], row["author"]) == ("'-2+3", "ann")
    assert "0 assessments new, 0 changed, 1 as before" in say("assess", "import", "latest", "sheet.csv").out


def test_a_sheet_that_somebody_has_filled_in_is_imported(desk: Suite, say: Callable[..., Said]) -> None:
    say("assess", "export", "latest", "--to", "bob.csv", "--by", "bob")
    with Path("bob.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    for row, approval in zip(rows, ["approved", "approved", "maybe", "", "rejected"], strict=True):
        row["approval"] = approval
    with Path("bob.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    said = say("assess", "import", "latest", "bob.csv")
    assert said.code == 1
    assert said.err == "bob.csv:4:" + said.err.partition("bob.csv:4:")[2]
    assert "approval: expected approved or rejected, got 'maybe'" in said.err
    assert said.out == "nothing was imported: 1 mistake (--lenient takes the other rows)\n"
    assert say("assess", "list", "latest").code == 1
    lenient = say("assess", "import", "latest", "bob.csv", "--lenient", "--json")
    assert lenient.code == 1
    assert {key: lenient.json[key] for key in ("created", "updated", "unchanged")} == {
        "created": 3,
        "updated": 0,
        "unchanged": 0,
    }
    assert lenient.json["mistakes"][0]["line"] == 4
    found = say("assess", "agreement", "latest")
    assert found.out.splitlines()[1].split()[:3] == ["all", "2", "0.50"]
    assert "left out: 1 answer without a verdict of the machine (errors)" in found.out
    assert "  postage [clerk] of run " in found.out
    told = say("assess", "agreement", "latest", "--json").json
    assert told["overall"]["counts"] == {"yes_yes": 1, "yes_no": 0, "no_yes": 1, "no_no": 0}
    assert [one["case_id"] for one in told["differences"]] == ["postage"]
    assert list(told["methods"]) == ["exact_match"]


def test_a_correction_becomes_what_is_expected_with_the_smallest_change(desk: Suite, say: Callable[..., Said]) -> None:
    before = Path("desk.eval.yaml").read_text()
    say("assess", "latest", "city", "--overwrite", '{"city": "Paris"}')
    say("assess", "latest", "postage", "--approve")
    dry = say("assess", "promote", "latest", "city", "--dry-run")
    assert dry.code == 0
    assert "+  - {id: city, question: data, expected: {city: Paris}, test_method: json_match}\n" in dry.out
    assert Path("desk.eval.yaml").read_text() == before
    assert say("assess", "promote", "latest", "city").out == dry.out
    new = say("assess", "promote", "latest", "postage", "--as-new-case")
    assert "case 'postage-approved' is a new case, as ann says" in new.err
    after = Path("desk.eval.yaml").read_text()
    assert after.startswith("# what the desk must know\n")
    assert "expected_response: 30 days}  # as the shop says\n" in after
    assert len(set(after.splitlines()) ^ set(before.splitlines())) == 3
    assert "case 'city' expects this already" in say("assess", "promote", "latest", "city").err
    desk.run("--eval-json=run.json")
    assert desk.statuses() == {
        "window": "passed",
        "postage": "failed",
        "postage-approved": "passed",
        "city": "passed",
        "hostile": "failed",
        "broken": "error",
    }


def test_what_was_said_of_a_case_that_has_changed_is_not_promoted_unless_forced(
    desk: Suite, say: Callable[..., Said]
) -> None:
    say("assess", "latest", "postage", "--overwrite", "the shop pays")
    desk.write("desk.eval.yaml", SET.replace("question: we pay", "question: who pays"))
    before = Path("desk.eval.yaml").read_text()
    said = say("assess", "promote", "latest", "postage")
    assert said.code == 1
    assert said.err.startswith("the question of case 'postage' changed in desk.eval.yaml since run ")
    assert Path("desk.eval.yaml").read_text() == before
    assert say("assess", "promote", "latest", "postage", "--force").code == 0
    assert "expected_response: the shop pays" in Path("desk.eval.yaml").read_text()


def test_a_promotion_that_cannot_be_changes_nothing(desk: Suite, say: Callable[..., Said]) -> None:
    before = Path("desk.eval.yaml").read_bytes()
    say("assess", "latest", "postage", "--approve")
    taken = say("assess", "promote", "latest", "postage", "--as-new-case", "--id", "city")
    assert taken.code == 1
    assert "'city' is the id of the case" in taken.err
    say("assess", "latest", "postage", "--reject", "--by", "bob")
    assert "nobody has corrected or approved" in say("assess", "promote", "latest", "postage").err
    say("assess", "latest", "window", "--approve", "--expires", "2999-12-31")
    assert "nobody has corrected or approved" in say("assess", "promote", "latest", "window").err
    assert Path("desk.eval.yaml").read_bytes() == before
    say("assess", "latest", "hostile", "--overwrite", "kinder")
    desk.write("desk.eval.yaml", "cases: [")
    assert "desk.eval.yaml:2:1: not YAML" in say("assess", "promote", "latest", "hostile").err
    desk.write("desk.eval.yaml", SET.replace("id: hostile", "id: friendly"))
    assert "has no case 'hostile'" in say("assess", "promote", "latest", "hostile").err
    Path("desk.eval.yaml").unlink()
    assert "the test set desk.eval.yaml is not in" in say("assess", "promote", "latest", "hostile").err


def test_attempts_with_different_corrections_must_be_told_apart(
    suite: Suite, say: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.write("bots.py", AGENTS)
    suite.configure(agents=("fickle = bots:fickle",))
    suite.cases("a: one -> one")
    monkeypatch.chdir(suite.path)
    suite.run("--eval-iterations", "2")
    for attempt in ("1", "2"):
        say("assess", "latest", "a", "--attempt", attempt, "--approve")
    assert "case 'a' has 2 such answers (attempts 1, 2): give --attempt" in say("assess", "promote", "latest", "a").err
    assert (
        "+  - {id: a, question: 'one', expected_response: 'one 0'}"
        in say("assess", "promote", "latest", "a", "--attempt", "2").out
    )


def test_what_is_said_of_a_step_or_of_one_attempt_says_so(desk: Suite, say: Callable[..., Said]) -> None:
    say("assess", "latest", "window", "--approve", "--span", "retrieve")
    assert "assessed      approved, by ann (span retrieve)" in say("show", "latest", "--case", "window").out
    assert "people" not in next(iter(say("show", "latest").out.split("status")[-1].splitlines()))
    desk.run("--eval-iterations=2")
    say("assess", "latest", "window", "--attempt", "2", "--rating", "3")
    assert "assessed      rating 3, by ann (attempt 2)" in say("show", "latest", "--case", "window").out
    document = json.loads(say("export", "latest", "--format", "json").out)
    jsonschema.validate(document, artifact_schema())
    assert document["evaluations"][0]["results"][0]["assessments"][0]["attempt"] == 2


def test_a_run_that_people_have_assessed_is_removed_only_by_name(desk: Suite, say: Callable[..., Said]) -> None:
    say("assess", "latest", "window", "--rating", "4")
    desk.run()
    desk.run()
    kept = say("delete", "--keep", "1", "--yes")
    assert kept.out.count("removed ") == 1
    assert "stays: people have written 1 assessment of it (name it to remove it)" in kept.err
    named = say("delete", "latest~1", "--yes")
    assert named.out.endswith("(succeeded, 1 assessment)\n")


def test_it_is_a_command_of_its_own_with_help(desk: Suite) -> None:
    code, written = commands.run(desk, "assess", "--help")
    assert code == 0
    assert all(verb in written for verb in ("add", "import", "agreement", "promote"))
    code, written = commands.run(desk, "assess", "latest", "window", "--rating", "4", "--by", "cid")
    assert code == 0
    assert ": rating 4, by cid (case window of agent clerk)" in written
    assert commands.run(desk, "assess")[0] == 2
