"""A run's answers as rows that people fill in, and the assessments that filled rows make."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_evalsuite.assessments.answers import Answer, Answers
from pytest_evalsuite.assessments.log import Event, State
from pytest_evalsuite.assessments.model import (
    Assessment,
    AssessmentType,
    author_problem,
    new_id,
    now,
    read_content,
)
from pytest_evalsuite.assessments.store import Assessments
from pytest_evalsuite.errors import AssessmentError, Mistake
from pytest_evalsuite.runs.encoding import decode
from pytest_evalsuite.runs.run import CaseKey

__all__ = ["COLUMNS", "KNOWN", "Imported", "Row", "cell_text", "import_rows", "sheet_rows"]

NAMING: Final = ("test_set", "case_id", "agent", "attempt")
ANSWERED: Final = ("question", "expected", "answer", "status", "score", "reason")
"""What a row tells, and what nobody reads again."""
FILLED: Final = ("approval", "rating", "comment", "overwrite", "expires", "author")
"""What people fill in."""
FURTHER: Final = ("rubric", "metadata")
"""What they may add."""
COLUMNS: Final = (*NAMING[1:], *ANSWERED, *FILLED, "test_set", "trace_id")
KNOWN: Final = (*COLUMNS, *FURTHER)
SAID: Final[tuple[AssessmentType, ...]] = ("approval", "rating", "overwrite", "rubric", "metadata")
"""What a comment may come with, in this order: it goes with the first that there is."""


@dataclass(frozen=True, slots=True)
class Row:
    """A filled row: its fields that are not empty, and where each stands (line and column from 1).

    ``is_text`` says that all values are texts, as in a CSV.
    """

    fields: Mapping[str, Any]
    places: Mapping[str, tuple[int, int]]
    line: int
    is_text: bool = False

    def mistake(self, path: str, name: str, message: str) -> Mistake:
        """What is wrong with a field, at its place."""
        return Mistake(path, *self.places.get(name, (self.line, 1)), message)


@dataclass(slots=True)
class Imported:
    """What came of rows; ``mistakes`` are in the file's order."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    mistakes: list[Mistake] = field(default_factory=list)


