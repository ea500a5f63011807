"""The assessments of one run: made, listed, changed, deleted, with their history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from pytest_evalsuite.assessments.answers import Answers
from pytest_evalsuite.assessments.author import VARIABLE, default_author
from pytest_evalsuite.assessments.log import Event, Log, State
from pytest_evalsuite.assessments.model import (
    TYPES,
    Assessment,
    AssessmentType,
    author_problem,
    new_id,
    now,
    read_content,
)
from pytest_evalsuite.errors import AssessmentError, StoreError
from pytest_evalsuite.runs.reading import read_run
from pytest_evalsuite.runs.run import Run

__all__ = ["FILE", "Assessments", "Wish"]

FILE: Final = "assessments.jsonl"
SHORTEST: Final = 4
"""Characters by which an assessment's id may be told."""


class Wish(NamedTuple):
    """An assessment that is to be made: of which span, with which fields, by whom."""

    trace_id: str
    span_id: str | None
    fields: Mapping[str, Any]
    by: str


class Assessments:
    """What people say of the answers of a run that is kept in ``folder``.

    Several processes may use one run's at a time. Names are taken as they are given: whoever may write to the folder
    is trusted. Raises StoreError where the folder holds no run.
    """

    def __init__(self, folder: Path | str, *, run: Run | None = None) -> None:
        self.folder = Path(folder)
        if not (self.folder / "run.json").is_file():
            kind = "is an artifact, which is not written to: name a run that is kept" if self.folder.is_file() else ""
            raise StoreError(f"{self.folder} {kind or 'holds no run (no run.json)'}")
        self._log = Log(self.folder / FILE)
        self._given = run

    @cached_property
    def run(self) -> Run:
        """The run that is assessed."""
        return self._given if self._given is not None else read_run(self.folder)

    @cached_property
    def answers(self) -> Answers:
        """What of the run can be assessed."""
        return Answers(self.run, self.folder)

    @property
    def problems(self) -> Sequence[str]:
        """Lines of the file that cannot be used, each with its place and why."""
        return self._log.read().problems

    def create(
        self,
        trace_id: str,
        *,
        span_id: str | None = None,
        assessment_type: AssessmentType | None = None,
        by: str | None = None,
        **fields: Any,
    ) -> Assessment:
        """Assess a span, by default the root span of the trace.

        ``fields`` are the content and, for any type, a ``comment``: `rating` (1..5), `approval` (approved, rejected)
        with or without ``expires`` (a date), `rubric` (rule to verdict), `metadata` (a JSON object) or `overwrite`
        (any JSON value but null). ``by`` is the author: by default ``EVALSUITE_AUTHOR``, git's ``user.email`` or the
        account. Raises AssessmentError for an unknown trace or span, for a second overwrite of a span, and for what
        is not exactly the content of its type.
        """
        content = {**fields, "assessment_type": assessment_type}
        (made,) = self.create_all([Wish(trace_id, span_id, content, self._author(by))])
        return made

    def create_all(self, wishes: Iterable[Wish]) -> Sequence[Assessment]:
        """Make all of these assessments, or none of them. Raises AssessmentError."""
        ready = [(wish, self.answers.span_of(wish.trace_id, wish.span_id), _content(wish)) for wish in wishes]
        made: list[Assessment] = []

        def events(state: State) -> Iterable[Event]:
            for wish, span_id, content in ready:
                at, key = now(), new_id(state.ids)
                one = Assessment(key, wish.trace_id, span_id, content, wish.by, at, at)
                made.append(one)
                yield Event("created", at, wish.by, one)

        self.write(events)
        return made

    def list(
        self,
        *,
        trace_id: str | None = None,
        span_id: str | None = None,
        assessment_type: str | None = None,
        author: str | None = None,
    ) -> Sequence[Assessment]:
        """The live assessments of a trace (all of its spans), a span, a type, an author; without any of these all."""
        if assessment_type not in (None, *TYPES):
            raise AssessmentError(f"assessment_type: expected {', '.join(TYPES)}, got {assessment_type!r:.50}")
        return [
            one
            for one in self._log.read().live.values()
            if trace_id in (None, one.trace_id)
            and span_id in (None, one.span_id)
            and assessment_type in (None, one.assessment_type)
            and author in (None, one.created_by)
        ]

    def get(self, assessment_id: str) -> Assessment:
        """The live assessment of this id, or of an id that begins so. Raises AssessmentError where there is none."""
        state = self._log.read()
        return state.live[_meant(state.live, assessment_id, state)]

    def update(self, assessment_id: str, *, by: str | None = None, **fields: Any) -> Assessment:
        """Change what an assessment says, within its type; a field that is None is taken away.

        Raises AssessmentError where it is somebody else's, and for what `create` would not take.
        """
        author = self._author(by)
        found: list[Assessment] = []

        def events(state: State) -> Iterable[Event]:
            old = state.live[_meant(state.live, assessment_id, state)]
            new = old.changed(fields)
            _own(state, Event("updated", new.updated_at, author, new))
            found.append(old if new.content == old.content else new)
            if new.content != old.content:
                yield Event("updated", new.updated_at, author, new)

        self.write(events)
        return found[0]

    def delete(self, assessment_id: str, *, by: str | None = None) -> Assessment:
        """Delete an assessment: it no longer counts, its history stays. Raises AssessmentError as `update` does."""
        author = self._author(by)
        found: list[Assessment] = []

        def events(state: State) -> Iterable[Event]:
            old = state.live[_meant(state.live, assessment_id, state)]
            found.append(old)
            yield Event("deleted", now(), author, old)

        self.write(events)
        return found[0]

    def history(self, assessment_id: str | None = None) -> Sequence[Event]:
        """What was done to an assessment, or to all of them, deleted ones too, oldest first."""
        state = self._log.read()
        if assessment_id is None:
            return state.events
        key = _meant(state.ids, assessment_id, state)
        return [event for event in state.events if event.assessment.assessment_id == key]

    def write(self, events: Callable[[State], Iterable[Event]]) -> None:
        """Let all of the events happen, or none of them, while nobody else writes. Raises AssessmentError."""
        with self._log.writing() as (state, writer):
            happened = []
            for event in events(state):
                state.take(event)
                happened.append(event)
            writer.append(happened)

    def _author(self, by: str | None) -> str:
        author = default_author(self.folder) if by is None else by
        if author is None:
            raise AssessmentError(f"nobody is known who assesses: say who, or set {VARIABLE}")
        problem = author_problem(author)
        if problem is not None:
            raise AssessmentError(f"author: {problem}")
        return author.strip()


def _content(wish: Wish) -> Any:
    fields = dict(wish.fields)
    return read_content(fields, fields.pop("assessment_type", None))


def _own(state: State, event: Event) -> None:
    """Raise AssessmentError where the event cannot be, also where nothing would change."""
    problem = state.why_not(event)
    if problem is not None:
        raise AssessmentError(problem)


def _meant(known: Iterable[str], reference: str, state: State) -> str:
    """The one id that this is, or begins. Raises AssessmentError."""
    found = [key for key in known if key == reference or (len(reference) >= SHORTEST and key.startswith(reference))]
    if reference in found or len(found) == 1:
        return reference if reference in found else found[0]
    if found:
        raise AssessmentError(f"{len(found)} assessments have ids that begin with {reference!r}")
    if any(key.startswith(reference) for key in state.ids if len(reference) >= SHORTEST):
        raise AssessmentError(f"assessment {reference} has been deleted")
    raise AssessmentError(f"there is no assessment {reference!r}; `evalsuite assess list` lists them")
