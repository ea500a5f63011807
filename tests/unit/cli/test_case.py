from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import error, passed, record

from pytest_evalsuite.cli._case import case_lines
from pytest_evalsuite.cli._common import UNLIMITED
from pytest_evalsuite.reporting.difference import cell_width

TEXTS = st.text(st.one_of(st.sampled_from("a \u65e5\x1b\n\r\t\u202e\x9b"), st.characters()), max_size=60)

CALLS = [
    {"name": "search", "arguments": {"text": "x"}},
    {"name": "search", "arguments": {}, "result": None},
    {"name": "refund", "arguments": {}, "error": "no such order"},
]
JUDGED = {
    "name": "quality",
    "method": "semantic_quality",
    "score": 0.8,
    "passing_score": 0.7,
    "passed": True,
    "raw_score": 8,
    "reason": "says it all",
    "evidence": {"criteria": ["relevance"]},
    "judge": "openai:m",
    "judge_usage": {"input_tokens": 400, "output_tokens": None},
    "judge_cost": 0.25,
}
SKIPPED = {"name": "regex", "method": "regex", "skipped": True, "reason": "tier is not gold"}


def shown(one: dict[str, Any]) -> str:
    return "\n".join(case_lines(one, UNLIMITED))


def test_a_passed_case_shows_all_that_its_record_holds() -> None:
    text = shown(
        passed(
            name="The capital",
            tags=["geo", "easy"],
            metadata={"owner": "ann"},
            inputs={"tier": "gold"},
            expected_response=["Paris", "Paris, France"],
            expected={"city": "Paris"},
            actual_output={"city": "Paris"},
            checks=[JUDGED, SKIPPED],
            tool_calls=CALLS,
            usage={"input_tokens": 1200, "output_tokens": 3},
            cost=0.5,
            trace_id="t-1",
            reply_metadata={"model": "m"},
        )
    )
    for line in (
        "passed: case a of agent echo",
        "set.eval.yaml:3",
        "score         1.00 >= 1.00",
        'inputs        {"tier": "gold"}',
        "expected      Paris",
        "or            Paris, France",
        'or            {"city": "Paris"}',
        'actual        {"city": "Paris"}',
        "check         passed quality 0.80 >= 0.70: says it all",
        "check         skipped regex: tier is not gold",
        "tags          geo, easy",
        "name          The capital",
        'metadata      {"owner": "ann"}',
        'tool call     search({"text": "x"})',
        "tool call     search({}) -> null",
        "tool call     refund({}) raised no such order",
        "usage         1,200 tokens in, 3 tokens out, $0.50",
        "trace         t-1",
        'said          {"model": "m"}',
        "raw score     quality: 8",
        'evidence      quality: {"criteria": ["relevance"]}',
        "judge         quality: openai:m (400 tokens in, $0.25)",
        "took          1.5 ms",
        "started       2026-01-02T03:04:05.678Z",
        "completed     2026-01-02T03:04:05.680Z",
    ):
        assert line in text.splitlines()


@pytest.mark.parametrize("status", ["skipped", "cancelled", "not_run"])
def test_a_case_without_a_verdict_says_why(status: str) -> None:
    bare = {key: record()[key] for key in ("test_set", "case_id", "agent", "position", "line", "fingerprint")}
    cause = {"kind": "stopped", "message": "interrupted"}
    text = shown({**bare, "status": status, "cause": cause, "score": None})
    assert text.startswith(f"{status}: case a of agent echo\nset.eval.yaml:3\n\nreason        interrupted\n")


def test_a_failure_shows_where_answer_and_expectation_differ() -> None:
    text = shown(record())
    assert "actual    Pariss\n               ^\n" in text
    assert "known failure a gap\n" in shown(record(known_failure="a gap"))


def test_each_attempt_is_shown_with_what_it_took() -> None:
    attempts = [
        {"number": 1, "status": "passed", "score": 1.0, "actual_response": "Paris", "checks": [JUDGED], "cost": 1.0},
        {"number": 2, "status": "error", "score": None, "cause": {"kind": "agent", "message": "gone"}, "checks": []},
    ]
    text = shown(
        passed(attempts=attempts, pass_rule={"at_least": 1}, statistics={"attempts": 2, "scored": 1}, cost=1.0)
    )
    first, second = text.split("\nattempt ")[1:]
    assert first.startswith("1\nstatus        passed 1.00\nactual        Paris\ncheck         passed quality")
    assert "usage         $1.00\n" in first
    assert second == "2\nstatus        error\ncause         gone"
    assert 'pass rule     {"at_least": 1}\n' in text
    assert text.count("$1.00") == 1


@given(TEXTS, st.integers(60, 120))
def test_no_text_leaves_its_line_or_reaches_the_terminal_as_it_is(text: str, width: int) -> None:
    changes = {"question": text, "expected_response": text, "actual_response": text, "case_id": text[:5]}
    for one in (passed(**changes), record(**changes), error(**changes)):
        for line in [*case_lines(one, width)][3:]:
            assert not set(line) & set("\x1b\n\r\t\u202e\x9b")
            assert cell_width(line) <= width or " of agent " in line
