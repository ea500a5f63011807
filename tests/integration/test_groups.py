"""Evaluations are grouped from the command line: made, listed, shown, changed, deleted, brought back."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from suites import Suite

from pytest_evalsuite.cli.main import main
from pytest_evalsuite.runs.history import runs

AGENTS = """
    from pytest_evalsuite import AgentReply, Usage

    def clerk(question, customer=None):
        if question == "raise":
            raise KeyError("no such order")
        return AgentReply(output=question.removeprefix("bad "), usage=Usage(input_tokens=len(question)), cost=0.5)
"""
BILLS = """
    name: Bills
    tags: [money]
    defaults: {test_method: exact_match}
    cases:
      - {id: b1, question: one, expected_response: one, inputs: {customer: c-1}, metadata: {amount: 10}}
      - {id: b2, question: two, expected_response: two, inputs: {customer: c-2}, metadata: {amount: 20.5}}
      - {id: b3, question: three, expected_response: three, inputs: {customer: c-3}, metadata: {amount: 3}}
"""
MAILS = """
    name: Mails
    defaults: {test_method: exact_match}
    cases:
      - {id: m2, question: bad two, expected_response: bad two, metadata: {user: c-2}}
      - {id: m1, question: one, expected_response: one, metadata: {user: c-1}}
      - {id: m4, question: raise, expected_response: four, metadata: {user: c-4}}
      - {id: m5, question: five, expected_response: five}
"""


class Said(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output as JSON."""
        return json.loads(self.out)


Evalsuite = Callable[..., Said]


