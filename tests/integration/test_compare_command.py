"""Two runs, or a run and a baseline, are compared from the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from suites import Suite

from pytest_evalsuite.cli.main import main

AGENTS = """
    import os

    def answer(question):
        if question in os.environ.get("RAISES", "").split():
            raise KeyError(question)
        return "worse" if question in os.environ.get("BROKEN", "").split() else question
"""
CASES = [f"case-{number:02}: q{number} -> q{number}" for number in range(12)]


@pytest.fixture
def project(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Two runs of twelve cases, in the second of which two got worse."""
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("echo = agents:answer",))
    suite.cases(*CASES)
    suite.run("--eval-run-name=before", "--eval-json=before.json")
    monkeypatch.setenv("BROKEN", "q0 q1")
    suite.run("--eval-run-name=after", "--eval-json=after.json")
    return suite


def compared(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert main(["compare", *arguments, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("base", "new"),
    [("latest~1", "latest"), ("before", "after"), ("before.json", "after.json"), ("before", "after.json")],
)
def test_sides_are_named_as_runs_or_artifacts(
    base: str, new: str, project: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    found = compared(capsys, base, new)
    assert (found["paired"], found["counts"]["regressed"], found["counts"]["still_passing"]) == (12, 2, 10)
    assert [case["case_id"] for case in found["cases"]["regressed"]] == ["case-00", "case-01"]
    assert (found["base"]["reference"], found["new"]["reference"]) == (base, new)


def test_the_text_says_what_got_worse_and_what_it_means(project: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["compare", "before", "after"]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0] == "compared with run before (before): 12 paired"
    assert "  regressed: set.eval.yaml case-00 [echo] (passed 1 of 1 before, 0 of 1 now)" in lines
    assert any(line.startswith("verdict: ") for line in lines)
    assert said.err == ""


def test_markdown_tells_of_the_run_and_its_comparison(
    project: Suite, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    below = project.path / "below"
    below.mkdir()
    for place, new in ((project.path, "after.json"), (project.path, "after"), (below, "after.json")):
        monkeypatch.chdir(place)
        capsys.readouterr()
        assert main(["compare", "before", new, "--format", "markdown"]) == 0
        assert "### Regressed: 2" in capsys.readouterr().out


def test_a_file_named_like_a_run_is_what_both_forms_tell_of(
    project: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("after", (project.path / "before.json").read_bytes())
    assert compared(capsys, "before", "after")["counts"]["regressed"] == 0
    assert main(["compare", "before", "after", "--format", "markdown"]) == 0
    assert "Regressed: 2" not in capsys.readouterr().out


def test_a_baseline_is_compared_with_but_not_told_of_case_by_case(
    project: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["baseline", "accept", "before", "--to", "base.json"]) == 0
    assert compared(capsys, "base.json", "after")["counts"]["regressed"] == 2
    assert main(["compare", "before", "base.json", "--format", "markdown"]) == 1
    assert capsys.readouterr() == ("", "--format markdown tells of a run case by case, and base.json is none\n")


def test_the_exit_code_says_nothing_unless_it_is_asked_to(project: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKEN", " ".join(f"q{number}" for number in range(12)))
    project.run("--eval-run-name=broken")
    assert main(["compare", "before", "broken"]) == 0
    assert main(["compare", "before", "broken", "--fail-on", "never"]) == 0
    assert main(["compare", "before", "broken", "--fail-on", "regression"]) == 1
    assert main(["compare", "broken", "before", "--fail-on", "regression"]) == 0
    assert main(["compare", "before", "before", "--fail-on", "regression"]) == 0


def test_what_cannot_be_compared_is_no_pass(project: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    project.cases("other: one -> one")
    project.run("--eval-run-name=other")
    assert compared(capsys, "before", "other")["verdict"] == "not comparable"
    assert main(["compare", "before", "other", "--fail-on", "regression"]) == 1


def test_cases_are_paired_by_a_column(project: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    project.cases(*(case.replace("case-", "renamed-") for case in CASES))
    project.run("--eval-run-name=renamed")
    found = compared(capsys, "before", "renamed")
    assert (found["paired"], found["counts"]["added"], found["counts"]["removed"]) == (0, 12, 12)
    found = compared(capsys, "before", "renamed", "--key", "question")
    assert (found["paired"], found["counts"]["regressed"], found["counts"]["added"]) == (12, 2, 0)


def test_a_value_that_many_cases_have_is_ambiguous(project: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    found = compared(capsys, "before", "after", "--key", "test_method")
    assert (found["paired"], found["cases"]["ambiguous"]) == (0, ["set.eval.yaml: exact_match"])


def test_cases_of_one_group_are_no_independent_evidence(project: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    alone = compared(capsys, "before", "after")["score"]["interval"]
    clustered = compared(capsys, "before", "after", "--group", "actual_response")["score"]["interval"]
    assert alone is not None
    assert clustered != alone


def test_an_error_is_neither_better_nor_worse(
    project: Suite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAISES", "q0 q1")
    project.run("--eval-run-name=down")
    counts = compared(capsys, "before", "down")["counts"]
    assert (counts["without_verdict"], counts["regressed"]) == (2, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("before", "nothing"), "there is no run 'nothing'"),
        (("before", ""), "expected a run's id, its name, latest, or a path, got nothing"),
        (("empty.json", "after"), "empty.json: the file is empty"),
        (("odd.json", "after"), "FOLDER/odd.json: a result of set.eval.yaml is not as an artifact has it"),
        (("base.json", "after", "--key", "question"), "base.json: a baseline knows cases by their ids only"),
        (("git:before.json", "after"), "git:before.json: "),
    ],
)
def test_what_is_no_side_is_told_in_a_line(
    arguments: tuple[str, ...], message: str, project: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["baseline", "accept", "before", "--to", "base.json"])
    project.write("empty.json", b"")
    odd = project.artifact("before.json")
    odd["evaluations"][0]["results"][0]["statistics"] = {}
    project.write("odd.json", json.dumps(odd).encode())
    capsys.readouterr()
    assert main(["compare", *arguments]) == 1
    said = capsys.readouterr()
    assert said.err.startswith(message.replace("FOLDER", str(project.path)))
    assert (said.out, len(said.err.splitlines())) == ("", 1)
