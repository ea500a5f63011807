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
ARTIFACT_VERSION: Final = "1.2"
"""Major: readers must know it. Minor: fields were added, which readers ignore."""

VARYING: Final = (
    ".run",
    ".comparison",
    ".gate",
    ".totals.latency",
    ".evaluations[].latency",
    ".evaluations[].results[].execution_time_ms",
    ".evaluations[].results[].started_at",
    ".evaluations[].results[].completed_at",
    ".evaluations[].results[].attempts[].execution_time_ms",
)
"""What depends on the clock and the machine, as jq writes it. All other bytes depend on the suite and its results."""

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
        "evaluations": [evaluation_head(evaluation) for evaluation in run.evaluations],
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
        yield (",\n" if number else "\n") + encode(evaluation_head(evaluation))[:-1] + ',"results":['
        lines = [run.results.line(key) for key in evaluation.keys]
        for start in range(0, len(lines), CHUNK):
            yield ("," if start else "") + "\n" + ",\n".join(lines[start : start + CHUNK])
        yield "\n]}"
    yield "\n]}\n"


def evaluation_head(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation without its results: what was evaluated, how it ended, its figures."""
    plan = evaluation.plan
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
        "status": evaluation.status,
        "cases_in_test_set": plan.total,
        "collected": plan.collected,
        "gate": plan.gate,
    }
    return {**head, **evaluation.tally.as_json()}
