"""A run that was stopped goes on: what it has paid for stands, and what does not stand is named."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import processes
import pytest
from suites import Suite, without_varying

AGENTS = """
    import os, signal, time

    def note(question):
        with open("calls.txt", "a", encoding="utf-8") as calls:
            calls.write(question + "\\n")

    def answer(question):
        note(question)
        if question == os.environ.get("DIES_AT"):
            os.kill(os.getpid(), signal.SIGKILL)
        if question == os.environ.get("BREAKS_AT"):
            raise KeyError(question)
        if question == os.environ.get("STAYS_AT"):
            time.sleep(60)
        return question
"""
CASES = [f"{name}: q-{name} -> q-{name}" for name in "abcde"]


@pytest.fixture
def stopped(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A suite of five cases whose run was killed while the third was asked."""
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("echo = agents:answer",))
    suite.cases(*CASES)
    monkeypatch.setenv("DIES_AT", "q-c")
    suite.run_subprocess("-p", "no:xdist")
    monkeypatch.delenv("DIES_AT")
    assert suite.calls() == ["q-a", "q-b", "q-c"]
    (suite.path / "calls.txt").unlink()
    return suite


def runs(suite: Suite) -> list[Path]:
    return sorted((suite.path / ".evalsuite" / "runs").iterdir())


@pytest.mark.parametrize("options", [["-p", "no:xdist"], ["-n", "2"]], ids=["alone", "xdist"])
def test_a_resumed_run_asks_only_what_has_no_result(stopped: Suite, options: list[str]) -> None:
    result = stopped.run_subprocess("--eval-resume", "--eval-json=run.json", *options)
    assert result.ret == 0
    assert sorted(stopped.calls()) == ["q-c", "q-d", "q-e"]
    first, _ = runs(stopped)
    assert stopped.artifact()["run"]["resume"] == {
        "from": first.name,
        "reused": 2,
        "asked": {"no result": 3},
        "dropped": [],
    }
    assert stopped.statuses() == dict.fromkeys("abcde", "passed")
    result.stdout.fnmatch_lines([f"resumed from {first.name}: 2 reused, 3 asked (3 no result)*"])


def test_a_resumed_run_ends_with_the_artifact_of_an_undisturbed_one(stopped: Suite) -> None:
    stopped.run_subprocess("--eval-resume", "--eval-json=resumed.json")
    stopped.run_subprocess("--eval-json=whole.json")
    resumed, whole = (without_varying(stopped.artifact(name)) for name in ("resumed.json", "whole.json"))
    assert resumed == whole


def test_results_of_every_process_are_found(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("echo = agents:answer",))
    suite.cases(*CASES)
    monkeypatch.setenv("BREAKS_AT", "q-b")
    suite.run_subprocess("-n", "2")
    (suite.path / "calls.txt").unlink()
    monkeypatch.delenv("BREAKS_AT")
    assert suite.run("--eval-resume").ret == 0
    assert suite.calls() == ["q-b"]


@pytest.mark.parametrize("name", ["latest", "{id}", "{short}", "{path}", "nightly"])
def test_a_run_to_go_on_with_is_named_as_any_run(stopped: Suite, name: str) -> None:
    (first,) = runs(stopped)
    info = json.loads((first / "run.json").read_text())
    (first / "run.json").write_text(json.dumps({**info, "name": "nightly"}))
    reference = name.format(id=first.name, short=first.name[-8:-2], path=first.relative_to(stopped.path))
    assert stopped.run(f"--eval-resume={reference}").ret == 0
    assert stopped.calls() == ["q-c", "q-d", "q-e"]


def test_what_has_changed_since_is_asked_again_and_named(stopped: Suite) -> None:
    stopped.cases("a: q-a2 -> q-a2", *CASES[1:])
    result = stopped.run("--eval-resume", "--eval-json=run.json")
    assert stopped.calls() == ["q-a2", "q-c", "q-d", "q-e"]
    (dropped,) = stopped.artifact()["run"]["resume"]["dropped"]
    assert (dropped["case_id"], dropped["reason"]) == ("a", "question, expectation changed")
    result.stdout.fnmatch_lines(["*1 dropped: question, expectation changed (a)"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("--eval-iterations=2",), "asked 1, now 2 mean"),
        (("set.eval.yaml::a",), "not among the selected cases"),
    ],
)
def test_what_is_asked_otherwise_is_named(stopped: Suite, change: tuple[str, ...], reason: str) -> None:
    stopped.run("--eval-resume", "--eval-json=run.json", *change)
    assert reason in {one["reason"] for one in stopped.artifact()["run"]["resume"]["dropped"]}


