"""Kept runs whose answers can be assessed, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kept import FIRST
from records import run_of

from pytest_evalsuite.assessments import Assessments
from pytest_evalsuite.runs.plan import Plan
from pytest_evalsuite.runs.run import CaseKey
from pytest_evalsuite.runs.store import RunDirectory

__all__ = ["keep_answers", "trace_of"]


def keep_answers(
    root: Path, *records: dict[str, Any], run_id: str = FIRST, agents: Sequence[str] = ("echo",), name: str = "refunds"
) -> Path:
    """Keep a run of these records, with ids case-0, case-1 and so on, each put to each agent; gives its folder."""
    folder = root / ".evalsuite" / "runs" / run_id
    folder.mkdir(parents=True)
    run = run_of(*((name, agent, records) for agent in agents), id=run_id, started_at="2026-01-01T00:00:00.000Z")
    directory = RunDirectory(folder)
    directory.write_run(run.info)
    directory.write_plan(Plan(evaluation.plan for evaluation in run.evaluations).as_json())
    journal = directory.journal("main")
    for evaluation in run.evaluations:
        for key in evaluation.keys:
            journal.append(run.results.line(key))
    journal.close()
    return folder


def trace_of(assessments: Assessments, case: int = 0, agent: str = "echo", attempt: int = 1) -> str:
    """The trace of an answer of a run that `keep_answers` has kept."""
    key = next(key for key in assessments.run.results.keys() if key.case_id == f"case-{case}" and key.agent == agent)  # noqa: SIM118
    answers = assessments.answers.of_case(CaseKey(*key))
    return answers[attempt - 1].trace_id
