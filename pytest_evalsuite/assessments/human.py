"""People's verdicts on answers that were given before: which of them count for the same answers now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from pytest_evalsuite.assessments.answers import answer_digest
from pytest_evalsuite.assessments.model import Assessment
from pytest_evalsuite.assessments.store import FILE, Assessments
from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.encoding import decode, encode
from pytest_evalsuite.runs.history import run_folders

__all__ = ["People"]

SCORED: Final = frozenset({"passed", "failed"})


class Said(NamedTuple):
    """One person's latest approval or rejection of an answer. ``expires`` is a day (UTC) in ISO form, or None."""

    approval: str
    by: str
    comment: str | None
    assessment_id: str
    run: str
    expires: str | None
    at: str

    def as_json(self) -> dict[str, Any]:
        """The same for a record."""
        told = self._asdict()
        return {name: told[name] for name in ("approval", "by", "comment", "assessment_id", "run", "expires")}


Place = tuple[str, str, str]
"""What the same answer is known by: the case's fingerprint, the agent, a digest of text or structure."""


class People:
    """What people have said of the answers of a project's kept runs."""

    def __init__(self, said: Iterable[tuple[Place, Said]], problems: Sequence[str] = ()) -> None:
        self.problems = list(problems)
        """What could not be read."""
        self._said: dict[Place, dict[str, Said]] = {}
        for place, one in said:
            of_place = self._said.setdefault(place, {})
            if one.by not in of_place or of_place[one.by].at <= one.at:
                of_place[one.by] = one

    @classmethod
    def read(cls, root: Path) -> People:
        """Read the assessments of all runs that the project in this folder keeps. Raises StoreError."""
        found: list[tuple[Place, Said]] = []
        problems: list[str] = []
        for folder in reversed(run_folders(root)):
            if not (folder / FILE).is_file():
                continue
            try:
                assessments = Assessments(folder)
                found += _said_in(assessments)
                problems += [f"run {folder.name}: {problem}" for problem in assessments.problems]
            except StoreError as error:
                problems.append(f"what people have said of run {folder.name} cannot be read: {error}")
        return cls(found, problems)

    @classmethod
    def from_text(cls, text: str) -> People:
        """What `as_text` gave, in another process."""
        return cls((tuple(place), Said(*said)) for place, said in decode(text))

    def as_text(self) -> str:
        """All of it as JSON."""
        return encode([(place, one) for place, people in self._said.items() for one in people.values()])

    def verdict(self, record: Mapping[str, Any], today: date) -> dict[str, Any] | None:
        """The human verdict on a record, for `runs.schema.HumanVerdict`; None where nobody has said anything.

        An error has none. A case that was asked several times has one where it changes what the pass rule says.
        """
        if record["status"] not in SCORED:
            return None
        attempts = record.get("attempts")
        if not attempts:
            return self._of_answer(record, record, today)
        verdicts = [self._of_answer(record, one, today) if one["status"] in SCORED else None for one in attempts]
        counted = [one for one in verdicts if one is not None and "not_counted" not in one]
        passes = _passes(record, attempts, verdicts)
        if passes is None or passes == (record["status"] == "passed"):
            return next((one for one in verdicts if one is not None and "not_counted" in one), None)
        approval = "approved" if passes else "rejected"
        deciding = [one for one in counted if one["approval"] == approval]
        number = sum(_is_passed(one, said) for one, said in zip(attempts, verdicts, strict=True))
        return {
            **deciding[0],
            "by": ", ".join(dict.fromkeys(one["by"] for one in deciding)),
            "passed_attempts": number,
        }

    def _of_answer(self, record: Mapping[str, Any], told: Mapping[str, Any], today: date) -> dict[str, Any] | None:
        digest = answer_digest(told)
        people = self._said.get((record["fingerprint"], record["agent"], digest or ""), {})
        if not people:
            return None
        live = [one for one in people.values() if one.expires is None or one.expires >= today.isoformat()]
        newest = max(live or people.values(), key=lambda one: one.at)
        if not live:
            return {**newest.as_json(), "not_counted": f"the approval by {newest.by} has expired on {newest.expires}"}
        if len({one.approval for one in live}) > 1:
            sides = ", ".join(f"{one.approval} by {one.by}" for one in sorted(live, key=lambda one: one.at))
            return {**newest.as_json(), "not_counted": f"people disagree: {sides}"}
        return newest.as_json()


def _said_in(assessments: Assessments) -> Iterator[tuple[Place, Said]]:
    run_id = assessments.folder.name
    for one in assessments.list(assessment_type="approval"):
        answer = assessments.answers.get(one.trace_id)
        if answer is None or one.span_id != assessments.answers.root_of(one.trace_id):
            continue
        digest = answer_digest(answer.told)
        if digest is not None:
            yield (str(answer.record["fingerprint"]), answer.key.agent, digest), _said(one, run_id)


def _said(one: Assessment, run_id: str) -> Said:
    expires = one.content.expires
    day = None if expires is None else expires.isoformat()
    return Said(one.value, one.created_by, one.comment, one.assessment_id, run_id, day, one.updated_at)


def _passes(
    record: Mapping[str, Any], attempts: Sequence[Mapping[str, Any]], verdicts: Sequence[Mapping[str, Any] | None]
) -> bool | None:
    """Whether the case passes by its rule, where people's verdicts stand for the machine's; None: it cannot be said.

    A mean of scores is nothing that people have said: there all answers must be approved, or all rejected.
    """
    rule = record.get("pass_rule", "mean")
    scored = [(one, said) for one, said in zip(attempts, verdicts, strict=True) if one["status"] != "skipped"]
    if rule == "mean":
        said = {verdict["approval"] if _counts(verdict) and verdict else None for _, verdict in scored}
        return said == {"approved"} if len(said) == 1 and None not in said else None
    errors = sum(one["status"] == "error" for one, _ in scored)
    passed = sum(_is_passed(one, said) for one, said in scored)
    decided = {_holds(rule, count, len(scored)) for count in (passed, passed + errors)}
    return decided.pop() if len(decided) == 1 else None


def _holds(rule: Any, passed: int, total: int) -> bool:
    if rule == "all":
        return passed == total
    if rule == "any":
        return passed > 0
    return passed > total / 2 if rule == "majority" else passed >= int(rule["at_least"])


def _is_passed(attempt: Mapping[str, Any], said: Mapping[str, Any] | None) -> bool:
    if said is not None and _counts(said):
        return bool(said["approval"] == "approved")
    return bool(attempt["status"] == "passed")


def _counts(said: Mapping[str, Any] | None) -> bool:
    return said is not None and "not_counted" not in said
