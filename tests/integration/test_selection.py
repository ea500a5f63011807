"""Pytest's own selection and stopping work on cases, and what did not run is never taken for what passed."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest
from suites import Suite

NOTED = ("noted = agents:noted",)


@pytest.fixture
def shop(suite: Suite) -> Suite:
    """Two test sets: of two methods, with tags, one case failing in each; their agent notes its calls."""
    suite.configure(agents=NOTED)
    suite.write(
        "refunds.eval.yaml",
        """
        name: Refund policy
        tags: [support]
        defaults: {test_method: exact_match}
        cases:
          - {id: window, question: 30 days, expected_response: 30 days, tags: [money]}
          - {id: polite, question: sorry, expected_response: sorry, test_method: similarity}
          - {id: wrong, question: never, expected_response: always}
        """,
    )
    suite.write(
        "shipping.eval.yaml",
        """
        defaults: {test_method: exact_match}
        cases:
          - {id: window, question: two weeks, expected_response: two weeks}
          - id: both
            question: by sea
            expected_response: by sea
            checks: [{method: contains}, {method: similarity, passing_score: 0.9}]
          - {id: lost, question: lost, expected_response: found, tags: [Money]}
        """,
    )
    return suite


def node_ids(suite: Suite, *arguments: str) -> list[str]:
    return [line for line in suite.run("--collect-only", "-q", *arguments).outlines if "::" in line]


@pytest.mark.parametrize(
    ("selection", "selected"),
    [
        (["-k", "window"], ["refunds.eval.yaml::window", "shipping.eval.yaml::window"]),
        (["-k", "money"], ["refunds.eval.yaml::window", "shipping.eval.yaml::lost"]),
        (["-k", "support and not money"], ["refunds.eval.yaml::polite", "refunds.eval.yaml::wrong"]),
        (["-k", "shipping and window"], ["shipping.eval.yaml::window"]),
        (["-m", "evalsuite(method='similarity')"], ["refunds.eval.yaml::polite", "shipping.eval.yaml::both"]),
        (["-m", "evalsuite(method='contains')"], ["shipping.eval.yaml::both"]),
        (["-m", "evalsuite(test_set='Refund policy') and not evalsuite(method='similarity')", "-k", "not wrong"],
         ["refunds.eval.yaml::window"]),
        (["-m", "evalsuite(test_set='shipping')", "-k", "both"], ["shipping.eval.yaml::both"]),
        (["shipping.eval.yaml", "--deselect", "shipping.eval.yaml::window", "-k", "not lost"],
         ["shipping.eval.yaml::both"]),
        (["refunds.eval.yaml::wrong", "shipping.eval.yaml::lost"],
         ["refunds.eval.yaml::wrong", "shipping.eval.yaml::lost"]),
    ],
)  # fmt: skip
def test_a_selection_runs_its_cases_and_no_other(shop: Suite, selection: list[str], selected: list[str]) -> None:
    assert node_ids(shop, *selection) == selected
    result = shop.run("-v", *selection)
    assert [line.split(" ")[0] for line in result.outlines if "[" in line and "::" in line] == selected
    assert len(shop.calls()) == len(selected)


def test_plain_m_evalsuite_leaves_out_python_tests(shop: Suite) -> None:
    shop.write("test_plain.py", "def test_plain(): pass")
    shop.run("-m", "evalsuite").assert_outcomes(passed=4, failed=2, deselected=1)


def test_the_artifact_says_how_many_cases_of_the_test_set_ran(shop: Suite) -> None:
    shop.run("-k", "refunds and window", "--eval-json=run.json")
    (evaluation,) = json.loads((shop.path / "run.json").read_text(encoding="utf-8"))["evaluations"]
    assert (evaluation["total"], evaluation["cases_in_test_set"]) == (1, 3)


def test_last_failed_runs_again_what_failed(shop: Suite) -> None:
    shop.run().assert_outcomes(passed=4, failed=2)
    shop.run("--lf", "--eval-json=run.json").assert_outcomes(failed=2)
    assert shop.statuses() == {"wrong": "failed", "lost": "failed"}
    shop.run("--ff", "-v").stdout.re_match_lines_random([r"refunds.eval.yaml::wrong FAILED 0.00 +\[ 16%\]"])


def test_a_case_whose_agent_broke_is_run_again_by_last_failed(suite: Suite) -> None:
    suite.write(
        "breaking.py",
        "def agent(question):\n    if question == 'b':\n        raise OSError(question)\n    return question\n",
    )
    suite.configure(agents=("breaking = breaking:agent",))
    suite.cases("a: a -> a", "b: b -> b")
    suite.run().assert_outcomes(passed=1, errors=1)
    suite.run("--lf").assert_outcomes(errors=1)


def test_stepwise_goes_on_where_it_stopped(shop: Suite) -> None:
    shop.run("--sw").assert_outcomes(passed=2, failed=1)
    assert len(shop.calls()) == 3
    result = shop.run("--sw", "--sw-skip")
    result.assert_outcomes(passed=2, failed=2, deselected=2)


@pytest.mark.parametrize(
    ("option", "ran", "why"), [("-x", 3, "stopping after 1 failures"), ("--maxfail=2", 6, "stopping after 2 failures")]
)
def test_stopping_early_leaves_the_rest_not_run(shop: Suite, option: str, ran: int, why: str) -> None:
    shop.cases("later: x -> x", "latest: y -> y", name="z.eval.yaml")
    result = shop.run(option, "--eval-json=run.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert len(shop.calls()) == ran
    artifact = json.loads((shop.path / "run.json").read_text(encoding="utf-8"))
    assert artifact["run"]["status"] == "cancelled"
    assert artifact["totals"]["not_run"] == 8 - ran
    assert artifact["totals"]["judged"] == ran
    latest = shop.results()["latest"]
    assert (latest["status"], latest["cause"]) == ("not_run", {"kind": "stopped", "message": why})
    assert latest["score"] is None
    result.stdout.fnmatch_lines([f"run cancelled: {why}"])


def test_x_stops_at_an_agent_that_breaks(suite: Suite) -> None:
    suite.write("breaking.py", "def agent(question):\n    raise OSError(question)\n")
    suite.configure(agents=("breaking = breaking:agent",))
    suite.cases("a: a -> a", "b: b -> b")
    suite.run("-x", "--eval-json=run.json").assert_outcomes(errors=1)
    assert suite.statuses() == {"a": "error", "b": "not_run"}


@pytest.mark.parametrize("option", ["--collect-only", "--setup-only", "--setup-plan"])
def test_looking_calls_nobody_and_writes_nothing(shop: Suite, option: str) -> None:
    before = sorted(shop.path.iterdir())
    result = shop.run(option, "--eval-json=run.json", "--eval-csv=run.csv", "-p", "no:cacheprovider")
    assert result.ret == 0
    assert shop.calls() == []
    assert sorted(path for path in shop.path.iterdir() if path.name != "__pycache__") == before
    result.stdout.no_fnmatch_line("*eval suites*")


def test_collect_only_shows_cases_and_nothing_of_how_they_are_made(shop: Suite) -> None:
    tree = [line for line in shop.run("--collect-only", "-vv", "refunds.eval.yaml").outlines if line.startswith(" ")]
    assert [line.strip() for line in tree] == [
        "<TestSetFile refunds.eval.yaml>",
        "<CaseItem window>",
        "<CaseItem polite>",
        "<CaseItem wrong>",
    ]


def test_setup_plan_shows_the_fixtures_of_a_case(shop: Suite) -> None:
    shop.write("conftest.py", "import pytest\n@pytest.fixture(autouse=True)\ndef shop_is_open(): pass\n")
    result = shop.run("--setup-plan", "-k", "both")
    result.stdout.fnmatch_lines(["*SETUP    F shop_is_open", "*shipping.eval.yaml::both*shop_is_open*"])


def test_durations_name_the_slow_cases(suite: Suite) -> None:
    suite.write("slow.py", "import time\ndef agent(question):\n    time.sleep(0.02)\n    return question\n")
    suite.configure(agents=("slow = slow:agent",))
    suite.cases("a: a -> a")
    suite.run("--durations=3").stdout.re_match_lines([r"0\.\d\ds setup +set\.eval\.yaml::a"])


def test_junit_keeps_errors_and_failures_apart(suite: Suite) -> None:
    suite.write(
        "breaking.py",
        "def agent(question):\n    if question == 'b':\n        raise OSError('no line')\n    return question\n",
    )
    suite.configure(agents=("breaking = breaking:agent",))
    suite.cases("good: a -> a", "bad: a -> z", "broken: b -> b")
    suite.run("--junitxml=junit.xml")
    cases = {case.get("name"): case for case in ET.parse(suite.path / "junit.xml").findall(".//testcase")}
    assert {name: [child.tag for child in case if child.tag != "properties"] for name, case in cases.items()} == {
        "good": [],
        "bad": ["failure"],
        "broken": ["error"],
    }
    failure, error = cases["bad"].find("failure"), cases["broken"].find("error")
    assert failure is not None
    assert error is not None
    assert failure.get("message") == "score 0.00 < 1.00 (exact_match)"
    assert "expected  z" in (failure.text or "")
    assert "OSError: no line" in str(error.get("message"))
    figures = {p.get("name"): p.get("value") for p in cases["bad"].findall("properties/property")}
    assert figures == {"status": "failed", "score": "0.0", "passing_score": "1.0", "method": "exact_match"}


@pytest.mark.parametrize(
    "options",
    [["-p", "no:terminal"], ["-p", "no:cacheprovider"], ["-q", "-q"], ["-s"], ["--showlocals"], ["-W", "error"],
     ["--strict-markers"], ["--strict-config"], ["--tb=short"], ["--tb=line"], ["--tb=native"], ["--tb=no"],
     ["-p", "no:capture"], ["-p", "no:logging"], ["-p", "no:junitxml"], ["--import-mode=importlib"], ["-vv"], ["-rA"]],
    ids=" ".join,
)  # fmt: skip
def test_the_artifact_does_not_depend_on_how_pytest_reports(shop: Suite, options: list[str]) -> None:
    result = shop.run(*options, "--eval-json=run.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    artifact = json.loads((shop.path / "run.json").read_text(encoding="utf-8"))
    assert artifact["run"]["status"] == "succeeded"
    assert {s: artifact["totals"][s] for s in ("passed", "failed", "error", "not_run")} == {
        "passed": 4,
        "failed": 2,
        "error": 0,
        "not_run": 0,
    }


def test_without_a_terminal_nothing_is_printed(shop: Suite) -> None:
    assert shop.run("-p", "no:terminal").outlines == []


@pytest.mark.parametrize("more", [[], ["-q"], ["-q", "-q"]], ids=str)
def test_a_selection_that_matches_no_case_fails_with_one_line(shop: Suite, more: list[str]) -> None:
    result = shop.run("-k", "nosuchcase", *more)
    assert result.ret != 0
    assert [line for line in result.outlines if "no case" in line] == ["run failed: no case was selected"]
    assert shop.calls() == []


def test_python_tests_that_pass_do_not_hide_that_no_case_ran(shop: Suite) -> None:
    shop.write("test_plain.py", "def test_nosuchcase(): pass")
    result = shop.run("-k", "nosuchcase")
    result.assert_outcomes(passed=1, deselected=6)
    assert result.ret != 0
    result.stdout.fnmatch_lines(["run failed: no case was selected"])


def test_a_folder_without_test_sets_fails_with_one_line(suite: Suite) -> None:
    result = suite.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["run failed: no test set was found: expected files named *.eval.yaml, *"])
    suite.write("test_plain.py", "def test_plain(): pass")
    result = suite.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["run failed: no test set was found: expected files named *.eval.yaml, *"])


def test_a_selection_of_nothing_is_in_the_artifact(shop: Suite) -> None:
    shop.run("-k", "nosuchcase", "--eval-json=run.json")
    artifact = json.loads((shop.path / "run.json").read_text(encoding="utf-8"))
    assert (artifact["run"]["status"], artifact["totals"]["total"]) == ("failed", 0)


def test_python_tests_and_cases_run_side_by_side(shop: Suite) -> None:
    shop.write("test_plain.py", "def test_good(): pass\ndef test_bad(): assert not 'wrong'\n")
    result = shop.run("--eval-json=run.json")
    result.assert_outcomes(passed=5, failed=3)
    assert len(shop.results()) == 5  # "window" is in both test sets
    result.stdout.fnmatch_lines(
        ["*eval suites*", "FAILED refunds.eval.yaml::wrong*", "FAILED test_plain.py::test_bad*"]
    )


def test_a_failing_python_test_alone_does_not_spoil_the_run(suite: Suite) -> None:
    suite.cases("a: a -> a")
    suite.write("test_plain.py", "def test_bad(): assert not 'wrong'\n")
    result = suite.run("--eval-json=run.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert suite.statuses() == {"a": "passed"}


def test_two_test_sets_may_use_the_same_ids(shop: Suite) -> None:
    shop.run("-k", "window", "--eval-json=run.json").assert_outcomes(passed=2, deselected=4)
    evaluations = json.loads((shop.path / "run.json").read_text(encoding="utf-8"))["evaluations"]
    assert [(e["test_set"], [r["actual_response"] for r in e["results"]]) for e in evaluations] == [
        ("refunds.eval.yaml", ["30 days"]),
        ("shipping.eval.yaml", ["two weeks"]),
    ]


def test_a_file_named_on_the_command_line_needs_no_special_name(suite: Suite) -> None:
    suite.cases("a: a -> a", name="questions.yaml")
    suite.write("more.csv", "question,expected_response,test_method\nb,b,exact_match\n")
    suite.write("most.jsonl", '{"question": "c", "expected_response": "c", "test_method": "exact_match"}\n')
    suite.cases("d: d -> d", name="usual.eval.yaml")
    suite.run().assert_outcomes(passed=1)
    suite.run("questions.yaml", "more.csv", "most.jsonl").assert_outcomes(passed=3)
    suite.run("questions.yaml::a").assert_outcomes(passed=1)


def test_a_named_file_that_cannot_be_a_test_set_is_a_mistake(suite: Suite) -> None:
    suite.write("questions.txt", "cases: []")
    result = suite.run("questions.txt")
    assert result.ret != 0
    result.stdout.fnmatch_lines(["run failed: no test set was found: expected files named *.eval.yaml, *"])


def test_evalsuite_files_says_which_files_are_test_sets(suite: Suite) -> None:
    suite.configure("evalsuite_files = *.cases.yaml golden/*.yaml")
    suite.cases("a: a -> a", name="one.cases.yaml")
    suite.cases("b: b -> b", name="deep/golden/two.yaml")
    suite.cases("c: c -> z", name="three.eval.yaml")
    suite.run().assert_outcomes(passed=2)


def test_each_agent_answers_each_case(suite: Suite) -> None:
    suite.configure(agents=("echo = agents:echo", "shout = shout:shout"))
    suite.write("shout.py", "def shout(question): return question.upper()")
    suite.cases("low: a -> a", "high: A -> A")
    result = suite.run("--eval-agent=echo", "--eval-agent=shout", "-v", "--eval-json=run.json")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.re_match_lines_random(
        [
            r"set.eval.yaml::low\[echo\] PASSED 1.00 .*",
            r"set.eval.yaml::low\[shout\] FAILED 0.00 .*",
            r"set.eval.yaml::high\[echo\] PASSED 1.00 .*",
            r"set.eval.yaml::high\[shout\] PASSED 1.00 .*",
        ]
    )
    evaluations = json.loads((suite.path / "run.json").read_text(encoding="utf-8"))["evaluations"]
    assert [(e["agent"], e["passed"], e["failed"]) for e in evaluations] == [("echo", 2, 0), ("shout", 1, 1)]
    both = ("--eval-agent=echo", "--eval-agent=shout")
    suite.run(*both, "set.eval.yaml::low[shout]").assert_outcomes(failed=1)
    suite.run(*both, "-k", "shout").assert_outcomes(passed=1, failed=1, deselected=2)
    suite.run(*both, "--lf").assert_outcomes(failed=1)


def test_the_same_agent_named_twice_is_asked_once(suite: Suite) -> None:
    suite.cases("a: a -> a")
    suite.run("--eval-agent=echo", "--eval-agent=echo").assert_outcomes(passed=1)


def test_a_case_is_where_its_line_is(suite: Suite) -> None:
    suite.write("table.eval.yaml", "defaults: {test_method: exact_match}\ncases_from: rows.csv\n")
    suite.write("rows.csv", "id,question,expected_response\na,q,q\nb,r,r\n")
    suite.cases("c: q -> q")
    suite.run("--junitxml=junit.xml", "-o", "junit_family=xunit1").assert_outcomes(passed=3)
    cases = ET.parse(suite.path / "junit.xml").findall(".//testcase")
    places = {(case.get("classname"), case.get("name")): (case.get("file"), case.get("line")) for case in cases}
    assert places == {
        ("set.eval.yaml", "c"): ("set.eval.yaml", "2"),
        ("table.eval.yaml", "a"): ("rows.csv", "1"),
        ("table.eval.yaml", "b"): ("rows.csv", "2"),
    }
