"""Which kept evaluations a group file means, and the report of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pytest_evalsuite.errors import GroupError, StoreError
from pytest_evalsuite.groups.evaluations import Evaluated, Library, Meant, Place, evaluated, only
from pytest_evalsuite.groups.file import LATEST, THIS, FileMember, GroupFile
from pytest_evalsuite.groups.model import members_of
from pytest_evalsuite.groups.report import GroupReport, Wanted, group_report
from pytest_evalsuite.runs.history import look_up
from pytest_evalsuite.runs.run import Run

__all__ = ["fields_of", "report_of", "wanted_of"]


def wanted_of(file: GroupFile, library: Library, run: Run | None = None) -> list[Wanted]:
    """The members with their rows, or with why there are none.

    ``run`` is the one that ends just now, which ``this`` means; without it ``this`` means the newest kept run that has
    all of those members. ``latest`` is before it.
    """
    return [
        Wanted(one, member.row_identifier, member.name or (member.label if one is None else None), problem)
        for member, (one, problem) in zip(file.members, _evaluations(file, library, run), strict=True)
    ]


def _evaluations(file: GroupFile, library: Library, run: Run | None) -> Iterator[tuple[Evaluated | None, str]]:
    here = [member for member in file.members if member.run == THIS]
    newest: Sequence[Place] = ()
    if run is None and here:
        newest = library.newest([_meant(member, file) for member in here]) or ()
    places = dict(zip(here, newest, strict=False))
    this = run.info["id"] if run is not None else newest[0].path.name if newest else None
    for member in file.members:
        try:
            if member.run != THIS:
                yield library.load(_place(member, file, library, this).id), ""
            elif run is not None:
                yield _of_run(member, file, run), ""
            elif member in places:
                yield library.load(places[member].id), ""
            else:
                yield None, "no kept run has all members that are of one run; `pytest --eval-suite` makes one"
        except GroupError as error:
            yield None, str(error)


def _meant(member: FileMember, file: GroupFile) -> Meant:
    """Test set and agent; no agent stands for the one that no other member names."""
    others = (one.agent for one in file.members if one.test_set == member.test_set and one.agent is not None)
    return Meant(member.test_set, member.agent, frozenset(others))


def _of_run(member: FileMember, file: GroupFile, run: Run) -> Evaluated:
    meant = _meant(member, file)
    found = [one for one in run.evaluations if meant.means(one.plan.test_set, one.plan.agent)]
    if len(found) == 1:
        return evaluated(run, found[0])
    if found:
        agents = ", ".join(one.plan.agent for one in found)
        raise GroupError(f"{member.test_set} was put to several agents ({agents}): say which with 'agent'")
    by = f" by {member.agent}" if member.agent else ""
    raise GroupError(f"this run has no evaluation of {member.test_set}{by}")


def _place(member: FileMember, file: GroupFile, library: Library, this: str | None) -> Place:
    by = f" by {member.agent}" if member.agent else ""
    if member.run == LATEST:
        found = library.newest([_meant(member, file)], before=this)
        if found is None:
            raise GroupError(
                f"no {'earlier ' if this else ''}run that is kept has one evaluation of {member.test_set}{by}"
            )
        return found[0]
    try:
        path = look_up(library.root, member.run).path
    except StoreError as error:
        raise GroupError(str(error)) from None
    place = only(library.places(path), _meant(member, file))
    if place is None:
        raise GroupError(f"run {path.name} has no, or no single, evaluation of {member.test_set}{by}")
    return place


def report_of(file: GroupFile, wanted: Sequence[Wanted], **options: Any) -> GroupReport:
    """The report of a group file; ``options`` are those of `group_report`. Raises GroupError."""
    columns = [*file.columns, *options.pop("columns", ())]
    against = options.pop("against", None)
    note = None
    if against is None and file.against is not None and not options.get("only"):
        one = wanted[file.against]
        if one.evaluation is None:
            note = f"nothing is compared: {one.label}, which others are to be compared with, is missing"
        else:
            against = one.label or one.evaluation.id
    report = group_report(file.head(), wanted, columns=columns, against=against, **options)
    if note is not None:
        report.against = None
        report.notes.append(note)
    return report


def fields_of(file: GroupFile, library: Library) -> dict[str, Any]:
    """The fields of a group that is to be kept. Raises GroupError where any member has no evaluation."""
    found = list(_evaluations(file, library, None))
    problems = [
        f"{member.label}: {problem}" for member, (one, problem) in zip(file.members, found, strict=True) if one is None
    ]
    if problems:
        raise GroupError("\n".join(problems))
    evaluations = [one for one, _ in found if one is not None]
    places = [Place(Path(one.run), one.test_set, one.agent, one.name, one.tags, one.created_at) for one in evaluations]
    identifiers = {
        one.id: member.row_identifier
        for member, one in zip(file.members, evaluations, strict=True)
        if member.row_identifier is not None
    }
    return {
        "name": file.name,
        "description": file.description,
        "tags": file.tags,
        "metadata": dict(file.metadata or {}),
        "members": members_of(places),
        "row_identifiers": identifiers,
    }
