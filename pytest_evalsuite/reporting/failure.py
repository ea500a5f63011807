"""A case that failed or broke, told from its record: headline, question, expected, actual, reason."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.dialogue import said_before
from pytest_evalsuite.reporting.difference import differing, marked_lines
from pytest_evalsuite.reporting.escape import encodable, escape_terminal
from pytest_evalsuite.reporting.people import overruled
from pytest_evalsuite.reporting.slots import slot_checks, slot_table
from pytest_evalsuite.runs.summary import gate_status

__all__ = ["FailureText", "attached", "case_file", "display_score", "headline"]

LABEL: Final = 10
"""Columns for the labels before the texts."""

NARROW: Final = 40
"""Below so many columns a label has a line of its own."""

IN_FILES: Final = 100
"""Columns of what is written where there is no terminal, such as a JUnit report."""

SHORT: Final = 600
"""Characters of a text that are shown below ``-vv``."""

COMPARE_WHOLE: Final = frozenset({"exact_match", "similarity", "json_match"})
"""Methods to which every difference from what is expected matters."""

Line = tuple[str, dict[str, bool]]


class Writer(Protocol):
    """The part of pytest's terminal writer that is used here."""

    fullwidth: int

    def line(self, s: str = "", **markup: bool) -> None:
        """Write a line."""


def case_file(record: Mapping[str, Any]) -> str:
    """The file that the case stands in: the test set, or where that takes its cases from."""
    file: str = record.get("file", record["test_set"])
    return file


def display_score(record: Mapping[str, Any]) -> str | None:
    """The score as it is shown behind a verdict, or None when there is none; and who has overruled it."""
    if record.get("score") is None:
        return None
    verdict = record.get("human_verdict", {})
    by = f" ({verdict['approval']} by {verdict['by']})" if gate_status(record) != record["status"] else ""
    return escape_terminal(f"{numbers.score(record['score'])}{by}")


def headline(record: Mapping[str, Any]) -> str:
    """What happened, in one line: ``score 0.42 < 0.70 (similarity)``."""
    if record["status"] == "error":
        cause = record["cause"]
        message = _raised(cause).strip().partition("\n")[0][:300]
        return escape_terminal(f"error ({cause['kind']}): {message}")
    if gate_status(record) != record["status"]:
        return escape_terminal(f"{overruled(record['human_verdict'])} ({_verdict(record)})")
    return escape_terminal(_verdict(record))


def _verdict(record: Mapping[str, Any]) -> str:
    checks, method = record["checks"], record["test_method"]
    negated = "not " if len(checks) == 1 and checks[0].get("not") else ""
    by = f"{negated}{method}" if isinstance(method, str) else numbers.count(len(checks), "check")
    attempts = record.get("attempts", ())
    rule = record.get("pass_rule", "mean")
    if rule != "mean":
        passed = sum(attempt["status"] == "passed" for attempt in attempts)
        needed = f"{passed} of {len(attempts)} attempts passed, needed {_rule(record)}"
        return f"{needed} ({by}, mean score {numbers.score(record['score'])})"
    mean = f", mean of {record['statistics']['scored']} attempts" if attempts else ""
    if record.get("passing_score") is not None:
        return f"score {_against_bar(record['score'], record['passing_score'])} ({by}{mean})"
    broken = [check["name"] for check in checks if not check.get("passed", True)]
    skipped = sum(check.get("skipped", False) for check in checks)
    failed = f"{len(broken)} of {numbers.count(len(checks), 'check')} failed: {', '.join(broken)}"
    failed += f", {skipped} skipped" if skipped else ""
    return f"{failed} (score {numbers.score(record['score'])}{mean})"


def _against_bar(score: float, bar: float) -> str:
    shown, shown_bar = numbers.apart(score, bar)
    return f"{shown} {'<' if score < bar else '>='} {shown_bar}"


def _rule(record: Mapping[str, Any]) -> str:
    rule = record["pass_rule"]
    words = {"majority": "a majority", "mean": "a mean score at the bar"}
    return words.get(rule, rule) if isinstance(rule, str) else f"at least {rule['at_least']}"


def _raised(cause: Mapping[str, Any]) -> str:
    return f"{cause['type']}: {cause['message']}" if cause["kind"] in ("agent", "setup") else str(cause["message"])


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
        self.reprcrash = Crash(escape_terminal(case_file(record)), record["line"], headline(record))

    def __str__(self) -> str:
        return "\n".join(line for line, _ in self.lines(width=IN_FILES))

    def toterminal(self, tw: Writer) -> None:
        """Write it."""
        encoding = getattr(getattr(tw, "_file", None), "encoding", None)
        for line, markup in self.lines(width=tw.fullwidth, encoding=encoding):
            tw.line(line, **markup)

    def lines(self, width: int, encoding: str | None = None) -> Iterator[Line]:
        """The text, line by line, with its markup, in characters that the encoding has."""
        record = self.record
        page = _Page(width, encoding, None if self.verbosity >= 2 else SHORT)
        yield encodable(self.reprcrash.message, encoding), {"red": True, "bold": True}
        yield "", {}
        for speaker, said in said_before(record):
            yield from page.text(speaker, said)
        yield from page.text("question", record.get("question"))
        yield from page.text("inputs", _json(record["inputs"]) if record.get("inputs") else None)
        yield from page.text("file", attached(record))
        slots = slot_checks(record)
        if not slots or len(slots) < len(record["checks"]):
            yield from page.comparison(_expected_texts(record), _actual_text(record), marks=_compares_whole(record))
        yield from page.table("slots", slot_table(record, page.room))
        if record["status"] == "error":
            yield from page.text("cause", _raised(record["cause"]))
            yield from page.block(record["cause"].get("traceback"))
        else:
            yield from _reasons(record, page)
        yield from page.text("attempts", _attempts(record))
        yield "", {}
        place = f"{case_file(record)}:{record['line']}: case {record['case_id']} of agent {record['agent']}"
        yield encodable(escape_terminal(place), encoding), {"light": True}


