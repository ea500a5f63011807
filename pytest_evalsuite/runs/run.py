"""A run put together: what was planned, and what came of each case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pytest_evalsuite.runs.encoding import decode, encode
from pytest_evalsuite.runs.spool import Spool
from pytest_evalsuite.runs.summary import Brief, Tally, brief, tally

__all__ = [
    "CaseKey",
    "Evaluation",
    "PlannedCase",
    "PlannedEvaluation",
    "Results",
    "Run",
    "assemble",
    "bare_record",
]


class CaseKey(NamedTuple):
    """What a result is found by. ``test_set`` is the file's path from the root folder, with ``/``."""

    test_set: str
    case_id: str
    agent: str


class PlannedCase(NamedTuple):
    """A case that this run is to evaluate."""

    case_id: str
    position: int
    line: int
    fingerprint: str
    node_name: str
    repeats: str = ""
    """How often it is asked and by what rule it then passes; empty where it is asked once."""
    conversation: str | None = None
    """The conversation that it is a turn of, which may have no name."""
    answer: str = ""
    """A digest of the answer that it carries itself; empty where its agent is asked."""


@dataclass(slots=True)
class PlannedEvaluation:
    """One test set put to one agent: what the file says of itself, and the cases selected.

    ``total`` is how many cases the test set has, ``collected`` how many of them are put to this agent before any
    selection. ``agent_version`` changes with the agent, None: nothing is known of it. ``gate`` holds the bars that the
    test set declares, ``configuration`` what `runs.configuration` says of both sides.
    """

    test_set: str
    agent: str
    name: str
    total: int
    cases: list[PlannedCase] = field(default_factory=list)
    description: str | None = None
    mode: str = "independent"
    language: str = "en"
    tags: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    collected: int = 0
    agent_version: str | None = None
    gate: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)


class Results:
    """Results as they come in: the record as its line of JSON, and in brief. The last one of a case counts.

    The lines are not in memory: a run may have more of them than fit there.
    """

    def __init__(self) -> None:
        self._kept: dict[CaseKey, tuple[int, Brief]] = {}
        self._lines = Spool()
        self._spans: dict[tuple[str, str], tuple[str, str]] = {}
        self.broken = 0
        """Lines that could not be read."""

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: CaseKey) -> bool:
        return key in self._kept

    def add(self, line: str, record: dict[str, Any] | None = None) -> dict[str, Any]:
        """Take a record, as its JSON text; returns it decoded, unless it is given so."""
        if record is None:
            record = decode(line)
        key = CaseKey(record["test_set"], record["case_id"], record["agent"])
        self._kept[key] = self._lines.append(line), brief(record)
        self._note_times(record)
        return record

    def span(self, test_set: str, agent: str) -> tuple[str | None, str | None]:
        """When the first case of an evaluation was asked and the last one answered, in UTC; None before."""
        return self._spans.get((test_set, agent), (None, None))

    def _note_times(self, record: Mapping[str, Any]) -> None:
        start, end = record.get("started_at"), record.get("completed_at")
        if isinstance(start, str) and isinstance(end, str):
            key = record["test_set"], record["agent"]
            first, last = self._spans.get(key, (start, end))
            self._spans[key] = min(first, start), max(last, end)

    def line(self, key: CaseKey) -> str:
        """The record of a case, as JSON text."""
        return self._lines.read(self._kept[key][0])

    def lines(self, keys: Iterable[CaseKey]) -> Iterator[str]:
        """The records of some cases, as JSON text."""
        kept, read = self._kept, self._lines.read
        return (read(kept[key][0]) for key in keys)

    def brief(self, key: CaseKey) -> Brief:
        """The record of a case, in brief."""
        return self._kept[key][1]

    def keys(self) -> Iterable[CaseKey]:
        """All cases that have a result."""
        return self._kept.keys()


@dataclass(slots=True)
class Evaluation:
    """One test set put to one agent, done: its plan, its results in the test set's order, its figures."""

    plan: PlannedEvaluation
    keys: list[CaseKey]
    tally: Tally

    @property
    def status(self) -> str:
        """``succeeded`` when every selected case was processed, whatever the verdicts; else ``cancelled``."""
        counts = self.tally.counts
        return "cancelled" if counts["cancelled"] or counts["not_run"] else "succeeded"

    @property
    def is_whole(self) -> bool:
        """Whether every case that there is was selected and processed."""
        return self.status == "succeeded" and len(self.keys) >= self.plan.collected


@dataclass(slots=True)
class Run:
    """A whole run. ``info`` is what ``run.json`` says of it.

    ``verdicts`` are those on the run, under ``comparison`` and ``gate``, as the artifact has them.
    """

    info: dict[str, Any]
    evaluations: list[Evaluation]
    results: Results
    tally: Tally
    verdicts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether it came to its end and left no case out: only such a run may speak for its test sets."""
        return self.info["status"] == "succeeded" and all(one.is_whole for one in self.evaluations)

    def records(self, evaluation: Evaluation) -> Iterator[dict[str, Any]]:
        """The records of an evaluation, in the test set's order."""
        return map(decode, self.results.lines(evaluation.keys))


def assemble(
    info: dict[str, Any], plan: Iterable[PlannedEvaluation], results: Results, unrun: Mapping[str, Any]
) -> Run:
    """Put a run together. A planned case without a result gets one that says ``not_run``, with ``unrun`` as cause."""
    evaluations = []
    for planned in sorted(plan, key=lambda p: (p.test_set, p.agent)):
        keys = []
        for case in sorted(planned.cases, key=lambda c: c.position):
            key = CaseKey(planned.test_set, case.case_id, planned.agent)
            if key not in results:
                results.add(encode(bare_record(key, case, "not_run", unrun)))
            keys.append(key)
        evaluations.append(Evaluation(planned, keys, tally(map(results.brief, keys))))
    everything = tally(results.brief(key) for evaluation in evaluations for key in evaluation.keys)
    return Run(info, evaluations, results, everything)


def bare_record(key: CaseKey, case: PlannedCase, status: str, cause: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a case of which no more is known than that it was planned."""
    return {
        **key._asdict(),
        "position": case.position,
        "line": case.line,
        "fingerprint": case.fingerprint,
        "status": status,
        "cause": dict(cause),
        "score": None,
    }
