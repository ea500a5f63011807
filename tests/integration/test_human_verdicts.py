"""With `--eval-human-verdicts`, what people have said of the same answers counts in the gate, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import processes
import pytest
from suites import Suite

from pytest_evalsuite.assessments import Assessments
from pytest_evalsuite.cli.main import main
from pytest_evalsuite.runs.schema import artifact_schema

OPTION = "--eval-human-verdicts"
HOSTILE = "ann\x1b[31m ::error:: ##[error]"


@pytest.fixture
def judged(suite: Suite) -> Suite:
    """A suite whose kept run has a failed case that ann approves and a passed one that bob rejects."""
    suite.cases("good: one -> one", "waived: two -> zwei", "bad: three -> three")
    suite.run()
    say(suite, "waived", approval="approved", comment="as good as it", by="ann")
    say(suite, "bad", approval="rejected", comment="rude", by="bob")
    return suite


def newest(suite: Suite) -> Path:
    return max((suite.path / ".evalsuite" / "runs").iterdir())


def say(suite: Suite, case: str, run: Path | None = None, **content: Any) -> str:
    """Assess the first answer to a case of a run, by default of the newest; gives the assessment's id."""
    assessments = Assessments(run or newest(suite))
    trace = next(answer.trace_id for answer in assessments.answers if answer.key.case_id == case)
    return assessments.create(trace, **content).assessment_id


def run(suite: Suite, *arguments: str) -> tuple[pytest.RunResult, dict[str, Any]]:
    result = suite.run("--eval-json=run.json", *arguments)
    jsonschema.validate(suite.artifact(), artifact_schema())
    return result, suite.results()


def test_a_persons_verdict_counts_and_the_machines_stays(judged: Suite) -> None:
    result, records = run(judged, OPTION, "-v")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*::good PASSED 1.00 *",
            "*::waived PASSED 0.00 (approved by ann) *",
            "*::bad FAILED 1.00 (rejected by bob) *",
            "rejected by bob: rude (score 1.00 >= 1.00 (exact_match))",
            "set *0.67 (2/3) *",
            "people's verdicts: 1 failed counts as passed, 1 passed counts as failed",
            "failure:",
            "  rejected by bob: rude (score 1.00 >= 1.00 (exact_match))  set.eval.yaml:5 bad",
        ]
    )
    assert judged.statuses() == {"good": "passed", "waived": "failed", "bad": "passed"}
    waived = records["waived"]["human_verdict"]
    assert {key: waived[key] for key in ("approval", "by", "comment", "expires")} == {
        "approval": "approved",
        "by": "ann",
        "comment": "as good as it",
        "expires": None,
    }
    assert waived["run"] == min((judged.path / ".evalsuite" / "runs").iterdir()).name
    totals = judged.artifact()["totals"]
    assert [totals[key] for key in ("passed", "failed", "approved_failures", "rejected_passes")] == [2, 1, 1, 1]
    assert judged.artifact()["gate"]["reasons"] == ["1 of 3 cases failed"]


def test_a_run_whose_only_failure_is_approved_passes(suite: Suite) -> None:
    suite.cases("good: one -> one", "waived: two -> zwei")
    assert suite.run().ret == 1
    say(suite, "waived", approval="approved", by="ann")
    result, _ = run(suite, OPTION)
    assert result.ret == 0
    assert suite.artifact()["gate"]["passed"] is True


def test_it_is_undone_by_deleting_it_or_leaving_the_option_out(judged: Suite) -> None:
    kept = newest(judged)
    result, records = run(judged)
    result.assert_outcomes(passed=2, failed=1)
    assert not any("human_verdict" in one for one in records.values())
    assessments = Assessments(kept)
    for one in assessments.list():
        assessments.delete(one.assessment_id, by=one.created_by)
    run(judged, OPTION)[0].assert_outcomes(passed=2, failed=1)


def test_the_ini_value_means_the_same(judged: Suite) -> None:
    judged.configure("evalsuite_human_verdicts = true")
    _, records = run(judged)
    assert records["waived"]["human_verdict"]["approval"] == "approved"


def test_the_option_alone_does_nothing_and_is_refused(suite: Suite) -> None:
    result = suite.run_idle(OPTION)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--eval-human-verdicts does nothing without --eval-suite*"])


