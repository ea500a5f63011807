"""A case that failed or broke, told from its record: headline, question, expected, actual, reason."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.difference import differing, marked_lines
from pytest_evalsuite.reporting.escape import escape_terminal

__all__ = ["FailureText", "display_score", "headline"]

LABEL: Final = 10
"""Columns for the labels before the texts."""

SHORT: Final = 600
"""Characters of a text that are shown below ``-vv``."""

Line = tuple[str, dict[str, bool]]


class Writer(Protocol):
    """The part of pytest's terminal writer that is used here."""

    fullwidth: int

    def line(self, s: str = "", **markup: bool) -> None:
        """Write a line."""


def display_score(record: Mapping[str, Any]) -> str | None:
    """The score as it is shown behind a verdict, or None when there is none."""
    return None if record.get("score") is None else numbers.score(record["score"])


def headline(record: Mapping[str, Any]) -> str:
    """What happened, in one line: ``score 0.42 < 0.70 (similarity)``."""
    if record["status"] == "error":
        cause = record["cause"]
        message = cause["message"].strip().partition("\n")[0][:300]
        shown = f"{cause['type']}: {message}" if cause["kind"] == "agent" else message
        return escape_terminal(f"error ({cause['kind']}): {shown}")
    score = numbers.score(record["score"])
    method = record["test_method"]
    if record.get("passing_score") is not None:
        bar = numbers.score(record["passing_score"])
        sign = "<" if record["status"] == "failed" else ">="
        negated = "not " if len(record["checks"]) == 1 and record["checks"][0].get("not") else ""
        by = method if isinstance(method, str) else f"{len(record['checks'])} checks"
        attempts = _attempts(record)
        return f"score {score} {sign} {bar} ({negated}{by}{attempts})"
    broken = [check["name"] for check in record["checks"] if not check["passed"]]
    failed = f"{len(broken)} of {numbers.count(len(record['checks']), 'check')} failed: {', '.join(broken)}"
    return escape_terminal(f"{failed} (score {score}{_attempts(record)})")


@dataclass
class Crash:
    """Where a failure is and what it says, as pytest's short summary and JUnit report want it."""

    path: str
    lineno: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.lineno}: {self.message}"


@dataclass
class FailureText:
    """What pytest prints of a case under FAILURES or ERRORS."""

    record: Mapping[str, Any]
    verbosity: int = 0
    reprcrash: Crash = field(init=False)

    def __post_init__(self) -> None:
        record = self.record
        self.reprcrash = Crash(escape_terminal(record["test_set"]), record["line"], headline(record))

    def __str__(self) -> str:
        return "\n".join(line for line, _ in self.lines(width=min(shutil.get_terminal_size().columns, 120)))

    def toterminal(self, tw: Writer) -> None:
        """Write it."""
        for line, markup in self.lines(width=tw.fullwidth):
            tw.line(line, **markup)

    def lines(self, width: int) -> Iterator[Line]:
        """The text, line by line, with its markup."""
        record = self.record
        yield self.reprcrash.message, {"red": True, "bold": True}
        yield "", {}
        expected, actual = record.get("expected_response"), record.get("actual_response")
        yield from self._text("question", record.get("question"), width)
        yield from self._value("inputs", record.get("inputs"), width)
        one_expected = expected if isinstance(expected, str) else None
        if isinstance(expected, list):
            yield from self._text("expected", " | ".join(expected), width)
        else:
            yield from self._text("expected", expected, width)
        yield from self._value("expected", record.get("expected"), width)
        if actual is not None:
            mask = differing(one_expected, actual) if one_expected is not None and self._short(actual) else None
            yield from self._text("actual", actual, width, mask)
        if record["status"] == "error":
            yield from self._cause(record["cause"], width)
        else:
            yield from self._reasons(record, width)
        yield "", {}
        name = f"{record['test_set']}:{record['line']}"
        yield escape_terminal(f"{name}: case {record['case_id']} of agent {record['agent']}"), {"light": True}

    def _reasons(self, record: Mapping[str, Any], width: int) -> Iterator[Line]:
        checks = record.get("checks", ())
        if len(checks) == 1:
            yield from self._text("reason", record.get("reasoning"), width)
        else:
            for check in checks:
                verdict = "passed" if check["passed"] else "FAILED"
                sign = ">=" if check["passed"] else "<"
                bars = f"{numbers.score(check['score'])} {sign} {numbers.score(check['passing_score'])}"
                negated = "not " if check.get("not") else ""
                reason = f": {check['reason']}" if check.get("reason") else ""
                yield from self._text("check", f"{verdict} {negated}{check['name']} {bars}{reason}", width)
        attempts = record.get("attempts", ())
        if attempts:
            rule = record["pass_rule"]
            shown = rule if isinstance(rule, str) else f"at least {rule['at_least']}"
            scores = ", ".join(numbers.score(attempt["score"]) for attempt in attempts)
            passed = sum(attempt["status"] == "passed" for attempt in attempts)
            summary = f"{passed} of {len(attempts)} passed, pass rule {shown}; scores {scores}"
            yield from self._text("attempts", summary, width)

    def _cause(self, cause: Mapping[str, Any], width: int) -> Iterator[Line]:
        message = cause["message"]
        yield from self._text("cause", f"{cause['type']}: {message}" if cause["kind"] == "agent" else message, width)
        if "traceback" in cause:
            yield "", {}
            for line in escape_terminal(cause["traceback"], keep_newlines=True).split("\n"):
                yield f"  {line}", {}

    def _value(self, label: str, value: Any, width: int) -> Iterator[Line]:
        if value is not None:
            yield from self._text(label, json.dumps(value, ensure_ascii=False), width)

    def _text(self, label: str, text: str | None, width: int, mask: Sequence[bool] | None = None) -> Iterator[Line]:
        if text is None or (not text and label == "reason"):
            return
        shown = text if self.verbosity >= 2 or self._short(text) else text[:SHORT]
        name = label
        for line, carets in marked_lines(shown, mask, max(width - LABEL - 2, 20)):
            yield f"{name:<{LABEL}}{line}".rstrip(), {}
            name = ""
            if carets:
                yield " " * LABEL + carets, {"red": True}
        if not text:
            yield f"{label:<{LABEL}}(empty)", {}
        if len(shown) < len(text):
            yield f"{'':<{LABEL}}... ({len(text) - len(shown):,} more characters, -vv shows them)", {"light": True}

    def _short(self, text: str) -> bool:
        return len(text) <= SHORT or self.verbosity >= 2


def _attempts(record: Mapping[str, Any]) -> str:
    statistics = record.get("statistics")
    return f", mean of {statistics['scored']} attempts" if statistics else ""
