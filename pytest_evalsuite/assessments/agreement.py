"""How far the machine's verdicts agree with people's, and people's with each other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final, NamedTuple

from pytest_evalsuite.assessments.answers import Answer
from pytest_evalsuite.assessments.model import Assessment
from pytest_evalsuite.assessments.store import Assessments
from pytest_evalsuite.comparison.distributions import normal_quantile
from pytest_evalsuite.comparison.rates import wilson_interval

__all__ = ["Agreement", "Difference", "Kappa", "Report", "agreement", "kappa", "report"]

SCORED: Final = frozenset({"passed", "failed"})
Interval = tuple[float, float]


class Kappa(NamedTuple):
    """Cohen's kappa, in -1..1, with its 95 % interval; where one of them is None, ``why`` says the reason."""

    value: float | None
    interval: Interval | None
    why: str | None = None


class Agreement(NamedTuple):
    """Two verdicts on each of ``n`` answers, counted: the first one's, then the other's."""

    yes_yes: int
    yes_no: int
    no_yes: int
    no_no: int

    @property
    def n(self) -> int:
        """Answers."""
        return sum(self)

    @property
    def agreed(self) -> int:
        """Answers of which both say the same."""
        return self.yes_yes + self.no_no

    @property
    def rate(self) -> float | None:
        """Raw agreement, in 0..1; None of no answer."""
        return self.agreed / self.n if self.n else None

    @property
    def interval(self) -> Interval:
        """Of the raw agreement, with 95 % (Wilson 1927)."""
        return wilson_interval(self.agreed, self.n)

    @property
    def kappa(self) -> Kappa:
        """Agreement beyond chance."""
        return kappa(self)

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        beyond = self.kappa
        return {
            "n": self.n,
            "agreed": self.agreed,
            "agreement": _round(self.rate),
            "agreement_interval": [_round(limit) for limit in self.interval],
            "kappa": _round(beyond.value),
            "kappa_interval": None if beyond.interval is None else [_round(limit) for limit in beyond.interval],
            "kappa_note": beyond.why,
            "counts": self._asdict(),
        }


class Difference(NamedTuple):
    """An answer of which the machine and people say different things."""

    run: str
    answer: Answer
    machine: bool
    people: Sequence[Assessment]


@dataclass(slots=True)
class Report:
    """The verdicts of machines and people on the answers that people have judged.

    ``people`` counts for each two persons the answers that both have judged. ``divided`` are answers of which people
    say different things, ``unjudged`` those of which the machine says nothing (an error): neither is in the figures.
    """

    overall: Agreement
    methods: dict[str, Agreement] = field(default_factory=dict)
    judges: dict[str, Agreement] = field(default_factory=dict)
    people: dict[tuple[str, str], Agreement] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    divided: list[tuple[str, Answer, Sequence[Assessment]]] = field(default_factory=list)
    unjudged: int = 0


def agreement(verdicts: Iterable[tuple[bool, bool]]) -> Agreement:
    """Count pairs of verdicts."""
    counts = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
    for pair in verdicts:
        counts[pair] += 1
    return Agreement(*counts.values())


