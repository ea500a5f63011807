"""A run as Markdown, for a pull request: verdict, figures, and the cases that a reviewer should see.

Texts of agents, judges and test sets are data: each stands in a code element or a fenced block, where neither Markdown
nor GitHub (mentions, references, commands) reads anything into it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_evalsuite.comparison.judgement import Judgement
from pytest_evalsuite.comparison.model import Comparison, Outcome, Pair, Records, Shift, no_records
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.dialogue import said_before
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.reporting.failure import headline
from pytest_evalsuite.reporting.people import assessed, overruled
from pytest_evalsuite.runs.encoding import decode
from pytest_evalsuite.runs.run import CaseKey, Run
from pytest_evalsuite.runs.summary import Tally, gate_status

__all__ = ["code", "fenced", "run_markdown"]

LIMIT: Final = 60_000
"""Characters; GitHub takes 65,536 in a comment."""

SHOWN: Final = 20
"""Cases that are told of each kind."""

TEXT: Final = 600
"""Characters that are shown of a text."""

PUNCTUATION: Final = re.compile(r"[^\w\s]|_")
SAID: Final = re.compile('"(?:human_verdict|assessments)":')
FENCE: Final = re.compile("`{3,}")


def run_markdown(
    run: Run,
    comparison: Comparison | None = None,
    judgement: Judgement | None = None,
    before: Records = no_records,
    more: Sequence[str] = (),
) -> str:
    """The report, of less than 60,000 characters. ``before`` gives the records of the base, where it has any.

    ``more`` are further parts, for its end.
    """
    parts = [*_parts(run, comparison, judgement, before), *more]
    text = ""
    for number, part in enumerate(parts):
        if len(text) + len(part) > LIMIT - 200:
            left = numbers.count(len(parts) - number, "part")
            return f"{text}\n{left} of this report left out: it would be too long.\n"
        text += part
    return text


def code(text: str) -> str:
    """The text on one line, in a code element that nothing is read into, also in a table."""
    shown = escape_terminal(text[:TEXT]) + (" ..." if len(text) > TEXT else "")
    return f"<code>{PUNCTUATION.sub(lambda found: f'&#{ord(found[0])};', shown)}</code>"


def fenced(text: str) -> str:
    """The text in a block whose fence is longer than any that the text holds."""
    shown = escape_terminal(text[:TEXT], keep_newlines=True) + ("\n..." if len(text) > TEXT else "")
    longest = max((len(found) for found in FENCE.findall(shown)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}text\n{shown}\n{fence}\n"


def _parts(run: Run, comparison: Comparison | None, judgement: Judgement | None, before: Records) -> Iterator[str]:
    yield _verdict(run, comparison, judgement)
    yield _figures(run, comparison)
    told: list[CaseKey] = []
    if comparison is not None:
        regressed = comparison.bucket("regressed")
        told += [pair.new.key for pair in regressed]
        yield from _regressed(run, regressed, before([pair.base.key for pair in regressed[:SHOWN]]))
        yield from _pairs("Fixed", comparison.bucket("fixed"))
        yield from _pairs("Flaky", comparison.bucket("flaky"))
        changed = [f"{_case(one.new)}: {', '.join(one.what)}; {one.new.status} now" for one in comparison.changed]
        yield from _list("Changed, and compared with nothing", changed)
        yield from _list("Removed", [_case(one) for one in comparison.removed])
        failing = [f"{_case(one)}: {one.status}" for one in comparison.added if one.status != "passed"]
        yield from _list("New, and not passing", failing)
    else:
        failed = [key for key in _gated(run, "failed") if not run.results.brief(key).known_failure]
        told += failed
        yield from _cases("Failed", run, failed)
    errors = list(_keys(run, "error"))
    told += errors
    yield from _list("Errors", [f"{_key(key)}: {code(headline(_record(run, key)))}" for key in errors])
    yield from _people(run)
    if told:
        yield _reproduce(run, told)


def _verdict(run: Run, comparison: Comparison | None, judgement: Judgement | None) -> str:
    tally = run.tally
    counts = f"{numbers.rate(tally.counts['passed'], tally.judged)} passed"
    word = str(run.info["status"])
    if judgement is not None:
        word = "passed" if judgement.passed and judgement.verdict == "passed" else judgement.verdict
        reasons, notes = judgement.reasons, judgement.notes
    else:
        reasons, notes = [], []
    lines = [f"## Evaluation: {word}, {counts}", ""]
    if comparison is not None:
        base = code(comparison.base.reference)
        lines += [f"Against {base}: **{comparison.decision.verdict}**.", ""]
        lines += [f"- {code(reason)}" for reason in comparison.decision.reasons]
    told = comparison.decision.reasons if comparison is not None else ()
    lines += [f"- {code(reason)}" for reason in [one for one in reasons if one not in told][:SHOWN]]
    lines += [f"- note: {code(note)}" for note in notes[:SHOWN]]
    return "\n".join([*lines, "", ""])


def _figures(run: Run, comparison: Comparison | None) -> str:
    if comparison is None:
        return "".join(
            _table(f"{code(one.plan.name)}, agent {code(one.plan.agent)}", ("", "value"), list(_of_tally(one.tally)))
            for one in run.evaluations[:SHOWN]
        )
    return "".join(
        _table(code(part.title or ""), ("", "base", "head", "change"), list(_of_part(part)))
        for part in comparison.parts[:SHOWN]
    )


def _of_tally(tally: Tally) -> Iterator[tuple[str, ...]]:
    yield "passed", numbers.rate(tally.counts["passed"], tally.judged)
    yield "errors", f"{tally.counts['error']:,}"
    yield "mean score", numbers.score(tally.mean_score)
    yield "p95 time", numbers.duration(tally.latency_p95)
    if tally.cost is not None:
        yield "cost", numbers.amount(tally.cost)


def _of_part(part: Comparison) -> Iterator[tuple[str, ...]]:
    yield f"pass rate ({len(part.pairs):,} cases)", *_shift(part.pass_rate, numbers.score, points=True)
    yield "mean score", *_shift(part.score, numbers.score, points=True)
    yield "time a case", *_shift(part.seconds, numbers.duration)
    yield "tokens a case", *_shift(part.tokens, lambda value: "-" if value is None else f"{value:,.0f}")
    yield "cost a case", *_shift(part.cost, lambda value: "-" if value is None else numbers.amount(value))


def _shift(shift: Shift, show: Any, *, points: bool = False) -> tuple[str, str, str]:
    change = shift.change
    told = "-"
    if change is not None:
        relative = 100 * change / shift.base if shift.base else 0.0
        told = f"{100 * change:+.1f} points" if points else f"{relative:+.0f} %"
    return show(shift.base), show(shift.new), told


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"### {title}", "", f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows), "", ""])


def _regressed(run: Run, pairs: Sequence[Pair], earlier: Mapping[CaseKey, Mapping[str, Any]]) -> Iterator[str]:
    if pairs:
        yield f"### Regressed: {len(pairs):,}\n\n"
    for pair in pairs[:SHOWN]:
        base = pair.base
        yield _told(run, pair.new.key, f"passed {base.passes} of {base.attempts} before", earlier.get(base.key, {}))
    if len(pairs) > SHOWN:
        yield f"... and {len(pairs) - SHOWN:,} more.\n\n"


def _cases(title: str, run: Run, keys: Sequence[CaseKey]) -> Iterator[str]:
    if keys:
        yield f"### {title}: {len(keys):,}\n\n"
    for key in keys[:SHOWN]:
        yield _told(run, key, "", {})
    if len(keys) > SHOWN:
        yield f"... and {len(keys) - SHOWN:,} more.\n\n"


def _told(run: Run, key: CaseKey, before: str, earlier: Mapping[str, Any]) -> str:
    record = _record(run, key)
    head = f"**{_key(key)}**: {code(headline(record))}" + (f", {before}" if before else "")
    said = "\n".join(f"{speaker}: {text}" for speaker, text in said_before(record))
    texts = [
        ("said before", said),
        ("question", record.get("question", record.get("inputs"))),
        ("expected", record.get("expected_response", record.get("expected"))),
        ("before", earlier.get("actual_response")),
        ("now", record.get("actual_response")),
        ("reason", record.get("reasoning")),
    ]
    shown = [f"{label}\n\n{fenced(_text(value))}" for label, value in texts if value]
    return "\n".join([head, "", *shown, ""])


def _people(run: Run) -> Iterator[str]:
    """What people say: verdicts that count instead of the machine's, then all else."""
    verdicts, said = [], []
    for key in (key for evaluation in run.evaluations for key in evaluation.keys):
        line = run.results.line(key)
        if SAID.search(line):
            record = decode(line)
            if gate_status(record) != record["status"]:
                verdicts.append(f"{_key(key)}: {record['status']}, {code(overruled(record['human_verdict']))}")
            said += [f"{_key(key)}: {code(assessed(one))}" for one in record.get("assessments", ())]
    yield from _list("Overruled by people", verdicts)
    yield from _list("Assessed by people", said)


