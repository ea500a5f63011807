"""What a pull request shows of a run."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest
from suites import Suite

from pytest_evalsuite.cli.main import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def failing(suite: Suite) -> Suite:
    suite.cases("a: one -> one", "b: '@org/team, 100%' -> zwei", "c: x -> y", name="sets/set.eval.yaml")
    return suite


def test_a_run_is_written_as_markdown(failing: Suite) -> None:
    result = failing.run("--eval-markdown=out/report.md")
    text = (failing.path / "out" / "report.md").read_text()
    assert text.startswith("## Evaluation: failed, 0.33 (1/3) passed")
    assert "pytest --eval-suite 'sets/set.eval.yaml::b' 'sets/set.eval.yaml::c'" in text
    result.stdout.fnmatch_lines(["written: out/report.md"])


@pytest.mark.parametrize("baseline", ["latest", "base.json"])
def test_a_comparison_is_written_as_markdown(failing: Suite, baseline: str) -> None:
    failing.run("--eval-json=base.json")
    failing.write("agents.py", "def echo(question):\n    return 'nothing'\n")
    failing.run(f"--eval-baseline={baseline}", "--eval-markdown=report.md")
    text = (failing.path / "report.md").read_text()
    assert "### Regressed: 1" in text
    assert "before\n\n```text\none\n```\n\nnow\n\n```text\nnothing\n```\n" in text
    assert "passed 1 of 1 before" in text
    assert "| pass rate (3 cases) | 0.33 | 0.00 | -33.3 points |" in text


def test_the_summary_of_the_job_is_appended_to(failing: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    path = failing.write("summary.md", "before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    failing.run("--eval-github=summary")
    assert path.read_text().startswith("before\n## Evaluation: failed")


def test_a_summary_that_cannot_be_written_is_said(failing: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    result = failing.run("--eval-github=summary", "sets/set.eval.yaml::a")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["problem: *$GITHUB_STEP_SUMMARY is not set*"])


def test_failed_cases_are_marked_in_their_files(failing: Suite) -> None:
    result = failing.run("--eval-github=annotations")
    commands = [line for line in result.outlines if line.startswith("::")]
    assert commands == [
        "::error file=sets/set.eval.yaml,line=4,title=b::score 0.00 < 1.00 (exact_match)",
        "::error file=sets/set.eval.yaml,line=5,title=c::score 0.00 < 1.00 (exact_match)",
    ]


def test_a_kept_run_is_exported_as_markdown(failing: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    failing.run()
    capsys.readouterr()
    assert main(["export", "latest", "--format", "markdown"]) == 0
    assert "### Failed: 2" in capsys.readouterr().out


def test_a_pull_request_is_red_for_the_broken_case_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["pull_request.py"])
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # the others that are installed take seconds
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_evalsuite.plugin")
    play = runpy.run_path(str(ROOT / "examples" / "pull_request.py"))["play"]
    assert play(tmp_path) == 0
    output = capsys.readouterr().out
    assert "### Regressed: 1" in output
    report = output.partition("## Evaluation")[2].partition("##### ")[0]
    assert report.count("fresh trials") == 1, "no reason is told twice"
    assert "exit codes: 1 with the broken case, 0 without it" in output
