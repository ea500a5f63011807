"""A `TestSet` as a file that is read as an equal one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_evalsuite.errors import EditError
from pytest_evalsuite.methods._registry import MethodRegistry, get_method
from pytest_evalsuite.testsets.attachments import FileRules
from pytest_evalsuite.testsets.conversation import OF_THE_WHOLE
from pytest_evalsuite.testsets.defaults import Defaults
from pytest_evalsuite.testsets.editing.disk import DiskText, create, save
from pytest_evalsuite.testsets.editing.view import Differences, differences
from pytest_evalsuite.testsets.editing.writing import Source, written
from pytest_evalsuite.testsets.identity import derive_id
from pytest_evalsuite.testsets.load import FILE_RULES, NO_DEFAULTS, default_name, load_test_set
from pytest_evalsuite.testsets.mapping import OutputSlot
from pytest_evalsuite.testsets.model import Case, Check, TestSet
from pytest_evalsuite.testsets.options import MethodLookup, Methods

__all__ = ["is_bare", "loaded_text", "lost", "save_test_set", "source_of"]


def save_test_set(
    test_set: TestSet,
    path: str | os.PathLike[str],
    *,
    methods: MethodLookup | MethodRegistry | None = None,
    files: FileRules | None = None,
) -> None:
    """Write a test set as YAML, CSV or JSONL, by the file's suffix; see `TestSet.save`."""
    target = Path(path)
    methods, files = methods or get_method, files or FILE_RULES
    told = source_of(test_set, target)
    if is_bare(target):
        lost(Differences([key for key in told.settings if key not in {"mode", "name"}]), target)
    text = written(told, target, Methods(methods))
    found = differences(test_set, loaded_text(text, target, methods=methods, files=files))
    if is_bare(target) and test_set.name == default_name(Path(test_set.path)):
        found.settings = [name for name in found.settings if name != "name"]  # which nobody gave
    lost(found, target)
    if target.exists():
        save({DiskText(target, os.fspath(path)): text})
    else:
        create(target, text)


def loaded_text(
    text: str,
    path: Path,
    *,
    defaults: Defaults = NO_DEFAULTS,
    methods: MethodLookup | MethodRegistry = get_method,
    files: FileRules = FILE_RULES,
) -> TestSet:
    """Load a test set's text as if the file held it. Raises TestSetError with its mistakes."""
    return load_test_set(path, defaults=defaults, methods=methods, files=files, read=lambda *_: text)


def lost(found: Differences, path: Path) -> None:
    """Raise EditError where something would be lost."""
    if found:
        fields = [
            f"{name} of {case_ids[0]!r}" + (f" and {len(case_ids) - 1} more" if len(case_ids) > 1 else "")
            for name, case_ids in found.fields.items()
        ]
        raise EditError(f"{path} cannot hold {', '.join([*found.settings, *fields])}: nothing was written")


def is_bare(path: Path) -> bool:
    """Whether a file holds cases and nothing else."""
    return path.suffix.lower() in {".csv", ".jsonl"}


def source_of(test_set: TestSet, path: Path) -> Source:
    """Give a test set as a file would say it."""
    settings = {
        "name": None if test_set.name == default_name(path) else test_set.name,
        "description": test_set.description,
        "mode": "scenario" if test_set.mode == "scenario" else None,
        "language": None if test_set.language == "en" else test_set.language,
        "isolation": test_set.isolation,
        "tags": list(test_set.tags),
        "marks": list(test_set.marks),
        "metadata": dict(test_set.metadata),
        "gate": None if test_set.gate is None else test_set.gate.as_json(),
        **_slots(test_set),
    }
    given = {key: value for key, value in settings.items() if value not in (None, [], {})}
    if not any(case.conversation_id for case in test_set.cases) or is_bare(path):
        cases = [_raw(case, test_set) for case in test_set.cases]
        return Source(
            given, [_without(case, OF_THE_WHOLE) for case in cases] if test_set.mode == "scenario" else cases
        )
    given.pop("mode", None)
    return Source(given, conversations=_conversations(test_set))


def _conversations(test_set: TestSet) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for case in test_set.cases:
        head = case.conversation
        if head is None:
            continue
        if head.id not in found:
            items = {
                "id": head.id,
                "name": head.name,
                "agent": case.agent,
                "iterations": case.iterations,
                "on_turn_error": None if head.on_turn_error == "skip" else head.on_turn_error,
            }
            found[head.id] = {key: value for key, value in items.items() if value is not None}
            found[head.id]["turns"] = []
        found[head.id]["turns"].append(_without(_raw(case, test_set), ("conversation", *OF_THE_WHOLE)))
    return list(found.values())


def _without(raw: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if key not in keys}


