from __future__ import annotations

from typing import Any

import pytest
from records import error, record

from pytest_evalsuite.reporting.difference import cell_width
from pytest_evalsuite.reporting.failure import FailureText, display_score, headline

CHECKS = [
    {"name": "regex", "method": "regex", "score": 0.0, "passing_score": 1.0, "passed": False, "reason": "no match"},
    {"name": "contains", "method": "contains", "score": 1.0, "passing_score": 1.0, "passed": True, "not": True},
]
SEVERAL = {"test_method": ["regex", "contains"], "checks": CHECKS, "passing_score": None, "score": 0.5}
ATTEMPTS: dict[str, Any] = {
    "score": 0.666667,
    "pass_rule": "mean",
    "statistics": {"scored": 3},
    "attempts": [{"status": s, "score": v} for s, v in (("passed", 1.0), ("passed", 1.0), ("failed", 0.0))],
}


def text_of(one: dict[str, Any], width: int = 80, verbosity: int = 0, encoding: str | None = None) -> str:
    lines = FailureText(one, verbosity).lines(width, encoding)
    return "\n".join(line for line, _ in lines)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"score": 0.42, "passing_score": 0.7}, "score 0.42 < 0.70 (exact_match)"),
        ({"score": 0.6999, "passing_score": 0.7}, "score 0.6999 < 0.7000 (exact_match)"),
        ({"checks": [{**CHECKS[1], "passed": False}]}, "score 0.00 < 1.00 (not exact_match)"),
        (SEVERAL, "1 of 2 checks failed: regex (score 0.50)"),
        (
            {**SEVERAL, "checks": [*CHECKS, {"name": "bleu", "method": "bleu", "skipped": True, "reason": "so"}]},
            "1 of 3 checks failed: regex, 1 skipped (score 0.50)",
        ),
        ({**SEVERAL, "passing_score": 0.7}, "score 0.50 < 0.70 (2 checks)"),
        (ATTEMPTS, "score 0.67 < 1.00 (exact_match, mean of 3 attempts)"),
        ({**ATTEMPTS, "pass_rule": "all"}, "2 of 3 attempts passed, needed all (exact_match, mean score 0.67)"),
        (
            {**ATTEMPTS, "pass_rule": {"at_least": 3}},
            "2 of 3 attempts passed, needed at least 3 (exact_match, mean score 0.67)",
        ),
    ],
)
def test_the_headline_says_what_fell_short_of_what(changes: dict[str, Any], expected: str) -> None:
    assert headline(record(**changes)) == expected


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ({"kind": "agent", "type": "KeyError", "message": "'42'\nmore"}, "error (agent): KeyError: '42'"),
        ({"kind": "timeout", "type": "CaseTimeout", "message": "no answer"}, "error (timeout): no answer"),
        ({"kind": "worker_crash", "message": "worker gw0 crashed"}, "error (worker_crash): worker gw0 crashed"),
        ({"kind": "agent", "type": "E", "message": "\x1b[2J::x"}, r"error (agent): E: \x1b[2J::x"),
    ],
)
def test_the_headline_of_an_error_names_its_kind(cause: dict[str, Any], expected: str) -> None:
    assert headline(error(cause=cause)) == expected


def test_a_skipped_check_says_why_and_nothing_is_compared_for_it() -> None:
    skipped = {"name": "exact", "method": "exact_match", "skipped": True, "reason": "tags are 'a', wanted 'b'"}
    text = text_of(record(**{**SEVERAL, "checks": [*CHECKS, skipped]}))
    assert "check     skipped exact: tags are 'a', wanted 'b'" in text
    assert "^" not in text


def test_a_failure_reads_from_question_to_reason() -> None:
    assert text_of(record()).split("\n") == [
        "score 0.00 < 1.00 (exact_match)",
        "",
        "question  What is the capital of France?",
        "expected  Paris",
        "actual    Pariss",
        "               ^",
        "reason    differs from character 6 on",
        "",
        "set.eval.yaml:3: case a of agent echo",
    ]


