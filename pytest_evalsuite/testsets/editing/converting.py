"""A test set in another format, without loss."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.errors import TestSetError
from pytest_evalsuite.methods._registry import MethodRegistry, get_method
from pytest_evalsuite.testsets.attachments import FileRules
from pytest_evalsuite.testsets.defaults import Defaults
from pytest_evalsuite.testsets.editing.disk import create
from pytest_evalsuite.testsets.editing.file import TestSetFile, cases_in_file, open_test_set
from pytest_evalsuite.testsets.editing.saving import is_bare, loaded_text, lost
from pytest_evalsuite.testsets.editing.view import Differences, differences
from pytest_evalsuite.testsets.editing.writing import Source, written
from pytest_evalsuite.testsets.fields import CASE, DEFAULTS
from pytest_evalsuite.testsets.load import FILE_RULES, NO_DEFAULTS, default_name, load_test_set
from pytest_evalsuite.testsets.model import Case, Check, TestSet
from pytest_evalsuite.testsets.options import MethodLookup, Methods, takes
from pytest_evalsuite.testsets.yaml_events import read_yaml

__all__ = ["convert"]

OTHER_DEFAULTS: Final = Defaults(test_method="exact_match", passing_score=0.123)
"""With which a case that leaves something open is told from one that does not."""


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    defaults: Defaults = NO_DEFAULTS,
    methods: MethodLookup | MethodRegistry = get_method,
    files: FileRules = FILE_RULES,
    drop: Collection[str] = (),
) -> TestSet:
    """Write a test set as a new file in the format that its name says, and give it as it is loaded from there.

    ``drop`` names settings that may be lost. What a case leaves open stays open. Raises TestSetError for a source with
    mistakes, EditError where the target is there already, or cannot hold something; then nothing is written.
    """
    new = Path(target)
    opened = open_test_set(source, defaults=defaults, methods=methods, files=files)
    told = told_by(opened, Path(source))
    for key in drop:
        told.settings.pop(key, None)
    if is_bare(new):
        told = bare(told, opened.test_set)
        same_name = told.settings.get("name") == default_name(new)
        lost(Differences([key for key in told.settings if key != "mode" and not (key == "name" and same_name)]), new)
    text = written(told, new, Methods(methods))
    passed_over = {*drop, *(() if "name" in told.settings else ("name",))}

    def compared(known: Defaults) -> None:
        before = load_test_set(source, defaults=known, methods=methods, files=files)
        found = differences(before, loaded_text(text, new, defaults=known, methods=methods, files=files))
        found.settings = [name for name in found.settings if name not in passed_over]
        lost(found, new)

    compared(defaults)
    with suppress(TestSetError):  # raised by a test set that needs its own defaults
        compared(OTHER_DEFAULTS)
    create(new, text)
    return load_test_set(new, defaults=defaults, methods=methods, files=files)


def given_settings(opened: TestSetFile, path: Path) -> dict[str, Any]:
    """Give what a YAML test set says of itself; nothing for other formats."""
    if path.suffix.lower() not in {".yaml", ".yml"}:
        return {}
    data = read_yaml(opened.settings_text).data
    return {key: value for key, value in data.items() if key not in OF_CASES}


OF_CASES: Final = frozenset({"cases", "conversations", "cases_from", "extra_columns"})


def told_by(opened: TestSetFile, path: Path) -> Source:
    """Give what a test set's file says, as it says it."""
    settings = given_settings(opened, path)
    if opened.lists_conversations:
        return Source(settings, conversations=read_yaml(opened.text).data["conversations"])
    cases = [opened.fields(case_id) for case_id in opened.cases]
    if opened.test_set.mode == "scenario" and any("conversation" in case for case in cases):
        settings.setdefault("mode", "scenario")
    return Source(settings, cases)


def bare(told: Source, test_set: TestSet) -> Source:
    """Give a test set without settings: its defaults, its agent and its conversations' tags are said by each case."""
    settings = {key: value for key, value in told.settings.items() if key not in {"defaults", "agent"}}
    defaults = told.settings.get("defaults", {})
    agent = {"agent": test_set.agent} if test_set.agent is not None and test_set.mode == "independent" else {}
    cases = []
    for given, case in zip(told.turns(), cases_in_file(test_set), strict=True):
        named = {"conversation": case.conversation_id} if told.conversations else {}
        tags = {"tags": list(case.tags)} if told.conversations and case.tags else {}
        cases.append({**named, **agent, **filled(given, case, defaults), **tags})
    return Source(settings, cases)


def filled(given: Mapping[str, Any], case: Case, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Give a case with what it has by the defaults of its test set."""
    names = {DEFAULTS.by_key[key][0] if key in DEFAULTS.by_key else key for key in defaults}
    new = dict(given)
    said = {CASE.by_key[key][0] for key in given if key in CASE.by_key}
    for name in names & {"iterations", "timeout", "pass_rule"} - said:
        if name != "iterations" or not (case.conversation_id or case.actual is not None):
            value = getattr(case, name)
            new[name] = {"at_least": value} if name == "pass_rule" and isinstance(value, int) else value
    if "checks" in given:
        listed = [check for check in case.checks if check.slot is None]
        new["checks"] = [
            _filled(part, check, defaults, names, "method")
            for part, check in zip(given["checks"], listed, strict=True)
        ]
        if "require" in given and case.passing_score is not None and "passing_score" in names - said:
            new["passing_score"] = case.passing_score
        return new
    return _filled(new, case.checks[0], defaults, names, "test_method")


def _filled(
    given: Mapping[str, Any], check: Check, defaults: Mapping[str, Any], names: set[str], method: str
) -> dict[str, Any]:
    new = dict(given)
    if "test_method" in names and not {"test_method", "method", "eval_type"} & given.keys():
        new[method] = check.method.method
    if names & {"passing_score", "threshold"} and not {"passing_score", "threshold"} & given.keys():
        new["passing_score"] = check.passing_score
    for key, value in defaults.items():
        if key not in DEFAULTS.by_key and key != "threshold" and takes(type(check.method), key):
            new.setdefault(key, value)
    return new
