"""What a comparison is made of, and what it gives. Plain values: no file is read here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pytest_evalsuite.comparison.decision import Decision
from pytest_evalsuite.runs.run import CaseKey

__all__ = ["BUCKETS", "Changed", "Comparison", "Outcome", "Pair", "Shift", "Side", "SideInfo", "no_records"]

BUCKETS: Final = ("regressed", "fixed", "still_passing", "still_failing", "flaky")
"""Every pair of two scored results is in one of these.

``flaky`` has passed and failed, and the difference is no more than that: a case that failed now and passed when it was
asked again, or one that the baseline has both results of.
"""


class Outcome(NamedTuple):
    """One case on one side: what came of it, over all attempts that are known of it.

    ``passes`` of ``attempts`` are over scored attempts, in a baseline over its runs; both 0 where there is no verdict.
    ``score`` is their mean in 0..1. ``seconds``, ``tokens`` (in and out) and ``cost`` (US dollars) are of one run.
    ``confirmation`` is (passes, trials) of the fresh trials of a suspect. ``group`` is what cases are clustered by.
    """

    test_set: str
    case_id: str
    agent: str
    fingerprint: str
    status: str
    passes: int
    attempts: int
    score: float | None
    seconds: float | None = None
    tokens: int | None = None
    cost: float | None = None
    known_failure: bool = False
    group: str | None = None
    confirmation: tuple[int, int] | None = None
    joined_by: str | None = None
    """The value that it is paired by; None where it has none. By default its case id."""

    @property
    def key(self) -> CaseKey:
        """What the case is found by."""
        return CaseKey(self.test_set, self.case_id, self.agent)

    @property
    def scored(self) -> bool:
        """Whether there is a verdict to compare."""
        return self.attempts > 0 and self.score is not None


Records = Callable[[Sequence[CaseKey]], Mapping[CaseKey, Mapping[str, Any]]]
"""Gives whole records of some cases: question, expected, actual ... An empty mapping where they are not kept."""


def no_records(_: Sequence[CaseKey]) -> Mapping[CaseKey, Mapping[str, Any]]:
    """The records of a side that keeps none."""
    return {}


@dataclass(frozen=True, slots=True)
class SideInfo:
    """What a side is: ``reference`` as it was named, ``kind`` run, artifact or baseline, ``run_id``, ``name``.

    ``complete`` says whether it speaks for whole test sets. ``agent_versions`` are by (test set, agent), ``test_sets``
    titles by path. ``gate`` is the verdict that it came with, as its artifact has it.
    """

    reference: str
    kind: str
    run_id: str | None = None
    name: str | None = None
    started_at: str | None = None
    complete: bool = True
    agent_versions: Mapping[tuple[str, str], str | None] = field(default_factory=dict)
    test_sets: Mapping[str, str] = field(default_factory=dict)
    gate: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Side:
    """One of two things compared."""

    info: SideInfo
    outcomes: list[Outcome]
    records: Records = no_records


class Pair(NamedTuple):
    """The same case on both sides, with equal fingerprints and verdicts on both. ``bucket`` is one of `BUCKETS`."""

    base: Outcome
    new: Outcome
    bucket: str

    @property
    def difference(self) -> float:
        """New score - base score."""
        return (self.new.score or 0.0) - (self.base.score or 0.0)


class Changed(NamedTuple):
    """The same case with another definition; ``what`` names the parts (`testsets.fingerprint.PARTS`) that differ."""

    base: Outcome
    new: Outcome
    what: tuple[str, ...]


class Shift(NamedTuple):
    """A figure on both sides, over the paired cases that have it on both: ``cases`` of them."""

    base: float | None
    new: float | None
    cases: int

    @property
    def change(self) -> float | None:
        """New - base, None where one is not known."""
        return None if self.base is None or self.new is None else self.new - self.base


@dataclass(slots=True)
class Comparison:
    """Two sides compared: of the whole, or of one test set (``test_set`` and ``agents`` say which).

    ``errors`` are pairs without a verdict on one side or both. ``ambiguous`` are values of the pairing key that more
    than one case of a side has. ``removed`` are cases of the base that the new side does not have; where that side is
    no complete run they are ``unselected`` instead. ``decision`` is the verdict, ``parts`` the test sets.
    """

    base: SideInfo
    new: SideInfo
    pairs: list[Pair]
    added: list[Outcome]
    removed: list[Outcome]
    changed: list[Changed]
    errors: list[tuple[Outcome, Outcome]]
    ambiguous: list[str]
    decision: Decision
    pass_rate: Shift
    score: Shift
    seconds: Shift
    tokens: Shift
    cost: Shift
    unselected: list[Outcome] = field(default_factory=list)
    agents: tuple[tuple[str, str], ...] = ()
    """(base agent, new agent) where pairs are of agents of different names."""
    agent_changes: tuple[str, ...] = ()
    """Agents whose version differs, in words."""
    test_set: str | None = None
    title: str | None = None
    parts: list[Comparison] = field(default_factory=list)

    def bucket(self, name: str) -> list[Pair]:
        """The pairs of a bucket, worst difference first."""
        return sorted((pair for pair in self.pairs if pair.bucket == name), key=lambda pair: pair.difference)
