"""What people have corrected or approved, as what a test set expects from now on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from pytest_evalsuite.assessments.answers import Answer
from pytest_evalsuite.assessments.model import Assessment
from pytest_evalsuite.assessments.store import Assessments
from pytest_evalsuite.errors import AssessmentError
from pytest_evalsuite.testsets.editing import TestSetFile
from pytest_evalsuite.testsets.fingerprint import changed_parts

__all__ = ["Promoted", "promote", "promoted", "test_set_path", "why_outdated"]

SAME: Final = ("question", "expectation")
"""Parts of a case whose change since the run makes a promotion doubtful."""
OF_THE_OLD_CASE: Final = frozenset({"id", "name", "expected", "expected_response", "order", "position", "xfail"})


class Promoted(NamedTuple):
    """What is to be expected: the value, the answer that it comes from, and who says so."""

    value: Any
    answer: Answer
    said: Assessment

    @property
    def fields(self) -> dict[str, Any]:
        """The field of the case that it becomes."""
        return {"expected_response" if isinstance(self.value, str) else "expected": self.value}


def promoted(assessments: Assessments, answers: Sequence[Answer]) -> Promoted:
    """What people say that the case's answer should be: an overwrite of one of these, or else one that is approved.

    Raises AssessmentError where there is none, more than one, or where people disagree.
    """
    said: dict[str, list[Assessment]] = {}
    for one in assessments.list():
        if one.span_id == assessments.answers.root_of(one.trace_id):
            said.setdefault(one.trace_id, []).append(one)
    corrected = [
        Promoted(one.value, answer, one)
        for answer in answers
        for one in said.get(answer.trace_id, ())
        if one.assessment_type == "overwrite"
    ]
    found = corrected or [
        Promoted(answer.told.get("actual_output", answer.told.get("actual_response")), answer, approval)
        for answer in answers
        if (approval := _approval(said.get(answer.trace_id, ()))) is not None
    ]
    case = answers[0].key.case_id
    if not found:
        raise AssessmentError(
            f"nobody has corrected or approved the answer to case {case!r}: assess it with --overwrite or --approve"
        )
    if any(one.value != found[0].value for one in found):
        numbers = ", ".join(str(one.answer.number) for one in found)
        raise AssessmentError(f"case {case!r} has {len(found)} such answers (attempts {numbers}): give --attempt")
    return found[0]


def why_outdated(file: TestSetFile, answer: Answer, run_id: str) -> str | None:
    """Why what was said may be of another case: it is asked otherwise, or expects something else, than in the run."""
    now = file.case(answer.key.case_id).fingerprint
    changed = [part for part in changed_parts(answer.record["fingerprint"], now) if part in SAME]
    if not changed:
        return None
    return (
        f"the {' and the '.join(changed)} of case {answer.key.case_id!r} changed in {file.path.name} since run "
        f"{run_id}: what was said is of another case (--force promotes it all the same)"
    )


def promote(file: TestSetFile, what: Promoted, *, new_id: str | None = None, as_new_case: bool = False) -> str:
    """Change the case, or add one behind it that asks the same, in the file as it would be saved; gives its id.

    Raises TestSetError or EditError where the test set would be wrong.
    """
    case_id = what.answer.key.case_id
    if not as_new_case:
        return file.update_case(case_id, what.fields)
    own: Mapping[str, Any] = file.fields(case_id)
    kept = {name: value for name, value in own.items() if name not in OF_THE_OLD_CASE}
    return file.add_case({"id": new_id or _free_id(file, case_id), **kept, **what.fields}, after=case_id)


def test_set_path(root: Path, answer: Answer) -> Path:
    """The test set of an answer. Raises AssessmentError where it is gone."""
    path = root / answer.key.test_set
    if not path.is_file():
        raise AssessmentError(f"the test set {answer.key.test_set} is not in {root} any more")
    return path


def _approval(said: Sequence[Assessment]) -> Assessment | None:
    """Somebody's approval, where nobody rejects the answer; None else. One that expires is no promise for ever."""
    latest: dict[str, Assessment] = {}
    for one in sorted(said, key=lambda one: one.updated_at):
        if one.assessment_type == "approval":
            latest[one.created_by] = one
    approved = [one for one in latest.values() if one.value == "approved" and one.content.expires is None]
    return approved[-1] if approved and len(approved) == len(latest) else None


def _free_id(file: TestSetFile, case_id: str) -> str:
    wanted, number = f"{case_id}-approved", 1
    while wanted in file.cases:
        number += 1
        wanted = f"{case_id}-approved-{number}"
    return wanted
