"""Whether a run is worse than its baseline: of one case as soon as it is known, and of the suite at the end.

Pure and deterministic. Of the runs in which nothing has changed at most 5 % are to be called a regression;
``benchmarks/gate.py`` measures how many are. The parts of the verdict share them: ``BLAME_LEVEL`` is for blaming
single cases, the rest for the two tests of the suite.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from pytest_evalsuite.comparison.exact import (
    ExactTest,
    Stratum,
    fisher_worse,
    holm,
    stratified_better,
    stratified_worse,
)
from pytest_evalsuite.comparison.paired import PairedDifference, paired_difference
from pytest_evalsuite.comparison.power import DISCORDANCE, cases_needed, detectable_drop, planned_drop
from pytest_evalsuite.comparison.rates import wilson_interval

__all__ = [
    "TRIALS",
    "BlameRule",
    "CasePair",
    "Decision",
    "Suspect",
    "Verdict",
    "blame_rule",
    "decide",
    "is_suspect",
]

Verdict = Literal["regression", "improvement", "no detectable change", "underpowered", "not comparable"]

ALPHA: Final = 0.05
"""The false alarms of the whole gate under no change, at most."""

BLAME_LEVEL: Final = 0.025
"""What of it is for blaming single cases, where suspects are confirmed. The tests of the suite share the rest."""

TRIALS: Final = 4
"""Fresh trials of a suspect, unless it is settled sooner."""

STABLE: Final = 0.8
"""The baseline's pass rate from which on a case is expected to pass."""

ROUNDING: Final = 1e-9

UNOBSERVED: Final = 0.25
"""The share of flaky cases where each was attempted but once and nobody can know."""

SMALLEST_EFFECT: Final = 0.02
"""A drop of the mean score below this is no regression, however certain it is."""

LARGEST_UNSEEN: Final = 0.1
"""A comparison that would miss a larger drop than this is underpowered."""


class CasePair(NamedTuple):
    """One case in both runs.

    Passes and attempts are of scored attempts, at least one on each side: pooled over the runs of a baseline, and of
    the first pass in the new run. Scores are means in 0..1. ``cluster`` is what cases of one source share.
    ``confirmation`` is (passes, trials) of a suspect's fresh trials: they say whether it stands, and nothing else.
    """

    base_passes: int
    base_attempts: int
    new_passes: int
    new_attempts: int
    base_score: float
    new_score: float
    cluster: str | None = None
    confirmation: tuple[int, int] | None = None


def is_suspect(base_passes: int, base_attempts: int) -> bool:
    """Whether a case that failed is asked again before it is blamed: it passed in 80 % of its attempts before.

    A baseline of a single run makes suspects of all that passed in it.
    """
    return base_attempts > 0 and base_passes >= STABLE * base_attempts - ROUNDING


@dataclass(frozen=True, slots=True)
class BlameRule:
    """When one case is blamed, whatever becomes of the others. Made by `blame_rule` from the baseline alone.

    ``flaky`` is how many cases of the suite are expected to be flaky, at least 1, ``trials`` how many fresh trials a
    suspect gets, ``level`` the chance, in 0..1, that any case is blamed though none has changed.
    """

    flaky: float
    trials: int = TRIALS
    level: float = BLAME_LEVEL

    def p_value(self, base_passes: int, base_attempts: int, fresh_passes: int, fresh_trials: int) -> float:
        """A bound on the chance that any case of the suite looks as bad as this one though nothing has changed.

        For each flaky case it is the chance that it passes in 80 % of the baseline, fails the first time, and that
        Fisher's test of all its new trials against the baseline gives no more than it does here, averaged over all
        pass rates: an unconditional test in the way of Boschloo (1970).
        """
        return min(1.0, self.flaky * _chance(base_passes, base_attempts, fresh_passes, fresh_trials))

    def stands(self, base_passes: int, base_attempts: int, fresh_passes: int, fresh_trials: int) -> bool:
        """Whether a suspect that failed is blamed, its fresh trials being over.

        It is when most of the fresh trials failed too and ``p_value`` is at most ``level``; and when it passed
        whenever it was asked before and never now, in four fresh trials or more: a baseline too short for proof is
        not to hide that.
        """
        settled = self.settled(base_passes, base_attempts, fresh_passes, fresh_trials)
        return self._blamed(base_passes, base_attempts, fresh_passes, fresh_trials) if settled is None else settled

    def settled(self, base_passes: int, base_attempts: int, fresh_passes: int, fresh_trials: int) -> bool | None:
        """What `stands` will be whatever the remaining trials give; None while it depends on them."""
        remaining = max(self.trials - fresh_trials, 0)
        total = fresh_trials + remaining
        if not self._blamed(base_passes, base_attempts, fresh_passes, total):
            return False
        return True if self._blamed(base_passes, base_attempts, fresh_passes + remaining, total) else None

    def can_still_stand(self, base_passes: int, base_attempts: int, fresh_passes: int, fresh_trials: int) -> bool:
        """Whether a case would be blamed if the remaining trials failed; with (0, 0), whether to ask at all."""
        return self.settled(base_passes, base_attempts, fresh_passes, fresh_trials) is not False

    def _blamed(self, base_passes: int, base_attempts: int, fresh_passes: int, fresh_trials: int) -> bool:
        if not is_suspect(base_passes, base_attempts) or 2 * fresh_passes >= fresh_trials:
            return False
        if base_passes == base_attempts and not fresh_passes and fresh_trials >= TRIALS:
            return True
        return self.p_value(base_passes, base_attempts, fresh_passes, fresh_trials) <= self.level


