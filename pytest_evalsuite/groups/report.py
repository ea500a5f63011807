"""What a group shows: its members with their rows, the joined table, aggregates side by side, differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from pytest_evalsuite.comparison.model import Outcome
from pytest_evalsuite.comparison.sides import outcome_of
from pytest_evalsuite.errors import GroupError
from pytest_evalsuite.groups.aggregates import Aggregate, PassRate, aggregate, numbers_in, pass_rate
from pytest_evalsuite.groups.columns import CASE_ID, find_column, key_text
from pytest_evalsuite.groups.differences import (
    ColumnDifference,
    Difference,
    PairedRow,
    column_difference,
    difference_of,
)
from pytest_evalsuite.groups.evaluations import Evaluated
from pytest_evalsuite.groups.join import Joined, join, repeated
from pytest_evalsuite.testsets.values import did_you_mean

__all__ = ["FIGURES", "GroupReport", "Missing", "Side", "Wanted", "group_report"]

FIGURES: Final = ("score", "duration", "cost", "tokens")
"""The columns that are aggregated whether or not somebody asks for them."""

NAMED: Final = 5


class Wanted(NamedTuple):
    """A member as it is asked for: with its rows, or with why there are none. Without a ``label`` one is made."""

    evaluation: Evaluated | None
    row_identifier: str | None = None
    label: str | None = None
    problem: str = ""
    evaluation_id: str | None = None


class Missing(NamedTuple):
    """A member without rows, and why."""

    label: str
    evaluation_id: str | None
    reason: str


class Side:
    """A member with its rows. ``label`` is what it is called in the group; no two members have the same."""

    def __init__(self, label: str, evaluation: Evaluated, row_identifier: str | None) -> None:
        self.label = label
        self.evaluation = evaluation
        self.row_identifier = row_identifier or CASE_ID

    @cached_property
    def column(self) -> str:
        """The column that its rows are joined by. Raises GroupError where there is none such."""
        return find_column(self.evaluation.rows, self.row_identifier, self.label)

    @cached_property
    def keys(self) -> list[str | None]:
        """What each row is joined by."""
        values = self.evaluation.rows.column(self.column)
        return [value if type(value) is str and value else key_text(value) for value in values]

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """What a comparison needs to know of each row."""
        return [outcome_of(record) for record in self.evaluation.rows.records]

    @cached_property
    def passes(self) -> PassRate:
        """How many rows passed."""
        return pass_rate(self.evaluation.rows.column("status"))

    def case(self, place: int) -> str:
        """A row in words, for messages."""
        record = self.evaluation.rows.records[place]
        return f"case {record['case_id']!r} ({record.get('file', record['test_set'])}:{record['line']})"


@dataclass
class GroupReport:
    """A group with the rows of its members. ``head`` is what it says of itself: name, description, tags, metadata, ...

    ``columns`` are aggregated beside `FIGURES`; ``against`` is the member that others are compared with. What cannot
    be joined raises GroupError when it is asked for.
    """

    head: Mapping[str, Any]
    sides: list[Side]
    missing: list[Missing] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    against: Side | None = None
    notes: list[str] = field(default_factory=list)
    _aggregates: dict[tuple[str, str], Aggregate] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The group's name."""
        name: str = self.head["name"]
        return name

    @cached_property
    def joined(self) -> Joined:
        """The rows of all members, joined. Raises GroupError, naming the cases, where a key is there twice."""
        keys = [side.keys for side in self.sides]
        try:
            return join(keys)
        except GroupError:
            problems = [problem for side in self.sides for problem in _ambiguous(side)]
        more = f"\n  and {len(problems) - NAMED:,} more" if len(problems) > NAMED else ""
        listed = "\n  ".join(problems[:NAMED])
        raise GroupError(f"rows cannot be joined: a row identifier must name one row\n  {listed}{more}")

    @cached_property
    def figures(self) -> list[str]:
        """The columns that are aggregated: those asked for, and the usual ones where some row has a number."""
        usual = [name for name in FIGURES if any(self.aggregates_of(side, name).count for side in self.sides)]
        return list(dict.fromkeys([*usual, *self.columns]))

    def aggregates_of(self, side: Side, column: str) -> Aggregate:
        """The figures of a column over all rows of a member."""
        found = self._aggregates.get((side.label, column))
        if found is None:
            found = self._aggregates[side.label, column] = aggregate(side.evaluation.rows.column(column))
        return found

    @cached_property
    def differences(self) -> list[tuple[Side, Difference]]:
        """Each other member against the chosen one. Raises GroupError where rows cannot be joined."""
        base = self.against
        if base is None:
            return []
        return [(side, self._difference(base, side)) for side in self.sides if side is not base]

    def side(self, reference: str) -> Side:
        """The member that is named: by its label, its evaluation id, its test set or its agent. Raises GroupError."""
        return _named(reference, self.sides)

    def _difference(self, base: Side, new: Side) -> Difference:
        before, after = self.sides.index(base), self.sides.index(new)
        places = [
            (row.key or "", old, now)
            for row in self.joined.rows
            if (old := row.places[before]) is not None and (now := row.places[after]) is not None
        ]
        rows = [PairedRow(key, base.outcomes[old], new.outcomes[now]) for key, old, now in places]
        columns: dict[str, ColumnDifference] = {}
        for name in self.figures:
            if name == "score":
                continue
            theirs, ours = base.evaluation.rows.column(name), new.evaluation.rows.column(name)
            found = column_difference([(theirs[old], ours[now]) for _, old, now in places])
            if found is not None:
                columns[name] = found
        return difference_of(rows, columns)


