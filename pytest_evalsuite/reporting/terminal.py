"""The section ``eval suites``: figures of each evaluation, the worst failures, where the run is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.difference import cell_width
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.reporting.failure import headline
from pytest_evalsuite.runs.encoding import decode
from pytest_evalsuite.runs.run import CaseKey, Evaluation, Run
from pytest_evalsuite.runs.summary import Tally

__all__ = ["summary_lines"]

WORST = 5
"""How many failures are named, worst first; ``-vv`` names all."""

Line = tuple[str, dict[str, bool]]
COLUMNS = (
    "test set",
    "agent",
    "cases",
    "passed",
    "failed",
    "errors",
    "skipped",
    "pass rate",
    "mean score",
    "p50",
    "p95",
)
TEXT_COLUMNS = 2


def summary_lines(
    run: Run, *, verbosity: int, width: int, problems: Sequence[str] = (), files: Sequence[str] = ()
) -> list[Line]:
    """The section's lines with their markup. Below verbosity 0 it is one line."""
    trouble = [(f"problem: {escape_terminal(problem)}", {"red": True}) for problem in problems]
    reason = run.info["error_message"]
    if reason:
        first = reason.partition("\n")[0].removesuffix(":")
        trouble.insert(0, (f"run {run.info['status']}: {escape_terminal(first)}", {"red": True}))
    if verbosity < 0:
        return [*trouble, (f"eval: {_one_line(run.tally)}", _markup(run.tally))]
    lines: list[Line] = []
    if run.evaluations:
        lines += _figures(run, width)
        lines += _worst(run, verbosity)
    lines += trouble
    if run.evaluations:
        lines.append((f"run {run.info['id']}" + (f" ({run.info['name']})" if run.info["name"] else ""), {}))
    lines += [(f"written: {name}", {}) for name in files]
    return lines


def _figures(run: Run, width: int) -> Iterator[Line]:
    rows = [_row(evaluation) for evaluation in run.evaluations]
    tallies = [evaluation.tally for evaluation in run.evaluations]
    if len(rows) > 1:
        rows.append(("total", "", *_cells(run.tally)))
        tallies.append(run.tally)
    columns = [i for i, name in enumerate(COLUMNS) if name != "skipped" or run.tally.counts["skipped"]]
    widths = {i: max(cell_width(row[i]) for row in (COLUMNS, *rows)) for i in columns}
    if sum(widths.values()) + 2 * (len(columns) - 1) <= width:
        yield _table_line(COLUMNS, widths), {"light": True}
        for row, tally in zip(rows, tallies, strict=True):
            yield _table_line(row, widths), _markup(tally)
    else:
        for row, tally in zip(rows, tallies, strict=True):
            yield f"{row[0]} [{row[1]}]" if row[1] else row[0], {"bold": True}
            yield f"  {_one_line(tally)}", _markup(tally)
    extra = _extra(run.tally)
    if extra:
        yield extra, {}


def _row(evaluation: Evaluation) -> tuple[str, ...]:
    plan = evaluation.plan
    return (escape_terminal(plan.name), escape_terminal(plan.agent), *_cells(evaluation.tally))


def _cells(tally: Tally) -> tuple[str, ...]:
    counts = tally.counts
    failed = f"{counts['failed']}" + (f" ({tally.known_failures} known)" if tally.known_failures else "")
    mean = "-" if tally.mean_score is None else f"{numbers.score(tally.mean_score)} of {tally.scored:,}"
    return (
        f"{tally.total:,}",
        f"{counts['passed']:,}",
        failed,
        f"{counts['error']:,}",
        f"{counts['skipped']:,}",
        numbers.rate(counts["passed"], tally.judged),
        mean,
        numbers.duration(tally.latency_p50),
        numbers.duration(tally.latency_p95),
    )


def _table_line(cells: Sequence[str], widths: dict[int, int]) -> str:
    padded = []
    for i, width in widths.items():
        blank = " " * (width - cell_width(cells[i]))
        padded.append(cells[i] + blank if i < TEXT_COLUMNS else blank + cells[i])
    return "  ".join(padded).rstrip()


def _one_line(tally: Tally) -> str:
    counts = tally.counts
    known = f" ({tally.known_failures} known)" if tally.known_failures else ""
    parts = [numbers.count(tally.total, "case"), f"{counts['passed']:,} passed", f"{counts['failed']:,} failed{known}"]
    parts += [numbers.count(counts["error"], "error")]
    parts += [
        f"{counts[status]:,} {status.replace('_', ' ')}"
        for status in ("skipped", "cancelled", "not_run")
        if counts[status]
    ]
    parts += [f"pass rate {numbers.rate(counts['passed'], tally.judged)}"]
    if tally.mean_score is not None:
        parts += [f"mean score {numbers.score(tally.mean_score)} of {tally.scored:,}"]
    if tally.latency_p50 is not None:
        parts += [f"p50 {numbers.duration(tally.latency_p50)}, p95 {numbers.duration(tally.latency_p95)}"]
    return ", ".join(parts)


def _extra(tally: Tally) -> str:
    """What only some runs have: cases without a verdict, tokens, cost."""
    parts = [
        f"{tally.counts[status]:,} {status.replace('_', ' ')}"
        for status in ("cancelled", "not_run")
        if tally.counts[status]
    ]
    if tally.input_tokens is not None or tally.output_tokens is not None:
        parts.append(f"tokens {tally.input_tokens or 0:,} in, {tally.output_tokens or 0:,} out")
    if tally.cost is not None:
        parts.append(f"cost {numbers.amount(tally.cost)}")
    return ", ".join(parts)


def _worst(run: Run, verbosity: int) -> Iterator[Line]:
    """Failures that nobody expected, lowest score first, then errors."""
    found: list[tuple[bool, float, CaseKey]] = []
    for evaluation in run.evaluations:
        for key in evaluation.keys:
            brief = run.results.brief(key)
            if brief.status in ("failed", "error") and not (brief.known_failure and brief.status == "failed"):
                score = brief.score if brief.score is not None else -1.0
                found.append((brief.status == "error", score, key))
    if not found:
        return
    found.sort(key=lambda entry: entry[:2])
    shown = found if verbosity >= 2 else found[:WORST]
    yield ("worst failures:" if len(found) > 1 else "failure:"), {}
    for _, _, key in shown:
        record = decode(run.results.line(key))
        place = escape_terminal(f"{key.test_set}:{record['line']} {key.case_id}")
        yield f"  {headline(record)}  {place}", {"red": True}
    if len(shown) < len(found):
        yield f"  ... and {len(found) - len(shown):,} more (-vv lists all)", {}


def _markup(tally: Tally) -> dict[str, bool]:
    counts = tally.counts
    if counts["error"] or counts["failed"] > tally.known_failures:
        return {"red": True}
    if not counts["passed"] or counts["not_run"] or counts["cancelled"]:
        return {"yellow": True}
    return {"green": True}