def sheet_rows(assessments: Assessments, author: str | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a run: one for each answer and person who has assessed its root span, or one to be filled in.

    With an author all rows are theirs, and nobody else's opinion is shown.
    """
    said: dict[str, dict[str, list[Assessment]]] = {}
    for one in assessments.list(author=author):
        if one.span_id == assessments.answers.root_of(one.trace_id):
            said.setdefault(one.trace_id, {}).setdefault(one.created_by, []).append(one)
    for answer in assessments.answers:
        people = said.get(answer.trace_id) or {author or "": []}
        for by, told in people.items():
            yield {**_told(answer), **_filled(told), "author": by}


def import_rows(
    assessments: Assessments,
    rows: Sequence[Row],
    path: str,
    *,
    author: str | None,
    lenient: bool = False,
    unread: Iterable[Mistake] = (),
) -> Imported:
    """Make the assessments that rows tell of, and change those that they tell otherwise.

    An empty cell changes nothing. A row's ``author`` says it, or else the one that is given. A mistake anywhere keeps
    everything from happening, or, with ``lenient``, its own row only; ``unread`` are those that kept rows from being
    read. The same rows again change nothing.
    """
    result = Imported()

    def events(state: State) -> Iterable[Event]:
        reader = _Reader(state, assessments.answers, path, author)
        made: list[Event] = []
        for row in rows:
            made += reader.events(row)
        result.mistakes = sorted([*unread, *reader.mistakes])
        if result.mistakes and not lenient:
            return
        result.created = sum(event.kind == "created" for event in made)
        result.updated = len(made) - result.created
        result.unchanged = reader.unchanged
        yield from made

    assessments.write(events)
    return result


def _told(answer: Answer) -> dict[str, Any]:
    record, told = answer.record, answer.told
    checks = [check for check in told.get("checks", ()) if check.get("reason")]
    reason = "; ".join(f"{check['name']}: {check['reason']}" for check in checks)
    return {
        **answer.key._asdict(),
        "attempt": answer.number,
        "question": record.get("question", record.get("inputs")),
        "expected": record.get("expected_response", record.get("expected")),
        "answer": told.get("actual_output", told.get("actual_response")),
        "status": told["status"],
        "score": told.get("score"),
        "reason": (told.get("cause") or {}).get("message") or record.get("reasoning") if told is record else reason,
        "trace_id": answer.trace_id,
    }


def _filled(said: Sequence[Assessment]) -> dict[str, Any]:
    """What one person has said of an answer; of each type the last."""
    cells: dict[str, Any] = {one.assessment_type: one.value for one in said}
    if any(one.content.expires for one in said):
        cells["expires"] = next(str(one.content.expires) for one in said if one.content.expires)
    by_type = {one.assessment_type: one.comment for one in said if one.comment is not None}
    comment = next((by_type[kind] for kind in (*SAID, "comment") if kind in by_type), None)
    return cells if comment is None else {**cells, "comment": comment}


class _Reader:
    """Reads rows one after the other into events; what is wrong is kept in ``mistakes``."""

    def __init__(self, state: State, answers: Answers, path: str, author: str | None) -> None:
        self._state, self._answers, self._path, self._author = state, answers, path, author
        self._seen: dict[tuple[str, str], int] = {}
        self._said: dict[tuple[str, str], dict[AssessmentType, Assessment]] = {}
        self._overwrites = {span: state.live[key].created_by for span, key in state.overwrites.items()}
        self._by_case_id: dict[str, list[Answer]] = {}
        self.mistakes: list[Mistake] = []
        self.unchanged = 0
        for answer in answers:
            self._by_case_id.setdefault(answer.key.case_id, []).append(answer)
        for one in state.live.values():
            if answers.get(one.trace_id) is not None and one.span_id == answers.root_of(one.trace_id):
                self._said.setdefault((one.trace_id, one.created_by), {})[one.assessment_type] = one

    def events(self, row: Row) -> list[Event]:
        """What the row makes happen; nothing where it has a mistake."""
        content = {name: value for name, value in row.fields.items() if name in (*SAID, "comment", "expires")}
        if not content:
            return []
        before = len(self.mistakes)
        answer, by = self._answer(row), self._by(row)
        if row.is_text:
            content.update(self._values(row, content))
            if answer is not None and "overwrite" in content:
                said = self._said.get((answer.trace_id, by or ""), {})
                content["overwrite"] = self._overwrite(row, content["overwrite"], answer, said.get("overwrite"))
        parts = list(self._parts(row, content))
        if answer is None or by is None or len(self.mistakes) > before:
            return []
        line = self._seen.setdefault((answer.trace_id, by), row.line)
        if line != row.line:
            self._refuse(row, "author", f"{by} has assessed this answer on line {line} already")
            return []
        return list(self._changes(row, answer.trace_id, by, parts))

    def _changes(
        self, row: Row, trace_id: str, by: str, parts: Sequence[tuple[AssessmentType, dict[str, Any]]]
    ) -> Iterator[Event]:
        said = self._said.get((trace_id, by), {})
        root = self._answers.root_of(trace_id)
        comments = {one.comment for one in said.values()}
        happened: list[Event] = []
        for kind, fields in parts:
            old = said.get(kind)
            if fields.get("comment", ...) in comments and (old is None or old.comment is None):
                del fields["comment"]  # it is said already, with something else
            if not fields:
                self.unchanged += 1
                continue
            if old is None:
                owner = self._overwrites.setdefault((trace_id, root), by) if kind == "overwrite" else by
                if owner != by:
                    self._refuse(row, "overwrite", f"{owner} has corrected this answer already: it has one overwrite")
                    return
                at = now()
                content = read_content(fields, kind)
                new = Assessment(new_id(self._state.ids), trace_id, root, content, by, at, at)
                happened.append(Event("created", at, by, new))
                continue
            gone = {"expires": None} if fields.get("approval") == "rejected" else {}
            new = old.changed({**gone, **fields})
            if new.content == old.content:
                self.unchanged += 1
            else:
                happened.append(Event("updated", new.updated_at, by, new))
        yield from happened

    def _values(self, row: Row, content: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
        """What the texts of a row stand for, where that is no text."""
        for name in ("approval", "expires"):
            if name in content:
                yield name, content[name].strip().casefold()
        if content.get("rating", "").strip() in ("1", "2", "3", "4", "5"):
            yield "rating", int(content["rating"])
        for name in FURTHER:
            if name in content:
                yield name, self._json(row, name, content[name])

    def _overwrite(self, row: Row, text: str, answer: Answer, before: Assessment | None) -> Any:
        """The correction that a text stands for: JSON where the answer was no text, or what is there already."""
        if before is not None and text == cell_text(before.value).replace("\0", "\u2400"):
            return before.value
        return self._json(row, "overwrite", text) if "actual_output" in answer.told else text

    def _json(self, row: Row, name: str, text: str) -> Any:
        try:
            return decode(text)
        except ValueError:
            self._refuse(row, name, f"{name}: expected JSON, got {text!r:.50}")
            return {}

    def _parts(self, row: Row, content: Mapping[str, Any]) -> Iterator[tuple[AssessmentType, dict[str, Any]]]:
        """The assessments that a row tells of: type and fields."""
        comment, expires = content.get("comment"), content.get("expires")
        kinds: list[AssessmentType] = [kind for kind in SAID if kind in content] or ["comment"]
        if expires is not None and "approval" not in content:
            self._refuse(row, "expires", "only an approval may expire, and there is none")
            return
        for kind in kinds:
            fields: dict[str, Any] = {kind: content[kind]} if kind in content else {}
            if comment is not None and kind == kinds[0]:
                fields["comment"] = comment
            if expires is not None and kind == "approval":
                fields["expires"] = expires
            try:
                read_content(fields, kind)
            except AssessmentError as error:
                name = str(error).partition(":")[0]
                self._refuse(row, name, str(error))
                continue
            yield kind, fields

    def _answer(self, row: Row) -> Answer | None:
        trace_id = row.fields.get("trace_id")
        if trace_id is None:
            return self._named(row)
        answer = self._answers.get(str(trace_id))
        if answer is None:
            self._refuse(row, "trace_id", f"run {self._answers.run_id} has no trace {trace_id!r:.50}")
            return None
        told = {**answer.key._asdict(), "attempt": str(answer.number)}
        for name in NAMING:
            if name in row.fields and str(row.fields[name]) != told[name]:
                message = (
                    f"this trace is {name} {told[name]!r}, got {row.fields[name]!r:.50}: have columns been moved?"
                )
                self._refuse(row, name, message)
                return None
        return answer

    def _named(self, row: Row) -> Answer | None:
        """The answer that a row without a trace names otherwise."""
        if "case_id" not in row.fields:
            self._refuse(row, "case_id", "expected trace_id or case_id, to know which answer this is about")
            return None
        wanted = {name: str(row.fields[name]) for name in NAMING if name in row.fields}
        known = self._by_case_id.get(wanted["case_id"], ())
        found = [answer for answer in known if _names(answer.key, answer.number, wanted)]
        if len(found) != 1:
            how_many = f"{len(found)} answers are" if found else "no answer is"
            shown = ", ".join(f"{name} {value!r:.50}" for name, value in wanted.items())
            more = ": give trace_id, agent, attempt or test_set too" if found else ""
            self._refuse(row, "case_id", f"{how_many} of {shown} in run {self._answers.run_id}{more}")
            return None
        return found[0]

    def _by(self, row: Row) -> str | None:
        by = row.fields.get("author", self._author)
        if by is None:
            self._refuse(row, "author", "nobody is named who says so: fill in author, or give --by")
            return None
        problem = author_problem(by)
        if problem is not None:
            self._refuse(row, "author", f"author: {problem}")
            return None
        return str(by).strip()

    def _refuse(self, row: Row, name: str, message: str) -> None:
        self.mistakes.append(row.mistake(self._path, name, message))


def _names(key: CaseKey, number: int, wanted: Mapping[str, str]) -> bool:
    told = {**key._asdict(), "attempt": str(number)}
    return all(told[name] == value for name, value in wanted.items())


def cell_text(value: Any) -> str:
    """A value in a cell: a text as it is, another one as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
