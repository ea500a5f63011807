"""All cases of a file are built, told apart by id, and put in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pytest_evalsuite.testsets.attachments import FileFinder
from pytest_evalsuite.testsets.build import CaseBuilder
from pytest_evalsuite.testsets.cases import Found, RawCases
from pytest_evalsuite.testsets.checks import CheckBuilder
from pytest_evalsuite.testsets.condition import Condition
from pytest_evalsuite.testsets.conversation import Script, turn_id
from pytest_evalsuite.testsets.csv_fast import alike_cases
from pytest_evalsuite.testsets.csv_reader import CsvCases
from pytest_evalsuite.testsets.fields import CASE
from pytest_evalsuite.testsets.model import Case
from pytest_evalsuite.testsets.problems import Problem
from pytest_evalsuite.testsets.slots import NO_SLOTS, Slots
from pytest_evalsuite.testsets.values import Refused, did_you_mean

__all__ = ["assemble", "names_conversations"]

NAMED: Final = ("inputs", "metadata")
"""What a case holds by name."""


def assemble(
    raw: RawCases, checks: CheckBuilder, files: FileFinder, slots: Slots = NO_SLOTS, script: Script | None = None
) -> tuple[Sequence[Case], Sequence[int], list[Found]]:
    """Give the cases in their order, the place in the file of each, and what is wrong with any.

    With a ``script`` they are turns of conversations.
    """
    builder = CaseBuilder(checks, files, slots)
    if isinstance(raw, CsvCases) and script is None and not slots and not names_conversations(raw):
        alike = alike_cases(raw, builder)
        if alike is not None:
            return alike, alike.places, []
    cases: list[Case] = []
    found: list[Found] = []
    lines: dict[str, int] = {}
    for index in range(len(raw)):
        value = raw.raw(index)
        problems: list[Problem] = []
        line = raw.line(index)
        case = builder.build(value, line, index, problems)
        if case is not None:
            place(case, value, script, problems)
        identity = given_id(value) if case is None else case.id
        if identity:
            if identity in lines:
                problems.append(same_id(value, identity, lines[identity]))
            lines.setdefault(identity, line)
        if case is not None:
            cases.append(case)
        found.extend((index, problem) for problem in problems)
    found.extend(never_met(raw, cases))
    found.extend(script.nameless() if script is not None else ())
    places: Sequence[int] = range(len(cases))
    if script is not None or any(case.order for case in cases):
        cases = sorted(cases, key=lambda case: case.order) if script is None else script.finish()
        places = [case.position for case in cases]
        for position, case in enumerate(cases):
            case.position = position
    return cases, places, found


def names_conversations(raw: RawCases) -> bool:
    """Say whether some case names the conversation that it is a turn of."""
    if isinstance(raw, CsvCases):
        return any(column.key == "conversation" for column in raw.columns)
    return any(type(case) is dict and "conversation" in case for case in map(raw.raw, range(len(raw))))


def place(case: Case, raw: Any, script: Script | None, problems: list[Problem]) -> None:
    """Make a case a turn of its conversation, if there are conversations."""
    if script is not None:
        script.add(case, raw, problems)
    elif case.conversation_id:
        problems.append(Problem(("conversation",), "'conversation' belongs in a set of mode: scenario", on_key=True))


def never_met(raw: RawCases, cases: Sequence[Case]) -> list[Found]:
    """Find conditions on inputs or metadata that no case has: misspelt, since they could never hold.

    The cases are as yet at their places in the file.
    """
    wanted = [
        (case, number, condition)
        for case in cases
        for number, check in enumerate(case.checks)
        for condition in check.when
        if condition.needs_value
    ]
    if not wanted:
        return []
    given = [value for index in range(len(raw)) if type(value := raw.raw(index)) is dict]
    known = {f"{root}.{name}": None for root in NAMED for value in given for name in names_in(value.get(root))}
    return [
        (case.position, Problem(("checks", number, "when", condition.field), unknown_value(condition, [*known])))
        for case, number, condition in wanted
        if not any(condition.found(value) for value in given)
    ]


def names_in(values: Any) -> list[str]:
    """Give the names of a mapping; none of anything else, which is a mistake of its own."""
    return list(values) if type(values) is dict else []


def unknown_value(condition: Condition, known: Sequence[str]) -> str:
    """Say that no case has what a condition is about."""
    hint = did_you_mean(condition.field, known)
    return f"no case of this test set has {condition.field!r}{hint}; where it may be absent, ask 'exists'"


def given_id(raw: Any) -> str | None:
    """Give the id that a case names, if it is a good one; behind that of its conversation."""
    if type(raw) is not dict or "id" not in raw:
        return None
    try:
        identity: str = CASE.by_key["id"][1](raw["id"])
        return turn_id(CASE.by_key["conversation"][1](raw["conversation"]) if "conversation" in raw else "", identity)
    except Refused:
        return None


def same_id(raw: Any, identity: str, line: int) -> Problem:
    """Say that two cases have the same id."""
    if "id" in raw:
        return Problem(("id",), f"{identity!r} is the id of the case on line {line} too")
    return Problem((), f"asks the same as the case on line {line}: give both an id")
