"""A mistake in a test set is a collection error with its place and what to do, before any agent is called."""

from __future__ import annotations

import re

import pytest
from suites import Suite

HEAD = "defaults: {test_method: exact_match}\n"


@pytest.fixture
def noted(suite: Suite) -> Suite:
    """A suite whose agent notes its calls, with one good test set."""
    suite.configure(agents=("noted = agents:noted",))
    suite.cases("good: a -> a", name="good.eval.yaml")
    return suite


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "cases: [{id: a, question: q, expected_respnse: r}]",
            r"bad\.eval\.yaml:2:30: unknown key 'expected_respnse'; did you mean 'expected_response'\?",
        ),
        (
            "cases: [{id: a, question: q, expected_response: r, test_method: exact_mtach}]",
            r"bad\.eval\.yaml:2:\d+: .*'exact_mtach'.*did you mean 'exact_match'\?",
        ),
        (
            "cases: [{id: a, question: q, expected_response: r, passing_score: 7}]",
            r"bad\.eval\.yaml:2:\d+: passing_score: .*0 to 1",
        ),
        ("cases: [{id: a, id: b, question: q, expected_response: r}]", r"bad\.eval\.yaml:2:17: .*'id'.*"),
        ("cases: [{id: a, question: q}]", r"bad\.eval\.yaml:2:\d+: .*expected_response.*"),
        ("cases: []", r"bad\.eval\.yaml:2:1: no cases"),
        (
            "casses: [{id: a, question: q, expected_response: r}]",
            r"bad\.eval\.yaml:2:1: unknown key 'casses'; did you mean 'cases'\?",
        ),
        ("cases:\n  - {id: a, question: q, expected_response: r", r"bad\.eval\.yaml:\d+:\d+: not YAML: .+"),
        ("cases_from: gone.csv", r"bad\.eval\.yaml:2:\d+: .*no file 'gone\.csv'.*"),
        (
            "cases:\n  - {id: a, question: q, expected_response: r}\n  - {id: a, question: s, expected_response: r}",
            r"bad\.eval\.yaml:4:10: id: 'a' is the id of the case on line 3 too",
        ),
    ],
    ids=["key", "method", "range", "twice", "nothing-to-check", "empty", "top", "syntax", "file", "ids"],
)
def test_a_mistake_is_shown_with_its_place_and_nobody_is_called(noted: Suite, text: str, message: str) -> None:
    noted.write("bad.eval.yaml", HEAD + text + "\n")
    result = noted.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(errors=1)
    result.stdout.re_match_lines([message])
    assert noted.calls() == []
    assert not (noted.path / ".evalsuite").exists()


def test_all_mistakes_of_all_files_are_told_at_once(noted: Suite) -> None:
    noted.write(
        "bad.eval.yaml",
        """
        nme: Bad
        defaults: {test_method: exact_match}
        cases:
          - {id: a, question: q, expected_respnse: r}
          - {id: b, question: q, expected_response: r, tgas: [x]}
        """,
    )
    noted.write("bad.eval.csv", "question,expected_response,test_method\nq,r,exact_mtach\n")
    noted.write("bad.eval.jsonl", '{"question": "q", "expected_response": "r", "test_metod": "exact_match"}\n')
    result = noted.run()
    result.assert_outcomes(errors=3)
    places = [match[1] for line in result.outlines if (match := re.match(r"(bad\.eval\.\w+:\d+:\d+): ", line))]
    assert next(place for place in places if "yaml" in place) == "bad.eval.yaml:1:1"
    assert {place.rpartition(":")[0] for place in places} >= {
        "bad.eval.yaml:1",
        "bad.eval.yaml:4",
        "bad.eval.yaml:5",
        "bad.eval.csv:2",
        "bad.eval.jsonl:1",
    }
    assert noted.calls() == []


def test_no_traceback_is_shown_of_a_mistake(noted: Suite) -> None:
    noted.write("bad.eval.yaml", HEAD + "cases: [{id: a, qestion: q, expected_response: r}]")
    shown = str(noted.run("-vv", "--showlocals").stdout)
    assert "Traceback" not in shown
    assert "load_test_set" not in shown


def test_a_place_is_counted_from_the_root_folder(noted: Suite) -> None:
    noted.write("deep/down/bad.eval.yaml", HEAD + "cases: [{id: a, qestion: q, expected_response: r}]")
    noted.run().stdout.re_match_lines([r"deep/down/bad\.eval\.yaml:2:17: unknown key 'qestion'.*'question'"])


def test_going_on_after_a_mistake_still_fails(noted: Suite) -> None:
    noted.write("bad.eval.yaml", HEAD + "cases: []")
    result = noted.run("--continue-on-collection-errors", "--eval-json=run.json")
    result.assert_outcomes(passed=1, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert noted.statuses() == {"good": "passed"}


def test_collect_only_tells_mistakes_too(noted: Suite) -> None:
    noted.write("bad.eval.yaml", HEAD + "cases: []")
    result = noted.run("--collect-only", "-q")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["good.eval.yaml::good", "bad.eval.yaml:2:1: no cases"])


def test_what_a_file_says_cannot_drive_the_terminal(noted: Suite) -> None:
    noted.write("bad.eval.yaml", HEAD + 'cases: [{id: a, question: q, "\\e[31m::error::x\\e]0;t\\a": r}]')
    result = noted.run()
    assert result.ret != 0
    assert "\x1b[31m::" not in str(result.stdout)
    assert "\x1b]0" not in str(result.stdout)