def attached(record: Mapping[str, Any]) -> str | None:
    """What the case attaches, with its media type; None where it has no file."""
    return f"{record['file_url']} ({record['file_mime_type']})" if record.get("file_url") else None


def _expected_texts(record: Mapping[str, Any]) -> list[str]:
    texts = record.get("expected_response", [])
    shown = [texts] if isinstance(texts, str) else list(texts)
    return shown if record.get("expected") is None else [*shown, _json(record["expected"])]


def _actual_text(record: Mapping[str, Any]) -> str | None:
    return _json(record["actual_output"]) if "actual_output" in record else record.get("actual_response")


def _json(value: Any) -> str:
    """One line of JSON, keys sorted, so that two values are easy to compare."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _compares_whole(record: Mapping[str, Any]) -> bool:
    return any(
        check["method"] in COMPARE_WHOLE and not {"not", "skipped", "slot"} & check.keys()
        for check in record.get("checks", ())
    )


def _reasons(record: Mapping[str, Any], page: _Page) -> Iterator[Line]:
    checks = [check for check in record["checks"] if "slot" not in check or not check.get("passed", False)]
    if len(record["checks"]) == 1:
        yield from page.text("reason", record["reasoning"] or None)
        return
    for check in checks:
        if check.get("skipped"):
            yield from page.text("check", f"skipped {check['name']}: {check['reason']}")
            continue
        verdict = "passed" if check["passed"] else "FAILED"
        negated = "not " if check.get("not") else ""
        reason = f": {check['reason']}" if check.get("reason") else ""
        bars = _against_bar(check["score"], check["passing_score"])
        yield from page.text("check", f"{verdict} {negated}{check['name']} {bars}{reason}", red=not check["passed"])


def _attempts(record: Mapping[str, Any]) -> str | None:
    attempts = record.get("attempts", ())
    if not attempts:
        return None
    scored = (f"{attempt['status']} {numbers.score(attempt['score'])}".removesuffix(" -") for attempt in attempts)
    return f"{', '.join(scored)}; needed: {_rule(record)}"


@dataclass(frozen=True)
class _Page:
    """Labelled texts, side by side or, where there is little room, one below the other."""

    width: int
    encoding: str | None
    limit: int | None

    def text(
        self, label: str, text: str | None, mask: Sequence[bool] | None = None, *, red: bool = False
    ) -> Iterator[Line]:
        """A text with its label; nothing for None. Marked characters have carets below them."""
        if text is None:
            return
        narrow = self.width < NARROW
        indent = 2 if narrow else LABEL
        if narrow:
            yield label, {}
        first = " " * indent if narrow else f"{label:<{LABEL}}"
        shown = encodable(text[: self.limit], self.encoding) or "(empty)"
        for line, carets in marked_lines(shown, mask, max(self.width - indent - 1, 8)):
            yield (f"{first}{line}" if line else first.rstrip()), ({"red": True} if red else {})
            first = " " * indent
            if carets:
                yield " " * indent + carets, {"red": True}
        if self.limit is not None and len(text) > self.limit:
            yield f"{first}... ({len(text) - self.limit:,} more characters, -vv shows them)", {"light": True}

    @property
    def room(self) -> int:
        """Columns beside a label."""
        return self.width - (2 if self.width < NARROW else LABEL) - 1

    def table(self, label: str, rows: Iterable[tuple[str, bool]]) -> Iterator[Line]:
        """Lines that are laid out already, each with whether it is red, behind one label."""
        indent = " " * (2 if self.width < NARROW else LABEL)
        for number, (row, red) in enumerate(rows):
            if number == 0 and self.width < NARROW:
                yield label, {}
            first = f"{label:<{LABEL}}" if number == 0 and self.width >= NARROW else indent
            yield f"{first}{encodable(row, self.encoding)}", ({"red": True} if red else {})

    def comparison(self, expected: Sequence[str], actual: str | None, *, marks: bool) -> Iterator[Line]:
        """What was expected (any one of the texts) and what came, with marks where the nearest of them differs."""
        texts = [encodable(text, self.encoding) for text in expected]
        answer = None if actual is None else encodable(actual, self.encoding)
        nearest, masks = None, None
        if marks and texts and answer and self._is_shown(answer):
            nearest = max(filter(self._is_shown, texts), key=lambda text: _nearness(text, answer), default=None)
            masks = None if nearest is None else differing(nearest, answer)
        missing, added = masks or (None, None)
        for number, text in enumerate(texts):
            yield from self.text("or" if number else "expected", text, missing if text == nearest else None)
        yield from self.text("actual", answer, added)

    def block(self, text: str | None) -> Iterator[Line]:
        """A text as it is, after an empty line."""
        if text is not None:
            yield "", {}
            for line in escape_terminal(encodable(text, self.encoding), keep_newlines=True).split("\n"):
                yield f"  {line}", {}

    def _is_shown(self, text: str) -> bool:
        return self.limit is None or len(text) <= self.limit


def _nearness(text: str, answer: str) -> float:
    from rapidfuzz.distance import Indel

    return Indel.normalized_similarity(text, answer)
