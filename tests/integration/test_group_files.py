"""A group file beside the test sets: its members are evaluated, joined and told of at the end of the run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from suites import Suite

from pytest_evalsuite.cli.main import main
from pytest_evalsuite.runs.schema import artifact_schema

AGENTS = """
    def clerk(question, customer=None):
        if question == "raise":
            raise KeyError("no such order")
        return question.removeprefix("bad ")

    def other(question, customer=None):
        return question
"""
BILLS = """
    name: Bills
    defaults: {test_method: exact_match}
    cases:
      - {id: b1, question: one, expected_response: one, inputs: {customer: c-1}, metadata: {amount: 10}}
      - {id: b2, question: two, expected_response: two, inputs: {customer: c-2}, metadata: {amount: 20}}
"""
MAILS = """
    name: Mails
    defaults: {test_method: exact_match}
    cases:
      - {id: m2, question: bad two, expected_response: bad two, metadata: {user: c-2}}
      - {id: m1, question: one, expected_response: one, metadata: {user: c-1}}
"""
GROUP = """
    name: Customers
    description: The same customers in two test sets
    members:
      - {test_set: bills.eval.yaml, row_identifier: customer, name: bills}
      - {test_set: mails.eval.yaml, row_identifier: user, name: mails}
    columns: [amount]