def kappa(counts: Agreement, confidence: float = 0.95) -> Kappa:
    """Cohen's kappa (Cohen 1960) with the large-sample interval of Fleiss, Cohen and Everitt (1969).

    It is None over nothing, and where each of the two gives one verdict only: chance alone would agree as well. The
    interval is None where they agree on everything, for its formula knows no doubt then.
    """
    n = counts.n
    if not n:
        return Kappa(None, None, "no answer has both verdicts")
    table = [[counts.yes_yes / n, counts.yes_no / n], [counts.no_yes / n, counts.no_no / n]]
    rows = [sum(row) for row in table]
    columns = [table[0][column] + table[1][column] for column in (0, 1)]
    by_chance = sum(row * column for row, column in zip(rows, columns, strict=True))
    if n in (counts.yes_yes, counts.no_no):
        return Kappa(None, None, "all verdicts are the same: agreement beyond chance cannot be told")
    value = (counts.agreed / n - by_chance) / (1 - by_chance)
    if counts.agreed == n:
        return Kappa(1.0, None, "no disagreement: there is no interval")
    rest = 1 - value
    same = sum(table[i][i] * (1 - (rows[i] + columns[i]) * rest) ** 2 for i in (0, 1))
    different = rest**2 * (table[0][1] * (columns[0] + rows[1]) ** 2 + table[1][0] * (columns[1] + rows[0]) ** 2)
    variance = (same + different - (value - by_chance * rest) ** 2) / (n * (1 - by_chance) ** 2)
    if variance <= 0:
        return Kappa(value, None, "the verdicts do not vary enough for an interval")
    half = normal_quantile((1 + confidence) / 2) * math.sqrt(variance)
    return Kappa(value, (max(value - half, -1.0), min(value + half, 1.0)))


def report(runs: Iterable[Assessments], *, rating_at_least: int = 4, author: str | None = None) -> Report:
    """Hold the machine's verdicts against people's, over all answers of these runs that somebody has judged.

    A person's verdict is the latest approval or rejection of the root span, or else the latest rating: at least
    ``rating_at_least`` (1..5) is an approval. People's verdict is what they all say. ``author`` leaves one of them.
    """
    overall: list[tuple[bool, bool]] = []
    methods: dict[str, list[tuple[bool, bool]]] = {}
    judges: dict[str, list[tuple[bool, bool]]] = {}
    people: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
    result = Report(agreement(()))
    for run_id, answer, said in _judged(runs, author):
        verdicts = {by: _is_good(one, rating_at_least) for by, one in said.items()}
        for one, other in combinations(sorted(verdicts), 2):
            people.setdefault((one, other), []).append((verdicts[one], verdicts[other]))
        if len(set(verdicts.values())) > 1:
            result.divided.append((run_id, answer, list(said.values())))
            continue
        if answer.told["status"] not in SCORED:
            result.unjudged += 1
            continue
        machine, human = answer.told["status"] == "passed", next(iter(verdicts.values()))
        overall.append((machine, human))
        for check in answer.told.get("checks", ()):
            if not check.get("skipped"):
                methods.setdefault(check["method"], []).append((check["passed"], human))
                if check.get("judge"):
                    judges.setdefault(check["judge"], []).append((check["passed"], human))
        if machine != human:
            result.differences.append(Difference(run_id, answer, machine, list(said.values())))
    result.overall = agreement(overall)
    result.methods, result.judges, result.people = (_counted(methods), _counted(judges), _counted(people))
    return result


def _judged(runs: Iterable[Assessments], author: str | None) -> Iterator[tuple[str, Answer, Mapping[str, Assessment]]]:
    """Each answer that somebody has judged, with what each person says last."""
    for assessments in runs:
        said: dict[str, dict[str, Assessment]] = {}
        for kind in ("rating", "approval"):  # an approval says more
            for one in sorted(assessments.list(assessment_type=kind, author=author), key=lambda one: one.updated_at):
                answers = assessments.answers
                if answers.get(one.trace_id) is not None and one.span_id == answers.root_of(one.trace_id):
                    said.setdefault(one.trace_id, {})[one.created_by] = one
        for answer in assessments.answers:
            if answer.trace_id in said:
                yield assessments.answers.run_id, answer, dict(sorted(said[answer.trace_id].items()))


def _is_good(one: Assessment, rating_at_least: int) -> bool:
    return one.value == "approved" if one.assessment_type == "approval" else bool(one.value >= rating_at_least)


def _counted(verdicts: Mapping[Any, Sequence[tuple[bool, bool]]]) -> dict[Any, Agreement]:
    return {name: agreement(verdicts[name]) for name in sorted(verdicts)}


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
