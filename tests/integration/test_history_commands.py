"""Runs are kept to be looked at: listed, searched, shown case by case, exported, named, removed on request."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import commands
import pytest
from suites import Suite

from pytest_evalsuite.cli.main import main

AGENTS = r"""
    from pytest_evalsuite import AgentReply, ToolCall, Usage

    HOSTILE = "\x1b]52;c;eA==\x07\n::error::no\n##[error]no \u202e \x9b31m <b> ]]>"

    def clerk(question):
        if question == "raise":
            raise KeyError("no such order")
        if question == "hostile":
            return HOSTILE
        if question == "tools":
            calls = [ToolCall(name="look_up", arguments={"order": 42}, result={"state": "sent"})]
            usage = Usage(input_tokens=1200, output_tokens=30)
            return AgentReply(output="sent", tool_calls=calls, usage=usage, cost=0.01)
        return question

    def other(question):
        return question
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

    @property
    def rows(self) -> list[list[str]]:
        """The cells of its table, head first."""
        return [re.split(" {2,}", line.strip()) for line in self.out.splitlines() if "  " in line]


Command = Callable[..., Said]


@pytest.fixture
def evalsuite(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, run in this process."""
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as exit_:
            code = int(str(exit_.code))
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def project(suite: Suite) -> Suite:
    """Three runs: all of two test sets, one of them named; and one test set once more, put to another agent."""
    suite.write("agents.py", AGENTS)
    suite.configure("evalsuite_agent = clerk", agents=("clerk = agents:clerk", "other = agents:other"))
    suite.cases(
        "right: one -> one",
        "wrong: two -> zwei",
        "broken: raise -> anything",
        "tools: tools -> sent",
        name="evals/shop.eval.yaml",
        head="name: The shop",
    )
    suite.cases("bill: three -> three", name="evals/billing.eval.yaml", head="name: Billing")
    suite.run()
    suite.run("--eval-run-name=nightly", "--eval-json=run.json", "--eval-csv=run.csv")
    suite.run("evals/shop.eval.yaml", "--eval-agent=other", "-k", "right or wrong")
    return suite


def run_ids(suite: Suite) -> list[str]:
    """The ids of the runs, in the order in which they were made."""
    infos = [json.loads(path.read_text()) for path in (suite.path / ".evalsuite" / "runs").glob("*/run.json")]
    return [info["id"] for info in sorted(infos, key=lambda info: info["started_at"])]


def folder(suite: Suite, run_id: str) -> Path:
    return suite.path / ".evalsuite" / "runs" / run_id


def make_interrupted(suite: Suite, run_id: str, *, process: int = 0) -> None:
    """Make of a run one that has not come to its end: with its last result torn, and the one before missing."""
    path = folder(suite, run_id)
    info = json.loads((path / "run.json").read_text())
    kept = {key: value for key, value in info.items() if key not in ("totals", "evaluations", "whole", "gate")}
    (path / "run.json").write_text(
        json.dumps({**kept, "status": "running", "completed_at": None, "duration_seconds": None, "process": process})
    )
    lines = (path / "results-main.jsonl").read_bytes().splitlines(keepends=True)
    (path / "results-main.jsonl").write_bytes(b"".join(lines[:-2]) + lines[-1][:40])


# history


def test_the_history_lists_runs_newest_first_with_their_figures(project: Suite, evalsuite: Command) -> None:
    said = evalsuite("history")
    first, second, third = run_ids(project)
    head, *rows = said.rows
    assert head == ["run", "name", "started (UTC)", "status", "test sets", "cases", "passed", "mean score", "took"]
    assert [row[0] for row in rows] == [third, second, first]
    assert [row[1] for row in rows] == ["-", "nightly", "-"]
    assert [row[3:8] for row in rows] == [
        ["succeeded", "The shop", "2", "0.50 (1/2)", "0.50 of 2"],
        ["succeeded", "Billing, The shop", "5", "0.60 (3/5)", "0.75 of 4"],
        ["succeeded", "Billing, The shop", "5", "0.60 (3/5)", "0.75 of 4"],
    ]
    assert said.out.splitlines()[-1] == "3 runs"
    assert (said.code, said.err) == (0, "")


@pytest.mark.parametrize("reference", ["The shop", "evals/shop.eval.yaml", "shop.eval.yaml"])
def test_the_history_of_a_test_set_has_its_figures_alone(
    reference: str, project: Suite, evalsuite: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reference == "shop.eval.yaml":
        monkeypatch.chdir(project.path / "evals")
    head, *rows = evalsuite("history", reference).rows
    assert head[4] == "agents"
    assert [row[4:7] for row in rows] == [
        ["other", "2", "0.50 (1/2)"],
        ["clerk", "4", "0.50 (2/4)"],
        ["clerk", "4", "0.50 (2/4)"],
    ]


def test_the_history_of_a_test_set_that_no_run_knows(project: Suite, evalsuite: Command) -> None:
    said = evalsuite("history", "The shob")
    assert said == (1, "", "there is no test set 'The shob'; did you mean 'The shop'?; `evalsuite list` lists them\n")


@pytest.mark.parametrize(
    ("text", "found"), [("NIGHT", 1), ("billing", 2), ("other", 1), ("The sh", 3), ("evals/shop", 3), ("clerk", 2)]
)
def test_the_history_is_searched(text: str, found: int, project: Suite, evalsuite: Command) -> None:
    assert len(evalsuite("history", "--search", text).rows) == found + 1


def test_a_search_that_finds_nothing_is_no_success(project: Suite, evalsuite: Command) -> None:
    assert evalsuite("history", "--search", "xyz") == (1, "", "no run of 3 holds 'xyz'\n")
    said = evalsuite("history", "--search", "xyz", "--json")
    assert (said.code, said.json) == (1, {"total": 0, "page": 1, "runs": []})


def test_the_history_is_sorted(project: Suite, evalsuite: Command) -> None:
    first, second, third = run_ids(project)

    def order(*arguments: str) -> list[str]:
        return [row[0] for row in evalsuite("history", *arguments).rows[1:]]

    assert order("--sort", "started", "--reverse") == [first, second, third]
    assert order("--sort", "pass-rate") == [second, first, third]
    assert order("--sort", "pass-rate", "--reverse") == [third, second, first]
    assert order("--sort", "score")[-1] == third
    for run_id, seconds in ((first, 3.0), (second, 1.0), (third, 2.0)):
        path = folder(project, run_id) / "run.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "duration_seconds": seconds}))
    assert order("--sort", "duration") == [first, third, second]
    make_interrupted(project, second)
    assert order("--sort", "pass-rate") == [first, third, second]
    assert order("--sort", "pass-rate", "--reverse") == [third, first, second]


def test_the_history_has_pages(project: Suite, evalsuite: Command) -> None:
    first, _, third = run_ids(project)
    said = evalsuite("history", "--limit", "2")
    assert said.out.splitlines()[-1] == "1-2 of 3 runs; the next page: --page 2"
    assert said.rows[1][0] == third
    said = evalsuite("history", "--limit", "2", "--page", "2")
    assert said.out.splitlines()[-1] == "3-3 of 3 runs"
    assert said.rows[1][0] == first
    assert evalsuite("history", "--limit", "2", "--page", "3") == (1, "", "there is no page 3: 3 runs on 2 pages\n")
    assert evalsuite("history", "--page", "0").code == 1
    assert len(evalsuite("history", "--limit", "0").rows) == 4
    assert evalsuite("history", "--limit", "-1").code == 2


def test_the_history_as_json_holds_all_figures(project: Suite, evalsuite: Command) -> None:
    said = evalsuite("history", "The shop", "--json", "--limit", "1")
    assert (said.json["total"], said.json["page"]) == (3, 1)
    (run,) = said.json["runs"]
    assert run["id"] == run_ids(project)[2]
    assert run["totals"] == {
        "cases": 2,
        "passed": 1,
        "judged": 2,
        "scored": 2,
        "mean_score": 0.5,
        "pass_rate": 0.5,
    }
    assert [(one["test_set"], one["agent"]) for one in run["evaluations"]] == [("evals/shop.eval.yaml", "other")]
    assert said.err == ""


def test_ids_are_short_where_there_is_no_room(
    project: Suite, evalsuite: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    said = evalsuite("history")
    assert said.rows[1][0] == run_ids(project)[2][-8:]
    assert evalsuite("show", said.rows[1][0]).code == 0


@pytest.mark.parametrize("width", [80, 90, 100, 120])
def test_a_list_fits_the_terminal(
    width: int, project: Suite, evalsuite: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.cases("bill: three -> three", name="evals/long.eval.yaml", head=f"name: {'long ' * 20}name")
    project.run(f"--eval-run-name={'a name of a run ' * 5}")
    monkeypatch.setenv("COLUMNS", str(width))
    for arguments in (("history",), ("history", "The shop"), ("list",), ("show", "latest")):
        lines = evalsuite(*arguments).out.splitlines()
        assert max(len(line) for line in lines if not line.startswith("run 20")) <= width
    assert any("..." in line for line in evalsuite("list").out.splitlines())


def test_a_run_that_is_broken_or_was_interrupted_does_not_hide_the_others(project: Suite, evalsuite: Command) -> None:
    first, second, _ = run_ids(project)
    (folder(project, first) / "run.json").write_text('{"status": "succeeded", "name": ["::error::"]}')
    make_interrupted(project, second)
    said = evalsuite("history")
    statuses = {row[0]: row[3] for row in said.rows[1:]}
    assert statuses[second] == "interrupted"
    assert statuses[first] == "broken"
    assert re.search(rf"^broken: .*{first}.run\.json: no description of a run$", said.out, re.MULTILINE)
    assert said.code == 0
    problems = [run["problem"] for run in evalsuite("history", "--json").json["runs"]]
    assert [problem is None for problem in problems] == [True, True, False]


def test_a_project_without_runs_says_how_to_make_one(suite: Suite, evalsuite: Command) -> None:
    said = evalsuite("history")
    assert (said.code, said.out) == (1, "")
    assert re.fullmatch(r"no run is kept in .*\.evalsuite; `pytest --eval-suite` makes one\n", said.err)


def test_runs_are_found_from_any_folder_of_the_project_or_by_root(
    project: Suite, evalsuite: Command, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.chdir(project.path / "evals")
    assert len(evalsuite("history").rows) == 4
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert evalsuite("history").code == 1
    assert len(evalsuite("history", "--root", str(project.path)).rows) == 4
    said = evalsuite("history", "--root", "nowhere")
    assert (said.code, said.err) == (1, "--root: nowhere is no folder\n")


# list


def test_test_sets_are_listed_with_how_they_did_last(project: Suite, evalsuite: Command) -> None:
    project.cases("new: x -> x", name="evals/new.eval.yaml", head="name: A new one")
    said = evalsuite("list")
    head, *rows = said.rows
    assert head == ["test set", "file", "cases", "runs", "last run (UTC)", "passed"]
    assert [[*row[:4], row[5]] for row in rows] == [
        ["A new one", "evals/new.eval.yaml", "1", "0", "-"],
        ["Billing", "evals/billing.eval.yaml", "1", "2", "1.00 (1/1)"],
        ["The shop", "evals/shop.eval.yaml", "4", "3", "0.50 (1/2)"],
    ]
    assert said.out.splitlines()[-1] == "3 test sets"
    assert (said.code, said.err) == (0, "")


def test_test_sets_are_sorted_and_what_is_unknown_comes_last(project: Suite, evalsuite: Command) -> None:
    project.cases("new: x -> x", name="evals/new.eval.yaml", head="name: A new one")

    def order(*arguments: str) -> list[str]:
        return [row["name"] for row in evalsuite("list", "--json", *arguments).json]

    assert order("--sort", "name", "--reverse") == ["The shop", "Billing", "A new one"]
    assert order("--sort", "cases")[0] == "The shop"
    assert order("--sort", "last-run") == ["The shop", "Billing", "A new one"]
    assert order("--sort", "pass-rate") == ["Billing", "The shop", "A new one"]
    assert order("--sort", "pass-rate", "--reverse") == ["The shop", "Billing", "A new one"]


def test_a_broken_test_set_is_listed_with_its_first_mistake(project: Suite, evalsuite: Command) -> None:
    project.write("evals/bad.eval.yaml", "cases:\n- {question: q, expected_respons: a}\n- 5\n")
    (project.path / "evals" / "billing.eval.yaml").unlink()
    said = evalsuite("list")
    assert said.code == 0
    assert "broken: evals/bad.eval.yaml:2:17: unknown key 'expected_respons'" in said.out
    assert "broken: evals/billing.eval.yaml:1:1: cannot be read" in said.out
    by_path = {row["test_set"]: row for row in evalsuite("list", "--json").json}
    assert by_path["evals/billing.eval.yaml"]["name"] == "Billing"
    assert by_path["evals/billing.eval.yaml"]["runs"] == 2
    assert by_path["evals/bad.eval.yaml"]["cases"] is None


def test_the_last_pass_rate_is_that_of_a_run_that_has_ended(project: Suite, evalsuite: Command) -> None:
    _, second, third = run_ids(project)
    make_interrupted(project, third)
    row = next(row for row in evalsuite("list", "--json").json if row["name"] == "The shop")
    assert (row["runs"], row["last_run"], row["last_pass_rate"]) == (3, second, 0.5)


def test_where_there_are_no_test_sets_that_is_no_success(suite: Suite, evalsuite: Command) -> None:
    said = evalsuite("list")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("no test sets (*.eval.yaml, ")
    assert evalsuite("list", "--json").json == []


# show


def test_a_run_is_shown_case_by_case(project: Suite, evalsuite: Command) -> None:
    said = evalsuite("show", "nightly")
    _, second, _ = run_ids(project)
    assert said.out.startswith(f"run {second} (nightly): succeeded\n")
    table = [row for row in said.rows if row[0] in ("passed", "failed", "error")]
    assert table == [
        ["passed", "1.00", "exact_match", "bill", "evals/billing.eval.yaml", "three"],
        ["passed", "1.00", "exact_match", "right", "evals/shop.eval.yaml", "one"],
        ["failed", "0.00", "exact_match", "wrong", "evals/shop.eval.yaml", "two"],
        ["error", "-", "exact_match", "broken", "evals/shop.eval.yaml", "raise"],
        ["passed", "1.00", "exact_match", "tools", "evals/shop.eval.yaml", "tools"],
    ]
    assert said.out.splitlines()[-1] == "5 cases"


def shown(said: Said) -> list[str]:
    return [record["case_id"] for record in said.json["results"]]


@pytest.mark.parametrize(
    ("options", "cases"),
    [
        ((), ["bill", "right", "wrong", "broken", "tools"]),
        (("--status", "failed"), ["wrong"]),
        (("--status", "failed", "--status", "error"), ["wrong", "broken"]),
        (("--question", "T"), ["bill", "wrong", "tools"]),
        (("--method", "exact_match", "--test-set", "Billing"), ["bill"]),
        (("--test-set", "evals/shop.eval.yaml", "--agent", "clerk"), ["right", "wrong", "broken", "tools"]),
        (("--sort", "score", "--limit", "1"), ["wrong"]),
        (("--sort", "score", "--reverse", "--page", "2", "--limit", "3"), ["wrong", "broken"]),
        (("--sort", "status", "--limit", "2"), ["wrong", "broken"]),
        (("--sort", "position", "--reverse", "--limit", "1"), ["tools"]),
        (("--case", "tools"), ["tools"]),
    ],
)
def test_cases_are_chosen_and_sorted(
    options: tuple[str, ...], cases: list[str], project: Suite, evalsuite: Command
) -> None:
    said = evalsuite("show", "nightly", "--json", *options)
    assert (said.code, shown(said)) == (0, cases)


def test_cases_are_sorted_by_duration(project: Suite, evalsuite: Command) -> None:
    found = evalsuite("show", "nightly", "--json", "--sort", "duration").json["results"]
    times = [record["execution_time_ms"] for record in found]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--case", "wrang"), "the run has no case 'wrang'; did you mean 'wrong'?\n"),
        (("--agent", "clark"), "the run has no agent 'clark'; did you mean 'clerk'?\n"),
        (("--test-set", "Bilings"), "there is no test set 'Bilings'; did you mean 'Billing'?; `evalsuite list` lists"),
        (("--status", "skipped"), "no case of 5 is such a one\n"),
        (("--method", "regex"), "no case of 5 is such a one\n"),
    ],
)
def test_what_is_not_in_a_run_is_said(
    options: tuple[str, ...], message: str, project: Suite, evalsuite: Command
) -> None:
    said = evalsuite("show", "nightly", *options)
    assert said.code == 1
    assert said.err.startswith(message)


def test_all_that_is_known_of_a_case_is_shown(project: Suite, evalsuite: Command) -> None:
    said = evalsuite("show", "nightly", "--case", "tools")
    assert said.out.startswith("passed: case tools of agent clerk\nevals/shop.eval.yaml:")
    for text in (
        "question      tools\n",
        "expected      sent\n",
        "actual        sent\n",
        "check         passed exact_match 1.00 >= 1.00: equal",
        'tool call     look_up({"order": 42}) -> {"state": "sent"}\n',
        "usage         1,200 tokens in, 30 tokens out, $0.0100\n",
        "fingerprint   ",
    ):
        assert text in said.out


def test_a_failure_and_an_error_are_shown_as_pytest_shows_them(project: Suite, evalsuite: Command) -> None:
    said = evalsuite("show", "nightly", "--case", "wrong")
    assert "score 0.00 < 1.00 (exact_match)\n\nquestion  two\nexpected  zwei\nactual    two\nreason    " in said.out
    said = evalsuite("show", "nightly", "--case", "broken")
    assert "error (agent): KeyError: 'no such order'\n" in said.out
    assert '    raise KeyError("no such order")' in said.out


def test_all_attempts_of_a_case_are_shown(suite: Suite, evalsuite: Command) -> None:
    suite.write("agents.py", "seen = []\ndef third(question):\n    seen.append(1)\n    return str(len(seen))\n")
    suite.configure(agents=("third = agents:third",))
    suite.cases("a: which -> 2", head="name: Attempts")
    suite.run("--eval-iterations=3")
    said = evalsuite("show", "latest", "--case", "a")
    attempts = re.findall(r"^attempt (\d)\nstatus +(\w+) ([\d.]+)\nactual +(\d)$", said.out, re.MULTILINE)
    assert attempts == [("1", "failed", "0.00", "1"), ("2", "passed", "1.00", "2"), ("3", "failed", "0.00", "3")]
    assert "pass rule     mean\n" in said.out


def test_cases_that_were_skipped_say_why(suite: Suite, evalsuite: Command) -> None:
    suite.write(
        "s.eval.yaml", "cases:\n- {id: a, question: q, expected_response: q, test_method: contains, skip: later}\n"
    )
    suite.run()
    assert evalsuite("show", "latest", "--case", "a").out.startswith("skipped: case a of agent echo\n")
    assert "reason        later\n" in evalsuite("show", "latest", "--case", "a").out


def test_an_interrupted_run_is_shown_as_far_as_it_came(project: Suite, evalsuite: Command) -> None:
    _, second, _ = run_ids(project)
    make_interrupted(project, second)
    said = evalsuite("show", "nightly")
    assert said.out.startswith(f"run {second} (nightly): interrupted\n")
    assert "1 line of its journals cannot be read\n" in said.out
    records = evalsuite("show", "nightly", "--json", "--status", "not_run").json["results"]
    assert len(records) == 2
    assert {record["cause"]["message"] for record in records} == {"its process ended without a word"}


def test_an_artifact_is_shown_where_there_is_no_project(
    project: Suite, evalsuite: Command, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copy(project.path / "run.json", elsewhere / "main.json")
    monkeypatch.chdir(elsewhere)
    assert shown(evalsuite("show", "main.json", "--json", "--status", "failed")) == ["wrong"]
    (elsewhere / "main.json").write_text("{}")
    said = evalsuite("show", "main.json")
    assert said == (1, "", "main.json: this is no artifact of a run (no schema 'pytest-evalsuite/run')\n")


def test_a_result_of_no_known_form_is_said(project: Suite, evalsuite: Command) -> None:
    artifact = project.artifact()
    for evaluation in artifact["evaluations"]:
        for record in evaluation["results"]:
            record["checks"] = ["exact_match"]
    project.write("odd.json", json.dumps(artifact))
    for arguments in (("show", "odd.json", "--case", "wrong"), ("export", "odd.json", "--format", "junit")):
        said = evalsuite(*arguments)
        assert said.code == 1
        assert "holds a result of no known form" in said.err


# export


def test_the_artifact_is_exported_as_the_run_wrote_it(project: Suite, evalsuite: Command) -> None:
    expected = (project.path / "run.json").read_text()
    for reference in ("nightly", "run.json"):
        assert evalsuite("export", reference, "--format", "json") == (0, expected, "")


def test_csv_is_exported_as_the_run_wrote_it(project: Suite, evalsuite: Command) -> None:
    said = evalsuite("export", "nightly", "--format", "csv", "--output", "out/again.csv")
    assert said == (0, "", "written: out/again.csv\n")
    assert (project.path / "out" / "again.csv").read_bytes() == (project.path / "run.csv").read_bytes()


def test_results_are_exported_one_a_line(project: Suite, evalsuite: Command) -> None:
    lines = evalsuite("export", "nightly", "--format", "jsonl").out.splitlines()
    artifact = project.artifact()
    assert [json.loads(line) for line in lines] == [r for e in artifact["evaluations"] for r in e["results"]]


def properties(case: ET.Element) -> dict[str, str]:
    return {entry.attrib["name"]: entry.attrib["value"] for entry in case.iter("property")}


def test_junit_says_what_pytest_s_own_says(project: Suite, evalsuite: Command) -> None:
    project.write(
        "evals/more.eval.yaml",
        """
        defaults: {test_method: contains}
        cases:
          - {id: skipped, question: q, expected_response: q, skip: not today}
          - {id: known, question: q, expected_response: x, xfail: a known gap}
        """,
    )
    project.run("--junitxml=own.xml")
    ours = ET.fromstring(evalsuite("export", "latest", "--format", "junit").out)
    theirs = ET.parse(project.path / "own.xml").getroot()

    def told(root: ET.Element) -> dict[tuple[str, str], Any]:
        return {
            (case.attrib["classname"], case.attrib["name"]): (
                [child.tag for child in case if child.tag != "properties"],
                [child.get("type") for child in case if child.tag == "skipped"],
                [child.text for child in case if child.tag in ("failure", "error")],
            )
            for case in root.iter("testcase")
        }

    assert told(ours) == told(theirs)
    assert len(told(ours)) == 7
    for count in ("tests", "failures", "errors", "skipped"):
        assert sum(int(one.attrib[count]) for one in ours) == sum(int(one.attrib[count]) for one in theirs)
    figures = {case.attrib["name"]: properties(case) for case in ours.iter("testcase")}
    assert figures["wrong"] == {"status": "failed", "score": "0.0", "passing_score": "1.0", "method": "exact_match"}


def test_a_case_that_was_not_run_is_no_success_in_junit(project: Suite, evalsuite: Command) -> None:
    _, second, _ = run_ids(project)
    make_interrupted(project, second)
    root = ET.fromstring(evalsuite("export", "nightly", "--format", "junit").out)
    messages = [error.attrib["message"] for error in root.iter("error")]
    assert messages.count("not run: its process ended without a word") == 2


def test_several_agents_are_told_apart_in_junit(project: Suite, evalsuite: Command) -> None:
    project.run("--eval-agent=clerk", "--eval-agent=other", "evals/billing.eval.yaml")
    root = ET.fromstring(evalsuite("export", "latest", "--format", "junit").out)
    assert [one.attrib["name"] for one in root] == ["Billing [clerk]", "Billing [other]"]
    assert [case.attrib["name"] for case in root.iter("testcase")] == ["bill[clerk]", "bill[other]"]


def test_an_export_needs_a_format_and_a_place_that_can_be_written(project: Suite, evalsuite: Command) -> None:
    assert evalsuite("export", "nightly").code == 2
    said = evalsuite("export", "nightly", "--format", "csv", "--output", "evals")
    assert said == (1, "", "cannot write evals: Is a directory\n")


# Hostile answers


@pytest.fixture
def hostile(project: Suite) -> Suite:
    """A run whose every text is hostile."""
    project.write(
        "evals/hostile.eval.yaml",
        r"""
        name: "::warning::name ##[error] <b> =1+1"
        defaults: {test_method: exact_match}
        cases:
          - {id: failing, question: hostile, expected_response: "\e[31m\n::error::x"}
          - {id: passing, question: "\n::error::\e[31m", expected_response: "\n::error::\e[31m"}
        """,
    )
    project.run("evals/hostile.eval.yaml", "--eval-run-name=\x1b[31m\n::error::run").assert_outcomes(
        failed=1, passed=1
    )
    return project


@pytest.mark.parametrize(
    "arguments",
    [
        ("history",),
        ("history", "--json"),
        ("list",),
        ("list", "--json"),
        ("show", "latest"),
        ("show", "latest", "--json"),
        ("show", "latest", "--case", "failing"),
        ("show", "latest", "--case", "passing"),
        ("watch", "latest"),
        ("watch", "latest", "--json"),
        ("rename", "latest", "\x1b[31m\n##[error]"),
        ("delete", "latest", "--yes"),
        ("show", "\x1b[31m\n::error::"),
    ],
)
def test_no_text_of_others_reaches_a_terminal_or_a_ci_runner_as_a_command(
    arguments: tuple[str, ...], hostile: Suite, evalsuite: Command
) -> None:
    said = evalsuite(*arguments)
    written = said.out + said.err
    assert written
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", written)
    assert "##[" not in written
    assert not any(line.lstrip().startswith("::") for line in written.splitlines())
    if "--json" in arguments:
        for document in said.out.splitlines() if arguments[0] == "watch" else [said.out]:
            json.loads(document)


def test_hostile_text_makes_valid_csv_and_xml(hostile: Suite, evalsuite: Command) -> None:
    root = ET.fromstring(evalsuite("export", "latest", "--format", "junit").out)
    assert root.attrib["name"] == "#x1B[31m\n::error::run"
    assert len(list(root.iter("testcase"))) == 2
    text = evalsuite("export", "latest", "--format", "csv").out
    assert [row["case_id"] for row in csv.DictReader(io.StringIO(text, newline=""))] == ["failing", "passing"]


# rename and delete


def test_a_run_gets_another_name(project: Suite, evalsuite: Command) -> None:
    _, second, third = run_ids(project)
    said = evalsuite("rename", "latest", "before the fix")
    assert said == (0, f"{third} is now named 'before the fix'\n", "")
    assert [row[1] for row in evalsuite("history").rows[1:]] == ["before the fix", "nightly", "-"]
    assert evalsuite("show", "before the fix").code == 0
    evalsuite("rename", second, "before the fix")
    said = evalsuite("show", "before the fix", "--json")
    assert said.json["run"]["id"] == third
    assert said.err == f"2 runs are named 'before the fix': this is the newest, {third}\n"


@pytest.mark.parametrize("name", ["", "   ", "x" * 256])
def test_a_name_has_one_to_255_characters(name: str, project: Suite, evalsuite: Command) -> None:
    said = evalsuite("rename", "nightly", name)
    assert said.code == 2
    assert "expected 1..255 characters" in said.err


def test_an_artifact_has_no_other_name(project: Suite, evalsuite: Command) -> None:
    before = (project.path / "run.json").read_bytes()
    said = evalsuite("rename", "run.json", "x")
    assert said.code == 1
    assert said.err.startswith("run.json is none of the runs that are kept in ")
    assert (project.path / "run.json").read_bytes() == before


def test_named_runs_are_removed(project: Suite, evalsuite: Command) -> None:
    first, second, third = run_ids(project)
    said = evalsuite("delete", "nightly", third, second, "--yes")
    assert said == (0, f"removed {third} (succeeded)\nremoved {second} (nightly, succeeded)\n", "")
    assert run_ids(project) == [first]
    assert [path.name for path in (project.path / ".evalsuite" / "runs").iterdir()] == [first]


def test_all_but_the_newest_runs_are_removed(project: Suite, evalsuite: Command) -> None:
    _, second, third = run_ids(project)
    assert evalsuite("delete", "--keep", "2", "--yes").code == 0
    assert run_ids(project) == [second, third]
    said = evalsuite("delete", "--keep", "2", "--yes")
    assert said == (1, "", "nothing to remove: 2 runs, of which 2 may stay\n")
    assert evalsuite("delete", "--keep", "0", "--yes").code == 0
    assert run_ids(project) == []


def test_one_mistake_among_the_names_removes_nothing(project: Suite, evalsuite: Command) -> None:
    for wrong in ("nightli", "run.json"):
        assert evalsuite("delete", "nightly", wrong, "--yes").code == 1
    assert len(run_ids(project)) == 3


@pytest.mark.parametrize("arguments", [(), ("nightly", "--keep", "1"), ("--keep", "x"), ("--keep", "-1")])
def test_what_to_remove_must_be_clear(arguments: tuple[str, ...], project: Suite, evalsuite: Command) -> None:
    assert evalsuite("delete", "--yes", *arguments).code == 2
    assert len(run_ids(project)) == 3


def test_without_a_terminal_nothing_is_removed_unless_one_says_yes(
    project: Suite, evalsuite: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    said = evalsuite("delete", "nightly")
    assert said.code == 2
    assert "there is no terminal to ask on: say --yes" in said.err
    assert len(run_ids(project)) == 3


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "left"), [("y\n", 2), ("YES\n", 2), ("n\n", 3), ("\n", 3), ("", 3), ("sure\n", 3)])
def test_a_terminal_is_asked_and_only_yes_is_yes(
    answer: str, left: int, project: Suite, evalsuite: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    said = evalsuite("delete", "nightly")
    assert "(nightly, succeeded)\nremove 1 run? [y/N] " in said.out
    assert len(run_ids(project)) == left
    assert said.code == (0 if left == 2 else 1)


def test_a_run_that_goes_on_is_neither_removed_nor_renamed(project: Suite, evalsuite: Command) -> None:
    first, second, third = run_ids(project)
    make_interrupted(project, first, process=os.getpid())
    said = evalsuite("delete", first, second, "--yes")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"run {first} is running (process {os.getpid()} on ")
    assert evalsuite("rename", first, "x").err == f"run {first} is running: name it when it has ended\n"
    said = evalsuite("delete", "--keep", "1", "--yes")
    assert (said.code, said.err) == (0, f"{first} stays: it is running\n")
    assert run_ids(project) == [first, third]


def test_results_that_an_unfinished_run_goes_on_from_are_not_removed(project: Suite, evalsuite: Command) -> None:
    first, second, third = run_ids(project)
    make_interrupted(project, third)
    path = folder(project, third) / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "resume": {"from": first}}))
    said = evalsuite("delete", first, "--yes")
    assert (said.code, said.err) == (1, f"run {third} is unfinished and goes on from {first}: remove that first\n")
    said = evalsuite("delete", "--keep", "1", "--yes")
    assert said.err == f"{first} stays: run {third} goes on from it\n"
    assert run_ids(project) == [first, third]
    assert second not in said.err
    assert evalsuite("delete", first, third, "--yes").code == 0
    assert run_ids(project) == []


def test_a_link_among_the_runs_is_not_followed(
    project: Suite, evalsuite: Command, tmp_path_factory: pytest.TempPathFactory
) -> None:
    precious = tmp_path_factory.mktemp("precious") / "20260101T000000Z-01234567"
    shutil.copytree(folder(project, run_ids(project)[0]), precious)
    link = folder(project, precious.name)
    link.symlink_to(precious, target_is_directory=True)
    said = evalsuite("delete", precious.name, "--yes")
    assert said.code == 1
    assert said.err.startswith(f"there is no run '{precious.name}'")
    assert evalsuite("delete", str(link), "--yes").code == 1
    assert evalsuite("delete", "--keep", "0", "--yes").code == 0
    assert (precious / "run.json").exists()
    assert link.is_symlink()


# The command


def test_modules_that_commands_share_are_no_commands(evalsuite: Command) -> None:
    for name in ("_common", "main"):
        said = evalsuite(name)
        assert (said.code, "invalid choice" in said.err) == (2, True)
    listed = evalsuite("--help").out
    assert all(f"    {verb} " in listed for verb in ("history", "list", "show", "export", "watch", "rename", "delete"))


# Processes


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_an_export_is_made_visible_on_a_terminal_and_left_as_it_is_elsewhere(hostile: Suite) -> None:
    arguments = ("export", "latest", "--format", "csv")
    process, terminal = commands.on_a_terminal(hostile, *arguments)
    seen = commands.read_until(terminal)
    os.close(terminal)
    assert commands.end(process) == 0
    assert "\x1b" not in seen
    assert "\\x1b[31m" in seen
    code, written = commands.run(hostile, *arguments)
    assert code == 0
    assert "\x1b[31m" in written