"""


@pytest.fixture
def project(suite: Suite) -> Suite:
    """Two test sets in a folder, with the group file that joins them."""
    suite.write("agents.py", AGENTS)
    suite.configure("evalsuite_agent = clerk", agents=("clerk = agents:clerk", "other = agents:other"))
    suite.write("evals/bills.eval.yaml", BILLS)
    suite.write("evals/mails.eval.yaml", MAILS)
    suite.write("evals/customers.evalgroup.yaml", GROUP)
    return suite


def nodes(suite: Suite, *arguments: str) -> list[str]:
    """The items that are collected."""
    return [line for line in suite.run("--collect-only", "-q", *arguments).outlines if "::" in line]


Runner = Callable[..., pytest.RunResult]


@pytest.mark.parametrize(
    "arguments",
    [
        ("evals/customers.evalgroup.yaml",),
        (),
        ("evals",),
        ("evals/mails.eval.yaml", "evals/customers.evalgroup.yaml"),
    ],
)
def test_members_are_evaluated_and_the_group_is_told_of(project: Suite, arguments: tuple[str, ...]) -> None:
    result = project.run(*arguments, "--eval-json=run.json")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*= eval group: Customers =*",
            "The same customers in two test sets",
            "members",
            "  bills *Bills *clerk * 2 *",
            "  mails *Mails *clerk * 2 *",
            "aggregates",
            "  metadata.amount * bills * 2 * 15 *",
            "differences against bills",
            "  mails * pass rate * 2 * 1.00 * 0.50 * -50.0 points *",
            "worse in mails: 1",
            "  c-2 *passed 1.00 *failed 0.00 *-100.0 points",
        ]
    )
    artifact = project.artifact()
    (group,) = artifact["groups"]
    assert (group["kind"], group["name"], group["file"]) == ("group", "Customers", "evals/customers.evalgroup.yaml")
    assert [one["evaluation_id"].partition("/")[2] for one in group["members"]] == [
        "evals/bills.eval.yaml[clerk]",
        "evals/mails.eval.yaml[clerk]",
    ]
    assert group["join"]["in_all"] == 2
    assert group["differences"][0]["worse"][0]["key"] == "c-2"
    jsonschema.validate(artifact, artifact_schema())


def test_workers_of_xdist_give_the_same(project: Suite) -> None:
    def told(result: pytest.RunResult, name: str) -> Any:
        assert any("eval group: Customers" in line for line in result.outlines)
        groups = project.artifact(name)["groups"]
        drop = ("evaluation_id", "run", "evaluation_created_at", "duration", "completed_at")
        text = json.dumps(groups, default=str)
        return json.loads(text, object_hook=lambda one: {key: one[key] for key in one if key not in drop})

    path = "evals/customers.evalgroup.yaml"
    with_workers = told(project.run_subprocess("-n", "2", path, "--eval-json=workers.json"), "workers.json")
    assert told(project.run(path, "--eval-json=alone.json"), "alone.json") == with_workers


def test_an_agent_that_only_the_group_names_is_asked_too(project: Suite) -> None:
    project.write(
        "both.evalgroup.yaml",
        """
        members:
          - {test_set: evals/mails.eval.yaml}
          - {test_set: evals/mails.eval.yaml, agent: other, name: other}
        """,
    )
    assert nodes(project, "both.evalgroup.yaml") == [
        "evals/mails.eval.yaml::m2",
        "evals/mails.eval.yaml::m2[other]",
        "evals/mails.eval.yaml::m1",
        "evals/mails.eval.yaml::m1[other]",
    ]
    result = project.run("both.evalgroup.yaml")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*= eval agents =*", "  m2 *failed 0.00 *passed 1.00 *other", "*eval group: both *"])
    result.stdout.fnmatch_lines(["  other * pass rate * 2 * 0.50 * 1.00 * +50.0 points*"])


def test_only_the_agents_that_are_named_are_asked_where_only_the_group_is(project: Suite) -> None:
    text = "members: [{test_set: evals/mails.eval.yaml, agent: other}]"
    project.write("one.evalgroup.yaml", text)
    assert nodes(project, "one.evalgroup.yaml") == [
        "evals/mails.eval.yaml::m2[other]",
        "evals/mails.eval.yaml::m1[other]",
    ]
    assert len(nodes(project, "one.evalgroup.yaml", "evals/mails.eval.yaml")) == 4


def test_agents_of_the_command_line_win(project: Suite) -> None:
    project.write(
        "both.evalgroup.yaml",
        """
        members:
          - {test_set: evals/mails.eval.yaml, agent: clerk}
          - {test_set: evals/mails.eval.yaml, agent: other, name: other}
        """,
    )
    result = project.run("both.evalgroup.yaml", "--eval-agent=clerk")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["  missing: other: this run has no evaluation of evals/mails.eval.yaml by other"])


def test_an_agent_that_is_not_configured_is_a_usage_error_before_any_call(project: Suite) -> None:
    project.write("x.evalgroup.yaml", "members: [{test_set: evals/mails.eval.yaml, agent: othr}]")
    result = project.run("x.evalgroup.yaml")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: x.evalgroup.yaml: *othr*other*"])


def test_members_of_earlier_runs_are_taken_from_them(project: Suite) -> None:
    project.write(
        "trend.evalgroup.yaml",
        """
        members:
          - {test_set: evals/mails.eval.yaml, name: now}
          - {test_set: evals/mails.eval.yaml, run: latest, name: before}
          - {test_set: evals/mails.eval.yaml, run: first, name: first}
        against: before
        """,
    )
    result = project.run("trend.evalgroup.yaml", "--eval-run-name=first")
    result.stdout.fnmatch_lines(
        [
            "note: nothing is compared: before, which others are to be compared with, is missing",
            "  missing: before: no earlier run that is kept has one evaluation of evals/mails.eval.yaml",
        ]
    )
    project.write("agents.py", AGENTS.replace('.removeprefix("bad ")', ""))
    result = project.run_subprocess("trend.evalgroup.yaml")
    result.stdout.fnmatch_lines(["  now * pass rate * 2 * 0.50 * 1.00 * +50.0 points*", "better in now: 1"])


def test_members_that_cannot_be_told_apart_or_found_are_missing(project: Suite) -> None:
    project.write(
        "odd.evalgroup.yaml",
        """
        members:
          - {test_set: evals/mails.eval.yaml, name: which}
          - {test_set: evals/bills.eval.yaml, name: there}
          - {test_set: evals/mails.eval.yaml, run: nothing, name: nowhere}
          - {test_set: evals/mails.eval.yaml, run: bills, name: without}
        """,
    )
    project.run("evals/bills.eval.yaml", "--eval-run-name=bills")
    result = project.run("odd.evalgroup.yaml", "--eval-agent=clerk", "--eval-agent=other")
    told = [line.partition("missing: ")[2] for line in result.outlines if "missing: " in line]
    assert told[0] == "which: evals/mails.eval.yaml was put to several agents (clerk, other): say which with 'agent'"
    assert told[1].startswith("there: evals/bills.eval.yaml was put to several agents")
    assert told[2].startswith("nowhere: there is no run 'nothing'")
    assert told[3].endswith(" has no, or no single, evaluation of evals/mails.eval.yaml")


def test_a_file_with_mistakes_is_a_collection_error(project: Suite) -> None:
    project.write("evals/bad.evalgroup.yaml", "members: [{test_set: mial.eval.yaml}]\nagainst: x\nnmae: x\n")
    result = project.run("--eval-json=run.json")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        [
            "evals/bad.evalgroup.yaml:1:22: members?0?.test_set: there is no test set 'mial.eval.yaml'; did you *",
            "evals/bad.evalgroup.yaml:3:1: unknown key 'nmae'; did you mean 'name'?",
        ]
    )
    assert "groups" not in project.artifact()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("user: c-1", "user: c-2"), "mails: metadata.user 'c-2' is in case 'm2' (evals/mails.eval.yaml:4) and case"),
        (("user: ", "usr: "), "mails has no column 'user'; did you mean 'usr'?"),
    ],
)
def test_rows_that_cannot_be_joined_fail_the_run(project: Suite, change: tuple[str, str], message: str) -> None:
    project.write("evals/mails.eval.yaml", MAILS.replace("bad two", "two").replace(*change))
    result = project.run()
    result.assert_outcomes(passed=4)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (problem,) = [line for line in result.outlines if line.startswith("problem: ")]
    assert problem.startswith("problem: group 'Customers' (evals/customers.evalgroup.yaml): ")
    assert message in problem


def test_a_part_of_the_cases_is_told_to_be_one(project: Suite) -> None:
    result = project.run("-k", "b1 or m1")
    result.stdout.fnmatch_lines(["note: bills does not hold all cases of its test set: some were not selected*"])


def test_members_elsewhere_are_collected_with_their_own_conftest(project: Suite) -> None:
    project.write("other/mails.eval.yaml", MAILS)
    project.write(
        "other/conftest.py",
        """
        import pytest

        @pytest.fixture
        def eval_agent():
            return lambda question: question
        """,
    )
    project.write("evals/customers.evalgroup.yaml", GROUP.replace("mails.eval.yaml", "../other/mails.eval.yaml"))
    result = project.run("evals/customers.evalgroup.yaml")
    result.assert_outcomes(passed=4)
    assert nodes(project, "evals") == [
        *("evals/bills.eval.yaml::b1", "evals/bills.eval.yaml::b2"),
        *("evals/mails.eval.yaml::m2", "evals/mails.eval.yaml::m1"),
        *("other/mails.eval.yaml::m2", "other/mails.eval.yaml::m1"),
    ]


def test_members_need_not_be_named_like_test_sets(project: Suite) -> None:
    project.write("evals/letters.yaml", MAILS)
    project.write("evals/customers.evalgroup.yaml", GROUP.replace("mails.eval.yaml", "letters.yaml"))
    for arguments in ((), ("evals",), ("evals/customers.evalgroup.yaml", "evals/mails.eval.yaml")):
        found = {node.partition("::")[0] for node in nodes(project, *arguments)}
        assert found == {"evals/bills.eval.yaml", "evals/letters.yaml", "evals/mails.eval.yaml"}, arguments


def test_ignored_files_are_no_groups(project: Suite) -> None:
    result = project.run("--ignore=evals/customers.evalgroup.yaml")
    assert not any("eval group" in line for line in result.outlines)
    project.configure(
        "evalsuite_agent = clerk", "evalsuite_group_files = *.groups.yaml", agents=("clerk = agents:clerk",)
    )
    assert not any("eval group" in line for line in project.run().outlines)


def test_quiet_runs_say_nothing_of_groups_and_loud_ones_all(project: Suite) -> None:
    assert not any("Customers" in line for line in project.run("-q").outlines)
    assert any("Customers" in line for line in project.run("-vv").outlines)


def test_markdown_has_the_group(project: Suite) -> None:
    project.run("--eval-markdown=run.md")
    text = (project.path / "run.md").read_text()
    assert "## Group <code>Customers</code>" in text
    assert "| <code>mails</code> | <code>pass rate</code> | 2 | 1.00 | 0.50 | -50.0 points |" in text


# The command


@pytest.fixture
def evalsuite(project: Suite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command, run in the project: its exit code, what it printed, its errors."""
    monkeypatch.chdir(project.path)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        return (main(arguments), *capsys.readouterr())

    return run


