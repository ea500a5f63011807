"""A baseline is made of whole runs that somebody accepts, and of nothing else by accident."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
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


def test_a_run_counts_once(suite_of_three: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    suite_of_three.run()
    assert accept() == 0
    before = (suite_of_three.path / "base.json").read_bytes()
    capsys.readouterr()
    assert accept() == 1
    assert capsys.readouterr().err.endswith(" is in the baseline already\n")
    assert (suite_of_three.path / "base.json").read_bytes() == before


def test_cases_that_fail_are_no_reason_to_refuse_a_run(
    suite_of_three: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    assert suite_of_three.run().ret == 1
    capsys.readouterr()
    assert accept() == 0
    assert capsys.readouterr() == ("base.json: 3 cases, 1 run pooled, 3 new\n", "")


def test_a_run_that_is_a_regression_is_refused(
    suite_of_three: Suite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(5):
        suite_of_three.run()
        accept()
    monkeypatch.setenv("BROKEN", "one two")
    suite_of_three.run("--eval-baseline=base.json", "--eval-fail-on=regression")
    capsys.readouterr()
    assert accept() == 1
    told = capsys.readouterr().err
    assert "has not passed: " in told
    assert told.endswith("; to take it all the same, add --allow-failed\n")
    assert accept("--allow-failed") == 0


def test_a_part_of_a_run_drops_nothing(suite_of_three: Suite) -> None:
    suite_of_three.run()
    accept()
    suite_of_three.run("set.eval.yaml::a")
    assert accept("--allow-partial") == 0
    assert cases(suite_of_three.path) == {"a": "1/1 1/1", "b": "1/1 -", "c": "0/1 -"}


def test_a_test_set_that_is_gone_is_dropped_when_told_so(
    suite_of_three: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    other = suite_of_three.cases("z: one -> one", name="other.eval.yaml")
    suite_of_three.run()
    accept()
    other.unlink()
    suite_of_three.run()
    accept()
    assert cases(suite_of_three.path).keys() == {"a", "b", "c", "z"}
    suite_of_three.run()
    capsys.readouterr()
    accept("--prune")
    assert capsys.readouterr().out == "base.json: 3 cases, 3 runs pooled, 1 dropped\n"
    assert cases(suite_of_three.path).keys() == {"a", "b", "c"}


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema":', "[" * 100_000])
def test_a_file_that_is_no_baseline_is_left_as_it_is(
    text: str, suite_of_three: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    suite_of_three.run()
    suite_of_three.write("base.json", text)
    capsys.readouterr()
    assert accept() == 1
    told = capsys.readouterr()
    assert told.err.startswith("base.json: ")
    assert len(told.err.splitlines()) == 1
    assert (suite_of_three.path / "base.json").read_text() == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("accept", "latest", "--to", "."), "cannot read ."),
        (("accept", "latest", "--window", "0"), "--window: expected 1 or more, got 0"),
        (("accept", "old.json"), "old.json is a baseline itself: `evalsuite baseline merge` puts two together"),
        (("show", "no.json"), "there is no no.json: `evalsuite baseline accept RUN` makes it"),
        (("diff", "old.json", "no.json"), "there is no run or artifact at no.json"),
        (("merge", "old.json", "old.json", "--base", "no.json"), "there is no no.json"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    arguments: tuple[str, ...], message: str, suite_of_three: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    suite_of_three.run()
    main(["baseline", "accept", "latest", "--to", "old.json"])
    capsys.readouterr()
    assert main(["baseline", *arguments]) == 1
    told = capsys.readouterr()
    assert told.err.startswith(message)
    assert (told.out, len(told.err.splitlines())) == ("", 1)


def test_the_file_lies_in_the_folder_of_the_project(suite_of_three: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite_of_three.run()
    below = suite_of_three.path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    assert main(["baseline", "accept", "latest"]) == 0
    assert (suite_of_three.path / "evalsuite-baseline.json").is_file()
    assert main(["baseline", "show"]) == 0


def test_a_file_is_shown_case_by_case(
    suite_of_three: Suite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    suite_of_three.run()
    accept()
    monkeypatch.setenv("BROKEN", "two")
    suite_of_three.run()
    accept()
    capsys.readouterr()
    assert main(["baseline", "show", "base.json"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["passed", "score", "flaky", "case", "agent", "test", "set"],
        ["1.00", "(2/2)", "1.00", "-", "a", "echo", "set.eval.yaml"],
        ["0.50", "(1/2)", "0.50", "flaky", "b", "echo", "set.eval.yaml"],
        ["0.00", "(0/2)", "0.00", "-", "c", "echo", "set.eval.yaml"],
        ["3", "cases,", "1", "of", "them", "flaky,", "over", "2", "runs"],
    ]
    assert main(["baseline", "show", "base.json", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["window"], len(shown["evaluations"][0]["runs"])) == (10, 2)
    flaky = {one["case_id"]: (one["passes"], one["attempts"], one["score"], one["flaky"]) for one in shown["cases"]}
    assert flaky == {"a": (2, 2, 1.0, False), "b": (1, 2, 0.5, True), "c": (0, 2, 0.0, False)}


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


def git(folder: Path, *arguments: str, check: bool = True) -> str:
    identity = ("-c", "user.name=n", "-c", "user.email=n@localhost")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=check, capture_output=True, text=True).stdout


@pytest.fixture
def repository(suite_of_three: Suite) -> Suite:
    """A repository with the merge driver that the guide describes."""
    driver = f"{shlex.quote(sys.executable)} -m pytest_evalsuite baseline merge %A %B --base %O --output %A"
    git(suite_of_three.path, "init", "--initial-branch=main")
    git(suite_of_three.path, "config", "merge.evalsuite.driver", driver)
    suite_of_three.write(".gitattributes", "base.json merge=evalsuite\n")
    suite_of_three.write(".gitignore", ".evalsuite\n__pycache__\n.pytest_cache\n")
    keep(suite_of_three, "begin")
    return suite_of_three


def keep(suite: Suite, message: str) -> None:
    git(suite.path, "add", "--all")
    git(suite.path, "commit", "--message", message)


def renew(suite: Suite) -> None:
    suite.run()
    assert accept() == 0
    keep(suite, "renew")


@pytest.mark.skipif(os.name == "nt", reason="the driver is quoted for a POSIX shell")
@pytest.mark.parametrize("common", [1, 0], ids=["one that both had", "none that both had"])
def test_git_puts_the_files_of_two_branches_together(repository: Suite, common: int) -> None:
    for _ in range(common):
        renew(repository)
    git(repository.path, "switch", "--create", "topic")
    renew(repository)
    git(repository.path, "switch", "main")
    renew(repository)
    git(repository.path, "merge", "topic", "--message", "both")
    assert git(repository.path, "status", "--porcelain") == ""
    every = " ".join(["1/1"] * (common + 2))
    assert cases(repository.path) == {"a": every, "b": every, "c": every.replace("1/1", "0/1")}


@pytest.mark.skipif(os.name == "nt", reason="the driver is quoted for a POSIX shell")
def test_git_keeps_a_conflict_where_a_side_is_no_baseline(repository: Suite) -> None:
    renew(repository)
    git(repository.path, "switch", "--create", "topic")
    repository.write("base.json", "{}")
    keep(repository, "break it")
    git(repository.path, "switch", "main")
    renew(repository)
    before = cases(repository.path)
    git(repository.path, "merge", "topic", "--message", "both", check=False)
    assert git(repository.path, "diff", "--name-only", "--diff-filter=U") == "base.json\n"
    assert cases(repository.path) == before


def test_a_file_is_told_apart_from_that_of_a_commit(repository: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    renew(repository)
    renew(repository)
    capsys.readouterr()
    assert main(["baseline", "diff", "git:HEAD~1:base.json", "base.json"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1/1 -> 2/2  set.eval.yaml a [echo]",
        "1/1 -> 2/2  set.eval.yaml b [echo]",
        "0/1 -> 0/2  set.eval.yaml c [echo]",
        "3 cases of 3 differ",
    ]
    assert main(["baseline", "diff", "git:HEAD:base.json", "base.json"]) == 0
    assert capsys.readouterr().out == "0 cases of 3 differ\n"
