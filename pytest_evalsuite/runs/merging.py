"""Shards of a suite, evaluated on several machines, become the run that one machine would have made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.run import PlannedEvaluation, Results, Run, assemble
from pytest_evalsuite.runs.store import new_run_id

__all__ = ["merge_shards"]

NAMED: Final = 5
"""How many shards an error message lists."""


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
            plan = plans.setdefault((part.test_set, part.agent), replace(part, cases=[]))
            if plan.collected != part.collected:
                raise StoreError(f"the shards do not agree on how many cases {part.test_set} has")
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
        if not _is_said(run.info):
            raise StoreError(f"run {run.info['id']} does not say which shard it is, or when it ran")
        if run.info["status"] != "succeeded":
            raise StoreError(f"run {run.info['id']} is {run.info['status']}: go on with it before it is merged")
    infos = [run.info["shard"] for run in shards]
    if len({(info["of"], info["suite"]) for info in infos}) > 1:
        raise StoreError("these are shards of different suites, or of different numbers of parts")
    numbers = [info["number"] for info in infos]
    count = infos[0]["of"]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise StoreError(f"shard {_listed(twice)} of {count} is there twice")
    if len(numbers) < count:
        missing = (number for number in range(1, count + 1) if number not in numbers)
        raise StoreError(f"shard {_listed(list(islice(missing, NAMED + 1)))} of {count} is missing")


def _is_said(info: dict[str, Any]) -> bool:
    """Whether a run says which shard it is, and when it ran if it has come to its end."""
    shard = info["shard"]
    if not isinstance(shard, dict) or not isinstance(shard.get("suite"), str):
        return False
    number, count = shard.get("number"), shard.get("of")
    if not isinstance(number, int) or not isinstance(count, int) or not 1 <= number <= count:
        return False
    return info["status"] != "succeeded" or (
        isinstance(info.get("started_at"), str)
        and isinstance(info.get("completed_at"), str)
        and isinstance(info.get("duration_seconds"), (int, float))
    )


def _info(infos: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What is said of the whole: from the first start to the last end."""
    names = {info.get("name") for info in infos}
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
    return ", ".join(map(str, numbers[:NAMED])) + ", ..." * (len(numbers) > NAMED)