def test_another_answer_question_or_agent_has_no_verdict(judged: Suite) -> None:
    judged.write("agents.py", "def echo(question):\n    return question.upper()\n")
    assert not any("human_verdict" in one for one in run(judged, OPTION)[1].values())
    judged.write(
        "agents.py", "def echo(question):\n    return question\n\ndef other(question):\n    return question\n"
    )
    judged.configure(agents=("echo = agents:echo", "other = agents:other"))
    assert not any("human_verdict" in one for one in run(judged, OPTION, "--eval-agent", "other")[1].values())
    judged.cases("waived: two -> zwo", "bad: three -> three", "renamed: two -> zwei")
    records = run(judged, OPTION, "--eval-agent", "echo")[1]
    assert {key for key, one in records.items() if "human_verdict" in one} == {"bad", "renamed"}


def test_what_does_not_count_is_said_with_its_reason(judged: Suite) -> None:
    first = newest(judged)
    say(judged, "bad", first, approval="approved", by="cid")
    say(judged, "good", first, approval="approved", expires="2020-02-29", by="ann")
    result, records = run(judged, OPTION)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "note: set.eval.yaml good *echo*: the approval by ann has expired on 2020-02-29",
            "note: set.eval.yaml bad *echo*: people disagree: rejected by bob, approved by cid",
        ]
    )
    assert records["bad"]["human_verdict"]["not_counted"].startswith("people disagree")


def test_an_error_is_nobodys_opinion(suite: Suite) -> None:
    suite.write("agents.py", "def echo(question):\n    raise KeyError(question)\n")
    suite.cases("a: one -> one")
    suite.run()
    say(suite, "a", approval="approved", by="ann")
    result, records = run(suite, OPTION)
    result.assert_outcomes(errors=1)
    assert "human_verdict" not in records["a"]


def test_a_known_failure_that_is_approved_stays_one_and_counts_as_passed_in_the_gate(suite: Suite) -> None:
    suite.configure("xfail_strict = true")
    suite.write(
        "set.eval.yaml",
        "gate: {pass_rate: 1.0}\n"
        "cases: [{id: a, question: b, expected_response: c, test_method: exact_match, xfail: a bug}]\n",
    )
    assert suite.run().ret == 1
    say(suite, "a", approval="approved", by="ann")
    result, _ = run(suite, OPTION)
    result.assert_outcomes(xfailed=1)
    assert result.ret == 0
    assert suite.artifact()["totals"]["known_failures"] == 1


def test_gates_and_required_cases_are_held_to_what_counts(suite: Suite) -> None:
    head = "gate: {pass_rate: 1.0, max_failures: 0}"
    suite.cases("good: one -> one", "waived: two -> zwei", head=head)
    suite.run()
    say(suite, "waived", approval="approved", by="ann")
    result, _ = run(suite, OPTION, "--eval-fail-on=gate")
    assert result.ret == 0
    assert [bar["measured"] for bar in suite.artifact()["gate"]["bars"]] == [1.0, 0]
    say(suite, "good", approval="rejected", by="ann")
    result, _ = run(suite, OPTION, "--eval-fail-on=gate")
    result.assert_outcomes(passed=1, xfailed=1)
    assert result.ret == 1
    assert [bar["measured"] for bar in suite.artifact()["gate"]["bars"]] == [0.5, 1]
    assert run(suite, OPTION, "--eval-fail-on=never")[0].ret == 0


def test_a_rejection_is_a_regression_and_an_approval_takes_one_away(suite: Suite) -> None:
    suite.configure(agents=("noted = agents:noted",))
    suite.cases(*(f"c{number}: same -> same" for number in range(6)))
    suite.run("--eval-json=base.json")
    gate = ("--eval-fail-on=regression", "--eval-baseline=base.json")
    suite.write("agents.py", (suite.path / "agents.py").read_text().replace("return question", "return 'worse'"))
    assert run(suite, *gate)[0].ret == 1
    assert suite.artifact()["gate"]["verdict"] == "regression"
    for number in range(6):
        say(suite, f"c{number}", approval="approved", by="ann")
    asked = len(suite.calls())
    result, _ = run(suite, OPTION, *gate)
    assert result.ret == 0
    assert suite.artifact()["gate"]["verdict"] == "passed"
    assert len(suite.calls()) == asked + 6  # nothing is asked again
    say(suite, "c0", approval="rejected", by="ann")
    result, _ = run(suite, OPTION, *gate)
    assert result.ret == 1


