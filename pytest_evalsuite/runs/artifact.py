"""The artifact: one JSON document that holds a whole run, and its schema."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.runs.encoding import encode
from pytest_evalsuite.runs.run import Evaluation, Run
from pytest_evalsuite.runs.store import write_atomically

__all__ = ["ARTIFACT_NAME", "ARTIFACT_VERSION", "VARYING", "artifact_parts", "run_summary", "write_artifact"]

ARTIFACT_NAME: Final = "pytest-evalsuite/run"
ARTIFACT_VERSION: Final = "1.3"
"""Major: readers must know it. Minor: fields were added, which readers ignore."""

VARYING: Final = (
    ".run",
    ".comparison",
    ".gate",
    ".groups",
    ".totals.latency",
    ".evaluations[].latency",
    ".evaluations[].created_at",
    ".evaluations[].created_by",
    ".evaluations[].started_at",
    ".evaluations[].completed_at",
    ".evaluations[].results[].trace_id",
    ".evaluations[].results[].execution_time_ms",
    ".evaluations[].results[].started_at",
    ".evaluations[].results[].completed_at",
    ".evaluations[].results[].attempts[].trace_id",
    ".evaluations[].results[].attempts[].execution_time_ms",
)
"""What depends on the clock, the machine or chance, as jq writes it. All other bytes depend on suite and results."""

CHUNK: Final = 1000


def write_artifact(run: Run, path: Path) -> None:
    """Write the run to a file, one result a line. Raises StoreError."""
    write_atomically(path, (part.encode() for part in artifact_parts(run)))


def run_summary(run: Run) -> dict[str, Any]:
    """The run without its results: what ``run.json`` holds at the end."""
    return {
        **run.info,
        "whole": run.is_whole,
        "totals": run.tally.as_json(),
        "evaluations": [evaluation_head(run, evaluation) for evaluation in run.evaluations],
        **run.verdicts,
    }


def artifact_parts(run: Run) -> Iterator[str]:
    """The document in pieces of JSON text."""
    head = {
        "schema": {"name": ARTIFACT_NAME, "version": ARTIFACT_VERSION},
        "run": run.info,
        "totals": run.tally.as_json(),
        **run.verdicts,
    }
    yield encode(head)[:-1] + ',"evaluations":['
    for number, evaluation in enumerate(run.evaluations):
        yield (",\n" if number else "\n") + encode(evaluation_head(run, evaluation))[:-1] + ',"results":['
        for start in range(0, len(evaluation.keys), CHUNK):
            lines = run.results.lines(evaluation.keys[start : start + CHUNK])
            yield ("," if start else "") + "\n" + ",\n".join(lines)
        yield "\n]}"
    yield "\n]}\n"


def evaluation_head(run: Run, evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation without its results: what was evaluated, how it ended, its figures."""
    plan = evaluation.plan
    status = evaluation_status(run, evaluation)
    started_at, completed_at = run.results.span(plan.test_set, plan.agent)
    ended = status not in ("pending", "running")
    head: dict[str, Any] = {
        "test_set": plan.test_set,
        "name": plan.name,
        "agent": plan.agent,
        "agent_version": plan.agent_version,
        "mode": plan.mode,
        "language": plan.language,
        "description": plan.description,
        "tags": plan.tags,
        "metadata": plan.metadata,
        "status": status,
        "error_message": None if status == "succeeded" else run.info.get("error_message"),
        "summary": None,
        "created_at": run.info.get("started_at"),
        "created_by": run.info.get("created_by"),
        "started_at": started_at,
        "completed_at": completed_at if ended else None,
        "cases_in_test_set": plan.total,
        "collected": plan.collected,
        "configuration": plan.configuration,
        "gate": plan.gate,
    }
    return {**head, **evaluation.tally.as_json()}


def evaluation_status(run: Run, evaluation: Evaluation) -> str:
    """How far an evaluation has come: ``succeeded`` when every selected case was processed, whatever the verdicts.

    Before that ``pending`` or ``running`` while the run goes on; ``failed`` where it broke, ``cancelled`` where it was
    stopped.
    """
    if evaluation.status == "succeeded":
        return evaluation.status
    if run.info["status"] == "running":
        return "pending" if evaluation.tally.counts["not_run"] == evaluation.tally.total else "running"
    return "failed" if run.info["status"] in ("failed", "interrupted") else "cancelled"