MARKS = "markers =\n    slow: takes long\n    xdist_group: keeps cases together"


def test_a_registered_mark_selects_its_cases(suite: Suite) -> None:
    suite.configure(MARKS)
    suite.write(
        "marked.eval.yaml",
        HEAD
        + """
cases:
  - {id: a, question: q, expected_response: q, marks: [slow]}
  - {id: b, question: r, expected_response: r}
""",
    )
    suite.write("all.eval.yaml", "marks: [slow]\n" + HEAD + "cases: [{id: c, question: s, expected_response: s}]")
    result = suite.run("-m", "slow", "--strict-markers", "--collect-only", "-q")
    assert [line for line in result.outlines if "::" in line] == ["all.eval.yaml::c", "marked.eval.yaml::a"]


def test_an_unregistered_mark_is_a_mistake(suite: Suite) -> None:
    suite.configure(MARKS)
    suite.write(
        "marked.eval.yaml",
        "marks: [sloww]\n"
        + HEAD
        + """
cases:
  - {id: a, question: q, expected_response: q, marks: [slow, slwo]}
  - id: b
    question: r
    expected_response: r
    marks: [nightly]
""",
    )
    result = suite.run()
    result.assert_outcomes(errors=1)
    result.stdout.re_match_lines(
        [
            r"marked\.eval\.yaml:1:9: mark 'sloww' is not registered; did you mean 'slow'\? \(register it .*",
            r"marked\.eval\.yaml:5:62: mark 'slwo' is not registered; did you mean 'slow'\? \(register it .*",
            r"marked\.eval\.yaml:9:13: mark 'nightly' is not registered \(register it .*",
        ]
    )


def test_a_mark_in_a_csv_of_a_yaml_test_set_is_placed_in_the_csv(suite: Suite) -> None:
    suite.write("table.eval.yaml", HEAD + "cases_from: rows.csv")
    suite.write("rows.csv", "question,expected_response,marks\nq,q,\nr,r,slwo\n")
    suite.run().stdout.re_match_lines([r"rows\.csv:3:\d+: mark 'slwo' is not registered .*"])


@pytest.mark.parametrize("mark", ["skip", "xfail", "usefixtures", "parametrize"])
def test_marks_that_need_arguments_have_keys_of_their_own_or_none(suite: Suite, mark: str) -> None:
    suite.write("marked.eval.yaml", HEAD + f"cases: [{{id: a, question: q, expected_response: z, marks: [{mark}]}}]")
    result = suite.run()
    assert result.ret != 0
    result.assert_outcomes(errors=1)
    result.stdout.re_match_lines([rf"marked\.eval\.yaml:2:\d+: .*'{mark}'.*"])


def test_skip_is_said_with_its_reason_and_calls_nobody(noted: Suite) -> None:
    noted.write(
        "skipped.eval.yaml", HEAD + "cases: [{id: a, question: q, expected_response: z, skip: not before May}]"
    )
    result = noted.run("skipped.eval.yaml", "-rs", "--eval-json=run.json")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*skipped.eval.yaml*: not before May"])
    record = noted.results()["a"]
    assert (record["status"], record["cause"]["message"]) == ("skipped", "not before May")
    assert noted.calls() == []
    assert result.ret == 0


def test_a_known_failure_is_expected_but_not_an_error_or_a_pass(suite: Suite) -> None:
    suite.write(
        "agent.py", "def agent(question):\n    if question == 'breaks':\n        raise OSError\n    return question\n"
    )
    suite.configure("xfail_strict = true", agents=("agent = agent:agent",))
    suite.write(
        "known.eval.yaml",
        HEAD
        + """
cases:
  - {id: known, question: q, expected_response: z, xfail: cannot count yet}
  - {id: fixed, question: q, expected_response: q, xfail: cannot count yet}
  - {id: broken, question: breaks, expected_response: z, xfail: cannot count yet}
""",
    )
    result = suite.run("-rxX", "--eval-json=run.json")
    result.assert_outcomes(xfailed=1, failed=1, errors=1)
    assert suite.statuses() == {"known": "failed", "fixed": "passed", "broken": "error"}
    assert suite.results()["known"]["known_failure"] == "cannot count yet"
    result.stdout.fnmatch_lines(["*XFAIL*known.eval.yaml::known*cannot count yet*"])
    result.stdout.fnmatch_lines(["*XPASS(strict)] cannot count yet"])
    assert suite.run("-k", "known and not fixed and not broken").ret == 0


def test_an_unexpected_pass_is_no_failure_unless_it_is_strict(suite: Suite) -> None:
    suite.write("known.eval.yaml", HEAD + "cases: [{id: a, question: q, expected_response: q, xfail: later}]")
    result = suite.run("-rX")
    result.assert_outcomes(xpassed=1)
    assert result.ret == 0


def test_a_failure_is_shown_in_the_file_that_the_case_stands_in(suite: Suite) -> None:
    suite.write("set.eval.yaml", "defaults: {test_method: exact_match}\ncases_from: rows.csv\n")
    suite.write("rows.csv", "id,question,expected_response\ngood,a,a\nbad,b,c\n")
    result = suite.run("--eval-json=run.json")
    result.stdout.fnmatch_lines(["rows.csv:3: case bad of agent echo", "*score 0.00*rows.csv:3 bad*"])
    assert suite.results()["bad"]["file"] == "rows.csv"
