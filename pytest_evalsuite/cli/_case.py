"""All that is known of one case's result, as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pytest_evalsuite.cli._common import UNLIMITED
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.dialogue import said_before
from pytest_evalsuite.reporting.difference import marked_lines
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.reporting.failure import FailureText, attached, case_file
from pytest_evalsuite.reporting.people import assessed, overruled

__all__ = ["case_lines"]

LABEL: Final = 14
"""Columns for the labels before the texts."""

IN_FULL: Final = 2
"""The verbosity at which no text is cut."""


def case_lines(record: Mapping[str, Any], width: int) -> Iterator[str]:
    """The record, line by line: what pytest shows of a failure, for every status, and what else it holds."""
    yield escape_terminal(f"{record['status']}: case {record['case_id']} of agent {record['agent']}")
    yield escape_terminal(f"{case_file(record)}:{record['line']}")
    yield ""
    if record["status"] in ("failed", "error"):
        text = FailureText(record, verbosity=IN_FULL)
        *told, _, _ = (line for line, _ in text.lines(width))  # the last two lines say where it stands
        yield from told
    else:
        yield from labelled(asked_and_answered(record), width)
    yield ""
    yield from labelled(details(record), width)
    for attempt in record.get("attempts", ()):
        yield ""
        yield f"attempt {attempt['number']}"
        yield from labelled(attempt_told(record, attempt), width)


def labelled(texts: Iterator[tuple[str, str]], width: int) -> Iterator[str]:
    """Texts behind their labels, wrapped and escaped."""
    room = min(max(width - LABEL - 1, 8), UNLIMITED)
    for label, text in texts:
        first = f"{label:<{LABEL}}"
        for line, _ in marked_lines(text or "(empty)", None, room):
            yield f"{first}{line}".rstrip()
            first = " " * LABEL


def asked_and_answered(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Question, expectation, answer and verdict of a case that neither failed nor broke."""
    if record.get("cause"):
        yield "reason", record["cause"]["message"]
    elif record["status"] == "passed":
        yield "score", score_against(record)
    if record["status"] != "skipped":
        yield from said_before(record)
    for key in ("question", "inputs"):
        if record.get(key) is not None:
            yield key, as_text(record[key])
    file = attached(record)
    if file is not None:
        yield "file", file
    if record.get("mapped_input") is not None:
        yield "mapped", as_text(record["mapped_input"])
    expected = record.get("expected_response", [])
    for number, text in enumerate([expected] if isinstance(expected, str) else expected):
        yield "or" if number else "expected", text
    if record.get("expected") is not None:
        yield "or" if expected else "expected", as_text(record["expected"])
    yield from answer(record)
    yield from checks(record)


def details(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is told of a result beside its verdict."""
    method = record.get("test_method")
    if method is not None:
        yield "method", method if isinstance(method, str) else ", ".join(method)
    if record.get("tags"):
        yield "tags", ", ".join(record["tags"])
    for key in ("name", "known_failure", "tolerated", "metadata"):
        if record.get(key):
            yield key.replace("_", " "), as_text(record[key])
    yield from people(record)
    if not record.get("attempts"):
        yield from consumed(record)
        yield from evidence(record)
    if record.get("statistics"):
        yield "pass rule", as_text(record["pass_rule"])
        yield "statistics", as_text(record["statistics"])
    if record.get("execution_time_ms") is not None:
        yield "took", numbers.duration(record["execution_time_ms"] / 1000)
    for label, key in (("started", "started_at"), ("completed", "completed_at"), ("fingerprint", "fingerprint")):
        if record.get(key):
            yield label, record[key]


def people(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What people say: what counts instead of the verdict, and all the rest."""
    if record.get("human_verdict"):
        yield "people", overruled(record["human_verdict"])
    for assessment in record.get("assessments", ()):
        yield "assessed", assessed(assessment)


def attempt_told(record: Mapping[str, Any], attempt: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """One of several answers."""
    yield "status", f"{attempt['status']} {numbers.score(attempt.get('score'))}".removesuffix(" -")
    if attempt.get("cause"):
        yield "cause", attempt["cause"]["message"]
    if attempt["status"] != "skipped":
        yield from said_before(record, attempt)
    yield from answer(attempt)
    yield from checks(attempt)
    yield from consumed(attempt)
    yield from evidence(attempt)
    if attempt.get("execution_time_ms") is not None:
        yield "took", numbers.duration(attempt["execution_time_ms"] / 1000)


def answer(answered: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What came back, as it was given."""
    if "actual_output" in answered:
        yield "actual", as_text(answered["actual_output"])
    elif answered.get("actual_response") is not None:
        yield "actual", answered["actual_response"]


def checks(answered: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each method's verdict."""
    for check in answered.get("checks", ()):
        if check.get("skipped"):
            yield "check", f"skipped {check['name']}: {check['reason']}"
            continue
        verdict = "passed" if check["passed"] else "FAILED"
        negated = "not " if check.get("not") else ""
        reason = f": {check['reason']}" if check.get("reason") else ""
        yield "check", f"{verdict} {negated}{check['name']} {score_against(check)}{reason}"


def evidence(answered: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What methods read their scores from, and who judged."""
    for check in answered.get("checks", ()):
        for label, key in (("raw score", "raw_score"), ("evidence", "evidence")):
            if check.get(key) is not None:
                yield label, f"{check['name']}: {as_text(check[key])}"
        if check.get("judge") is not None:
            taken = ", ".join(usage_and_cost(check.get("judge_usage"), check.get("judge_cost")))
            yield "judge", f"{check['name']}: {check['judge']}" + (f" ({taken})" if taken else "")


def consumed(answered: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Tools, tokens, cost, and what else the agent said."""
    for call in answered.get("tool_calls", ()):
        yield "tool call", f"{call['name']}({as_text(call['arguments'])}){what_came(call)}"
    taken = ", ".join(usage_and_cost(answered.get("usage"), answered.get("cost")))
    if taken:
        yield "usage", taken
    for label, key in (("trace", "trace_id"), ("said", "reply_metadata")):
        if answered.get(key):
            yield label, as_text(answered[key])


def what_came(call: Mapping[str, Any]) -> str:
    """What came of a tool call, where that is known."""
    if call.get("error"):
        return f" raised {call['error']}"
    return f" -> {as_text(call['result'])}" if "result" in call else ""


def usage_and_cost(usage: Mapping[str, Any] | None, cost: float | None) -> Iterator[str]:
    """Tokens and dollars, those that are known."""
    for key, way in (("input_tokens", "tokens in"), ("output_tokens", "tokens out")):
        number = (usage or {}).get(key)
        if number is not None:
            yield f"{number:,} {way}"
    if cost is not None:
        yield numbers.amount(cost)


def score_against(scored: Mapping[str, Any]) -> str:
    """A score and its bar, where it has one."""
    score, bar = scored["score"], scored.get("passing_score")
    if bar is None:
        return numbers.score(score)
    shown, shown_bar = numbers.apart(score, bar)
    return f"{shown} {'<' if score < bar else '>='} {shown_bar}"


def as_text(value: Any) -> str:
    """A text as it is, another value as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