def blame_rule(baseline: Iterable[tuple[int, int]], trials: int = TRIALS) -> BlameRule:
    """The rule for a suite with this baseline: passes and attempts of each of its cases."""
    return BlameRule(max(1.0, math.fsum(_flaky(*counts) for counts in baseline)), trials)


def _flaky(passes: int, attempts: int) -> float:
    """For how many flaky cases this one stands.

    One whose pass rate is in 0.2..0.8 is counted, for itself and for those that by luck show a rate outside, were all
    pass rates of flaky cases equally likely.
    """
    if attempts < 2:
        return UNOBSERVED * attempts
    fewest = max(1, math.ceil(attempts * (1 - STABLE) - ROUNDING))
    return (attempts + 1) / (attempts + 1 - 2 * fewest) if fewest <= passes <= attempts - fewest else 0.0


def _chance(base_passes: int, base_attempts: int, fresh_passes: int, fresh_trials: int) -> float:
    """That a stable case of any pass rate, all equally likely, gives this or what looks even less like no change."""
    fisher = fisher_worse(base_passes, base_attempts, fresh_passes, fresh_trials + 1)
    outcomes = _outcomes(base_attempts, fresh_trials)
    return math.fsum(chance for p, chance in outcomes if p <= fisher * (1 + ROUNDING))


@lru_cache(maxsize=256)
def _outcomes(base_attempts: int, trials: int) -> tuple[tuple[float, float], ...]:
    """What a stable case that fails the first time can do: Fisher's p and the chance of each outcome."""
    attempts = base_attempts + trials + 1
    return tuple(
        (
            fisher_worse(base, base_attempts, fresh, trials + 1),
            math.comb(base_attempts, base)
            * math.comb(trials, fresh)
            / ((attempts + 1) * math.comb(attempts, base + fresh)),
        )
        for base in range(base_attempts + 1)
        if is_suspect(base, base_attempts)
        for fresh in range(trials + 1)
    )


@dataclass(frozen=True, slots=True)
class Suspect:
    """A case that was asked again: its index in the cases given, whether it stands, and how likely that is by chance.

    ``p`` is `BlameRule.p_value`. ``fisher`` is Fisher's test of the fresh trials alone against the baseline, by Holm's
    method for all suspects.
    """

    index: int
    stands: bool
    p: float
    fisher: float


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on a run, and what it rests on.

    ``reasons`` are sentences without a full stop, those that decided first; a point is a hundredth of a rate or score.
    ``count`` is the number of cases. ``level`` is that of each of the two tests of the suite: ``worse`` asks whether
    these cases got worse, ``score`` (new - base) whether the agent is worse in general. ``detectable_drop`` is the
    smallest drop of the pass rate, in 0..1, that would have been found with a chance of 80 %; ``needed`` is how many
    cases it takes to find one of ten points so. Without any case there are none of these figures.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    count: int
    level: float
    worse: ExactTest
    better: ExactTest
    pass_rate: PairedDifference | None = None
    score: PairedDifference | None = None
    detectable_drop: float | None = None
    needed: int | None = None
    suspects: tuple[Suspect, ...] = ()

    @property
    def standing(self) -> tuple[Suspect, ...]:
        """The suspects that are blamed."""
        return tuple(suspect for suspect in self.suspects if suspect.stands)


