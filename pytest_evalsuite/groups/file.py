"""Group files (``*.evalgroup.yaml``): which evaluations belong together, declared beside the test sets."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.errors import Mistake, TestSetError
from pytest_evalsuite.groups.model import LONGEST_NAME
from pytest_evalsuite.testsets import SUFFIXES
from pytest_evalsuite.testsets.cases import worded
from pytest_evalsuite.testsets.fields import (
    AGENT,
    MAPPING,
    TAGS,
    TEXT,
    Field,
    Kind,
    Table,
    as_it_is,
    each_of,
    one_line,
)
from pytest_evalsuite.testsets.part import Part
from pytest_evalsuite.testsets.positions import walk
from pytest_evalsuite.testsets.problems import Problem
from pytest_evalsuite.testsets.readers import EMPTY, text
from pytest_evalsuite.testsets.scalars import is_null
from pytest_evalsuite.testsets.source import read_text
from pytest_evalsuite.testsets.values import Refused, did_you_mean, listed, show
from pytest_evalsuite.testsets.yaml_events import YamlMistake, read_yaml

__all__ = ["FILE_SUFFIXES", "LATEST", "THIS", "FileMember", "GroupFile", "load_group_file"]

FILE_SUFFIXES: Final = (".evalgroup.yaml", ".evalgroup.yml")
THIS: Final = "this"
LATEST: Final = "latest"


def which_run(value: Any) -> str:
    """Read which run a member is of."""
    found: str = one_line(255).read(value)
    if found.startswith("latest~"):
        raise Refused(f"expected this, latest, a run's id or its name, not {show(found)}")
    return found


MEMBERS: Final = Kind(as_it_is, {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/member"}})

MEMBER: Final = Table(
    [
        Field("test_set", TEXT, "The test set's file, from this one's folder."),
        Field("agent", AGENT, "The agent's name; may be left out where the test set is put to one."),
        Field("run", Kind(which_run, {"type": "string"}), "this (default), latest, a run's id or its name."),
        Field("row_identifier", one_line(200), "The column that rows are joined by; the case id when left out."),
        Field("name", one_line(LONGEST_NAME), "What the member is called in the group."),
    ]
)

GROUP: Final = Table(
    [
        Field("name", one_line(LONGEST_NAME), "The group's name; default: the file's."),
        Field("description", TEXT, "What the group is for."),
        Field("tags", TAGS, "Words to find it by."),
        Field("metadata", MAPPING, "Anything else."),
        Field("members", MEMBERS, "Its evaluations."),
        Field("against", one_line(LONGEST_NAME), "The member that others are compared with; default: the first."),
        Field("columns", each_of(text, {"type": "string"}), "Columns that are aggregated beside the usual ones."),
    ]
)


@dataclass(frozen=True, slots=True)
class FileMember:
    """An evaluation that a group file names. ``test_set`` is the file's path from the root folder, with ``/``."""

    test_set: str
    path: Path
    agent: str | None = None
    run: str = THIS
    row_identifier: str | None = None
    name: str | None = None

    @property
    def label(self) -> str:
        """What to call it where it has no rows."""
        return self.name or self.test_set + (f"[{self.agent}]" if self.agent else "")


@dataclass(frozen=True, slots=True)
class GroupFile:
    """A group as its file has it. ``against`` is the place of the member that others are compared with."""

    path: str
    name: str
    members: tuple[FileMember, ...]
    description: str | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] | None = None
    against: int | None = None
    columns: tuple[str, ...] = ()

    def head(self) -> dict[str, Any]:
        """What it says of itself, as JSON values."""
        return {
            "name": self.name,
            "description": self.description,
            "tags": list(self.tags),
            "metadata": dict(self.metadata or {}),
            "file": self.path,
        }


def load_group_file(path: Path, *, root: Path | None = None, display_path: str | None = None) -> GroupFile:
    """Read and check a group file. ``root`` is the project's folder, from which runs know test sets by their paths.

    Raises TestSetError with all mistakes.
    """
    shown = os.fspath(path) if display_path is None else display_path
    source = read_text(path, shown)
    try:
        document = read_yaml(source)
    except YamlMistake as error:
        raise TestSetError([Mistake(shown, error.line, error.column, error.message)]) from None
    mistakes = [Mistake(shown, *mistake) for mistake in document.mistakes]
    if type(document.data) is not dict:
        wrong = "the file is empty" if is_null(document.data) else f"not {show(document.data)}"
        raise TestSetError([*mistakes, Mistake(shown, 1, 1, f"expected a mapping with 'members': {wrong}")])
    part = Part(document.data, GROUP, [])
    members, raws = _members(part, path.parent, root)
    against = _against(part, members, raws)
    _unknown(part)
    if part.problems:
        positions = walk(source, [problem.path for problem in part.problems])
        mistakes += [
            Mistake(shown, *positions.find(problem.path, on_key=problem.on_key), worded(problem))
            for problem in part.problems
        ]
    if mistakes:
        raise TestSetError(mistakes)
    values = part.values
    return GroupFile(
        path=shown,
        name=values.get("name") or _default_name(path),
        members=tuple(member for member in members if member is not None),
        description=values.get("description"),
        tags=values.get("tags", ()),
        metadata=values.get("metadata", {}),
        against=against,
        columns=values.get("columns", ()),
    )


