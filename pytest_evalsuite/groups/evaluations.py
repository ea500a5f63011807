"""Evaluations of kept runs, by the ids that groups know them by: ``RUN/test-set[agent]``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from pytest_evalsuite.errors import GroupError, StoreError
from pytest_evalsuite.groups.columns import Rows
from pytest_evalsuite.runs.history import kept_run, look_up, run_folders
from pytest_evalsuite.runs.reading import read_run
from pytest_evalsuite.runs.run import Evaluation, Run
from pytest_evalsuite.runs.upkeep import own_run

__all__ = ["Evaluated", "Library", "Meant", "Place", "evaluated", "evaluation_id", "only"]

ENCODED: Final = {ord(character): f"%{ord(character):02X}" for character in "%[]"}
WITHOUT_RUN: Final = re.compile(r"([^/\[]*)(\[.*\])")
NAMED: Final = 5


def evaluation_id(run_id: str, test_set: str, agent: str) -> str:
    """The id of the evaluation of a test set (its path) by an agent in a run; no two evaluations share one."""
    return f"{run_id}/{test_set.translate(ENCODED)}[{agent.translate(ENCODED)}]"


class Meant(NamedTuple):
    """A test set and an agent, of whatever run. Without an agent: any that is not among the ``others``."""

    test_set: str
    agent: str | None
    others: frozenset[str] = frozenset()

    def means(self, test_set: str, agent: str) -> bool:
        """Whether an evaluation is of these."""
        if test_set != self.test_set:
            return False
        return agent == self.agent if self.agent is not None else agent not in self.others


class Place(NamedTuple):
    """An evaluation that is kept, and where: ``path`` is its run's folder, ``created_at`` when that began."""

    path: Path
    test_set: str
    agent: str
    name: str
    tags: tuple[str, ...]
    created_at: str | None

    @property
    def id(self) -> str:
        """The evaluation's id."""
        return evaluation_id(self.path.name, self.test_set, self.agent)

    @property
    def short(self) -> str:
        """The id without the run."""
        return self.id.partition("/")[2]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """An evaluation with its rows. ``name`` is the test set's title."""

    id: str
    run: str
    test_set: str
    agent: str
    name: str
    tags: tuple[str, ...]
    created_at: str | None
    rows: Rows
    whole: bool = True
    """Whether every case of the test set was selected and processed."""


def evaluated(run: Run, evaluation: Evaluation) -> Evaluated:
    """An evaluation of a run that was read, or that ends just now."""
    plan = evaluation.plan
    return Evaluated(
        evaluation_id(run.info["id"], plan.test_set, plan.agent),
        run.info["id"],
        plan.test_set,
        plan.agent,
        plan.name,
        tuple(plan.tags),
        run.info.get("started_at"),
        Rows(list(run.records(evaluation))),
        evaluation.is_whole,
    )


class Library:
    """The evaluations of the runs that a project keeps. Each run is read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._read: dict[str, Run] = {}
        self._folders: dict[str, Path] | None = None

    def find(self, reference: str) -> Place:
        """The evaluation that is named. Raises GroupError.

        It is ``RUN/test-set[agent]``, where the run is named as everywhere (``latest``, an id, its beginning, a name);
        the test set by its path or its title, and left out where the run has but one; likewise the agent.
        """
        bare = WITHOUT_RUN.fullmatch(reference)
        named, _, rest = (bare[1], "", bare[2]) if bare else reference.partition("/")
        try:
            path = own_run(self.root, look_up(self.root, named).path)
        except StoreError as error:
            raise GroupError(f"there is no evaluation {reference!r}: {error}") from None
        every = self.places(path)
        for forms in (_exact, _loose):
            found = [place for place in every if rest in forms(place)]
            if len(found) == 1:
                return found[0]
            if found:
                raise GroupError(f"{reference!r} may be {_listed(place.id for place in found)}: write which one")
        raise GroupError(f"run {path.name} has no evaluation {rest!r}{self._hint(rest, every)}")

    def places(self, path: Path) -> list[Place]:
        """The evaluations of the run in this folder. Raises GroupError where the run is broken."""
        kept = kept_run(path)
        if kept.problem is not None:
            raise GroupError(kept.problem)
        return [
            Place(path, one["test_set"], one["agent"], one["name"], tuple(_tags(one)), kept.started_at)
            for one in kept.evaluations
        ]

    def newest(self, wanted: Sequence[Meant], *, before: str | None = None) -> list[Place] | None:
        """These evaluations of the newest run that has all of them; None where no run has.

        Where a run is named in ``before``, only earlier ones count.
        """
        for path in run_folders(self.root):
            if before is not None and path.name >= before:
                continue
            try:
                every = self.places(path)
            except GroupError:
                continue  # a broken run has none
            found = [place for part in wanted if (place := only(every, part)) is not None]
            if len(found) == len(wanted):
                return found
        return None

    def load(self, reference: str) -> Evaluated:
        """The evaluation of this id with its rows. Raises GroupError where its run is gone or cannot be read."""
        run_id = reference.partition("/")[0]
        if self._folders is None:
            self._folders = {path.name: path for path in run_folders(self.root)}
        path = self._folders.get(run_id)
        if path is None:
            raise GroupError(f"run {run_id} is gone")
        run = self._read.get(run_id)
        if run is None:
            try:
                run = self._read[run_id] = read_run(path)
            except StoreError as error:
                raise GroupError(str(error)) from None
        for evaluation in run.evaluations:
            if evaluation_id(run_id, evaluation.plan.test_set, evaluation.plan.agent) == reference:
                return evaluated(run, evaluation)
        raise GroupError(f"run {run_id} has no evaluation {reference.partition('/')[2]!r}")

    def _hint(self, rest: str, every: Sequence[Place]) -> str:
        forms = {form: place for place in every for form in (*_loose(place), *_exact(place)) if form}
        near = difflib.get_close_matches(rest, forms, 1)
        if near:
            return f"; did you mean {forms[near[0]].short!r}?"
        return f"; it has {_listed(place.short for place in every)}" if every else "; it has none"


def only(places: Sequence[Place], part: Meant) -> Place | None:
    """The only one of these evaluations that is meant, if it is there."""
    found = [place for place in places if part.means(place.test_set, place.agent)]
    return found[0] if len(found) == 1 else None


def _exact(place: Place) -> tuple[str, ...]:
    return place.short, f"{place.test_set}[{place.agent}]"


def _loose(place: Place) -> tuple[str, ...]:
    test_sets = (place.test_set, place.test_set.translate(ENCODED), place.name)
    return (*test_sets, f"{place.name}[{place.agent}]", f"[{place.agent}]", "")


def _tags(evaluation: Any) -> Iterable[str]:
    tags = evaluation.get("tags")
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else ()


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:NAMED]) + (f" and {len(every) - NAMED} more" if len(every) > NAMED else "")
