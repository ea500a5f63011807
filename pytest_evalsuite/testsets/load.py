"""A test set file becomes a `TestSet`, or a TestSetError with all of its mistakes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePath
from typing import Any, Final, Literal

from pytest_evalsuite.errors import Mistake, TestSetError
from pytest_evalsuite.garbage import not_looking
from pytest_evalsuite.methods._registry import MethodRegistry, get_method
from pytest_evalsuite.testsets.assemble import assemble, names_conversations
from pytest_evalsuite.testsets.attachments import FileFinder, FileRules
from pytest_evalsuite.testsets.cases import RawCases, YamlCases, YamlTurns, mistakes_in, worded
from pytest_evalsuite.testsets.checks import CaseDefaults, CheckBuilder
from pytest_evalsuite.testsets.conversation import Head, Script
from pytest_evalsuite.testsets.conversation_reader import Heads, read_heads, turns_of
from pytest_evalsuite.testsets.csv_reader import CsvCases, read_csv
from pytest_evalsuite.testsets.defaults import Defaults, read_defaults
from pytest_evalsuite.testsets.fields import CASE, DEFAULTS, SET
from pytest_evalsuite.testsets.gate import check_tags, read_gate
from pytest_evalsuite.testsets.jsonl_reader import JsonlCases, read_jsonl
from pytest_evalsuite.testsets.locate import Locator
from pytest_evalsuite.testsets.model import Case, TestSet
from pytest_evalsuite.testsets.options import MethodLookup, Methods
from pytest_evalsuite.testsets.part import Part
from pytest_evalsuite.testsets.positions import walk, walk_all
from pytest_evalsuite.testsets.problems import Problem
from pytest_evalsuite.testsets.scalars import is_null
from pytest_evalsuite.testsets.slots import read_slots
from pytest_evalsuite.testsets.source import ReadText, check_inside, read_text
from pytest_evalsuite.testsets.values import did_you_mean, listed, show
from pytest_evalsuite.testsets.yaml_events import Document, YamlMistake, read_yaml

__all__ = ["SUFFIXES", "load_test_set"]

SUFFIXES: Final = (".yaml", ".yml", ".csv", ".jsonl")
NO_DEFAULTS: Final = Defaults()
FILE_RULES: Final = FileRules()


def load_test_set(
    path: str | os.PathLike[str],
    *,
    display_path: str | None = None,
    defaults: Defaults = NO_DEFAULTS,
    methods: MethodLookup | MethodRegistry = get_method,
    files: FileRules = FILE_RULES,
    read: ReadText = read_text,
) -> TestSet:
    """Read and check a YAML, CSV or JSONL test set.

    ``display_path`` is the file's name in messages and in the result, ``defaults`` are those of the configuration,
    ``methods`` gives methods by name, ``files`` says what cases may attach, ``read`` gives a file's text. Raises
    TestSetError with all mistakes, and nothing else for a bad file.
    """
    shown = os.fspath(path) if display_path is None else display_path
    with not_looking():
        loader = Loader(Path(path), shown, defaults, Methods(methods), files, read)
        suffix = loader.path.suffix.lower()
        if suffix in {".yaml", ".yml"}:
            return loader.yaml()
        if suffix in {".csv", ".jsonl"}:
            return loader.bare()
        raise TestSetError([Mistake(shown, 1, 1, f"a test set ends in {', '.join(SUFFIXES)}, not {suffix!r}")])


Opened = tuple[RawCases, Callable[[], RawCases], Path]
"""Cases as they stand in a file, a function that reads them once more, and the folder that the file is in."""


@dataclass(slots=True)
class Loader:
    """One file being loaded; ``mistakes`` are those that have a place already."""

    path: Path
    shown: str
    defaults: Defaults
    methods: Methods
    files: FileRules
    read: ReadText = read_text
    text: str = ""
    mistakes: list[Mistake] = field(default_factory=list)
    heads: Heads = ()

    def bare(self) -> TestSet:
        """Load a CSV or JSONL file, which holds cases and nothing else."""
        nothing = Part({}, SET, [])
        defaults = read_defaults(nothing, self.defaults, self.methods)
        opened = self._table(self.path, self.shown, extra=False)
        if opened and names_conversations(opened[0]):
            nothing.values["mode"] = "scenario"  # such a file can say it in no other way
        return self._finish(nothing, defaults, opened)

    def yaml(self) -> TestSet:
        """Load a YAML file, and the file that its cases are from."""
        self.text = self.read(self.path, self.shown)
        try:
            document = read_yaml(self.text)
        except YamlMistake as error:
            raise TestSetError([Mistake(self.shown, error.line, error.column, error.message)]) from None
        self.mistakes.extend(Mistake(self.shown, *mistake) for mistake in document.mistakes)
        data = document.data
        if type(data) is not dict:
            raise TestSetError([*self.mistakes, Mistake(self.shown, 1, 1, not_a_test_set(data))])
        part = Part(data, SET, [])
        for key in part.rest:
            part.report(key, unknown_set_key(key), on_key=True)
        self.heads = read_heads(part)
        defaults = read_defaults(part, self.defaults, self.methods)
        return self._finish(part, defaults, self._cases(part, document))

    def _mode(self, part: Part) -> Literal["independent", "scenario"]:
        """Give the mode; listed conversations make a scenario."""
        mode: Literal["independent", "scenario"] = part.values.get("mode", self.defaults.mode)
        if "conversations" in part.raw:
            if part.values.get("mode") == "independent":
                part.report("mode", "'conversations' are for mode: scenario")
            return "scenario"
        if mode == "independent" and "on_turn_error" in part.raw:
            part.report("on_turn_error", "'on_turn_error' is for mode: scenario", on_key=True)
        return mode

    def _cases(self, part: Part, document: Document) -> Opened | None:
        """Give the cases that a YAML test set holds or names; None when there are none, which is a mistake."""
        raw = part.raw
        first, *others = [key for key in ("cases", "conversations", "cases_from") if key in raw] or ["cases"]
        for key in others:
            part.report(key, f"{first!r} and {key!r} are both given: keep one", on_key=True)
        if "cases_from" in raw:
            return self._cases_from(part)
        if "extra_columns" in raw:
            part.report("extra_columns", "'extra_columns' is about the columns of 'cases_from'", on_key=True)
        if "conversations" in raw and "cases" not in raw:
            turns = turns_of(self.heads)
            return (
                YamlTurns(self.shown, self.text, *turns),
                partial(reread_turns, self.path, self.shown, self.read),
                self.path.parent,
            )
        items = raw.get("cases")
        if type(items) is list and items:
            cases = YamlCases(self.shown, self.text, items, document.case_lines)
            return cases, partial(reread_yaml, self.path, self.shown, self.read), self.path.parent
        if "cases" not in raw:
            part.report(None, "no cases: expected 'cases' with a list of them, 'conversations' or 'cases_from'")
        elif is_null(items) or items == []:
            part.report("cases", "no cases", on_key=True)
        else:
            part.report("cases", f"expected a list of cases, not {show(items)}")
        return None

    def _cases_from(self, part: Part) -> Opened | None:
        """Read the file that a YAML test set names; None when it cannot be read, which is a mistake."""
        name = part.values.get("cases_from")
        if name is None:
            return None
        extra = "extra_columns" in part.raw
        try:
            path = check_inside(name, self.path.parent)
        except ValueError as error:
            part.report("cases_from", str(error))
            return None
        if path.suffix.lower() not in {".csv", ".jsonl"}:
            part.report("cases_from", f"expected a .csv or .jsonl file, not {show(name)}")
            return None
        if extra and path.suffix.lower() != ".csv":
            part.report("extra_columns", "'extra_columns' is about the columns of a CSV file", on_key=True)
        if not path.exists():
            part.report("cases_from", f"there is no file {name!r} in the test set's folder")
            return None
        return self._table(path, (PurePath(self.shown).parent / name).as_posix(), extra=extra)

    def _table(self, path: Path, shown: str, *, extra: bool) -> Opened | None:
        """Read a CSV or JSONL file; None when it cannot be read, which is a mistake."""
        read = partial(read_table, path, shown, self.methods, extra=extra, reader=self.read)
        try:
            return read(), read, path.parent
        except TestSetError as error:
            self.mistakes.extend(error.mistakes)
            return None

    def _finish(self, part: Part, defaults: CaseDefaults, opened: Opened | None) -> TestSet:
        """Check the cases and put the test set together; raise all mistakes that were found on the way."""
        cases: Sequence[Case] = ()
        places: Sequence[int] = ()
        gate = read_gate(part)
        mode = self._mode(part)
        checks = CheckBuilder(defaults, self.methods)
        slots = read_slots(part, checks)
        if opened:
            raw = opened[0]
            self.mistakes.extend(raw.broken)
            if not len(raw) and not raw.broken and "conversations" not in part.raw:
                self.mistakes.append(Mistake(raw.path, 1, 1, "no cases"))
            script = self._script(part) if mode == "scenario" else None
            finder = FileFinder(opened[2], self.files)
            cases, places, found = assemble(raw, checks, finder, slots, script)
            self.mistakes.extend(mistakes_in(raw, found))
            if not found and not raw.broken:
                part.problems.extend(slots.misspelt(cases))
            if gate:
                check_tags(part, gate, raw)
        self.mistakes.extend(self._placed(part.problems))
        if self.mistakes or not opened:
            raise TestSetError(self.mistakes)
        values = part.values
        return TestSet(
            path=self.shown,
            name=values.get("name") or default_name(self.path),
            cases=cases,
            description=values.get("description"),
            mode=mode,
            language=values.get("language", "en"),
            agent=values.get("agent"),
            isolation=values.get("isolation"),
            tags=values.get("tags", ()),
            marks=values.get("marks", ()),
            metadata=values.get("metadata", {}),
            locate=Locator(opened[1], places),
            cases_path=None if opened[0].path == self.shown else opened[0].path,
            gate=gate,
            slots=slots or None,
        )

    def _script(self, part: Part) -> Script:
        default = Head(on_turn_error=part.values.get("on_turn_error", "skip"))
        return Script(default, {head.id: head for head, _ in self.heads if head.id})

    def _placed(self, problems: list[Problem]) -> list[Mistake]:
        """Give the problems of the top level their places."""
        if not problems:
            return []
        positions = walk(self.text, [problem.path for problem in problems])
        return [
            Mistake(self.shown, *positions.find(problem.path, on_key=problem.on_key), worded(problem))
            for problem in problems
        ]


def read_table(
    path: Path, shown: str, methods: Methods, *, extra: bool, reader: ReadText = read_text
) -> CsvCases | JsonlCases:
    """Read a CSV or JSONL file; raises TestSetError when that cannot be done."""
    text = reader(path, shown)
    if path.suffix.lower() == ".jsonl":
        return read_jsonl(text, shown)
    return read_csv(text, shown, methods, extra=extra)


def reread_yaml(path: Path, shown: str, reader: ReadText = read_text) -> RawCases:
    """Read a YAML test set's cases with the positions of everything in them."""
    text = reader(path, shown)
    try:
        document = read_yaml(text)
        items = document.data["cases"]
    except (YamlMistake, KeyError, TypeError):  # the file was changed meanwhile
        return YamlCases(shown, "", [], {})
    return YamlCases(shown, text, items, document.case_lines, positions=walk_all(text))


