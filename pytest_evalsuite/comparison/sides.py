"""A run, in memory or as an artifact, as one side of a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_evalsuite.comparison.model import Outcome, Side, SideInfo
from pytest_evalsuite.runs.encoding import decode, encode
from pytest_evalsuite.runs.reading import artifact_results
from pytest_evalsuite.runs.run import CaseKey, Run
from pytest_evalsuite.runs.summary import gate_status

__all__ = ["outcome_of", "side_of_artifact", "side_of_run"]


def side_of_run(
    run: Run, reference: str, *, key: str | None = None, group: str | None = None, by_people: bool = False
) -> Side:
    """A run as a side. ``key`` names what cases are paired by, ``group`` what they are clustered by.

    With ``by_people``, people's verdicts count where there are any; else the machine's.
    """
    plans = [evaluation.plan for evaluation in run.evaluations]
    keys = [key for evaluation in run.evaluations for key in evaluation.keys]

    def records(wanted: Sequence[CaseKey]) -> Mapping[CaseKey, Mapping[str, Any]]:
        return {key: decode(run.results.line(key)) for key in wanted if key in run.results}

    return Side(
        SideInfo(
            reference=reference,
            kind="run",
            run_id=run.info.get("id"),
            name=run.info.get("name"),
            started_at=run.info.get("started_at"),
            complete=run.is_whole,
            agent_versions={(plan.test_set, plan.agent): plan.agent_version for plan in plans},
            test_sets={plan.test_set: plan.name for plan in plans},
            gate=run.verdicts.get("gate", {}),
        ),
        [outcome_of(decode(run.results.line(one)), key, group, by_people=by_people) for one in keys],
        records,
    )


def side_of_artifact(path: Path, reference: str, *, key: str | None = None, group: str | None = None) -> Side:
    """An artifact as a side, of which no more is kept in memory than what is compared. Raises StoreError."""
    head, results = artifact_results(path)
    outcomes: list[Outcome] = []
    evaluations: dict[tuple[str, str], Mapping[str, Any]] = {}
    last: Any = None
    for evaluation, record in results:
        if evaluation is not last:
            last = evaluation
            evaluations[evaluation["test_set"], evaluation["agent"]] = evaluation
        if record is not None:
            outcomes.append(outcome_of(record, key, group))
    info = head["run"]
    complete = info.get("status") == "succeeded" and all(
        evaluation.get("status") != "cancelled" and evaluation.get("total", 0) >= evaluation.get("collected", 0)
        for evaluation in evaluations.values()
    )

    def records(wanted: Sequence[CaseKey]) -> Mapping[CaseKey, Mapping[str, Any]]:
        return dict(_found(path, set(wanted))) if wanted else {}

    return Side(
        SideInfo(
            reference=reference,
            kind="artifact",
            run_id=info.get("id"),
            name=info.get("name"),
            started_at=info.get("started_at"),
            complete=complete,
            agent_versions={place: evaluation.get("agent_version") for place, evaluation in evaluations.items()},
            test_sets={place[0]: evaluation.get("name", place[0]) for place, evaluation in evaluations.items()},
            gate=head.get("gate", {}),
        ),
        outcomes,
        records,
    )


def outcome_of(
    record: Mapping[str, Any], key: str | None = None, group: str | None = None, *, by_people: bool = False
) -> Outcome:
    """What a comparison needs to know of a result."""
    get = record.get
    status = gate_status(record) if by_people else record["status"]
    statistics = get("statistics")
    if status not in ("passed", "failed"):
        passes = attempts = 0
    elif statistics is not None:
        passes, attempts = statistics["passed"], statistics["scored"]
        if status != record["status"]:
            passes = record["human_verdict"].get("passed_attempts", passes)
    else:
        passes, attempts = int(status == "passed"), 1
    usage = get("usage")
    tokens = None
    if usage is not None:
        known = [number for number in (usage.get("input_tokens"), usage.get("output_tokens")) if number is not None]
        tokens = sum(known) if known else None
    milliseconds = get("execution_time_ms")
    confirmation = get("confirmation")
    return Outcome(
        record["test_set"],
        record["case_id"],
        record["agent"],
        record["fingerprint"],
        status,
        passes,
        attempts,
        get("score"),
        None if milliseconds is None else milliseconds / 1000,
        tokens,
        get("cost"),
        "known_failure" in record,
        None if group is None else value_of(record, group),
        None if confirmation is None else (confirmation["passed"], confirmation["trials"]),
        record["case_id"] if key is None else value_of(record, key),
    )


def value_of(record: Mapping[str, Any], column: str) -> str | None:
    """The text of a column: a field of the record, one of its metadata or of its inputs; None where it has none."""
    for values in (record.get("metadata") or {}, record.get("inputs") or {}, record):
        value = values.get(column)
        if value is not None:
            return value if isinstance(value, str) else encode(value)
    return None


def _found(path: Path, wanted: set[CaseKey]) -> Iterable[tuple[CaseKey, Mapping[str, Any]]]:
    _, results = artifact_results(path)
    for _, record in results:
        if record is not None:
            key = CaseKey(record["test_set"], record["case_id"], record["agent"])
            if key in wanted:
                yield key, record