@pytest.fixture
def project(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A run of two test sets that know the same customers in different columns."""
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("clerk = agents:clerk",))
    suite.write("bills.eval.yaml", BILLS)
    suite.write("mails.eval.yaml", MAILS)
    suite.run("--eval-run-name=first")
    monkeypatch.chdir(suite.path)
    return suite


@pytest.fixture
def evalsuite(project: Suite, capsys: pytest.CaptureFixture[str]) -> Evalsuite:
    """Runs ``evalsuite group`` in the project."""

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        try:
            code = main(["group", *arguments])
        except SystemExit as error:
            code = int(str(error.code))
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def group(evalsuite: Evalsuite) -> str:
    """A group of both evaluations, joined by customers: its id."""
    said = evalsuite(
        *("create", "Customers", "latest/bills.eval.yaml[clerk]", "first/Mails"),
        *("--row-identifier", "latest/Bills=customer", "--row-identifier", "latest/mails.eval.yaml=metadata.user"),
        *("--tag", "q4", "--tag", "money", "--description", "The same customers", "--metadata", "team=ml"),
    )
    assert said.code == 0, said.err
    assert said.out.endswith(" (Customers): 2 evaluations\n")
    return said.out.split()[1]


def kept(project: Suite, group: str) -> dict[str, Any]:
    """What is kept of a group."""
    content: dict[str, Any] = json.loads((project.path / ".evalsuite" / "groups" / f"{group}.json").read_text())
    return content


def test_a_group_keeps_what_it_was_given(project: Suite, group: str) -> None:
    (run,) = runs(project.path)
    content = kept(project, group)
    bills, mails = f"{run.id}/bills.eval.yaml[clerk]", f"{run.id}/mails.eval.yaml[clerk]"
    assert (content["name"], content["description"], content["tags"], content["metadata"], content["deleted_at"]) == (
        "Customers",
        "The same customers",
        ["q4", "money"],
        {"team": "ml"},
        None,
    )
    assert content["row_identifiers"] == {bills: "customer", mails: "metadata.user"}
    first = content["members"][0]
    assert (first["evaluation_id"], first["evaluation_name"], first["evaluation_tags"]) == (bills, "Bills", ["money"])
    assert first["evaluation_created_at"] == run.started_at
    assert content["created_at"] == content["updated_at"] >= first["created_at"] > run.started_at


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (["Empty"], ["a group has at least one evaluation"]),
        (["Twice", "latest/Bills", "first/bills.eval.yaml[clerk]"], ["bills.eval.yaml[clerk]' is there twice"]),
        (
            ["Unknown", "latest/Bills", "latest/Mials", "nothing/x"],
            ["has no evaluation 'Mials'; did you mean 'mails.eval.yaml[clerk]'?", "there is no run 'nothing'"],
        ),
        (["x" * 129, "latest/Bills"], ["a group's name has 1 to 128 characters and no blank at its ends, got 129"]),
        (
            ["Column", "latest/Bills", "--row-identifier", "latest/Bills=custmer"],
            ["bills.eval.yaml[clerk] has no column 'custmer'; did you mean 'customer'?"],
        ),
        (
            ["Two", "latest/Bills", *("--row-identifier", "latest/Bills=a") * 1, "--row-identifier", "first/Bills=b"],
            ["has two row identifiers, 'a' and 'b': keep one"],
        ),
    ],
)
def test_a_group_is_made_of_all_that_is_named_or_not_at_all(
    project: Suite, evalsuite: Evalsuite, arguments: list[str], messages: list[str]
) -> None:
    said = evalsuite("create", *arguments)
    assert said.code == 1
    assert len(said.err.splitlines()) == len(messages)
    for message, line in zip(messages, said.err.splitlines(), strict=True):
        assert message in line
    assert not list((project.path / ".evalsuite").glob("groups/*.json"))


def test_a_row_identifier_of_no_member_is_ignored_and_that_is_said(project: Suite, evalsuite: Evalsuite) -> None:
    said = evalsuite("create", "A", "latest/Bills", "--row-identifier", "latest/Mails=metadata.user")
    assert said.code == 0
    assert (
        "mails.eval.yaml[clerk] is no member of the group: its row identifier 'metadata.user' is ignored" in said.err
    )
    assert kept(project, said.out.split()[1])["row_identifiers"] == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create"], "expected NAME EVALUATION..., or --from FILE"),
        (["create", "A", "--from", "x.evalgroup.yaml"], "--from takes everything from the file: give nothing else"),
        (["create", "A", "latest/Bills", "--metadata", "x"], "expected KEY=VALUE, got 'x'"),
        (["update", "Customers"], "nothing to change: expected EVALUATION... or an option"),
        (["update", "Customers", "--replace", "--name", "B"], "--replace needs all that a group must have"),
        (
            ["update", "Customers", "--row-identifier", "a=b", "--clear-row-identifiers"],
            "--row-identifier and --clear-row-identifiers: keep one",
        ),
        (
            ["update", "Customers", "latest/Bills", "--name", "B", "--replace", "--without-metadata", "a"],
            "--replace clears metadata that is not given: leave --without-metadata out",
        ),
        (["show", "Customers", "--format", "csv", "--view", "table", "--view", "schema"], "give one --view"),
        (["update"], "the following arguments are required: GROUP\n"),
        (["show", "first", "--view", "table"], "first is a run: its agents are shown side by side, without views"),
        (["show", "Customers", "--view", "tabel"], "invalid choice: 'tabel'"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error(
    evalsuite: Evalsuite, group: str, arguments: list[str], message: str
) -> None:
    said = evalsuite(*arguments)
    assert said.code == 2
    assert message in said.err


def test_groups_are_listed_newest_first_and_found(evalsuite: Evalsuite, group: str) -> None:
    other = evalsuite("create", "Other", "latest/Bills", "--tag", "q4").out.split()[1]
    assert evalsuite("delete", other).code == 0

    def listed(*arguments: str) -> list[str]:
        said = evalsuite("list", *arguments, "--json")
        return [one["id"] for one in said.json["groups"]]

    assert listed() == [group]
    assert listed("--include-deleted") == [other, group]
    assert listed("--name", "CUSTOM") == [group]
    assert listed("--tag", "q4", "--tag", "money", "--include-deleted") == [group]
    assert listed("--evaluation", "latest/Mails", "--include-deleted") == [group]
    assert listed("--include-deleted", "--limit", "1", "--page", "2") == [group]
    said = evalsuite("list", "--include-deleted")
    assert [line.split()[0] for line in said.out.splitlines()] == ["group", other, group, "2"]
    nothing = evalsuite("list", "--name", "zzz")
    assert (nothing.code, nothing.err) == (1, "no group of 2 is such a one\n")


def test_where_there_is_no_group_that_is_said(evalsuite: Evalsuite) -> None:
    assert evalsuite("list")[::2] == (1, "no group is kept\n")
    said = evalsuite("show", "Custmers")
    assert (said.code, said.err) == (1, "there is no group 'Custmers': none is kept (nor is there such a run)\n")


def test_a_name_of_two_groups_is_not_taken_for_a_run(evalsuite: Evalsuite, group: str) -> None:
    evalsuite("create", "Customers", "latest/Bills")
    said = evalsuite("show", "Customers")
    assert said.code == 1
    assert said.err.startswith("'Customers' may be group-")


def test_a_broken_group_is_told_and_hides_no_other(project: Suite, evalsuite: Evalsuite, group: str) -> None:
    path = project.path / ".evalsuite" / "groups" / "group-00000000.json"
    path.write_text("{")
    said = evalsuite("list")
    assert said.out.splitlines()[-1] == f"broken: {path}: no JSON"
    assert [one["id"] for one in evalsuite("list", "--json").json["groups"]] == [group]


def test_a_group_is_shown_with_what_joined_and_what_differs(evalsuite: Evalsuite, group: str) -> None:
    lines = evalsuite("show", "Customers").out.splitlines()
    assert lines[:5] == [
        f"group Customers ({group})",
        "The same customers",
        "tags: q4, money",
        'team: "ml"',
        "",
    ]
    assert any(line.split()[:4] == ["pass", "rate", "Mails", "4"] for line in lines)
    assert "  Mails: 1 in error" in lines
    assert "differences against Bills" in lines
    assert "  Mails: paired by what they are about: the questions are others" in lines
    assert "worse in Mails: 1" in lines
    table = evalsuite("show", group, "--view", "table").out.splitlines()[6:]
    assert [line.split() for line in table] == [
        ["key", "Bills", "Mails"],
        ["c-1", "passed", "1.00", "passed", "1.00"],
        ["c-2", "passed", "1.00", "failed", "0.00"],
        ["c-3", "passed", "1.00", "-"],
        ["c-4", "-", "error"],
        ["-", "-", "passed", "1.00"],
        ["2", "of", "4", "keys", "in", "all", "2", "members"],
        ["Bills:", "1", "in", "no", "other", "member:", "c-3"],
        ["Mails:", "1", "in", "no", "other", "member:", "c-4"],
        ["Mails:", "1", "without", "metadata.user:", "m5"],
    ]


def test_a_group_is_shown_as_json(evalsuite: Evalsuite, group: str) -> None:
    views = [option for view in ("members", "table", "aggregates", "differences") for option in ("--view", view)]
    found = evalsuite("show", group, "--format", "json", "--column", "amount", *views).json
    assert (found["id"], found["metadata"], found["missing"]) == (group, {"team": "ml"}, [])
    assert [one["member"] for one in found["members"]] == ["Bills", "Mails"]
    bills, mails = found["aggregates"]
    assert bills["columns"]["metadata.amount"] == {
        "count": 3,
        "of": 3,
        "mean": 33.5 / 3,
        "min": 3.0,
        "max": 20.5,
        "standard_deviation": pytest.approx(8.808140174),
        "p50": 10.0,
        "p90": pytest.approx(18.4),
        "p95": pytest.approx(19.45),
        "p99": pytest.approx(20.29),
    }
    assert (mails["passes"]["passed"], mails["passes"]["judged"]) == (2, 4)
    assert mails["columns"]["cost"]["count"] == 3
    assert mails["columns"]["tokens"]["count"] == 3
    (difference,) = found["differences"]
    assert (difference["paired"], difference["verdict"]) == (2, "underpowered")
    assert difference["pass_rate"]["change"] == -0.5
    assert difference["detectable_drop"] > 0
    assert [row["key"] for row in difference["worse"]] == ["c-2"]
    assert found["table"][3] == {
        "key": "c-4",
        "cells": {
            "Bills": None,
            "Mails": {"case_id": "m4", "status": "error", "score": None, "columns": {"metadata.amount": None}},
        },
    }


def test_a_group_is_written_as_csv_and_markdown(project: Suite, evalsuite: Evalsuite, group: str) -> None:
    said = evalsuite("show", group, "--format", "csv", "--column", "amount", "--to", "table.csv")
    assert (said.code, said.out, said.err) == (0, "", "written: table.csv\n")
    rows = list(csv.reader(io.StringIO((project.path / "table.csv").read_bytes().decode(), newline="")))
    columns = ("case_id", "status", "score", "metadata.amount")
    assert rows[0] == ["key", *(f"{member}: {name}" for member in ("Bills", "Mails") for name in columns)]
    assert rows[2] == ["c-2", "b2", "passed", "1.0", "20.5", "m2", "failed", "0.0", ""]
    assert len(rows) == 6
    said = evalsuite("show", group, "--format", "csv", "--view", "aggregates")
    assert "score" in said.out
    markdown = evalsuite("show", group, "--format", "markdown", "--view", "aggregates").out
    assert markdown.startswith("## Group <code>Customers</code>\n")
    assert "| <code>pass rate</code> | <code>Bills</code> | 3 | 1.00 (3/3) |" in markdown


def test_members_are_chosen_on_the_command_line(evalsuite: Evalsuite, group: str) -> None:
    def members(*arguments: str) -> list[str]:
        said = evalsuite("show", group, "--format", "json", "--view", "members", *arguments)
        return [one["member"] for one in said.json["members"]]

    assert members("--only", "Mails") == ["Mails"]
    assert members("--only", "mails.eval.yaml[clerk]") == ["Mails"]
    assert members("--latest-only") == ["Bills", "Mails"]
    against = evalsuite("show", group, "--format", "json", "--view", "differences", "--against", "Mails").json
    assert (against["against"], against["differences"][0]["member"]) == ("Mails", "Bills")
    said = evalsuite("show", group, "--only", "Mial")
    assert (said.code, said.err) == (1, "the group has no member 'Mial'; did you mean 'Mails'?\n")
    said = evalsuite("show", group, "--column", "amuont")
    assert (said.code, said.err) == (1, "Bills has no column 'amuont'; did you mean 'amount'?\n")
    said = evalsuite("show", group, "--column", "status")
    assert said.err == "the column 'status' holds no number: there is nothing to aggregate\n"


def test_an_update_patches_or_replaces(project: Suite, evalsuite: Evalsuite, group: str) -> None:
    before = kept(project, group)
    assert evalsuite("update", group, "--metadata", "owner=x", "--tag", "new").code == 0
    content = kept(project, group)
    assert content["metadata"] == {"team": "ml", "owner": "x"}
    assert (content["tags"], content["description"]) == (["new"], "The same customers")
    assert content["row_identifiers"] == before["row_identifiers"]
    assert content["updated_at"] > before["updated_at"]
    evalsuite("update", group, "--without-metadata", "team", "--row-identifier", "latest/Mails=user")
    content = kept(project, group)
    assert (content["metadata"], list(content["row_identifiers"].values())) == ({"owner": "x"}, ["user"])
    evalsuite("update", group, "--clear-row-identifiers")
    assert kept(project, group)["row_identifiers"] == {}
    evalsuite("update", group, "latest/Mails", "--name", "Mails alone")
    content = kept(project, group)
    assert (content["name"], content["members"]) == ("Mails alone", before["members"][1:])
    assert evalsuite("update", group, "latest/Bills", "latest/Mails", "--replace", "--name", "Whole").code == 0
    content = kept(project, group)
    assert (content["name"], content["description"], content["tags"], content["metadata"]) == ("Whole", None, [], {})
    assert len(content["members"]) == 2
    assert content["created_at"] == before["created_at"]


def test_an_update_that_fails_changes_nothing(project: Suite, evalsuite: Evalsuite, group: str) -> None:
    before = kept(project, group)
    for arguments in (["latest/nothing"], ["--name", ""], ["--without-metadata", "tem"], ["--tag", "x", "latest"]):
        assert evalsuite("update", group, *arguments).code == 1, arguments
        assert kept(project, group) == before


def test_a_deleted_group_is_kept_and_comes_back(evalsuite: Evalsuite, group: str, project: Suite) -> None:
    said = evalsuite("delete", "Customers")
    assert said.out == f"deleted {group} (Customers); `evalsuite group restore {group}` brings it back\n"
    assert kept(project, group)["deleted_at"]
    assert evalsuite("delete", group).err == "group 'Customers' is deleted already\n"
    said = evalsuite("update", group, "--name", "x")
    assert said.err == f"group 'Customers' is deleted: `evalsuite group restore {group}` brings it back\n"
    assert ", deleted " in evalsuite("show", group).out.splitlines()[0]
    assert evalsuite("restore", "Customers").out == f"restored {group} (Customers): 2 evaluations\n"
    assert kept(project, group)["deleted_at"] is None
    assert evalsuite("restore", group).err == "group 'Customers' is not deleted\n"
    assert len(runs(project.path)) == 1


def test_a_group_whose_runs_are_gone_says_what_is_missing(project: Suite, evalsuite: Evalsuite, group: str) -> None:
    project.run("--eval-run-name=second", "bills.eval.yaml")
    (second, first) = runs(project.path)
    evalsuite("update", group, "first/Mails", "second/Bills")
    shutil.rmtree(first.path)
    missing = f"missing: Mails {first.id}/mails.eval.yaml[clerk]: run {first.id} is gone"
    said = evalsuite("show", group)
    assert said.code == 0
    assert f"  {missing}" in said.out.splitlines()
    assert "  there is nothing to compare with" in said.out.splitlines()
    assert evalsuite("show", group, "--view", "table").err == f"{missing}\n"
    gone = f"{first.id}/mails.eval.yaml[clerk]"
    assert group in evalsuite("list", "--evaluation", gone).out
    assert evalsuite("update", group, gone, "second/Bills").code == 0
    assert evalsuite("update", group, gone, gone).err.endswith(f"is there twice ({gone!r})\n")
    assert evalsuite("show", group, "--format", "json").json["missing"][0]["reason"] == f"run {first.id} is gone"
    shutil.rmtree(second.path)
    said = evalsuite("show", group)
    assert said.code == 1
    assert said.err.startswith("group 'Customers' has no evaluation left: Mails ")


def test_a_key_twice_is_an_error_that_names_both_cases(project: Suite, evalsuite: Evalsuite) -> None:
    project.write("bills.eval.yaml", BILLS.replace("c-2", "c-1"))
    project.run("bills.eval.yaml")
    evalsuite("create", "A", "latest", "--row-identifier", "latest=customer")
    said = evalsuite("show", "A", "--view", "table")
    assert said.code == 1
    assert said.err == (
        "rows cannot be joined: a row identifier must name one row\n"
        "  Bills: inputs.customer 'c-1' is in case 'b1' (bills.eval.yaml:5) and case 'b2' (bills.eval.yaml:6)\n"
    )


def test_hostile_names_are_escaped(evalsuite: Evalsuite) -> None:
    name = "\x1b]0;x\x07::error::"
    said = evalsuite("create", name, "latest/Bills", "--description", "\x1b[2J", "--metadata", "a=\x1b[2J")
    shown = evalsuite("show", said.out.split()[1], "--format", "terminal")
    markdown = evalsuite("show", said.out.split()[1], "--format", "markdown")
    for text in (said.out, shown.out, markdown.out, evalsuite("list").out):
        assert "\x1b" not in text
        assert "\x07" not in text


def test_two_processes_that_make_groups_at_once_make_two(project: Suite) -> None:
    command = [sys.executable, "-m", "pytest_evalsuite", "group", "create", "Same", "latest/Bills"]
    processes = [subprocess.Popen(command, cwd=project.path, stdout=subprocess.PIPE) for _ in range(3)]
    made = {process.communicate(timeout=60)[0].split()[1] for process in processes}
    assert len(made) == 3
    assert len(list(Path(project.path, ".evalsuite", "groups").glob("group-*.json"))) == 3