def _members(part: Part, folder: Path, root: Path | None) -> tuple[list[FileMember | None], list[Any]]:
    """The members, None for those that are wrong, and as they stand in the file."""
    raws = part.raw.get("members")
    if "members" not in part.raw:
        part.report(None, "no members: expected 'members' with a list of {test_set: ..., agent: ...}")
        return [], []
    if type(raws) is not list or not raws:
        wrong = EMPTY if is_null(raws) else "no members: expected at least one"
        part.report("members", f"expected a list, not {show(raws)}" if raws and type(raws) is not list else wrong)
        return [], []
    found: list[FileMember | None] = []
    known: dict[tuple[str, str | None, str], int] = {}
    names: dict[str, int] = {}
    for number, raw in enumerate(raws):
        member = _member(raw, part, number, folder, root)
        found.append(member)
        if member is None:
            continue
        key = (member.test_set, member.agent, member.run)
        if key in known:
            part.problems.append(Problem(("members", number), f"the same evaluation as members[{known[key]}]"))
        known.setdefault(key, number)
        if member.name is not None:
            if member.name in names:
                message = f"members[{names[member.name]}] has the name {member.name!r} already"
                part.problems.append(Problem(("members", number, "name"), message))
            names.setdefault(member.name, number)
    return found, raws


def _member(raw: Any, group: Part, number: int, folder: Path, root: Path | None) -> FileMember | None:
    path = ("members", number)
    if type(raw) is not dict:
        wrong = EMPTY if is_null(raw) else f"expected a mapping, such as {{test_set: a.eval.yaml}}, not {show(raw)}"
        group.problems.append(Problem(path, wrong))
        return None
    before = len(group.problems)
    part = Part(raw, MEMBER, group.problems, path)
    _unknown(part)
    name = part.values.get("test_set")
    if "test_set" not in raw:
        part.report(None, "no 'test_set': expected the file of a test set")
    if name is None:
        return None
    run = part.values.get("run", THIS)
    try:
        target, key = _test_set(name, folder, root, must_exist=run == THIS)
    except ValueError as error:
        part.report("test_set", str(error))
        return None
    if len(group.problems) > before:
        return None
    values = part.values
    return FileMember(key, target, values.get("agent"), run, values.get("row_identifier"), values.get("name"))


def _test_set(name: str, folder: Path, root: Path | None, *, must_exist: bool) -> tuple[Path, str]:
    """The test set's file, and what runs know it by. Raises ValueError with the reason where it cannot be one."""
    if "\0" in name or "\\" in name or name.startswith(("/", "~")):
        raise ValueError("expected a path from this file's folder, with '/' between folders")
    target = Path(os.path.normpath(folder / name))
    if target.suffix.lower() not in SUFFIXES:
        raise ValueError(f"a test set ends in {', '.join(SUFFIXES)}, not {target.suffix!r}")
    if must_exist and not target.is_file():
        siblings = [
            one.name for one in folder.iterdir() if one.name.endswith(tuple(f".eval{end}" for end in SUFFIXES))
        ]
        raise ValueError(f"there is no test set {name!r}{did_you_mean(name, sorted(siblings))}")
    if root is None:
        return target, target.as_posix()
    try:
        return target, target.relative_to(root).as_posix()
    except ValueError:
        raise ValueError(f"{name!r} leads out of the project's folder {root}") from None


def _against(part: Part, members: Sequence[FileMember | None], raws: Sequence[Any]) -> int | None:
    """The place of the member that is meant, by its name or its test set as it is written."""
    wanted = part.values.get("against")
    if wanted is None:
        return None
    names = {number: one.name for number, one in enumerate(members) if one is not None and one.name is not None}
    test_sets = {number: raws[number]["test_set"] for number, one in enumerate(members) if one is not None}
    for known in (names, test_sets):
        found = [number for number, name in known.items() if str(name) == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            part.report("against", f"{wanted!r} may be {len(found)} members: give them a 'name' each")
            return None
    if None not in members and members:
        every = [*names.values(), *map(str, test_sets.values())]
        part.report("against", f"there is no member {wanted!r}{did_you_mean(wanted, every) or listed(every)}")
    return None


def _unknown(part: Part) -> None:
    known = list(part.table.by_key)
    for key in part.rest:
        part.report(key, f"unknown key {key!r}{did_you_mean(key, known) or listed(known)}", on_key=True)


def _default_name(path: Path) -> str:
    name = path.name
    suffix = next((one for one in FILE_SUFFIXES if name.endswith(one) and len(name) > len(one)), path.suffix)
    return name.removesuffix(suffix).strip()[:LONGEST_NAME] or "group"
