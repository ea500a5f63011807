"""Cases of one file added to another one: all of them, or the good ones with a list of what is wrong with the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.errors import EditError, Mistake, TestSetError
from pytest_evalsuite.methods._registry import MethodRegistry, get_method
from pytest_evalsuite.testsets.assemble import given_id, place, same_id
from pytest_evalsuite.testsets.attachments import FileFinder, FileRules
from pytest_evalsuite.testsets.build import CaseBuilder
from pytest_evalsuite.testsets.cases import Found, RawCases, YamlCases, YamlTurns, mistakes_in, worded
from pytest_evalsuite.testsets.checks import CheckBuilder
from pytest_evalsuite.testsets.conversation import Head, Script
from pytest_evalsuite.testsets.conversation_reader import read_heads, turns_of
from pytest_evalsuite.testsets.defaults import Defaults, read_defaults
from pytest_evalsuite.testsets.editing.disk import create
from pytest_evalsuite.testsets.editing.file import TestSetFile, open_test_set, text_diff
from pytest_evalsuite.testsets.editing.saving import is_bare, loaded_text
from pytest_evalsuite.testsets.editing.writing import Source, written
from pytest_evalsuite.testsets.fields import SET
from pytest_evalsuite.testsets.load import FILE_RULES, NO_DEFAULTS, not_a_test_set, read_table
from pytest_evalsuite.testsets.options import MethodLookup, Methods
from pytest_evalsuite.testsets.part import Part
from pytest_evalsuite.testsets.positions import walk
from pytest_evalsuite.testsets.problems import Problem
from pytest_evalsuite.testsets.slots import read_slots
from pytest_evalsuite.testsets.source import read_text
from pytest_evalsuite.testsets.values import show
from pytest_evalsuite.testsets.yaml_events import YamlMistake, read_yaml

__all__ = ["Imported", "import_cases"]

BESIDE: Final = frozenset({"name", "description", "mode", "cases", "conversations"})
"""What a YAML file may hold beside its cases without saying anything about them."""


@dataclass(slots=True)
class Imported:
    """What became of an import: ids of new cases and of those that were replaced, what was wrong with other rows.

    Nothing is written before `save`.
    """

    path: Path
    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    file: TestSetFile | None = None
    text: str = ""

    def diff(self) -> str:
        """Give what `save` would change, as a unified diff."""
        return text_diff("", self.text, str(self.path)) if self.file is None else self.file.diff()

    def save(self) -> None:
        """Write the test set, whole or not at all. Raises EditError where that cannot be done."""
        if self.file is not None:
            self.file.save()
        elif self.text:
            create(self.path, self.text)


def import_cases(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    lenient: bool = False,
    update: bool = False,
    defaults: Defaults = NO_DEFAULTS,
    methods: MethodLookup | MethodRegistry = get_method,
    files: FileRules = FILE_RULES,
) -> Imported:
    """Add the cases of a CSV, JSONL or YAML file to a test set, or to a new one where there is none.

    A row is checked by the target's own defaults, mapping and schemas. Rows with an id that the target has are
    mistakes; with ``update`` each replaces that case. Raises TestSetError with all mistakes unless ``lenient``, which
    leaves out the rows that have any; and always where the source cannot be read at all. Raises EditError where the
    target cannot be edited.
    """
    importer = Importer(Path(source), Path(target), defaults, methods, files)
    importer.check(update=update)
    if importer.mistakes and not lenient:
        raise TestSetError(importer.mistakes)
    return importer.done()


class Importer:
    """One import: the rows of a file, held against a test set."""

    def __init__(
        self,
        source: Path,
        target: Path,
        defaults: Defaults,
        methods: MethodLookup | MethodRegistry,
        files: FileRules,
    ) -> None:
        self.target = target
        self.known = methods
        self.methods = Methods(methods)
        self.defaults = defaults
        self.rules = files
        self.rows = read_rows(source, self.methods)
        self.file: TestSetFile | None = None
        if target.exists() or target.is_symlink():
            self.file = open_test_set(target, defaults=defaults, methods=methods, files=files)
        self.mistakes: list[Mistake] = [*self.rows.broken]
        self.new: list[tuple[str, dict[str, Any]]] = []
        self.changed: dict[str, dict[str, Any]] = {}
        self._present = frozenset(self.file.cases) if self.file is not None else frozenset[str]()

    def check(self, *, update: bool) -> None:
        """Look at every row: what is good is in ``new`` or ``changed``, what is wrong in ``mistakes``."""
        found: list[Found] = []
        lines: dict[str, int] = {}
        builder, script = self._builder()
        for index in range(len(self.rows)):
            raw, line = self.rows.raw(index), self.rows.line(index)
            problems: list[Problem] = []
            case = builder.build(raw, line, index, problems)
            if case is not None:
                place(case, raw, script, problems)
            identity = given_id(raw) if case is None else case.id
            if identity in lines:
                problems.append(same_id(raw, identity, lines[identity]))
            elif identity is not None:
                lines[identity] = line
                if identity in self._present and not update:
                    problems.append(self._clash(raw, identity))
            found += [(index, problem) for problem in problems]
            if identity is not None and not problems:
                self._take(identity, raw)
        self.mistakes += mistakes_in(self.rows, found)
        self.mistakes.sort()

    def done(self) -> Imported:
        """Give the test set with the good rows in it; nothing is written yet."""
        result = Imported(self.target, mistakes=self.mistakes, file=self.file)
        if self.file is not None:
            if self.changed:
                result.updated = self.file.update_cases(self.changed, whole=True)
            for conversation, cases in self._by_conversation():
                result.created += self.file.add_cases(cases, conversation=conversation)
        elif self.new:
            cases = [raw for _, raw in self.new]
            named = any("conversation" in raw for raw in cases) and not is_bare(self.target)
            told = Source({"mode": "scenario"} if named else {}, cases)
            result.text = written(told, self.target, self.methods)
            loaded_text(result.text, self.target, defaults=self.defaults, methods=self.known, files=self.rules)
            result.created = [identity for identity, _ in self.new]
        return result

    def _builder(self) -> tuple[CaseBuilder, Script | None]:
        data = {} if self.file is None or is_bare(self.target) else read_yaml(self.file.settings_text).data
        part = Part(data, SET, [])
        checks = CheckBuilder(read_defaults(part, self.defaults, self.methods), self.methods)
        folder = self.target.parent if self.file is None else self.file.cases_path.parent
        builder = CaseBuilder(checks, FileFinder(folder, self.rules), read_slots(part, checks))
        if self.file is None:
            is_scenario = any(type(raw) is dict and "conversation" in raw for raw in self._raws())
        else:
            is_scenario = self.file.test_set.mode == "scenario"
        return builder, Script(Head(), {}) if is_scenario else None

    def _raws(self) -> Iterator[Any]:
        return map(self.rows.raw, range(len(self.rows)))

    def _clash(self, raw: Mapping[str, Any], identity: str) -> Problem:
        line = 1 if self.file is None else self.file.case(identity).line
        path = self.target if self.file is None else self.file.cases_path
        message = f"{identity!r} is the id of the case on line {line} of {path} already; to replace it: --update"
        return Problem(("id",) if "id" in raw else (), message)

    def _take(self, identity: str, raw: Mapping[str, Any]) -> None:
        if self.file is None or identity not in self._present:
            self.new.append((identity, dict(raw)))
            return
        old, new = self.file.fields(identity), dict(raw)
        if self.file.lists_conversations:
            new.pop("conversation", None)
        if "id" in old:
            new = {"id": old["id"], **new}
        self.changed[identity] = new

    def _by_conversation(self) -> Iterator[tuple[str | None, list[dict[str, Any]]]]:
        """Give the new cases, those for each listed conversation together."""
        cases: dict[str | None, list[dict[str, Any]]] = {}
        for _, raw in self.new:
            listed = self.file is not None and self.file.lists_conversations
            conversation = str(raw["conversation"]) if listed and "conversation" in raw else None
            cases.setdefault(conversation, []).append(raw)
        return iter(cases.items())


def read_rows(path: Path, methods: Methods) -> RawCases:
    """Read the cases of a file as they stand there. Raises TestSetError where it cannot be read."""
    shown = str(path)
    if is_bare(path):
        return read_table(path, shown, methods, extra=False)
    if path.suffix.lower() not in {".yaml", ".yml"}:
        raise TestSetError([Mistake(shown, 1, 1, "expected a .csv, .jsonl, .yaml or .yml file")])
    text = read_text(path, shown)
    try:
        document = read_yaml(text)
    except YamlMistake as error:
        raise TestSetError([Mistake(shown, error.line, error.column, error.message)]) from None
    broken = [Mistake(shown, *mistake) for mistake in document.mistakes]
    data = document.data
    if type(data) is not dict:
        raise TestSetError([*broken, Mistake(shown, 1, 1, not_a_test_set(data))])
    if others := [key for key in data if key not in BESIDE]:
        raise EditError(
            f"{shown}: only cases are imported, and {', '.join(map(repr, others))} would be lost: take it out of the "
            "file, or write it into the test set"
        )
    part = Part(data, SET, [])
    if "conversations" in data:
        rows: RawCases = YamlTurns(shown, text, *turns_of(read_heads(part)))
    elif type(data.get("cases")) is list and data["cases"]:
        rows = YamlCases(shown, text, data["cases"], document.case_lines)
    else:
        wrong = f"expected 'cases' with a list of them, not {show(data.get('cases'))}"
        raise TestSetError([*broken, Mistake(shown, 1, 1, wrong)])
    positions = walk(text, [problem.path for problem in part.problems])
    broken += [
        Mistake(shown, *positions.find(problem.path, on_key=problem.on_key), worded(problem))
        for problem in part.problems
    ]
    rows.broken = broken
    return rows