def _raw(case: Case, test_set: TestSet) -> dict[str, Any]:
    file, actual = case.file, case.actual
    identity = case.id.removeprefix(f"{case.conversation_id}/") if case.conversation_id else case.id
    derived = derive_id(case.question, case.inputs, None if file is None else file.url)
    responses = list(case.expected_responses)
    values = {
        "id": None if identity == derived else identity,
        "conversation": case.conversation_id or None,
        "question": case.question,
        "inputs": dict(case.inputs) or None,
        "file_url": None if file is None else file.url,
        "file_mime_type": None if file is None or file.detected else file.mime_type,
        "expected_response": responses[0] if len(responses) == 1 else responses or None,
        "expected": case.expected,
        "name": case.name,
        "rationale": case.rationale,
        "order": case.order or None,
        **_checks(case, test_set),
        "agent": case.agent,
        "iterations": case.iterations if actual is None else None,
        "pass_rule": {"at_least": case.pass_rule} if isinstance(case.pass_rule, int) else case.pass_rule,
        "timeout": case.timeout,
        "tags": list(case.tags) or None,
        "marks": list(case.marks) or None,
        "skip": case.skip,
        "xfail": case.xfail,
        "required": case.required or None,
        "metadata": dict(case.metadata) or None,
        "actual_response": None if actual is None else actual.output,
        "actual_tool_calls": None
        if actual is None or actual.tool_calls is None
        else [{"name": call.name, "arguments": dict(call.arguments)} for call in actual.tool_calls],
    }
    return {key: value for key, value in values.items() if value is not None}


def _checks(case: Case, test_set: TestSet) -> dict[str, Any]:
    """Give what a case says of its checks; those of slots are the mapping's."""
    own = [check for check in case.checks if check.slot is None]
    maps = test_set.slots is not None and test_set.slots.compares
    values: dict[str, Any] = {}
    if case.require != "all":
        values["require"] = case.require
    if maps or case.passing_score is None or case.passing_score != own[0].passing_score or len(own) != 1:
        values["passing_score"] = case.passing_score
        values["checks"] = [_check(check, case, maps=maps) for check in own] or None
        return values
    check = own[0]
    plain = check.name == check.method.method and check.weight == 1 and not check.when and case.require == "all"
    if not plain or not _expects_as(check, case):
        return {**values, "passing_score": case.passing_score, "checks": [_check(check, case, maps=maps)]}
    return {
        "test_method": check.method.method,
        **_options(check),
        **_bar(check),
        "not": check.negate or None,
    }


def _check(check: Check, case: Case, *, maps: bool) -> dict[str, Any]:
    values: dict[str, Any] = {
        "method": check.method.method,
        **_options(check),
        **_bar(check),
        "weight": None if check.weight == 1 else check.weight,
        "not": check.negate or None,
        "name": check.name,
        "when": {condition.field: dict(condition.wanted) for condition in check.when} or None,
    }
    if maps or not _expects_as(check, case):
        responses = list(check.expected_responses)
        values["expected_response"] = responses[0] if len(responses) == 1 else responses or None
        values["expected"] = check.expected
    return {key: value for key, value in values.items() if value is not None}


def _bar(check: Check) -> dict[str, float]:
    """Give the bar, unless the method's options say it."""
    return {} if check.method.own_bar() == check.passing_score else {"passing_score": check.passing_score}


def _expects_as(check: Check, case: Case) -> bool:
    return check.expected_responses == case.expected_responses and bool(check.expected == case.expected)


def _options(check: Check) -> Mapping[str, Any]:
    options: dict[str, Any] = check.method.model_dump(mode="json", exclude_defaults=True)
    return options


def _slots(test_set: TestSet) -> dict[str, Any]:
    slots = test_set.slots
    if slots is None:
        return {}
    mapping = {}
    if slots.mapping is not None:
        inputs = {slot.parameter: str(slot.source) for slot in slots.mapping.inputs}
        outputs = {slot.field: _slot(slot) for slot in slots.mapping.outputs}
        mapping = {key: value for key, value in (("inputs", inputs), ("outputs", outputs)) if value}
    return {
        "mapping": mapping,
        "inputs_schema": None if slots.inputs is None else slots.inputs.schema,
        "outputs_schema": None if slots.outputs is None else slots.outputs.schema,
    }


def _slot(slot: OutputSlot) -> dict[str, Any]:
    check = slot.check
    values = {
        "slot": slot.case_field,
        "method": check.method.method,
        **_options(check),
        "passing_score": check.passing_score if slot.has_bar else None,
        "weight": None if check.weight == 1 else check.weight,
        "required": None if slot.required else False,
    }
    return {key: value for key, value in values.items() if value is not None}
