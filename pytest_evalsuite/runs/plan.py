"""Which cases a run is to evaluate: kept with the run, so that a case that never came back is known to be missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from types import NoneType
from typing import Any, Final, NamedTuple

from pytest_evalsuite.forms import Kind, fits
from pytest_evalsuite.runs.encoding import decode
from pytest_evalsuite.runs.run import CaseKey, PlannedCase, PlannedEvaluation
from pytest_evalsuite.runs.wellformed import EVALUATION_FORM
from pytest_evalsuite.testsets.model import TestSet

__all__ = ["Collected", "Plan"]


CASE_FORM: Final[dict[str, Kind]] = {
    **dict.fromkeys(("case_id", "fingerprint", "node_name", "repeats", "answer"), str),
    **dict.fromkeys(("position", "line"), int),
    "conversation": (str, NoneType),
}


class Collected(NamedTuple):
    """What was collected of a test set for one agent: ``cases`` of it, and the agent's version if it is known.

    ``configuration`` is that of both sides, as `runs.configuration` gives it.
    """

    cases: int
    agent_version: str | None = None
    configuration: dict[str, Any] | None = None


class Plan:
    """The evaluations of a run with their selected cases; ``shard`` says which part of a suite they are, if one."""

    def __init__(self, evaluations: Iterable[PlannedEvaluation] = (), shard: dict[str, Any] | None = None) -> None:
        self.shard = shard
        self._evaluations = {(planned.test_set, planned.agent): planned for planned in evaluations}

    def __len__(self) -> int:
        return sum(len(planned.cases) for planned in self._evaluations.values())

    @property
    def evaluations(self) -> list[PlannedEvaluation]:
        """One for each test set and agent, in the order in which they came."""
        return list(self._evaluations.values())

    def add(
        self, test_set_key: str, test_set: TestSet, agent: str, case: PlannedCase, collected: Collected | None = None
    ) -> None:
        """Plan a case."""
        planned = self._evaluations.get((test_set_key, agent))
        if planned is None:
            collected = collected or Collected(0)
            planned = self._evaluations[test_set_key, agent] = PlannedEvaluation(
                test_set=test_set_key,
                agent=agent,
                name=test_set.name,
                total=len(test_set.cases),
                description=test_set.description,
                mode=test_set.mode,
                language=test_set.language,
                tags=list(test_set.tags),
                metadata=dict(test_set.metadata),
                collected=collected.cases,
                agent_version=collected.agent_version,
                configuration=collected.configuration or {},
                gate=test_set.gate.as_json() if test_set.gate is not None else {},
            )
        planned.cases.append(case)

    def find(self, node_id: str) -> tuple[CaseKey, PlannedCase] | None:
        """The case whose test item has this node id, also with the group that xdist may have put behind it."""
        for candidate in (node_id, node_id.rpartition("@")[0]):
            path, _, name = candidate.partition("::")
            for planned in self._evaluations.values():
                if planned.test_set == path:
                    for case in planned.cases:
                        if case.node_name == name:
                            return CaseKey(planned.test_set, case.case_id, planned.agent), case
        return None

    def as_json(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return {
            "shard": self.shard,
            "evaluations": [
                {field.name: getattr(planned, field.name) for field in dataclasses.fields(planned)}
                for planned in self._evaluations.values()
            ],
        }

    @classmethod
    def from_json(cls, text: bytes | None) -> Plan:
        """The plan that was written as `as_json` has it; an empty one for None.

        Raises KeyError, TypeError or ValueError for what is none.
        """
        if text is None:
            return cls()
        plans = []
        content = decode(text)
        for planned in content["evaluations"]:
            cases = planned["cases"] = [PlannedCase(*case) for case in planned["cases"]]
            if not fits(planned, EVALUATION_FORM) or not all(fits(case._asdict(), CASE_FORM) for case in cases):
                raise TypeError("a plan of another form")
            plans.append(PlannedEvaluation(**planned))
        return cls(plans, content["shard"])
