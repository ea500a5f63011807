"""Where a run cannot be kept it goes on all the same, says so once, and does not end well."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import processes
import pytest
from suites import Suite

HAS_FULL_DEVICE = Path("/dev/full").exists()
REMOVES = """
    import pathlib, shutil

    def removing(question):
        shutil.rmtree(pathlib.Path(__file__).parent / ".evalsuite", ignore_errors=True)
        return question
"""
LIMITED = """
    import resource, sys

    sys.dont_write_bytecode = True  # what is cut short here would break every later import
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # what a full disk is to whoever writes
"""


@pytest.fixture
def passing(suite: Suite) -> Suite:
    """A suite that passes if nothing goes wrong around it."""
    suite.cases(*(f"case-{n}: question {n} -> question {n}" for n in range(8)))
    return suite


def problems(output: str) -> list[str]:
    assert "INTERNALERROR" not in output
    assert "Traceback" not in output
    return [line.removeprefix("problem: ") for line in output.splitlines() if line.startswith("problem: ")]


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_a_file_where_the_folder_should_be(
    passing: Suite, workers: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (passing.path / ".evalsuite").write_text("mine")
    code, output = processes.run(passing, "--eval-json=run.json", *workers, beside="xdist", TMPDIR=str(tmp_path))
    (problem,) = problems(output)
    assert problem.startswith(f"cannot make a run directory in {passing.path / '.evalsuite'}: ")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert set(passing.statuses().values()) == {"passed"}
    assert (passing.path / ".evalsuite").read_text() == "mine"
    (kept,) = tmp_path.glob("evalsuite-*/runs/*/run.json")
    assert json.loads(kept.read_text())["status"] == "succeeded"
    assert str(kept.parent) in problem


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_a_folder_that_vanishes_while_cases_run(passing: Suite, workers: list[str]) -> None:
    passing.write("agents.py", REMOVES)
    passing.configure(agents=("removing = agents:removing",))
    code, output = processes.run(passing, "--eval-json=run.json", *workers, beside="xdist")
    assert len(problems(output)) == 1
    assert "No such file or directory" in problems(output)[0]
    assert code == pytest.ExitCode.TESTS_FAILED
    assert set(passing.statuses().values()) == {"passed"}
    assert not (passing.path / ".evalsuite").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits on the size of files")
def test_a_journal_that_grows_no_further(passing: Suite) -> None:
    passing.cases(*(f"case-{n}: {'long ' * 50} -> {'long ' * 50}" for n in range(8)))
    passing.write("conftest.py", LIMITED)
    unmeasured = {"COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""}  # it would write at the end, and fail
    code, output = processes.run(passing, "-p", "no:cacheprovider", **unmeasured)
    (problem,) = problems(output)
    assert problem.startswith("cannot write ")
    assert "results-main.jsonl: File too large" in problem
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "8 passed" in output
    (journal,) = passing.path.glob(".evalsuite/runs/*/results-main.jsonl")
    lines = journal.read_text().split("\n")
    assert len(lines) > 2
    assert all(json.loads(line)["status"] == "passed" for line in lines[:-1])


@pytest.mark.skipif(not HAS_FULL_DEVICE, reason="this system has no device that is always full")
def test_outputs_that_do_not_fit(passing: Suite) -> None:
    result = passing.run("--eval-json=/dev/full", "--eval-csv=/dev/full")
    assert problems(result.stdout.str()) == ["cannot write /dev/full: No space left on device"] * 2
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=8)
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_may_not_be_written_to(passing: Suite, tmp_path: Path) -> None:
    passing.path.chmod(0o500)
    try:
        code, output = processes.run(passing, "-p", "no:cacheprovider", TMPDIR=str(tmp_path))
    finally:
        passing.path.chmod(0o700)
    assert len(problems(output)) == 1
    assert "Permission denied" in problems(output)[0]
    assert code == pytest.ExitCode.TESTS_FAILED


@pytest.mark.skipif(not HAS_FULL_DEVICE, reason="this system has no device that is always full")
def test_without_a_terminal_section_the_exit_code_still_says_it(passing: Suite) -> None:
    assert passing.run("-p", "no:terminal", "--eval-json=/dev/full").ret == pytest.ExitCode.TESTS_FAILED
    assert passing.run("-p", "no:terminal", "--eval-json", "run.json").ret == pytest.ExitCode.OK
    assert set(passing.statuses().values()) == {"passed"}


@pytest.mark.parametrize("option", ["--eval-json", "--eval-csv"])
def test_a_folder_for_an_output_is_made(passing: Suite, option: str) -> None:
    result = passing.run(option, "new/folder/out")
    assert result.ret == pytest.ExitCode.OK
    assert (passing.path / "new" / "folder" / "out").stat().st_size > 100
    result.stdout.fnmatch_lines(["written: new/folder/out"])


@pytest.mark.parametrize("option", ["--eval-json", "--eval-csv"])
@pytest.mark.parametrize("path", [".", "agents.py/out"])
def test_an_output_that_cannot_be_is_refused_before_an_agent_is_called(suite: Suite, option: str, path: str) -> None:
    suite.configure(agents=("noted = agents:noted",))
    suite.cases("a: one -> one")
    result = suite.run(option, path)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: cannot write *"])
    assert suite.calls() == []


def test_an_output_that_pytest_took_for_a_place_of_tests_is_told_from_a_missing_configuration(
    passing: Suite, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "run.json"
    assert passing.run("--eval-json", elsewhere).ret == pytest.ExitCode.OK
    again = passing.run("--eval-json", elsewhere)
    assert again.ret == pytest.ExitCode.USAGE_ERROR
    again.stderr.fnmatch_lines([f"ERROR: write --eval-json={elsewhere}, with an equals sign: *"])
    assert passing.run(f"--eval-json={elsewhere}").ret == pytest.ExitCode.OK


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-folder"],
        ["set.eval.yaml::no-such-case"],
        ["--eval-agent", "nobody"],
        ["-k", "nothing_is_called_this"],
        ["bad.eval.yaml"],
    ],
)
def test_yesterdays_figures_never_stand_for_a_run_that_did_not_start(passing: Suite, arguments: list[str]) -> None:
    passing.write("bad.eval.yaml", "cases: what")
    for name in ("run.json", "run.csv"):
        passing.write(name, '"passed": 8')
    code = passing.run("--eval-json=run.json", "--eval-csv=run.csv", *arguments).ret
    assert code != pytest.ExitCode.OK
    for name in ("run.json", "run.csv"):
        path = passing.path / name
        assert not path.exists() or '"passed": 8' not in path.read_text()


def test_a_file_that_cannot_be_collected_fails_the_run_that_goes_on_without_it(passing: Suite) -> None:
    passing.write("bad.eval.yaml", "cases: what")
    result = passing.run("--eval-json=run.json", "--continue-on-collection-errors")
    result.assert_outcomes(passed=8, errors=1)
    run = json.loads((passing.path / "run.json").read_text())["run"]
    assert run["status"] == "failed"
    assert "bad.eval.yaml:1:" in run["error_message"]
    assert set(passing.statuses().values()) == {"passed"}
    assert result.ret != pytest.ExitCode.OK