def reread_turns(path: Path, shown: str, reader: ReadText = read_text) -> RawCases:
    """Read a YAML test set's turns with the positions of everything in them."""
    text = reader(path, shown)
    try:
        part = Part(read_yaml(text).data, SET, [])
    except (YamlMistake, AttributeError):  # the file was changed meanwhile
        return YamlCases(shown, "", [], {})
    turns = YamlTurns(shown, text, *turns_of(read_heads(part)))
    turns.positions = walk_all(text)
    return turns


def unknown_set_key(key: str) -> str:
    """Say why a key cannot stand at the top of a test set."""
    if key in CASE.by_key or key in DEFAULTS.by_key:
        where = "under 'defaults', or in a case" if key in DEFAULTS.by_key else "in a case"
        return f"unknown key {key!r}: it belongs {where}"
    return f"unknown key {key!r}{did_you_mean(key, list(SET.by_key)) or listed(list(SET.by_key))}"


def not_a_test_set(data: Any) -> str:
    """Say what stands where a test set should."""
    if is_null(data):
        return "no cases: the file is empty"
    if type(data) is list:
        return "expected a mapping with 'cases', not a list: write 'cases:' above it and indent it"
    return f"expected a mapping with 'cases', not {show(data)}"


def default_name(path: Path) -> str:
    """Name a test set by its file."""
    stem = path.stem
    return (stem[:-5] if stem.lower().endswith(".eval") and len(stem) > 5 else stem)[:255]