def test_an_error_shows_its_cause_and_where_it_was_raised() -> None:
    cause = {"kind": "agent", "type": "KeyError", "message": "'42'", "traceback": "Traceback:\n  agent.py\n::error::x"}
    assert text_of(error(cause=cause)).split("\n")[4:] == [
        "cause     KeyError: '42'",
        "",
        "  Traceback:",
        "    agent.py",
        r"  \x3a:error::x",
        "",
        "set.eval.yaml:3: case a of agent echo",
    ]


def test_each_of_several_checks_has_its_verdict() -> None:
    text = text_of(record(**SEVERAL))
    assert "check     FAILED regex 0.00 < 1.00: no match" in text
    assert "check     passed not contains 1.00 >= 1.00" in text


def test_each_attempt_has_its_verdict() -> None:
    attempts = [*ATTEMPTS["attempts"], {"status": "error", "score": None}]
    text = text_of(record(**{**ATTEMPTS, "attempts": attempts, "pass_rule": "majority"}))
    assert "attempts  passed 1.00, passed 1.00, failed 0.00, error; needed: a majority" in text


def test_of_several_right_answers_the_nearest_is_compared() -> None:
    text = text_of(record(expected_response=["London", "Paris"]))
    assert "expected  London\nor        Paris\nactual    Pariss\n               ^\n" in text


def test_structured_answers_stand_below_each_other_with_their_keys_in_one_order() -> None:
    check = {**record()["checks"][0], "name": "json_match", "method": "json_match"}
    changes = {"expected_response": ..., "question": ..., "inputs": {"text": "refund!"}, "checks": [check]}
    expected, actual = {"category": "billing", "priority": "high"}, {"priority": "low", "category": "billing"}
    text = text_of(record(expected=expected, actual_output=actual, actual_response="{...}", **changes))
    assert 'inputs    {"text": "refund!"}' in text
    assert 'expected  {"category": "billing", "priority": "high"}\n' in text
    assert 'actual    {"category": "billing", "priority": "low"}\n' in text
    assert "^^^" in text


def test_methods_that_look_for_a_part_have_no_marks() -> None:
    check = {**record()["checks"][0], "name": "contains", "method": "contains"}
    assert "^" not in text_of(record(checks=[check]))


def test_an_empty_answer_is_called_empty() -> None:
    assert "actual    (empty)" in text_of(record(actual_response=""))


def test_long_texts_are_cut_until_all_is_asked_for() -> None:
    long = record(actual_response="word " * 1000)
    assert "... (4,400 more characters, -vv shows them)" in text_of(long)
    assert text_of(long, verbosity=2).count("word") == 1000


@pytest.mark.parametrize("width", [20, 30, 40, 80, 200])
def test_texts_stay_within_the_terminal(width: int) -> None:
    words = "日本語 " * 30 + "word " * 40
    one = record(question=words, expected_response=words, actual_response=words + "!", reasoning=words)
    lines = [line for line, _ in FailureText(one).lines(width)]
    labelled = lines[2:-2]
    assert max(map(cell_width, labelled)) <= width


def test_a_terminal_that_knows_few_characters_gets_names_for_the_others() -> None:
    text = text_of(record(expected_response="Zürich", actual_response="Zürch"), encoding="ascii")
    assert "expected  Z\\xfcrich\n                ^\nactual    Z\\xfcrch\n" in text


def test_what_is_written_to_a_file_does_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    words = record(question="word " * 100)
    monkeypatch.setenv("COLUMNS", "30")
    narrow = str(FailureText(words))
    monkeypatch.setenv("COLUMNS", "300")
    assert str(FailureText(words)) == narrow


def test_display_score() -> None:
    assert display_score(record(score=0.93)) == "0.93"
    assert display_score(error()) is None
