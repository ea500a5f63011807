"""The section ``eval suites``: figures of each evaluation, the worst failures, where the run is kept."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from pytest_evalsuite.judges import CAN_NOT_SEE, EMBEDDED
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.difference import cell_width, marked_lines
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.reporting.failure import case_file, headline
from pytest_evalsuite.reporting.resumption import resume_lines
from pytest_evalsuite.runs.encoding import decode
from pytest_evalsuite.runs.run import CaseKey, Run
from pytest_evalsuite.runs.summary import Tally

__all__ = ["summary_lines"]

WORST: Final = 5
"""How many failures are named, worst first; ``-vv`` names all."""

UNBROKEN: Final = "\N{NO-BREAK SPACE}"

Line = tuple[str, dict[str, bool]]
Row = tuple[tuple[str, ...], Tally]

COLUMNS: Final[dict[str, Callable[[Tally], str]]] = {
    "cases": lambda t: f"{t.total:,}",
    "passed": lambda t: numbers.rate(t.counts["passed"], t.judged),
    "failed": lambda t: f"{t.counts['failed']:,}" + (f" ({t.known_failures:,} known)" if t.known_failures else ""),
    "errors": lambda t: f"{t.counts['error']:,}",
    "skipped": lambda t: f"{t.counts['skipped']:,}",
    "not run": lambda t: f"{t.counts['not_run'] + t.counts['cancelled']:,}",
    "mean score": lambda t: "-" if t.mean_score is None else f"{numbers.score(t.mean_score)} of {t.scored:,}",
    "p50": lambda t: numbers.duration(t.latency_p50),
    "p95": lambda t: numbers.duration(t.latency_p95),
    "tokens": lambda t: _tokens(t) or "-",
    "cost": lambda t: "-" if t.cost is None else numbers.amount(t.cost),
}
SOMETIMES: Final = {"skipped": "0", "not run": "0", "tokens": "-", "cost": "-"}
"""Columns that only some runs have something to say in, and what they say otherwise."""

DISPENSABLE: Final = ("tokens", "cost", "cases")
"""Columns to do without where there is little room, in this order: the total, or other columns, tell the same."""


def summary_lines(
    run: Run,
    *,
    verbosity: int,
    width: int,
    problems: Sequence[str] = (),
    hints: Sequence[str] = (),
    files: Sequence[str] = (),
    verdict: Sequence[Line] = (),
    command: str = "",
) -> list[Line]:
    """The section's lines with their markup. Below verbosity 0 it is one line, after what is wrong and the verdicts.

    ``verdict`` are the lines on the comparison and the gates, ``command`` is what goes on with the run.
    """
    trouble = [(f"problem: {escape_terminal(problem)}", {"red": True}) for problem in problems]
    reason = run.info["error_message"]
    if reason:
        first = reason.partition("\n")[0].removesuffix(":")
        trouble.insert(0, (f"run {run.info['status']}: {escape_terminal(first)}", {"red": True}))
    if verbosity < 0:
        told = [line for line in verdict if not line[0].startswith(" ")]
        return [*trouble, *told, (f"eval: {', '.join(_told(run.tally))}", _markup(run.tally))]
    lines: list[Line] = []
    if run.evaluations:
        lines += _figures(run, width)
        lines += _worst(run, verbosity, width)
    lines += verdict
    lines += [(escape_terminal(line), {}) for line in (*hints, *resume_lines(run.info))]
    lines += trouble
    if run.evaluations:
        lines.append((_name(run), {}))
    lines += [(f"written: {escape_terminal(name)}", {}) for name in files]
    if command and run.info["status"] == "cancelled":
        lines.append((f"to go on with what is missing: {escape_terminal(command)}", {}))
    return lines


def _figures(run: Run, width: int) -> Iterator[Line]:
    rows: list[Row] = []
    for evaluation in run.evaluations:
        names = (evaluation.plan.name, evaluation.plan.agent)[: 1 + (len(_agents(run)) > 1)]
        rows.append((tuple(map(escape_terminal, names)), evaluation.tally))
    if len(rows) > 1:
        rows.append((("total",), run.tally))
    for lines in (*_tables(rows), _prose(rows, width)):
        if all(cell_width(line) <= width for line, _ in lines):
            break
    yield from lines
    extra = [f"tokens {_tokens(run.tally)}"] if _tokens(run.tally) else []
    extra += [] if run.tally.cost is None else [f"cost {numbers.amount(run.tally.cost)}"]
    if extra:
        yield ", ".join(extra), {}
    yield from _judging(run.tally)
    if run.tally.approved_failures or run.tally.rejected_passes:
        yield _overruled(run.tally), {"yellow": True}


def _overruled(tally: Tally) -> str:
    """What people's verdicts change; all other figures are the machine's."""
    approved, rejected = tally.approved_failures, tally.rejected_passes
    told = [f"{approved:,} failed counts as passed"] if approved else []
    told += [f"{rejected:,} passed counts as failed"] if rejected else []
    return f"people's verdicts: {', '.join(told)}"


def _judging(tally: Tally) -> Iterator[Line]:
    """What judges took, apart from the agents; and a warning where a stand-in judged."""
    tokens = (tally.judge_input_tokens, "tokens in"), (tally.judge_output_tokens, "out")
    told = [f"{number:,} {way}" for number, way in tokens if number is not None]
    told += [] if tally.judge_cost is None else [numbers.amount(tally.judge_cost)]
    if told:
        yield f"judge: {', '.join(told)}", {}
    if any(EMBEDDED in judge.replace(",", " ").split() for judge in tally.judges):
        yield f"judge {EMBEDDED}: {CAN_NOT_SEE}", {"yellow": True}


def _tables(rows: Sequence[Row]) -> Iterator[list[Line]]:
    """The figures as tables, the widest first; the last one has names in lines of their own."""
    total = rows[-1][1]
    titles = [name for name, cell in COLUMNS.items() if SOMETIMES.get(name) != cell(total)]
    heads = [*("test set", "agent")[: len(rows[0][0])]]
    for left_out in range(len(DISPENSABLE) + 1):
        shown = [title for title in titles if title not in DISPENSABLE[:left_out]]
        names = [[*row, *[""] * (len(heads) - len(row))] for row, _ in rows]
        cells = [_cells(shown, tally) for _, tally in rows]
        yield _table([heads, *names], [shown, *cells], rows)
    shown = [title for title in titles if title not in DISPENSABLE[:2]]
    table = _table([["  "] for _ in (heads, *rows)], [shown, *(_cells(shown, tally) for _, tally in rows)], rows)
    titled: list[Line] = [(_title(names), {"bold": True}) for names, _ in rows]
    yield table[:1] + [line for pair in zip(titled, table[1:], strict=True) for line in pair]


def _cells(titles: Sequence[str], tally: Tally) -> list[str]:
    return [COLUMNS[title](tally) for title in titles]


def _table(names: Sequence[Sequence[str]], figures: Sequence[Sequence[str]], rows: Sequence[Row]) -> list[Line]:
    """Names to the left, figures to the right of their columns; the first line is the head."""
    columns = [*zip(*names, strict=True)], [*zip(*figures, strict=True)]
    widths = [[max(map(cell_width, column)) for column in half] for half in columns]
    lines = []
    for left, right in zip(names, figures, strict=True):
        padded = [text + " " * (width - cell_width(text)) for text, width in zip(left, widths[0], strict=True)]
        padded += [" " * (width - cell_width(text)) + text for text, width in zip(right, widths[1], strict=True)]
        lines.append("  ".join(padded).rstrip())
    return [(lines[0], {"light": True}), *zip(lines[1:], (_markup(tally) for _, tally in rows), strict=True)]


def _prose(rows: Sequence[Row], width: int) -> list[Line]:
    """The figures in words, wrapped between them, for a terminal that no table fits in."""
    lines: list[Line] = []
    for names, tally in rows:
        lines += [(line, {"bold": True}) for line, _ in marked_lines(_title(names), None, width)]
        told = ", ".join(_told(tally)).replace(" ", UNBROKEN).replace(f",{UNBROKEN}", ", ")
        wrapped = textwrap.wrap(told, max(width, 20), initial_indent="  ", subsequent_indent="  ")
        lines += [(line.replace(UNBROKEN, " "), _markup(tally)) for line in wrapped]
    return lines


def _title(names: Sequence[str]) -> str:
    return f"{names[0]} [{names[1]}]" if len(names) > 1 else names[0]


def _told(tally: Tally) -> Iterator[str]:
    counts = tally.counts
    yield numbers.count(tally.total, "case")
    yield f"{counts['passed']:,} passed"
    yield f"{counts['failed']:,} failed" + (f" ({tally.known_failures:,} known)" if tally.known_failures else "")
    yield numbers.count(counts["error"], "error")
    for status in ("skipped", "cancelled", "not_run"):
        if counts[status]:
            yield f"{counts[status]:,} {status.replace('_', ' ')}"
    yield f"pass rate {numbers.rate(counts['passed'], tally.judged)}"
    if tally.mean_score is not None:
        yield f"mean score {COLUMNS['mean score'](tally)}"
    if tally.latency_p50 is not None:
        yield f"p50 {numbers.duration(tally.latency_p50)}, p95 {numbers.duration(tally.latency_p95)}"


def _tokens(tally: Tally) -> str:
    known = (tally.input_tokens, "in"), (tally.output_tokens, "out")
    return ", ".join(f"{number:,} {way}" for number, way in known if number is not None)


def _agents(run: Run) -> list[str]:
    return list(dict.fromkeys(evaluation.plan.agent for evaluation in run.evaluations))


def _name(run: Run) -> str:
    name = f" ({run.info['name']})" if run.info["name"] else ""
    agents = _agents(run)
    agent = f", agent {agents[0]}" if len(agents) == 1 else ""
    return escape_terminal(f"run {run.info['id']}{name}{agent}")


def _worst(run: Run, verbosity: int, width: int) -> Iterator[Line]:
    """Failures that nobody expected, lowest score first, then errors."""
    found: list[tuple[bool, float, CaseKey]] = []
    for evaluation in run.evaluations:
        for key in evaluation.keys:
            brief = run.results.brief(key)
            if brief.status == "error" or (brief.gate_status == "failed" and not brief.known_failure):
                found.append((brief.status == "error", brief.score or 0.0, key))
    if not found:
        return
    found.sort(key=lambda entry: entry[:2])
    shown = found if verbosity >= 2 else found[:WORST]
    yield ("worst failures:" if len(found) > 1 else "failure:"), {}
    several = len(_agents(run)) > 1
    for _, _, key in shown:
        record = decode(run.results.line(key))
        place = escape_terminal(
            f"{case_file(record)}:{record['line']} {_title((key.case_id, key.agent)[: 1 + several])}"
        )
        what = f"  {headline(record)}"
        if cell_width(what) + cell_width(place) + 2 <= width:
            yield f"{what}  {place}", {"red": True}
        else:
            yield what, {"red": True}
            yield f"    {place}", {"red": True}
    if len(shown) < len(found):
        yield f"  ... and {len(found) - len(shown):,} more (-vv lists all)", {}


def _markup(tally: Tally) -> dict[str, bool]:
    counts = tally.counts
    if counts["error"] or tally.blamed > 0:
        return {"red": True}
    if not counts["passed"] + tally.approved_failures or counts["not_run"] or counts["cancelled"]:
        return {"yellow": True}
    return {"green": True}
