"""A group as tables: its members, row identifiers, schemas, the joined table, aggregates, differences."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from pytest_evalsuite.comparison.model import Outcome
from pytest_evalsuite.comparison.paired import PairedDifference
from pytest_evalsuite.groups.aggregates import PERCENTILES, Aggregate
from pytest_evalsuite.groups.differences import Difference, PairedRow
from pytest_evalsuite.groups.join import JoinedRow
from pytest_evalsuite.groups.report import GroupReport, Side
from pytest_evalsuite.reporting import numbers
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.reporting.markdown import code
from pytest_evalsuite.reporting.tables import moment
from pytest_evalsuite.reporting.views import Cell, Shown, View, view_csv, view_lines, view_markdown

__all__ = ["group_csv", "group_lines", "group_markdown", "group_views", "note_lines"]

SHOWN: Final = 20
"""Rows of a kind that are listed where not all are asked for."""

NAMED: Final = 10
"""Keys that are named of those that did not join."""

TEXT: Final = 60


def group_views(report: GroupReport, names: Sequence[str], *, rows: int | None = SHOWN) -> Iterator[View]:
    """The views of these names; at most so many ``rows`` of the table and of each list, None: all."""
    for name in names:
        yield from VIEWS[name](report, rows)


def group_lines(report: GroupReport, names: Sequence[str], width: int, *, rows: int | None = SHOWN) -> Iterator[str]:
    """The group for a terminal: what it says of itself, then the views."""
    for number, view in enumerate(group_views(report, names, rows=rows)):
        if number:
            yield ""
        yield from view_lines(view, width)


def group_csv(report: GroupReport, name: str) -> str:
    """One view as CSV, with all of its rows; of the table, case, status and score are columns of their own."""
    view = _wide_table(report) if name == "table" else next(VIEWS[name](report, None))
    return view_csv(view)


def note_lines(report: GroupReport) -> Iterator[str]:
    """What the group says of itself but for its name, and what who reads it should know."""
    head = report.head
    if head.get("description"):
        yield escape_terminal(head["description"].partition("\n")[0])
    for note in report.notes:
        yield escape_terminal(f"note: {note}")


def group_markdown(report: GroupReport, names: Sequence[str], *, rows: int | None = SHOWN) -> str:
    """The group as Markdown."""
    head = [f"## Group {code(report.name)}", ""]
    if report.head.get("description"):
        head += [code(report.head["description"]), ""]
    head += [f"- note: {code(note)}" for note in report.notes]
    views = [view_markdown(view) for view in group_views(report, names, rows=rows)]
    return "\n".join([*head, *([""] if report.notes else []), *views])


def _members(report: GroupReport) -> Iterator[View]:
    heads = ("member", "test set", "agent", "run", "started (UTC)", "rows", "tags", "evaluation id")
    cells: list[list[Cell]] = [
        [
            side.label,
            side.evaluation.name,
            side.evaluation.agent,
            Shown(side.evaluation.run[-8:], side.evaluation.run),
            Shown(moment(side.evaluation.created_at), side.evaluation.created_at),
            _count(len(side.evaluation.rows)),
            ", ".join(side.evaluation.tags) or "-",
            side.evaluation.id,
        ]
        for side in report.sides
    ]
    below = [f"missing: {one.label}: {one.reason}" for one in report.missing]
    yield View("members", heads, cells, ("rows",), heads[:4], ("evaluation id", "tags"), below=below)


def _row_identifiers(report: GroupReport) -> Iterator[View]:
    cells: list[list[Cell]] = [
        [side.label, side.column, _count(sum(key is not None for key in side.keys)), _count(side.keys.count(None))]
        for side in report.sides
    ]
    heads = ("member", "column", "rows with a key", "without")
    yield View("row identifiers", heads, cells, heads[2:], heads[:2])


def _schema(report: GroupReport) -> Iterator[View]:
    cells: list[list[Cell]] = [
        [side.label, column.name, ", ".join(column.types), _of(column.count, len(side.evaluation.rows))]
        for side in report.sides
        for column in side.evaluation.rows.schema()
    ]
    heads = ("member", "column", "types", "rows with a value")
    yield View("columns", heads, cells, heads[3:], heads[:2])


def _table(report: GroupReport, rows: int | None) -> Iterator[View]:
    joined = report.joined
    heads = ["key"]
    for side in report.sides:
        heads += [side.label, *(f"{side.label}: {name}" for name in report.columns)]
    shown = joined.rows if rows is None else joined.rows[:rows]
    cells = [[_key(row), *_along(report, row, lambda side, place: [_short(side, place)])] for row in shown]
    left_out = len(joined.rows) - len(shown)
    yield View("table", heads, cells, (), heads, (), left_out, list(_unjoined(report)))


def _wide_table(report: GroupReport) -> View:
    heads = ["key"]
    for side in report.sides:
        heads += [f"{side.label}: {name}" for name in ("case_id", "status", "score", *report.columns)]
    return View("table", heads, [[_key(row), *_along(report, row, _wide)] for row in report.joined.rows])


def _key(row: JoinedRow) -> Cell:
    return Shown("-", None) if row.key is None else row.key


def _along(report: GroupReport, row: JoinedRow, cells: Callable[[Side, int | None], list[Cell]]) -> Iterator[Cell]:
    """The cells of all members: what came of the case, then the columns that are asked for."""
    for side, place in zip(report.sides, row.places, strict=True):
        yield from cells(side, place)
        for name in report.columns:
            value = None if place is None else side.evaluation.rows.column(name)[place]
            yield _figure(name, value) if _is_number(value) else Shown(_as_text(value), value)


def _short(side: Side, place: int | None) -> Cell:
    return Shown("-", None) if place is None else outcome_text(side.outcomes[place])


def _wide(side: Side, place: int | None) -> list[Cell]:
    if place is None:
        return [Shown("-", None)] * 3
    record = side.evaluation.rows.records[place]
    return [record["case_id"], record["status"], Shown(numbers.score(record["score"]), record["score"])]


def _unjoined(report: GroupReport) -> Iterator[str]:
    """What joined, and what did not."""
    joined = report.joined
    if len(report.sides) > 1:
        keys = sum(row.key is not None for row in joined.rows)
        yield f"{joined.complete:,} of {numbers.count(keys, 'key')} in all {len(report.sides)} members"
    for number, side in enumerate(report.sides):
        unmatched = [row.key or "" for row in joined.unmatched(number)] if len(report.sides) > 1 else []
        if unmatched:
            yield f"{side.label}: {len(unmatched):,} in no other member: {_listed(unmatched)}"
        without = [side.evaluation.rows.records[place]["case_id"] for place in joined.keyless[number]]
        if without:
            yield f"{side.label}: {len(without):,} without {side.column}: {_listed(without)}"


def _aggregates(report: GroupReport) -> Iterator[View]:
    figures = ("mean", "min", "max", "std dev", *(f"p{percent}" for percent in PERCENTILES))
    heads = ("column", "member", "count", *figures, "95 % interval")
    cells: list[list[Cell]] = []
    for side in report.sides:
        passes = side.passes
        rate = Shown(numbers.rate(passes.passed, passes.judged), passes.rate)
        interval = _interval(passes.interval, numbers.score)
        blank = [Shown("", None)] * (len(figures) - 1)
        cells.append(["pass rate", side.label, _of(passes.judged, passes.total), rate, *blank, interval])
    cells += [
        [name, side.label, *_of_column(name, report.aggregates_of(side, name)), Shown("", None)]
        for name in report.figures
        for side in report.sides
    ]
    below = []
    for side in report.sides:
        counts = side.passes.counts
        apart = [
            numbers.count(counts[status], word, word)
            for status, word in (("error", "in error"), ("skipped", "skipped"), ("not_run", "not run"))
            if counts[status]
        ]
        if apart:
            below.append(f"{side.label}: {', '.join(apart)}")
    right = heads[2:]
    yield View(
        "aggregates", heads, cells, right, heads[:2], ("p99", "p90", "max", "min", "std dev", "p95"), below=below
    )


def _of_column(name: str, found: Aggregate) -> Iterator[Cell]:
    yield _of(found.count, found.of)
    figures = found.as_json()
    for figure in ("mean", "min", "max", "standard_deviation", *(f"p{percent}" for percent in PERCENTILES)):
        yield _figure(name, figures[figure])


def _differences(report: GroupReport, rows: int | None) -> Iterator[View]:
    base = report.against
    if base is None:
        yield View("differences", (), (), below=["there is nothing to compare with"])
        return
    heads = ("member", "what", "paired", f"{base.label}", "here", "change", "95 % interval")
    cells: list[list[Cell]] = []
    below: list[str] = []
    for side, one in report.differences:
        cells += _measures(side.label, one)
        below += [f"{side.label}: {line}" for line in _told(one)]
    title = f"differences against {base.label}"
    yield View(title, heads, cells, heads[2:], heads[:2], below=below)
    for side, one in report.differences:
        for word, moved in (("worse", one.worse), ("better", one.better)):
            if moved:
                shown = moved if rows is None else moved[:rows]
                yield View(
                    f"{word} in {side.label}: {len(moved):,}",
                    ("key", base.label, "here", "change"),
                    [_moved(row) for row in shown],
                    ("change",),
                    ("key",),
                    left_out=len(moved) - len(shown),
                )


def _measures(label: str, one: Difference) -> Iterator[list[Cell]]:
    """The lines of a difference: pass rate and score in points, columns in their own unit."""
    for what, means, found in (
        ("pass rate", one.rates, one.decision.pass_rate),
        ("score", one.scores, one.decision.score),
    ):
        if means is not None and found is not None:
            cells = [Shown(numbers.score(mean), mean) for mean in means]
            change = Shown(f"{100 * found.mean:+.1f} points", found.mean)
            interval = _interval_of(found, lambda end: f"{100 * end:+.1f}")
            yield [label, what, _count(found.count), *cells, change, interval]
    for name, column in one.columns.items():
        yield [label, name, *_column_measure(name, column.base, column.new, column.difference)]


def _column_measure(name: str, base: float, new: float, found: PairedDifference) -> Iterator[Cell]:
    yield _count(found.count)
    yield _figure(name, base)
    yield _figure(name, new)
    yield Shown(_signed(name, found.mean), found.mean)
    yield _interval_of(found, lambda end: _signed(name, end))


def _told(one: Difference) -> Iterator[str]:
    """The verdict in words, and what did not enter it."""
    decision = one.decision
    if any(row.base.test_set != row.new.test_set for row in one.pairs):
        yield "paired by what they are about: the questions are others"
    yield f"{decision.verdict}: {decision.reasons[0]}"
    yield from decision.reasons[1 : -1 if decision.verdict == "underpowered" else None]
    if one.pairs and decision.worse.informative:
        exact = min((decision.worse, decision.better), key=lambda test: test.p)
        word = "worse" if exact is decision.worse else "better"
        yield f"these rows {word}: p = {exact.p:.2g} ({exact.test}, {exact.informative:,} informative)"
    if one.without_verdict:
        yield f"{len(one.without_verdict):,} without a verdict on both sides: {_keys(one.without_verdict)}"
    if one.changed:
        yield f"{len(one.changed):,} of the same case with another definition, not compared: {_keys(one.changed)}"


def _moved(row: PairedRow) -> list[Cell]:
    return [
        row.key,
        outcome_text(row.base),
        outcome_text(row.new),
        Shown(f"{100 * row.change:+.1f} points", row.change),
    ]


def outcome_text(one: Outcome | None) -> str:
    """What came of a case, in few words: ``passed 1.00``, ``failed 0.20 (1/3)``, ``error``; ``-`` for nothing."""
    if one is None:
        return "-"
    status = one.status.replace("_", " ")
    if not one.scored:
        return status
    return f"{status} {numbers.score(one.score)}" + (f" ({one.passes}/{one.attempts})" if one.attempts > 1 else "")


VIEWS: Final[dict[str, Callable[[GroupReport, int | None], Iterator[View]]]] = {
    "members": lambda report, rows: _members(report),
    "row-identifiers": lambda report, rows: _row_identifiers(report),
    "schema": lambda report, rows: _schema(report),
    "table": _table,
    "aggregates": lambda report, rows: _aggregates(report),
    "differences": _differences,
}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _figure(name: str, value: float | None) -> Cell:
    if value is None:
        return Shown("-", None)
    return Shown(_show(name, value), value)


def _show(name: str, value: float) -> str:
    if name == "score" or name.endswith(".score"):
        return numbers.score(value) if 0 <= value <= 1 else f"{value:,.4g}"
    if name == "duration" and value >= 0:
        return numbers.duration(value)
    if name == "cost" and value >= 0:
        return numbers.amount(value)
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:,.4g}"


def _signed(name: str, value: float) -> str:
    shown = _show(name, abs(value))
    return f"-{shown}" if value < 0 else f"+{shown}"


def _interval(interval: tuple[float, float] | None, show: Callable[[float], str]) -> Cell:
    if interval is None:
        return Shown("-", None)
    low, high = map(show, interval)
    return Shown(f"{low} to {high}", f"{interval[0]:.6g} to {interval[1]:.6g}")


def _interval_of(found: PairedDifference, show: Callable[[float], str]) -> Cell:
    """The interval of a difference; where every row differs alike, it would say more than is known."""
    return Shown("all alike", None) if found.standard_error == 0.0 else _interval(found.interval(), show)


def _count(number: int) -> Cell:
    return Shown(f"{number:,}", number)


def _of(count: int, of: int) -> Cell:
    return Shown(f"{count:,}" if count == of else f"{count:,} of {of:,}", count)


def _as_text(value: Any) -> str:
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= TEXT else f"{text[:TEXT]}..."


def _keys(rows: Sequence[PairedRow]) -> str:
    return _listed([row.key for row in rows])


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