def decide(cases: Sequence[CasePair], rule: BlameRule | None = None) -> Decision:
    """Decide between two runs. Without a ``rule`` nobody was asked again, and only the tests decide.

    A regression is a suspect that stands, or fewer passes of these cases by the exact stratified test, or a mean score
    that is lower by at least two points by the paired t-test. Cases that are not attempted on both sides have no place
    here.
    """
    level = (ALPHA - (BLAME_LEVEL if rule else 0.0)) / 2
    strata = [Stratum(*case[:4]) for case in cases]
    worse, better = stratified_worse(strata), stratified_better(strata)
    if not cases:
        return Decision("not comparable", ("no case has a result in both runs",), 0, level, worse, better)
    clusters = [case.cluster for case in cases]
    pass_rate = paired_difference([new / tried - base / before for base, before, new, tried in strata], clusters)
    score = paired_difference([case.new_score - case.base_score for case in cases], clusters)
    suspects = _suspects(cases, rule)
    drop, needed = _sight(pass_rate, level)
    verdict: Verdict
    if losses := [*_blames(cases, suspects, rule), *_changes("worse", worse, score, score.p_worse, level)]:
        verdict, reasons = "regression", losses
    elif gains := _changes("better", better, score, score.p_better, level):
        verdict, reasons = "improvement", gains
    else:
        verdict = "underpowered" if drop > LARGEST_UNSEEN else "no detectable change"
        reasons = _nothing(len(cases), len(suspects))
    reasons.append(f"a drop of the pass rate by {100 * drop:.1f} points would have been found with a chance of 80 %")
    if verdict == "underpowered":
        reasons.append(f"to find one of {100 * LARGEST_UNSEEN:.0f} points takes about {needed:,} cases")
    return Decision(
        verdict, tuple(reasons), len(cases), level, worse, better, pass_rate, score, drop, needed, suspects
    )


def _suspects(cases: Sequence[CasePair], rule: BlameRule | None) -> tuple[Suspect, ...]:
    if rule is None:
        return ()
    asked = [
        (index, (case.base_passes, case.base_attempts, *case.confirmation))
        for index, case in enumerate(cases)
        if case.confirmation is not None
    ]
    adjusted = holm([fisher_worse(*counts) for _, counts in asked])
    return tuple(
        Suspect(index, rule.stands(*counts), rule.p_value(*counts), fisher)
        for (index, counts), fisher in zip(asked, adjusted, strict=True)
    )


def _sight(pass_rate: PairedDifference, level: float) -> tuple[float, int]:
    """The smallest drop that would have been found, and the cases that it takes to find `LARGEST_UNSEEN`."""
    error, clusters = pass_rate.standard_error, pass_rate.clusters
    if error:
        drop = detectable_drop(error, level)
        return min(drop, 1.0), math.ceil(pass_rate.count * (drop / LARGEST_UNSEEN) ** 2)
    discordance = DISCORDANCE
    if error is not None and not pass_rate.moved:  # that nothing differs here does not mean that nothing ever will
        discordance = wilson_interval(0, clusters)[1]
    needed = cases_needed(LARGEST_UNSEEN, discordance, level)
    return planned_drop(clusters, discordance, level), math.ceil(needed * pass_rate.count / clusters)


def _blames(cases: Sequence[CasePair], suspects: Iterable[Suspect], rule: BlameRule | None) -> list[str]:
    """Why suspects stand, the least likely by chance first."""
    reasons = []
    for suspect in sorted((one for one in suspects if one.stands), key=lambda one: one.p):
        case = cases[suspect.index]
        passes, trials = case.confirmation or (0, 0)
        short = "; more runs in the baseline would tell" if rule and suspect.p > rule.level else ""
        reasons.append(
            f"a case that had passed {case.base_passes} of {case.base_attempts} times failed, then passed {passes} of "
            f"{trials} fresh trials: p = {suspect.p:.2g} that any case does so by chance{short}"
        )
    return reasons


def _changes(word: str, exact: ExactTest, score: PairedDifference, p: float, level: float) -> list[str]:
    """What the two tests of the suite found in one direction; ``p`` is that of the paired test in it."""
    reasons = []
    if exact.p <= level:
        reasons.append(f"these cases got {word}: p = {exact.p:.2g} ({exact.test}, {exact.informative:,} informative)")
    if p <= level and abs(score.mean) >= SMALLEST_EFFECT:
        low, high = score.interval() or (score.mean, score.mean)
        reasons.append(
            f"{word} in general: mean score {100 * score.mean:+.1f} points, 95 % interval {100 * low:+.1f} to "
            f"{100 * high:+.1f}, p = {p:.2g} (paired t)"
        )
    return reasons


def _nothing(cases: int, suspects: int) -> list[str]:
    found = f"no evidence of a regression in {cases:,} paired case{'s' if cases != 1 else ''}"
    if not suspects:
        return [found]
    return [f"{found}; {suspects:,} suspect{'s' if suspects != 1 else ''} asked again, none stands"]
