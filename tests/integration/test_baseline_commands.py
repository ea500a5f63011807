"""A baseline is made of whole runs that somebody accepts, and of nothing else by accident."""

from __future__ import annotations

import json
from pathlib import Path

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


@pytest.fixture
def suite_of_three(suite: Suite) -> Suite:
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("echo = agents:answer",))
    suite.cases("a: one -> one", "b: two -> two", "c: three -> drei")
    return suite


def accept(*options: str) -> int:
    return main(["baseline", "accept", "latest", "--to", "base.json", *options])


def cases(path: Path) -> dict[str, str]:
    return {one["case"]: one["results"] for one in json.loads((path / "base.json").read_text())["cases"]}


def test_runs_are_pooled_case_by_case(suite_of_three: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite_of_three.run()
    assert accept() == 0
    monkeypatch.setenv("BROKEN", "two")
    suite_of_three.run()
    assert accept() == 0
    assert cases(suite_of_three.path) == {"a": "1/1 1/1", "b": "1/1 0/1", "c": "0/1 0/1"}
    assert main(["baseline", "show", "base.json"]) == 0


def test_only_the_last_runs_are_kept(suite_of_three: Suite) -> None:
    for _ in range(3):
        suite_of_three.run()
        assert accept("--window", "2") == 0
    assert cases(suite_of_three.path)["a"] == "1/1 1/1"


def test_a_run_that_changes_nothing_changes_no_line_of_a_case(suite_of_three: Suite) -> None:
    lines = []
    for _ in range(4):
        suite_of_three.run()
        accept("--window", "2")
        lines.append([line for line in (suite_of_three.path / "base.json").read_text().splitlines() if "case" in line])
    assert lines[2] == lines[3]


@pytest.mark.parametrize(
    ("options", "env", "switch"),
    [
        (("set.eval.yaml::a",), {}, "--allow-partial"),
        ((), {"RAISES": "two"}, "--allow-errors"),
    ],
)
def test_a_run_that_says_too_little_is_refused(
    suite_of_three: Suite,
    options: tuple[str, ...],
    env: dict[str, str],
    switch: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    suite_of_three.run(*options)
    capsys.readouterr()
    assert accept() == 1
    assert switch in capsys.readouterr().err
    assert not (suite_of_three.path / "base.json").exists()
    assert accept(switch) == 0


def test_a_run_that_has_missed_its_gate_is_refused(suite_of_three: Suite) -> None:
    text = (suite_of_three.path / "set.eval.yaml").read_text()
    suite_of_three.write("set.eval.yaml", "gate: {pass_rate: 0.9}\n" + text)
    suite_of_three.run()
    assert accept() == 1
    assert accept("--allow-failed") == 0


def test_a_case_that_has_changed_begins_anew_when_told_so(
    suite_of_three: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    suite_of_three.run()
    accept()
    suite_of_three.cases("a: one -> one", "b: two -> two", "c: three -> three")
    suite_of_three.run()
    capsys.readouterr()
    assert accept() == 1
    assert "1 case changed since the baseline (c)" in capsys.readouterr().err
    assert accept("--allow-changed") == 0
    assert cases(suite_of_three.path) == {"a": "1/1 1/1", "b": "1/1 1/1", "c": "- 1/1"}


def test_a_run_counts_once(suite_of_three: Suite) -> None:
    suite_of_three.run()
    assert accept() == 0
    assert accept() == 1


def test_two_branches_are_put_together(suite_of_three: Suite) -> None:
    suite_of_three.run()
    accept()
    base = (suite_of_three.path / "base.json").read_text()
    sides = []
    for name in ("ours", "theirs"):
        suite_of_three.write("base.json", base)
        suite_of_three.run()
        accept()
        sides.append(suite_of_three.write(f"{name}.json", (suite_of_three.path / "base.json").read_text()))
    suite_of_three.write("old.json", base)
    assert main(["baseline", "merge", "ours.json", "theirs.json", "--base", "old.json", "--output", "base.json"]) == 0
    assert cases(suite_of_three.path)["a"] == "1/1 1/1 1/1"


def test_runs_are_compared_from_the_command_line(
    suite_of_three: Suite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    suite_of_three.run()
    monkeypatch.setenv("BROKEN", "one two")
    suite_of_three.run()
    capsys.readouterr()
    assert main(["compare", "latest~1", "latest", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["paired"], found["counts"]["regressed"], found["counts"]["still_failing"]) == (3, 2, 1)
    assert main(["compare", "latest~1", "latest"]) == 0
    assert "regressed: set.eval.yaml a" in capsys.readouterr().out
    assert main(["compare", "latest~1", "nothing"]) == 1
    assert main(["compare", "latest~1", "latest", "--fail-on", "regression"]) == 0, "two of three may be bad luck"
    capsys.readouterr()
    assert main(["compare", "latest~1", "latest", "--format", "markdown"]) == 0
    assert "### Regressed: 2" in capsys.readouterr().out


def test_cases_are_paired_by_a_column(suite_of_three: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    suite_of_three.run()
    suite_of_three.cases("x: one -> one", "y: two -> two", "z: three -> drei")
    suite_of_three.run()
    capsys.readouterr()
    main(["compare", "latest~1", "latest", "--format", "json"])
    assert json.loads(capsys.readouterr().out)["counts"]["added"] == 3
    main(["compare", "latest~1", "latest", "--format", "json", "--key", "question"])
    assert json.loads(capsys.readouterr().out)["paired"] == 3


def test_the_difference_of_two_files_is_told_case_by_case(
    suite_of_three: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    suite_of_three.run()
    accept()
    suite_of_three.write("old.json", (suite_of_three.path / "base.json").read_text())
    suite_of_three.cases("a: one -> one", "c: three -> three", "d: four -> four")
    suite_of_three.run()
    accept("--allow-changed")
    capsys.readouterr()
    assert main(["baseline", "diff", "old.json", "base.json"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1/1 -> 2/2  set.eval.yaml a [echo]",
        "1/1 -> none  set.eval.yaml b [echo]",
        "0/1 -> 1/1  set.eval.yaml c [echo] (expectation changed)",
        "none -> 1/1  set.eval.yaml d [echo]",
        "4 cases of 4 differ",
    ]