def group_report(
    head: Mapping[str, Any],
    wanted: Sequence[Wanted],
    *,
    columns: Sequence[str] = (),
    against: str | None = None,
    only: Sequence[str] = (),
    latest_only: bool = False,
) -> GroupReport:
    """Make the report of a group.

    ``only`` leaves these members, ``latest_only`` those of the newest run among them; ``against`` is the first member
    unless one is named. Raises GroupError for members and columns that are not there.
    """
    labels = _labels(wanted)
    sides: list[Side] = []
    missing: list[Missing] = []
    for label, one in zip(labels, wanted, strict=True):
        if one.evaluation is None:
            missing.append(Missing(label, one.evaluation_id, one.problem))
        else:
            sides.append(Side(label, one.evaluation, one.row_identifier))
    every = sides
    if only:
        chosen = [_named(reference, sides, missing) for reference in only]
        sides = [side for side in sides if side in chosen]
        missing = []
    if latest_only and sides:
        newest = max((side.evaluation.created_at or "", side.evaluation.run) for side in sides)
        sides = [side for side in sides if (side.evaluation.created_at or "", side.evaluation.run) == newest]
    report = GroupReport(head, sides, missing)
    report.columns = tuple(_columns(columns, report))
    if against is not None:
        base = _named(against, every, missing)
        if base not in sides:
            raise GroupError(f"{base.label} is not among the members that are shown, and cannot be compared with")
        report.against = base
    elif len(sides) > 1:
        report.against = sides[0]
    report.notes += _notes(report)
    return report


def _columns(names: Sequence[str], report: GroupReport) -> Iterator[str]:
    """The columns that are meant: some member must have each, with a number in some row, unless one is missing."""
    sides = report.sides
    for name in dict.fromkeys(names):
        problems: list[GroupError] = []
        meant: dict[str, None] = {}
        for side in sides:
            try:
                meant[find_column(side.evaluation.rows, name, side.label)] = None
            except GroupError as error:
                problems.append(error)
        if not meant and problems:
            if not report.missing:
                raise problems[0]
            report.notes.append(f"no member that is there has a column {name!r}")
        if len(meant) > 1:
            raise GroupError(f"the column {name!r} may be {' or '.join(meant)}: write which one")
        for column in meant:
            if sides and not any(numbers_in(side.evaluation.rows.column(column)) for side in sides):
                raise GroupError(f"the column {column!r} holds no number: there is nothing to aggregate")
            yield column


def _notes(report: GroupReport) -> Iterator[str]:
    """What who reads the figures should know of them."""
    for side in report.sides:
        if not side.evaluation.whole:
            yield f"{side.label} does not hold all cases of its test set: some were not selected, or not processed"


def _ambiguous(side: Side) -> Iterator[str]:
    for key, places in repeated(side.keys).items():
        first, second = (side.case(place) for place in places[:2])
        more = f" and {len(places) - 2:,} more" if len(places) > 2 else ""
        yield f"{side.label}: {side.column} {key!r} is in {first} and {second}{more}"


def _labels(wanted: Sequence[Wanted]) -> list[str]:
    """A name for each member, as short as tells them apart: title, agent, run."""
    forms = [list(_forms(one)) for one in wanted]
    chosen = [0] * len(wanted)
    while True:
        labels = [form[min(step, len(form) - 1)] for form, step in zip(forms, chosen, strict=True)]
        again = [
            number
            for number, label in enumerate(labels)
            if labels.count(label) > 1 and chosen[number] < len(forms[number]) - 1
        ]
        if not again:
            return labels
        for number in again:
            chosen[number] += 1


def _forms(one: Wanted) -> Iterator[str]:
    evaluation = one.evaluation
    if one.label is not None:
        yield one.label
    elif evaluation is None:
        yield one.evaluation_id or "?"
    else:
        yield evaluation.name
        yield f"{evaluation.name} [{evaluation.agent}]"
        yield f"{evaluation.name} [{evaluation.agent}] {evaluation.run[-8:]}"
        yield evaluation.id


def _named(reference: str, sides: Sequence[Side], missing: Sequence[Missing] = ()) -> Side:
    for names in (
        lambda side: (side.label, side.evaluation.id),
        lambda side: (side.evaluation.id.partition("/")[2], side.evaluation.test_set),
        lambda side: (side.evaluation.name, side.evaluation.agent, side.evaluation.run),
    ):
        found = [side for side in sides if reference in names(side)]
        if len(found) == 1:
            return found[0]
        if found:
            raise GroupError(f"{reference!r} may be {', '.join(side.label for side in found)}: write which one")
    gone = next((one for one in missing if reference in (one.label, one.evaluation_id)), None)
    if gone is not None:
        raise GroupError(f"{reference!r} is missing: {gone.reason}")
    known = [side.label for side in sides]
    hint = did_you_mean(reference, known) or f" (its members: {', '.join(known[:NAMED]) or 'none'})"
    raise GroupError(f"the group has no member {reference!r}{hint}")
