"""Several agents that were put the same cases in one run: who did better, case by case and on the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from pytest_evalsuite.comparison.model import Outcome
from pytest_evalsuite.comparison.sides import outcome_of
from pytest_evalsuite.groups.differences import Difference, PairedRow, difference_of, order_of
from pytest_evalsuite.runs.run import Run

__all__ = ["CaseRow", "SideBySide", "order_in", "side_by_side"]


class CaseRow(NamedTuple):
    """A case, and what came of it by agent; None where it was not put to that agent.

    ``winners`` are the indexes of the agents that did best among those with a verdict: all of them for a tie, none
    where fewer than two have one.
    """

    test_set: str
    case_id: str
    outcomes: tuple[Outcome | None, ...]
    winners: tuple[int, ...]

    @property
    def is_tie(self) -> bool:
        """Whether several agents did best."""
        return len(self.winners) > 1

    @property
    def differs(self) -> bool:
        """Whether some agent did better than another, or has no verdict."""
        return self.interest < 3

    @property
    def interest(self) -> int:
        """0: some passed and some failed; 1: somebody has no verdict; 2: scores differ; 3: all did the same."""
        there = [one for one in self.outcomes if one is not None]
        if len({one.status for one in there if one.scored}) > 1:
            return 0
        if any(not one.scored for one in there):
            return 1
        return 3 if len(self.winners) == len(there) else 2


@dataclass(frozen=True)
class SideBySide:
    """The cases that several agents were put, in the order of the test sets. The first agent is the reference."""

    agents: tuple[str, ...]
    rows: list[CaseRow]

    @property
    def ranked(self) -> list[CaseRow]:
        """The rows that differ, those in which verdicts do first."""
        return sorted((row for row in self.rows if row.differs), key=lambda row: row.interest)

    def wins(self, agent: int) -> int:
        """The cases in which this agent alone did best."""
        return sum(row.winners == (agent,) for row in self.rows)

    @property
    def ties(self) -> int:
        """The cases in which several did best."""
        return sum(row.is_tie for row in self.rows)

    @property
    def undecided(self) -> int:
        """The cases in which fewer than two agents have a verdict."""
        return sum(not row.winners for row in self.rows)

    def without_verdict(self, agent: int) -> int:
        """The cases of this agent that were not scored: errors, and what was skipped or not run."""
        return sum((one := row.outcomes[agent]) is not None and not one.scored for row in self.rows)

    @cached_property
    def differences(self) -> list[tuple[str, Difference]]:
        """Each other agent against the reference."""
        return [
            (
                agent,
                difference_of(
                    PairedRow(f"{row.test_set} {row.case_id}", base, new)
                    for row in self.rows
                    if (base := row.outcomes[0]) is not None and (new := row.outcomes[number]) is not None
                ),
            )
            for number, agent in enumerate(self.agents)
            if number
        ]


def side_by_side(run: Run, order: Sequence[str] = ()) -> SideBySide | None:
    """The cases of a run that several agents were put, None where there is none.

    ``order`` is that of the agents, as they were asked for; others follow by name.
    """
    put: dict[str, list[int]] = {}
    for number, evaluation in enumerate(run.evaluations):
        put.setdefault(evaluation.plan.test_set, []).append(number)
    cases: dict[tuple[str, str], dict[str, Outcome]] = {}
    for numbers in put.values():
        if len(numbers) > 1:
            for number in numbers:
                evaluation = run.evaluations[number]
                for record in run.records(evaluation):
                    key = record["test_set"], record["case_id"]
                    cases.setdefault(key, {})[record["agent"]] = outcome_of(record)
    shared = {key: found for key, found in cases.items() if len(found) > 1}
    names = dict.fromkeys(agent for found in shared.values() for agent in found)
    agents = (*(agent for agent in order if agent in names), *sorted(agent for agent in names if agent not in order))
    rows = []
    for (test_set, case_id), found in shared.items():
        outcomes = tuple(found.get(agent) for agent in agents)
        rows.append(CaseRow(test_set, case_id, outcomes, winners_of(outcomes)))
    return SideBySide(agents, rows) if rows else None


def order_in(run: Run) -> Sequence[str]:
    """The agents of a run that was read, in the order in which they were asked for, as far as it says."""
    documents = run.verdicts.get("groups")
    for document in documents if isinstance(documents, list) else ():
        agents = document.get("agents") if isinstance(document, dict) else None
        if isinstance(agents, list):
            return [agent for agent in agents if isinstance(agent, str)]
    return ()


def winners_of(outcomes: Sequence[Outcome | None]) -> tuple[int, ...]:
    """Who did best among those with a verdict, by passes, then by score; nobody among fewer than two."""
    scored = [(number, one) for number, one in enumerate(outcomes) if one is not None and one.scored]
    if len(scored) < 2:
        return ()
    best = scored[0][1]
    for _, one in scored[1:]:
        if order_of(one, best) > 0:
            best = one
    return tuple(number for number, one in scored if order_of(one, best) == 0)
