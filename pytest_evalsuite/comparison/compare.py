"""Two sides become a comparison: pairing, then what changed, then buckets, then the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from pytest_evalsuite.comparison.decision import BlameRule, CasePair, decide, is_suspect
from pytest_evalsuite.comparison.model import Changed, Comparison, Outcome, Pair, Shift, Side, SideInfo
from pytest_evalsuite.comparison.pairing import pair
from pytest_evalsuite.testsets.fingerprint import changed_parts

__all__ = ["bucket_of", "compare"]

KNOWN_FAILURE: Final = ("known failure",)


def compare(base: Side, new: Side, *, rule: BlameRule | None = None) -> Comparison:
    """Compare two sides; ``rule`` is that by which fresh trials have blamed cases of the new one, if they have.

    Only pairs of equal fingerprint with a verdict on both sides enter the figures. A case that is known to fail on
    either side is listed with those that have changed.
    """
    pairing = pair(base.outcomes, new.outcomes, (base.info, new.info))
    sorted_out = _Sorted(pairing.pairs)
    whole = _comparison(base.info, new.info, sorted_out, rule)
    whole.added, whole.ambiguous = pairing.added, pairing.ambiguous
    if new.info.complete:
        whole.removed = pairing.removed
    else:
        whole.unselected = pairing.removed
    whole.agents = tuple(pairing.agents)
    whole.agent_changes = tuple(_agent_changes(base.info, new.info, pairing.agents))
    test_sets = sorted({new.test_set for _, new in pairing.pairs} | {one.test_set for one in pairing.added})
    for test_set in test_sets:
        part = (
            replace(whole, parts=[])
            if len(test_sets) == 1
            else _comparison(base.info, new.info, sorted_out.of(test_set), rule)
        )
        part.added = [one for one in pairing.added if one.test_set == test_set]
        gone = [one for one in pairing.removed if dict(pairing.moved).get(one.test_set, one.test_set) == test_set]
        part.removed, part.unselected = (gone, []) if new.info.complete else ([], gone)
        part.test_set, part.title = test_set, new.info.test_sets.get(test_set, test_set)
        whole.parts.append(part)
    return whole


def bucket_of(base: Outcome, new: Outcome, rule: BlameRule | None = None) -> str:
    """Which of `model.BUCKETS` a pair of two scored results is in."""
    mixed = 0 < base.passes < base.attempts
    if new.status == "passed":
        if base.status == "passed":
            return "still_passing"
        return "flaky" if mixed else "fixed"
    if new.confirmation is not None and is_suspect(base.passes, base.attempts):
        passes, trials = new.confirmation
        stands = rule is None or not trials or rule.stands(base.passes, base.attempts, passes, trials)
        return "regressed" if stands else "flaky"
    if mixed:
        return "flaky"
    return "regressed" if base.status == "passed" else "still_failing"


class _Sorted:
    """Pairs by what may be said of them."""

    def __init__(self, pairs: Sequence[tuple[Outcome, Outcome]]) -> None:
        self.comparable: list[tuple[Outcome, Outcome]] = []
        self.changed: list[Changed] = []
        self.errors: list[tuple[Outcome, Outcome]] = []
        for both in pairs:
            base, new = both
            if base.fingerprint != new.fingerprint:
                self.changed.append(Changed(base, new, changed_parts(base.fingerprint, new.fingerprint)))
            elif base.known_failure or new.known_failure:
                self.changed.append(Changed(base, new, KNOWN_FAILURE))
            elif base.attempts and new.attempts and base.score is not None and new.score is not None:
                self.comparable.append(both)
            else:
                self.errors.append(both)

    def of(self, test_set: str) -> _Sorted:
        """Those of one test set."""
        part = _Sorted(())
        part.comparable = [both for both in self.comparable if both[1].test_set == test_set]
        part.changed = [one for one in self.changed if one.new.test_set == test_set]
        part.errors = [both for both in self.errors if both[1].test_set == test_set]
        return part


def _comparison(base: SideInfo, new: SideInfo, found: _Sorted, rule: BlameRule | None) -> Comparison:
    pairs = found.comparable
    cases = [
        CasePair(
            *(old.passes, old.attempts, now.passes, now.attempts, old.score or 0.0, now.score or 0.0),
            now.group,
            now.confirmation if rule is not None and is_suspect(old.passes, old.attempts) else None,
        )
        for old, now in pairs
    ]
    return Comparison(
        base=base,
        new=new,
        pairs=[Pair(old, now, bucket_of(old, now, rule)) for old, now in pairs],
        added=[],
        removed=[],
        changed=found.changed,
        errors=found.errors,
        ambiguous=[],
        decision=decide(cases, rule),
        pass_rate=_shift(pairs, lambda one: one.passes / one.attempts),
        score=_shift(pairs, lambda one: one.score),
        seconds=_shift(pairs, lambda one: one.seconds),
        tokens=_shift(pairs, lambda one: one.tokens),
        cost=_shift(pairs, lambda one: one.cost),
    )


def _shift(pairs: Sequence[tuple[Outcome, Outcome]], figure: Callable[[Outcome], float | None]) -> Shift:
    """Means over the pairs that have the figure on both sides."""
    both = [
        (old, now) for base, new in pairs if (old := figure(base)) is not None and (now := figure(new)) is not None
    ]
    if not both:
        return Shift(None, None, 0)
    count = len(both)
    return Shift(math.fsum(old for old, _ in both) / count, math.fsum(now for _, now in both) / count, count)


def _agent_changes(base: SideInfo, new: SideInfo, renamed: Sequence[tuple[str, str]]) -> list[str]:
    told = [f"agent {old} against {now}" for old, now in renamed]
    versions: set[tuple[str, str, str]] = set()
    for place, now_version in new.agent_versions.items():
        then = base.agent_versions.get(place)
        if then is not None and now_version is not None and then != now_version:
            versions.add((place[1], then, now_version))
    return [*told, *(f"agent {agent}: version {then} became {now}" for agent, then, now in sorted(versions))]