def _pairs(title: str, pairs: Sequence[Pair]) -> Iterator[str]:
    told = [
        f"{_case(pair.new)}: passed {pair.base.passes} of {pair.base.attempts} before, {pair.new.passes} of "
        f"{pair.new.attempts} now"
        for pair in pairs
    ]
    yield from _list(title, told)


def _list(title: str, entries: Sequence[str]) -> Iterator[str]:
    if entries:
        more = [f"- ... and {len(entries) - SHOWN:,} more"] if len(entries) > SHOWN else []
        lines = [f"### {title}: {len(entries):,}", "", *(f"- {entry}" for entry in entries[:SHOWN]), *more]
        yield "\n".join([*lines, "", ""])


def _reproduce(run: Run, keys: Sequence[CaseKey]) -> str:
    names = {
        CaseKey(one.plan.test_set, case.case_id, one.plan.agent): case.node_name
        for one in run.evaluations
        for case in one.plan.cases
    }
    nodes = [f"'{key.test_set}::{names.get(key, key.case_id)}'" for key in keys[:5]]
    return f"To see it again:\n\n{fenced(' '.join(['pytest --eval-suite', *nodes]))}"


def _gated(run: Run, status: str) -> Iterator[CaseKey]:
    for evaluation in run.evaluations:
        yield from (key for key in evaluation.keys if run.results.brief(key).gate_status == status)


def _keys(run: Run, status: str) -> Iterator[CaseKey]:
    for evaluation in run.evaluations:
        yield from (key for key in evaluation.keys if run.results.brief(key).status == status)


def _record(run: Run, key: CaseKey) -> Mapping[str, Any]:
    record: Mapping[str, Any] = decode(run.results.line(key))
    return record


def _case(outcome: Outcome) -> str:
    return _key(outcome.key)


def _key(key: CaseKey) -> str:
    return f"{code(key.test_set)} {code(key.case_id)} ({code(key.agent)})"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
