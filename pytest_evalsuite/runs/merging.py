"""Shards of a suite, evaluated on several machines, become the run that one machine would have made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.run import PlannedEvaluation, Results, Run, assemble
from pytest_evalsuite.runs.store import new_run_id

__all__ = ["merge_shards"]


def merge_shards(shards: Sequence[Run]) -> Run:
    """Put all shards of one suite together, in whatever order they come.

    Raises StoreError for one that is missing, there twice, of another suite, or not finished.
    """
    _check(shards)
    ordered = sorted(shards, key=lambda run: run.info["shard"]["number"])
    results = Results()
    plans: dict[tuple[str, str], PlannedEvaluation] = {}
    for run in ordered:
        for evaluation in run.evaluations:
            part = evaluation.plan
            plan = plans.setdefault((part.test_set, part.agent), part)
            if plan is not part:
                plan.cases += part.cases
            for key in evaluation.keys:
                if key in results:
                    raise StoreError(f"case {key.case_id!r} of {key.test_set} is in two shards")
                results.add(run.results.line(key))
    return assemble(_info([run.info for run in ordered]), plans.values(), results, {})


def _check(shards: Sequence[Run]) -> None:
    for run in shards:
        if not run.info.get("shard"):
            raise StoreError(f"run {run.info['id']} is no shard: it was not made with --eval-shard")
        if run.info["status"] != "succeeded":
            raise StoreError(f"run {run.info['id']} is {run.info['status']}: go on with it before it is merged")
    infos = [run.info["shard"] for run in shards]
    if len({(info["of"], info["suite"]) for info in infos}) > 1:
        raise StoreError("these are shards of different suites, or of different numbers of parts")
    numbers = sorted(info["number"] for info in infos)
    wanted = list(range(1, infos[0]["of"] + 1))
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    missing = sorted(set(wanted) - set(numbers))
    if twice:
        raise StoreError(f"shard {_listed(twice)} of {len(wanted)} is there twice")
    if missing:
        raise StoreError(f"shard {_listed(missing)} of {len(wanted)} is missing")


def _info(infos: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What is said of the whole: from the first start to the last end."""
    names = {info["name"] for info in infos}
    return {
        **infos[0],
        "id": new_run_id(),
        "name": names.pop() if len(names) == 1 else None,
        "started_at": min(info["started_at"] for info in infos),
        "completed_at": max(info["completed_at"] for info in infos),
        "duration_seconds": max(info["duration_seconds"] for info in infos),
        "shard": None,
        "resume": None,
    }


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