FILE = "evals/customers.evalgroup.yaml"


def test_validate_checks_group_files(project: Suite, evalsuite: Any) -> None:
    code, out, _ = evalsuite("validate", "evals")
    assert (code, f"{FILE}: 2 members ok" in out.splitlines()) == (0, True)
    project.write(FILE, GROUP.replace("bills.eval", "bill.eval"))
    code, _, err = evalsuite("validate", "evals")
    assert (code, err) == (
        1,
        f"{FILE}:4:16: members[0].test_set: there is no test set 'bill.eval.yaml'; did you mean 'bills.eval.yaml'?\n",
    )
    assert evalsuite("validate", FILE)[0] == 1


def test_a_group_file_is_shown_from_the_runs_that_are_kept(project: Suite, evalsuite: Any) -> None:
    code, _, err = evalsuite("group", "show", FILE)
    assert code == 1
    assert "no kept run has all members that are of one run; `pytest --eval-suite` makes one" in err
    project.run()
    project.run("evals/bills.eval.yaml")  # which lacks a member
    code, out, _ = evalsuite("group", "show", FILE, "--view", "table", "--format", "json")
    assert code == 0
    assert [row["key"] for row in json.loads(out)["table"]] == ["c-1", "c-2"]


def test_a_group_is_kept_as_its_file_says(project: Suite, evalsuite: Any) -> None:
    code, _, err = evalsuite("group", "create", "--from", FILE)
    assert (code, len(err.splitlines())) == (1, 2)
    project.run()
    assert evalsuite("group", "create", "--from", FILE)[0] == 0
    (kept,) = (project.path / ".evalsuite" / "groups").glob("*.json")
    group = json.loads(kept.read_text())
    assert (group["name"], group["description"]) == ("Customers", "The same customers in two test sets")
    assert list(group["row_identifiers"].values()) == ["customer", "user"]


def test_a_file_with_mistakes_is_shown_with_all_of_them(project: Suite, evalsuite: Any) -> None:
    project.write(FILE, "nmae: x\nmembers: []\n")
    for arguments in (("group", "show", FILE), ("group", "create", "--from", FILE)):
        code, _, err = evalsuite(*arguments)
        assert (code, err.splitlines()) == (
            1,
            [
                f"{FILE}:1:1: unknown key 'nmae'; did you mean 'name'?",
                f"{FILE}:2:10: members: no members: expected at least one",
            ],
        )
    assert not Path(project.path, ".evalsuite", "groups").exists()