def test_results_of_another_agent_are_not_mixed_in(stopped: Suite) -> None:
    stopped.write("agents.py", AGENTS.replace("return question", "return question  # better"))
    result = stopped.run("--eval-resume")
    assert stopped.calls() == [f"q-{name}" for name in "abcde"]
    result.stdout.fnmatch_lines(["*2 dropped: agent changed (a, b)"])


def test_an_agent_may_say_itself_when_it_has_changed(suite: Suite) -> None:
    agents = AGENTS + '\n    answer.eval_version = "1"\n'
    suite.write("agents.py", agents)
    suite.configure(agents=("echo = agents:answer",))
    suite.cases(*CASES)
    suite.run()
    (suite.path / "calls.txt").unlink()
    suite.write("agents.py", agents + "\n    # a comment\n")
    suite.run("--eval-resume")
    assert suite.calls() == []
    suite.write("agents.py", agents.replace('"1"', '"2"'))
    suite.run("--eval-resume")
    assert len(suite.calls()) == 5


def test_errors_are_asked_again(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("echo = agents:answer",))
    suite.cases(*CASES[:2], "f: q-f -> nothing")
    monkeypatch.setenv("BREAKS_AT", "q-b")
    assert suite.run().ret == 1
    (suite.path / "calls.txt").unlink()
    monkeypatch.delenv("BREAKS_AT")
    result = suite.run("--eval-resume", "--eval-json=run.json")
    assert suite.calls() == ["q-b"]
    assert suite.artifact()["run"]["resume"]["asked"] == {"was an error": 1}
    assert suite.statuses() == {"a": "passed", "b": "passed", "f": "failed"}
    assert result.ret == 1, "a failure that stands fails again"
    result.assert_outcomes(passed=2, failed=1)


def test_a_finished_run_is_told_again_without_a_call(suite: Suite) -> None:
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("echo = agents:answer",))
    suite.cases(*CASES)
    suite.run()
    (suite.path / "calls.txt").unlink()
    result = suite.run("--eval-resume")
    assert (result.ret, suite.calls()) == (0, [])
    result.assert_outcomes(passed=5)


