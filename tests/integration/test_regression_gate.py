"""Only what got worse fails a run: a case that failed before does not, one that fails by bad luck is asked again."""

from __future__ import annotations

from typing import Any

import pytest
from suites import Suite

from pytest_evalsuite.comparison.baseline import Baseline, pool, write_baseline
from pytest_evalsuite.comparison.sides import side_of_artifact

AGENTS = """
    import collections, os

    count = collections.Counter()

    def answer(question):
        with open("calls.txt", "a", encoding="utf-8") as calls:
            calls.write(question + "\\n")
        count[question] += 1
        broken = os.environ.get("BROKEN", "").split()
        if question in broken:
            return "worse"
        if question in os.environ.get("UNLUCKY", "").split() and count[question] == 1:
            return "bad luck"
        if question in os.environ.get("RAISES", "").split():
            raise KeyError(question)
        return "bad" if question == "weak" else question
"""
CASES = [*(f"{name}: q-{name} -> q-{name}" for name in "abcdefgh"), "weak: weak -> strong"]
HEAD = '{"schema":{"name":"pytest-evalsuite/baseline","version":"1.0"},"window":10'
GATED = ("--eval-baseline=base.json", "--eval-fail-on=regression", "--eval-json=run.json")


@pytest.fixture
def accepted(suite: Suite) -> Suite:
    """A suite with a baseline of ten runs, in which one case always fails."""
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("echo = agents:answer",))
    suite.cases(*CASES)
    baseline = Baseline()
    for number in range(10):
        suite.run(f"--eval-json={number}.json")
        baseline, _ = pool(baseline, side_of_artifact(suite.path / f"{number}.json", str(number)))
    write_baseline(baseline, suite.path / "base.json")
    (suite.path / "calls.txt").unlink()
    return suite


def gate(suite: Suite) -> dict[str, Any]:
    found: dict[str, Any] = suite.artifact()["gate"]
    return found


def test_nothing_changed_is_green_though_a_case_fails_as_before(accepted: Suite) -> None:
    result = accepted.run(*GATED)
    assert result.ret == 0
    result.assert_outcomes(passed=8, xfailed=1)
    record = accepted.results()["weak"]
    assert (record["status"], record["tolerated"]) == ("failed", "no regression: passed 0 of 10 in the baseline")
    assert accepted.artifact()["comparison"]["counts"]["still_failing"] == 1
    assert len(accepted.calls()) == 9, "what failed before is not asked again"


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "xdist"])
def test_a_broken_case_is_red_alone(
    accepted: Suite, monkeypatch: pytest.MonkeyPatch, workers: tuple[str, ...]
) -> None:
    monkeypatch.setenv("BROKEN", "q-c")
    result = accepted.run_subprocess(*GATED, *workers)
    assert result.ret == 1
    result.assert_outcomes(passed=7, failed=1, xfailed=1)
    record = accepted.results()["c"]
    assert record["confirmation"]["stands"] is True
    assert record["confirmation"]["passed"] == 0
    assert gate(accepted)["verdict"] == "regression"
    (regressed,) = accepted.artifact()["comparison"]["cases"]["regressed"]
    assert regressed["case_id"] == "c"
    result.stdout.fnmatch_lines(["*regressed: set.eval.yaml c*passed 10 of 10 before, 0 of 1 now*"])


