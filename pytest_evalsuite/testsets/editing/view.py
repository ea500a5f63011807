"""What a test set means, apart from how and where it is written: to tell whether two are equal, and in what not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_evalsuite.testsets.model import Case, Check, TestSet

__all__ = ["Differences", "differences"]

SETTINGS: Final = ("name", "description", "mode", "language", "isolation", "tags", "marks", "metadata")
FIELDS: Final = (
    *("id", "question", "inputs", "expected_responses", "expected", "name", "rationale", "order", "require"),
    *("passing_score", "agent", "iterations", "pass_rule", "timeout", "tags", "marks", "skip", "xfail", "required"),
    *("metadata", "mapped"),
)


@dataclass(slots=True)
class Differences:
    """Names of settings, and of fields of cases with the ids of those cases."""

    settings: list[str] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.settings or self.fields)


def differences(one: TestSet, other: TestSet) -> Differences:
    """Name what two test sets differ in; ``id`` is of cases that only the first one has."""
    first, second = _settings(one), _settings(other)
    found = Differences([name for name in first if not _equal(first[name], second[name])])
    cases = {case.id: case for case in other.cases}
    for case in one.cases:
        twin = cases.get(case.id)
        if twin is None:
            found.fields.setdefault("id", []).append(case.id)
            continue
        before, after = _case(case), _case(twin)
        for name in before:
            if not _equal(before[name], after[name]):
                found.fields.setdefault(name, []).append(case.id)
    if not found.fields and [case.id for case in one.cases] != [case.id for case in other.cases]:
        found.fields["order"] = [case.id for case in one.cases]
    return found


def _equal(one: Any, other: Any) -> bool:
    return bool(_kind(one) == _kind(other))


def _settings(test_set: TestSet) -> dict[str, Any]:
    slots = test_set.slots
    return {
        **{name: getattr(test_set, name) for name in SETTINGS},
        "gate": None if test_set.gate is None else test_set.gate.as_json(),
        "mapping": None if slots is None or slots.mapping is None else slots.mapping.as_json(),
        "inputs_schema": None if slots is None or slots.inputs is None else slots.inputs.schema,
        "outputs_schema": None if slots is None or slots.outputs is None else slots.outputs.schema,
    }


def _case(case: Case) -> dict[str, Any]:
    file, actual, conversation = case.file, case.actual, case.conversation
    return {
        **{name: getattr(case, name) for name in FIELDS},
        "iterations": None if actual is not None else case.iterations,  # an answer that is given is graded once
        "checks": [_check(check) for check in case.checks],
        "file_url": None if file is None else file.url,
        "file_mime_type": None if file is None else file.mime_type,
        "actual_response": None if actual is None else [actual.output],
        "actual_tool_calls": None
        if actual is None or actual.tool_calls is None
        else [[call.name, call.arguments, call.result, call.error] for call in actual.tool_calls],
        "conversation": None
        if conversation is None
        else [conversation.id, conversation.name, conversation.on_turn_error, case.turn],
    }


def _check(check: Check) -> list[Any]:
    return [
        *check.how(),
        check.name,
        check.passing_score,
        check.expected_responses,
        check.expected,
        check.case_field,
    ]


def _kind(value: Any) -> Any:
    """Give a value so that 1, 1.0 and true are told apart, and lists from Python equal those from files."""
    if isinstance(value, Mapping):
        return {key: _kind(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_kind(part) for part in value]
    return type(value), value