def test_stored_answers_have_the_same_verdicts(judged: Suite) -> None:
    said = {"waived": "approved", "bad": "rejected"}
    judged.run("--eval-record")
    for option in ("--eval-resume=latest", "--eval-regrade=latest~1", "--eval-replay=latest~2"):
        result, records = run(judged, OPTION, option)
        result.assert_outcomes(passed=2, failed=1)
        assert {k: v["human_verdict"]["approval"] for k, v in records.items() if "human_verdict" in v} == said
    result, records = run(judged, "--eval-resume=latest")
    assert not any("human_verdict" in one for one in records.values())
    assert judged.statuses() == {"good": "passed", "waived": "failed", "bad": "passed"}


def test_workers_of_xdist_know_what_people_said(judged: Suite) -> None:
    say(judged, "good", approval="approved", expires="2020-01-01", by="ann")
    code, written = processes.run(judged, OPTION, "-n2", "--eval-json=run.json", beside="xdist")
    assert code == 1
    assert "2 passed" in written
    assert "1 failed" in written
    assert "rejected by bob: rude" in written
    assert "has expired on 2020-01-01" in written
    assert judged.artifact()["totals"]["approved_failures"] == 1


def test_attempts_are_judged_one_by_one(suite: Suite) -> None:
    suite.write(
        "agents.py", "count = 0\ndef echo(question):\n    global count\n    count += 1\n    return 'ab'[count % 2]\n"
    )
    suite.cases("a: one -> b")
    options = ("--eval-iterations=3",)
    suite.configure("evalsuite_pass_rule = all")
    suite.run(*options)
    say(suite, "a", approval="approved", by="ann")  # its first answer, b
    assert run(suite, OPTION, *options)[0].ret == 1
    assessments = Assessments(newest(suite))
    wrong = next(one for one in assessments.answers if one.told["actual_response"] == "a")
    assessments.create(wrong.trace_id, approval="approved", by="ann")
    result, records = run(suite, OPTION, *options)
    assert result.ret == 0
    assert records["a"]["status"] == "failed"
    assert records["a"]["human_verdict"]["passed_attempts"] == 3


def test_names_and_comments_are_data(suite: Suite) -> None:
    suite.cases("a: one -> one", "b: two -> zwei")
    suite.run()
    say(suite, "a", approval="rejected", comment=f"{HOSTILE}\n::error::x", by=HOSTILE)
    say(suite, "b", approval="approved", comment=HOSTILE, by=HOSTILE)
    result, _ = run(suite, OPTION, "-vv", "--eval-markdown=run.md", "--junitxml=junit.xml", "--eval-csv=run.csv")
    written = result.stdout.str()
    assert "\x1b[31m ::" not in written
    assert "\n::error::" not in written
    assert "##[error]" not in written
    assert "ann\\x1b[31m" in written
    markdown = (suite.path / "run.md").read_text(encoding="utf-8")
    assert "### Overruled by people: 2" in markdown
    assert "\x1b" not in markdown
    assert "\n::" not in markdown


def test_reports_of_a_kept_run_tell_of_it(judged: Suite, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    run(judged, OPTION)
    monkeypatch.chdir(judged.path)
    capsys.readouterr()
    main(["show", "latest"])
    shown = capsys.readouterr().out
    assert "passed (rejected)" in shown
    assert "failed (approved)" in shown
    main(["show", "latest", "--case", "waived"])
    assert "people        approved by ann: as good as it" in capsys.readouterr().out
    main(["export", "latest", "--format", "junit"])
    document = capsys.readouterr().out
    assert 'failures="1"' in document
    assert 'name="human_verdict" value="approved by ann: as good as it"' in document
    main(["export", "latest", "--format", "csv"])
    assert '"rejected by bob: rude"' in capsys.readouterr().out


def test_a_broken_log_is_told_of_and_the_run_goes_on(judged: Suite) -> None:
    log = newest(judged) / "assessments.jsonl"
    log.write_bytes(log.read_bytes() + b"{")
    result, _ = run(judged, OPTION)
    result.stdout.fnmatch_lines(["note: run *: assessments.jsonl:3: this line cannot be used: it was cut off"])
    result.assert_outcomes(passed=2, failed=1)