def test_bad_luck_is_found_out_by_asking_again(accepted: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNLUCKY", "q-c")
    accepted.write("agents.py", AGENTS + "\n    # the counts of an earlier session are gone\n")
    result = accepted.run_subprocess(*GATED, "-p", "no:xdist")
    assert result.ret == 0
    result.assert_outcomes(passed=7, xfailed=2)
    record = accepted.results()["c"]
    assert record["confirmation"]["stands"] is False
    assert record["tolerated"].startswith("not confirmed: passed ")
    assert accepted.artifact()["comparison"]["counts"]["flaky"] == 1


def test_an_error_is_no_regression_and_no_pass(accepted: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAISES", "q-c")
    result = accepted.run(*GATED)
    assert result.ret == 1
    result.assert_outcomes(passed=7, errors=1, xfailed=1)


def test_a_new_case_that_fails_again_and_again_is_red(accepted: Suite) -> None:
    accepted.cases(*CASES, "new: new -> other")
    result = accepted.run(*GATED)
    assert result.ret == 1
    assert accepted.results()["new"]["confirmation"]["against"] == "new"


def test_a_changed_case_is_compared_with_nothing(accepted: Suite) -> None:
    accepted.cases(*CASES[:-1], "weak: weak -> bad")
    assert accepted.run(*GATED).ret == 0
    (changed,) = accepted.artifact()["comparison"]["cases"]["changed"]
    assert (changed["case_id"], changed["what"]) == ("weak", ["expectation"])


def test_a_required_case_must_pass_whatever_the_baseline_says(accepted: Suite) -> None:
    text = (accepted.path / "set.eval.yaml").read_text()
    accepted.write("set.eval.yaml", text.replace("{id: weak,", "{id: weak, required: true,"))
    result = accepted.run(*GATED)
    assert result.ret == 1
    result.assert_outcomes(passed=8, failed=1)


def test_an_outage_is_no_regression(accepted: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAISES", " ".join(f"q-{name}" for name in "abcdefgh") + " weak")
    result = accepted.run(*GATED)
    assert result.ret == 1
    assert gate(accepted)["verdict"] == "outage"
    result.stdout.fnmatch_lines(["inconclusive, an outage:"])


def test_nothing_fails_a_run_that_only_reports(accepted: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKEN", "q-a q-b")
    monkeypatch.setenv("RAISES", "q-c")
    result = accepted.run("--eval-fail-on=never", "--eval-json=run.json")
    assert result.ret == 0
    result.assert_outcomes(passed=5, xfailed=4)
    assert gate(accepted)["passed"] is True
    assert accepted.statuses()["c"] == "error"


def test_a_selection_fails_for_its_cases_and_not_for_the_suite(
    accepted: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert accepted.run(*GATED, "set.eval.yaml::a").ret == 0
    assert any("1 of 9 cases selected" in note for note in gate(accepted)["notes"])
    assert accepted.artifact()["comparison"]["counts"]["removed"] == 0
    monkeypatch.setenv("BROKEN", "q-a")
    assert accepted.run(*GATED, "set.eval.yaml::a").ret == 1


def test_a_removed_case_is_named(accepted: Suite) -> None:
    accepted.cases(*CASES[1:])
    result = accepted.run(*GATED)
    result.stdout.fnmatch_lines(["*removed: set.eval.yaml a*"])


def test_the_verdict_is_in_the_junit_report(accepted: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKEN", "q-c")
    accepted.run(*GATED, "--junitxml=junit.xml")
    report = (accepted.path / "junit.xml").read_text()
    assert '<property name="eval_verdict" value="regression"' in report


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "*no run*base.json*--eval-baseline-missing=warn*"),
        ("", "*base.json: the file is empty"),
        ("{}", "*base.json: this is no artifact*"),
        ('{"schema":{"name":"pytest-evalsuite/baseline","version":"2.0"}}', "*version 2.0*reads 1.x"),
        (f"{HEAD},", "*base.json: no JSON*"),
        (
            f'{HEAD},"cases":[],"evaluations":[{{"test_set":"x.eval.yaml","agent":"e","name":"X","runs":["r"]}}]}}',
            "*is of other test sets (x.eval.yaml)*",
        ),
    ],
)
@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "xdist"])
def test_a_baseline_that_cannot_be_used_is_an_error_before_the_first_call(
    suite: Suite, content: str | None, message: str, workers: tuple[str, ...]
) -> None:
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("echo = agents:answer",))
    suite.cases(*CASES)
    if content is not None:
        suite.write("base.json", content)
    result = suite.run_subprocess(*GATED, *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert suite.calls() == []
    result.stderr.fnmatch_lines([message])


def test_a_first_run_may_go_without_a_baseline(suite: Suite) -> None:
    suite.cases("a: one -> one")
    result = suite.run(*GATED, "--eval-baseline-missing=warn")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["note: no baseline: *base.json*"])


def test_a_regression_needs_something_to_compare_with(suite: Suite) -> None:
    suite.cases("a: one -> one")
    result = suite.run("--eval-fail-on=regression")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*needs something to compare with: give --eval-baseline"])


@pytest.mark.parametrize(("bar", "code"), [("0.85", 0), ("0.95", 1)])
def test_a_gate_decides_for_its_test_set(suite: Suite, bar: str, code: int) -> None:
    suite.cases(*(f"{n}: q{n} -> q{n}" for n in range(9)), "z: z -> y", head=f"gate: {{pass_rate: {bar}}}")
    result = suite.run("--eval-fail-on=gate", "--eval-json=run.json")
    assert result.ret == code
    result.assert_outcomes(passed=9, xfailed=1)
    (one,) = gate(suite)["bars"]
    assert (one["name"], one["passed"]) == ("pass_rate", code == 0)


def test_a_test_set_without_a_gate_must_pass_as_a_whole(suite: Suite) -> None:
    suite.cases("a: one -> two", name="open.eval.yaml")
    suite.cases("b: one -> one", "c: one -> two", name="gated.eval.yaml", head="gate: {pass_rate: 0.5}")
    result = suite.run("--eval-fail-on=gate")
    assert result.ret == 1
    result.assert_outcomes(passed=1, failed=1, xfailed=1)


def test_part_of_a_test_set_is_held_to_no_gate_and_tolerates_nothing(suite: Suite) -> None:
    suite.cases("b: one -> one", "c: one -> two", name="gated.eval.yaml", head="gate: {pass_rate: 0.5}")
    result = suite.run("--eval-fail-on=gate", "gated.eval.yaml::c")
    assert result.ret == 1
    result.assert_outcomes(failed=1)


def test_a_quiet_run_says_what_decided(suite: Suite) -> None:
    suite.cases("a: one -> one", "b: one -> two", head="gate: {pass_rate: 0.9}")
    result = suite.run("--eval-fail-on=gate", "-q")
    result.stdout.fnmatch_lines(["gate missed: *pass rate 0.50*", "--eval-fail-on gate: fails: failed"])
    result = suite.run("--eval-baseline=none.json", "--eval-baseline-missing=warn", "-q")
    result.stdout.fnmatch_lines(["note: no baseline: *"])
