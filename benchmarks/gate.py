"""How often the gate is wrong and how much it sees, by simulation: ``python benchmarks/gate.py``.

A quarter of the cases is flaky, with pass rates from Beta(1.2, 1.2). Of the others nine in ten pass in 98 % of the
attempts, one in ten in 5 %. The baseline is some runs of them. The candidate asks each case once and confirms its
suspects, and what it is then called is decided by the package itself. In each trial the same cases and the same
baseline meet three candidates: one in which nothing has changed, one in which a case of those that pass in 98 % never
passes any more, and one in which every pass rate is 8 points lower. Rows without confirmation are what `evalsuite
compare` makes of two runs.

Figures are percentages of the trials, with 1.96 standard errors of the simulation; extra calls are percent of a run.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pytest_evalsuite.comparison.decision import TRIALS, BlameRule, CasePair, blame_rule, decide, is_suspect

SIZES: Final = (20, 50, 100, 300)
RUNS: Final = (1, 3, 5, 10, 20)
FLAKY: Final = 0.25
SHAPE: Final = 1.2
GOOD: Final = 0.98
BAD: Final = 0.05
BAD_SHARE: Final = 0.1
DROP: Final = 0.08

HEADINGS: Final = (
    "Baseline runs",
    "Cases",
    "False alarms",
    "False improvements",
    "Red when all are 8 points lower",
    "False alarms by blame",
    "Broken case found",
    "Extra calls",
)


@dataclass
class Tally:
    """What came of the trials of one row; every list has one entry per trial."""

    alarms: list[bool] = field(default_factory=list)
    blamed: list[bool] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    found: list[bool] = field(default_factory=list)
    dropped: list[bool] = field(default_factory=list)
    improved: list[bool] = field(default_factory=list)

    def figures(self, *, confirmed: bool) -> list[str]:
        """In the order of the headings; those that only confirmation can have are ``-`` without it."""
        always = (self.alarms, self.improved, self.dropped)
        return [
            *map(share, always),
            *(share(values) if confirmed else "-" for values in (self.blamed, self.found, self.calls)),
        ]


def pass_rates(size: int, rng: random.Random, alike: float | None = None) -> list[float]:
    """The pass rate of each case, of all of them if given; the first one is that which will break."""
    if alike is not None:
        return [alike] * size
    rates = [GOOD]
    while len(rates) < size:
        if rng.random() < FLAKY:
            rates.append(rng.betavariate(SHAPE, SHAPE))
        else:
            rates.append(BAD if rng.random() < BAD_SHARE else GOOD)
    return rates


def passes(rate: float, attempts: int, rng: random.Random) -> int:
    """How many of the attempts pass."""
    return sum(rng.random() < rate for _ in range(attempts))


def confirmed(rule: BlameRule, base: tuple[int, int], rate: float, rng: random.Random) -> tuple[int, int]:
    """The fresh trials of a suspect, until it is settled: passes and trials."""
    fresh = (0, 0)
    while rule.settled(*base, *fresh) is None:
        fresh = (fresh[0] + passes(rate, 1, rng), fresh[1] + 1)
    return fresh


def candidate(
    baseline: Sequence[tuple[int, int]], rates: Sequence[float], rule: BlameRule | None, rng: random.Random
) -> list[CasePair]:
    """One run of cases with these pass rates, against the baseline."""
    pairs = []
    for base, rate in zip(baseline, rates, strict=True):
        passed = passes(rate, 1, rng)
        fresh = confirmed(rule, base, rate, rng) if rule and not passed and is_suspect(*base) else None
        pairs.append(CasePair(*base, passed, 1, base[0] / base[1], float(passed), None, fresh))
    return pairs


def simulated(
    size: int, runs: int, trials: int, *, confirm: int = TRIALS, alike: float | None = None, seed: int = 1
) -> Tally:
    """Put ``trials`` baselines of ``runs`` runs to three candidates each; no confirmation if ``confirm`` is 0."""
    rng = random.Random(f"{seed} {size} {runs} {confirm}")  # noqa: S311 - a simulation, not a secret
    tally = Tally()
    for _ in range(trials):
        rates = pass_rates(size, rng, alike)
        baseline = [(passes(rate, runs, rng), runs) for rate in rates]
        rule = blame_rule(baseline, confirm) if confirm else None
        same = candidate(baseline, rates, rule, rng)
        decision = decide(same, rule)
        tally.alarms.append(decision.verdict == "regression")
        tally.blamed.append(bool(decision.standing))
        tally.improved.append(decision.verdict == "improvement")
        tally.calls.append(sum(pair.confirmation[1] for pair in same if pair.confirmation) / size)
        broken = decide(candidate(baseline, [0.0, *rates[1:]], rule, rng), rule)
        tally.found.append(any(suspect.index == 0 for suspect in broken.standing))
        lower = decide(candidate(baseline, [max(rate - DROP, 0.0) for rate in rates], rule, rng), rule)
        tally.dropped.append(lower.verdict == "regression")
    return tally


def share(values: Sequence[float]) -> str:
    """Their mean in percent, with 1.96 standard errors; with 3 / trials where it never happened (or always)."""
    trials, mean = len(values), math.fsum(values) / len(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / max(trials - 1, 1)
    return f"{100 * mean:.1f} ± {100 * (1.96 * math.sqrt(variance / trials) or 3 / trials):.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="How often the gate is wrong, and how much it sees.")
    parser.add_argument("--trials", type=int, default=3000, help="baselines for each row (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--alike", type=float, help="one pass rate (0..1) for all cases, instead of the mixture")
    options = parser.parse_args()
    print(f"| {' | '.join(HEADINGS)} |")
    print(f"|{'---|' * len(HEADINGS)}")
    for runs, confirm in [(1, 0), *((runs, TRIALS) for runs in RUNS)]:
        for size in SIZES:
            tally = simulated(size, runs, options.trials, confirm=confirm, alike=options.alike, seed=options.seed)
            name = f"{runs}" if confirm else "1, not confirmed"
            print(f"| {name} | {size} | {' | '.join(tally.figures(confirmed=bool(confirm)))} |", flush=True)


if __name__ == "__main__":
    main()
