"""Traps that other tools of this kind have fallen into, one test each that no other file holds."""

from __future__ import annotations

import json
import os

import processes
import pytest
from suites import Suite

DEADLY = """
    import os
    import time

    def deadly(question):
        time.sleep(0.1)  # so that xdist hears of the death before it has anything to say to the dead
        if question.startswith("die"):
            os._exit(int(question.partition(" ")[2] or 0))
        return question
"""


def test_a_check_means_the_same_in_every_format(suite: Suite) -> None:
    suite.write(
        "a.eval.yaml", "cases:\n  - {id: x, question: helo, expected_response: hello, test_method: similarity}\n"
    )
    suite.write("b.eval.csv", "id,question,expected_response,test_method\nx,helo,hello,similarity\n")
    case = {"id": "x", "question": "helo", "expected_response": "hello", "test_method": "similarity"}
    suite.write("c.eval.jsonl", json.dumps(case) + "\n")
    suite.run("--eval-json=run.json", "--eval-fail-on=never")
    found = [one["results"][0] for one in suite.artifact()["evaluations"]]
    assert len(found) == 3
    for field in ("fingerprint", "passing_score", "score", "status", "checks"):
        assert found[0][field] == found[1][field] == found[2][field], field


def test_a_case_that_is_put_on_top_pairs_with_no_other(suite: Suite) -> None:
    suite.cases("a: one -> one", "b: two -> no", "c: three -> three")
    suite.run("--eval-json=before.json")
    suite.cases("new: zero -> zero", "a: one -> one", "b: two -> no", "c: three -> three")
    suite.run("--eval-json=after.json", "--eval-baseline=before.json")
    compared = suite.artifact("after.json")["comparison"]
    assert (compared["paired"], compared["counts"]["added"], compared["counts"]["removed"]) == (3, 1, 0)
    assert compared["cases"]["regressed"] == []
    assert suite.artifact("after.json")["gate"]["verdict"] != "regressed"


def test_a_changed_option_of_a_method_makes_an_old_verdict_worthless(suite: Suite) -> None:
    case = "cases:\n  - {{id: a, question: say hello, test_method: regex, pattern: {}}}\n"
    suite.write("set.eval.yaml", case.format("hello"))
    suite.run().assert_outcomes(passed=1)
    suite.write("set.eval.yaml", case.format("goodbye"))
    suite.run("--eval-resume").assert_outcomes(failed=1)


def test_when_every_worker_dies_every_case_is_accounted_for(suite: Suite) -> None:
    suite.write("agents.py", DEADLY)
    suite.configure(agents=("deadly = agents:deadly",))
    suite.cases(*(f"c{n}: die 9 -> x" for n in range(30)))
    code, _ = processes.run(suite, "-n2", "--max-worker-restart=2", "--eval-json=run.json", beside="xdist")
    assert code not in (0, 5)
    statuses = list(suite.statuses().values())
    assert len(statuses) == 30
    assert set(statuses) <= {"error", "not_run"}


def test_a_scheduler_that_gives_up_leaves_no_case_out(suite: Suite) -> None:
    suite.write("agents.py", DEADLY)
    suite.configure(agents=("deadly = agents:deadly",))
    suite.cases("a: one -> one", "b: die 0 -> x", "c: three -> three", "d: four -> four")
    arguments = ("-n2", "--dist=loadfile", "--max-worker-restart=1", "--eval-json=run.json")
    code, _ = processes.run(suite, *arguments, beside="xdist")
    assert code not in (0, 5)
    statuses = suite.statuses()
    assert statuses.keys() == {"a", "b", "c", "d"}
    assert statuses["a"] == "passed"
    assert statuses["b"] == "error"
    assert set(statuses.values()) <= {"passed", "error", "not_run"}


@pytest.mark.parametrize("code", [0, 9])
def test_a_process_that_ends_without_workers_leaves_what_it_had(suite: Suite, code: int) -> None:
    suite.write("agents.py", DEADLY)
    suite.configure(agents=("deadly = agents:deadly",))
    suite.cases("a: one -> one", f"b: die {code} -> x", "c: three -> three")
    processes.run(suite, "--eval-json=run.json")
    assert not (suite.path / "run.json").exists()
    code, _ = processes.run(suite, "--eval-resume", "--eval-json=run.json", "--deselect=set.eval.yaml::b")
    assert code == 0
    assert suite.artifact()["run"]["resume"]["reused"] == 1


def test_strict_sessions_have_nothing_to_complain_of(suite: Suite) -> None:
    suite.cases("a: one -> one", "b: two -> other")
    strict = ("-Werror", "--strict-markers", "--strict-config", "-pno:cacheprovider", "-qq", "--showlocals", "-s")
    code, written = processes.run(suite, *strict, "--eval-json=run.json", "--junitxml=junit.xml")
    assert code == 1, written
    assert "Traceback" not in written
    assert suite.statuses() == {"a": "passed", "b": "failed"}


@pytest.mark.parametrize("make", ["a folder", "nowhere", "set but empty"])
def test_a_summary_that_cannot_be_written_fails_the_run_and_loses_nothing(
    suite: Suite, make: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.cases("a: one -> one")
    place = {"a folder": suite.path, "nowhere": suite.path / "none" / "there.md", "set but empty": ""}[make]
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(place))
    result = suite.run("--eval-json=run.json", "--eval-github=summary")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["problem: --eval-github summary: *"])
    assert suite.statuses() == {"a": "passed"}


def test_the_summary_of_many_failures_stays_far_below_what_github_takes(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = suite.path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    suite.cases(*(f"c{n}: {'x' * 3000} -> no" for n in range(200)))
    suite.run("--eval-github=summary")
    assert path.stat().st_size < 1024 * 1024 / 4


def test_a_test_set_that_changes_under_a_run_changes_nothing_in_it(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        from pathlib import Path

        def meddling(question):
            Path("set.eval.yaml").write_text("cases: [{id: other, question: x, expected_response: x}]")
            return question
        """,
    )
    suite.configure(agents=("meddling = agents:meddling",))
    suite.cases("a: one -> one", "b: two -> two")
    suite.run("--eval-json=run.json").assert_outcomes(passed=2)
    assert suite.statuses() == {"a": "passed", "b": "passed"}


def test_a_huge_answer_is_refused_and_a_large_one_is_kept(suite: Suite) -> None:
    suite.write("agents.py", "def big(question):\n    return 'x' * int(question)\n")
    suite.configure(agents=("big = agents:big",))
    suite.cases("large: '1000000' -> x", "huge: '100000000' -> x")
    suite.write("set.eval.yaml", (suite.path / "set.eval.yaml").read_text().replace("\"'", "'").replace("'\"", "'"))
    suite.run("--eval-json=run.json").assert_outcomes(failed=1, errors=1)
    results = suite.results()
    assert len(results["large"]["actual_response"]) == 1_000_000
    assert "100,000,000 characters" in results["huge"]["cause"]["message"]
    assert os.path.getsize(suite.path / "run.json") < 2_000_000  # noqa: PTH202 - one of two figures
