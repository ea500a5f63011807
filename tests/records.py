"""Records of cases as a run leaves them, for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_evalsuite.runs.encoding import encode
from pytest_evalsuite.runs.run import PlannedCase, PlannedEvaluation, Results, Run, assemble


def record(**changes: Any) -> dict[str, Any]:
    """The record of a case that failed an exact match, with changes; a change to ``...`` leaves a field out."""
    check = {"name": "exact_match", "method": "exact_match", "score": 0.0, "passing_score": 1.0, "passed": False}
    plain: dict[str, Any] = {
        "test_set": "set.eval.yaml",
        "case_id": "a",
        "agent": "echo",
        "position": 0,
        "line": 3,
        "fingerprint": "01234567-89abcdef-01234567-89abcdef-01234567",
        "test_method": "exact_match",
        "status": "failed",
        "score": 0.0,
        "passing_score": 1.0,
        "question": "What is the capital of France?",
        "expected_response": "Paris",
        "actual_response": "Pariss",
        "reasoning": "differs from character 6 on",
        "checks": [check],
        "execution_time_ms": 1.5,
        "started_at": "2026-01-02T03:04:05.678Z",
        "completed_at": "2026-01-02T03:04:05.680Z",
    }
    return {key: value for key, value in {**plain, **changes}.items() if value is not ...}


def passed(**changes: Any) -> dict[str, Any]:
    """The record of a case that passed."""
    return record(**{"status": "passed", "score": 1.0, "actual_response": "Paris", **changes})


def error(**changes: Any) -> dict[str, Any]:
    """The record of a case whose agent raised."""
    cause = {"kind": "agent", "type": "KeyError", "message": "'42'"}
    gone = dict.fromkeys(("actual_response", "reasoning"), ...)
    return record(**{**gone, "status": "error", "score": None, "cause": cause, "checks": [], **changes})


def run_of(*sets: tuple[str, str, Sequence[dict[str, Any]]], **info: Any) -> Run:
    """A run of evaluations, each given as name, agent and records; those get ids and places of their own."""
    results, plans = Results(), []
    for name, agent, records in sets:
        plan = PlannedEvaluation(f"{name}.eval.yaml", agent, name, len(records))
        for position, one in enumerate(records):
            identity = {"test_set": plan.test_set, "agent": agent, "case_id": f"case-{position}", "line": position + 3}
            results.add(encode({**one, **identity, "position": position}))
            planned = PlannedCase(f"case-{position}", position, position + 3, one["fingerprint"], f"case-{position}")
            plan.cases.append(planned)
        plans.append(plan)
    plain = {"id": "20260102T030405Z-01234567", "name": None, "status": "succeeded", "error_message": None}
    return assemble({**plain, **info}, plans, results, {"kind": "stopped", "message": "interrupted"})