def test_a_resume_that_is_killed_before_its_first_result_loses_nothing(
    stopped: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped.cases("0: q-0 -> q-0", *CASES)
    monkeypatch.setenv("DIES_AT", "q-0")
    stopped.run_subprocess("-p", "no:xdist", "--eval-resume")
    monkeypatch.delenv("DIES_AT")
    (stopped.path / "calls.txt").unlink()
    assert stopped.run("--eval-resume").ret == 0
    assert stopped.calls() == ["q-0", "q-c", "q-d", "q-e"]


def test_a_run_is_killed_again_and_again_and_comes_to_its_end(stopped: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "cde":
        monkeypatch.setenv("DIES_AT", f"q-{name}")
        stopped.run_subprocess("-p", "no:xdist", "--eval-resume")
    monkeypatch.delenv("DIES_AT")
    assert stopped.run_subprocess("--eval-resume", "--eval-json=run.json").ret == 0
    assert stopped.statuses() == dict.fromkeys("abcde", "passed")
    assert sorted(stopped.calls()) == ["q-c", "q-c", "q-d", "q-d", "q-e", "q-e"]


def test_an_artifact_can_be_gone_on_with(stopped: Suite) -> None:
    stopped.run("--eval-resume", "--eval-json=kept.json")
    (stopped.path / "calls.txt").unlink()
    shutil.rmtree(stopped.path / ".evalsuite")
    assert stopped.run("--eval-resume=kept.json").ret == 0
    assert stopped.calls() == []


def test_a_result_that_stands_needs_no_fixture(stopped: Suite) -> None:
    stopped.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture(autouse=True)
        def noted(request):
            with open("fixtures.txt", "a") as file:
                file.write(request.node.name + "\\n")
        """,
    )
    stopped.run("--eval-resume")
    assert (stopped.path / "fixtures.txt").read_text().split() == ["c", "d", "e"]


def test_marks_of_today_hold_for_results_of_yesterday(stopped: Suite) -> None:
    stopped.write(
        "set.eval.yaml",
        """
        defaults: {test_method: exact_match}
        cases:
          - {id: a, question: q-a, expected_response: q-a, skip: not today}
          - {id: b, question: q-b, expected_response: q-b, tags: [new]}
        """,
    )
    stopped.run("--eval-resume", "--eval-json=run.json")
    assert stopped.statuses() == {"a": "skipped", "b": "passed"}
    record = stopped.results()["b"]
    assert (record["tags"], record["line"]) == (["new"], 4)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--eval-resume=nothing", "--eval-resume: *nothing*"),
        ("--eval-resume", "--eval-resume: *"),
        ("--eval-regrade=nothing", "--eval-regrade: *nothing*"),
    ],
)
def test_a_run_that_is_not_there_is_a_usage_error(suite: Suite, option: str, message: str) -> None:
    suite.configure(agents=("echo = agents:noted",))
    suite.cases("a: one -> one")
    result = suite.run(option)
    assert (result.ret, suite.calls()) == (pytest.ExitCode.USAGE_ERROR, [])
    result.stderr.fnmatch_lines([f"ERROR: {message}"])


def test_a_path_that_is_taken_for_a_run_says_how_to_write_it(suite: Suite) -> None:
    suite.cases("a: one -> one", name="suites/set.eval.yaml")
    result = suite.run("--eval-resume", "suites")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*write --eval-resume=latest suites*"])


def test_to_go_on_and_to_grade_again_contradict_each_other(suite: Suite) -> None:
    suite.cases("a: one -> one")
    suite.run()
    result = suite.run("--eval-resume", "--eval-regrade=latest")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--eval-resume and --eval-regrade*keep one"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("workers", ["", "-n2"], ids=["alone", "xdist"])
def test_a_signal_stops_a_run_and_loses_nothing(suite: Suite, number: signal.Signals, workers: str) -> None:
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("echo = agents:answer",))
    suite.cases(*CASES)
    options = [workers, "--eval-json=run.json"] if workers else ["--eval-json=run.json"]
    process = processes.start(suite, *options, beside="xdist" if workers else "", STAYS_AT="q-c")
    processes.wait_until(lambda: "q-c" in suite.calls())
    process.send_signal(number)
    code, output = processes.finish(process)
    assert code == pytest.ExitCode.INTERRUPTED
    run = suite.artifact()["run"]
    assert run["status"] == "cancelled"
    assert run["error_message"] == ("interrupted" if number == signal.SIGINT else f"interrupted by {number.name}")
    assert suite.statuses()["c"] == "not_run"
    passed = [name for name, status in suite.statuses().items() if status == "passed"]
    assert f"--eval-resume={run['id']}" in output.decode()
    (suite.path / "calls.txt").unlink()
    assert suite.run("--eval-resume", "--eval-json=run.json").ret == 0
    assert suite.statuses() == dict.fromkeys("abcde", "passed")
    asked = {question.removeprefix("q-") for question in suite.calls()}
    assert "c" in asked
    assert not asked & set(passed)


def test_a_second_signal_does_not_keep_the_run_from_being_written(suite: Suite) -> None:
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("echo = agents:answer",))
    suite.cases(*CASES)
    process = processes.start(suite, "--eval-json=run.json", STAYS_AT="q-c")
    processes.wait_until(lambda: "q-c" in suite.calls())
    for _ in range(2):
        process.send_signal(signal.SIGTERM)
    code, _ = processes.finish(process)
    assert code == pytest.ExitCode.INTERRUPTED
    assert suite.artifact()["run"]["status"] == "cancelled"


def test_a_signal_that_the_user_handles_stays_his(suite: Suite) -> None:
    suite.write("conftest.py", "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n")
    suite.write(
        "agents.py",
        """
        import os, signal

        def stubborn(question):
            os.kill(os.getpid(), signal.SIGTERM)
            return question
        """,
    )
    suite.configure(agents=("stubborn = agents:stubborn",))
    suite.cases("a: one -> one")
    assert processes.run(suite)[0] == 0
