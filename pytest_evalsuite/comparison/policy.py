"""What a failed case means for its run, case by case: whether it is asked again, and whether it may fail the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from pytest_evalsuite.runs.run import CaseKey, PlannedEvaluation

if TYPE_CHECKING:  # most runs are held against no baseline, and need no statistics
    from pytest_evalsuite.comparison.decision import BlameRule
    from pytest_evalsuite.comparison.model import Outcome, Side

__all__ = ["Confirmation", "FailOn", "Policy", "base_by_case"]

FailOn = Literal["any", "regression", "gate", "never"]

REPORTED_ONLY: Final = "reported only: --eval-fail-on never"
LEFT_TO_GATE: Final = "left to the gate of its test set"


class Confirmation(NamedTuple):
    """Fresh trials of a case that failed: ``passed`` of ``trials``, ``errors`` that gave no verdict.

    ``against`` is what they are held against: the ``baseline``, or nothing (``new``: the baseline does not have the
    case, or has it otherwise). The failure ``stands`` unless it may as well be bad luck. ``p_value`` is None for a new
    case.
    """

    trials: int
    passed: int
    errors: int
    against: Literal["baseline", "new"]
    stands: bool
    p_value: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The same for the case's record."""
        return {**self._asdict(), "p_value": None if self.p_value is None else round(self.p_value, 6)}


@dataclass(frozen=True)
class Policy:
    """What ``--eval-fail-on`` means for single cases.

    ``base`` holds what the baseline says of this run's cases; ``confirm`` is the number of fresh trials. ``gated`` are
    the evaluations (test set, agent) whose declared gate decides for them.
    """

    fail_on: FailOn = "any"
    base: Mapping[CaseKey, Outcome] = field(default_factory=dict)
    confirm: int = 4
    gated: frozenset[tuple[str, str]] = frozenset()

    @cached_property
    def rule(self) -> BlameRule:
        """By which fresh trials blame a case: it depends on the baseline alone."""
        from pytest_evalsuite.comparison.decision import blame_rule

        return blame_rule([(one.passes, one.attempts) for one in self.base.values()], self.confirm)

    def wants_trials(self, record: Mapping[str, Any]) -> bool:
        """Whether the failed case is to be asked again before it is blamed."""
        if self.fail_on != "regression" or record["status"] != "failed" or _is_settled(record):
            return False
        base = self._comparable(record)
        return self.confirm > 0 and (base is None or _is_suspect(base))

    def is_open(self, record: Mapping[str, Any], passed: int, failed: int) -> bool:
        """Whether more fresh trials could still change the verdict."""
        trials = passed + failed
        if trials >= self.confirm:
            return False
        base = self._comparable(record)
        if base is None:
            return not _majority_decided(passed, failed, self.confirm)
        return self.rule.settled(base.passes, base.attempts, passed, trials) is None

    def confirmed(self, record: Mapping[str, Any], passed: int, failed: int, errors: int) -> Confirmation:
        """The verdict of the fresh trials."""
        trials = passed + failed
        base = self._comparable(record)
        if base is None:
            return Confirmation(trials, passed, errors, "new", stands=2 * passed <= trials + 1)
        told = (base.passes, base.attempts, passed, trials)
        if not trials:
            return Confirmation(0, 0, errors, "baseline", stands=errors > 0)
        return Confirmation(trials, passed, errors, "baseline", self.rule.stands(*told), self.rule.p_value(*told))

    def why_tolerated(self, record: Mapping[str, Any]) -> str | None:
        """Why a case that failed, or could not be judged, does not fail the run by itself; None: it does."""
        if self.fail_on == "never":
            return REPORTED_ONLY
        if record.get("required") or self.fail_on == "any":
            return None
        if self.fail_on == "gate":
            return LEFT_TO_GATE if (record["test_set"], record["agent"]) in self.gated else None
        if record["status"] != "failed":
            return None
        base = self._comparable(record)
        confirmation = record.get("confirmation")
        if confirmation is not None:
            if confirmation["stands"]:
                return None
            again = f"passed {confirmation['passed']} of {confirmation['trials']} when asked again"
            return f"not confirmed: {again}{_before(base)}"
        if base is None or _is_suspect(base):
            return None
        return f"no regression: passed {base.passes} of {base.attempts} in the baseline"

    def _comparable(self, record: Mapping[str, Any]) -> Outcome | None:
        base = self.base.get(CaseKey(record["test_set"], record["case_id"], record["agent"]))
        return base if base is not None and base.fingerprint == record["fingerprint"] else None


def base_by_case(base: Side, planned: Iterable[PlannedEvaluation]) -> dict[CaseKey, Outcome]:
    """What the base says of each case that is to be evaluated."""
    from pytest_evalsuite.comparison.model import Outcome, SideInfo
    from pytest_evalsuite.comparison.pairing import pair

    evaluations = list(planned)
    cases = [
        Outcome(
            *(one.test_set, case.case_id, one.agent, case.fingerprint, "not_run", 0, 0, None), joined_by=case.case_id
        )
        for one in evaluations
        for case in one.cases
    ]
    info = SideInfo("this run", "run", test_sets={one.test_set: one.name for one in evaluations})
    return {new.key: old for old, new in pair(base.outcomes, cases, (base.info, info)).pairs}


def _is_suspect(base: Outcome) -> bool:
    from pytest_evalsuite.comparison.decision import is_suspect

    return is_suspect(base.passes, base.attempts)


def _is_settled(record: Mapping[str, Any]) -> bool:
    return bool(record.get("required") or record.get("known_failure") or "confirmation" in record)


def _majority_decided(passed: int, failed: int, trials: int) -> bool:
    """Whether the majority of the first failure and all trials is known."""
    return 2 * passed > trials + 1 or 2 * (failed + 1) >= trials + 1


def _before(base: Outcome | None) -> str:
    return "" if base is None else f", {base.passes} of {base.attempts} in the baseline"
