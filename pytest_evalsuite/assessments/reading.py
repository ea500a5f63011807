"""A run together with what people say of its answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_evalsuite.assessments.answers import Answer, Answers
from pytest_evalsuite.assessments.model import Assessment
from pytest_evalsuite.assessments.store import FILE, Assessments
from pytest_evalsuite.runs.encoding import decode, encode
from pytest_evalsuite.runs.reading import read_run
from pytest_evalsuite.runs.run import CaseKey, Run

__all__ = ["read_assessed_run"]


def read_assessed_run(path: Path) -> tuple[Run, list[str]]:
    """Read a run as `read_run` does, each record with its live ``assessments``, and say what of these is unreadable.

    An artifact holds those that there were when it was written. Raises StoreError.
    """
    run = read_run(path)
    if not (path / FILE).is_file():
        return run, []
    assessments = Assessments(path, run=run)
    by_case: dict[CaseKey, list[dict[str, Any]]] = {}
    for one in assessments.list():
        answer = assessments.answers.get(one.trace_id)
        if answer is not None:
            by_case.setdefault(answer.key, []).append({**one.as_json(), **_place(assessments.answers, answer, one)})
    for key, said in by_case.items():
        run.results.add(encode({**decode(run.results.line(key)), "assessments": said}))
    return run, list(assessments.problems)


def _place(answers: Answers, answer: Answer, one: Assessment) -> dict[str, Any]:
    """Which attempt it is about, where there are several; which step, where it is not the whole answer."""
    attempt = {"attempt": answer.number} if answer.told is not answer.record else {}
    is_whole = one.span_id == answers.root_of(one.trace_id)
    return attempt if is_whole else {**attempt, "span": answers.name_of(one.trace_id, one.span_id)}
