"""A judge decides on several rules at once, each with its own verdict and reason."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pytest_evalsuite.judges import Scale, Verdict
from pytest_evalsuite.judges._base import Purpose
from pytest_evalsuite.methods._base import KEEP_TEXT
from pytest_evalsuite.methods._judged import JudgedMethod, Line

__all__ = ["Criterion", "Rubric"]

Lines = Annotated[list[Line], KEEP_TEXT]


class Criterion(BaseModel):
    """One rule with its weight."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    rule: Line = Field(description="What must be true of the answer.")
    weight: float = Field(default=1.0, gt=0.0, description="How much it counts.")


class Rubric(JudgedMethod):
    """A judge says for each rule whether the answer meets it, in one call; scores the weighted share of rules met.

    Rules come as ``criteria`` (a text, or ``{rule, weight}``), as ``must`` and as ``must_not``. A ``must`` that is not
    met, or a ``must_not`` that is done, makes the score 0, whatever else is met.
    """

    method: ClassVar[str] = "rubric"
    default_passing_score: ClassVar[float] = 0.7
    purpose: ClassVar[Purpose] = "rubric"

    criteria: list[Line | Criterion] = Field(default=[], description="Rules: a text, or {rule, weight}.")
    must: Lines = Field(default=[], description="Rules without which nothing else counts.")
    must_not: Lines = Field(default=[], description="What the answer must not do.")

    @model_validator(mode="after")
    def _some_rules(self) -> Rubric:
        count = len(self._rules())
        if not 1 <= count <= 30:
            raise ValueError(f"a rubric has 1 to 30 rules in criteria, must and must_not, not {count}")
        return self

    def problem(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Nothing is needed: the rules say what is expected."""
        return None

    def scale(self) -> Scale:
        """A verdict for each rule."""
        return Scale(kind="rules", rules=tuple(rule for rule, _, _ in self._rules()))

    def to_score(self, verdict: Verdict) -> tuple[float, str]:
        """The weighted share of rules that are met; 0 where one that must be is not."""
        rules, met = self._rules(), list(verdict.value)
        raw = f"{sum(met)}/{len(met)}"
        if any(required and not fine for (_, _, required), fine in zip(rules, met, strict=True)):
            return 0.0, raw
        total = math.fsum(weight for _, weight, _ in rules)
        gained = math.fsum(weight for (_, weight, _), fine in zip(rules, met, strict=True) if fine)
        return min(1.0, gained / total), raw

    def evidence(self, verdict: Verdict) -> dict[str, Any]:
        """Each rule with its verdict and reason."""
        reasons = verdict.reasons or [""] * len(verdict.value)
        judged = zip(self._rules(), verdict.value, reasons, strict=True)
        return {
            "rules": [
                {"rule": rule, "weight": weight, "required": required, "met": met, "reason": reason}
                for (rule, weight, required), met, reason in judged
            ]
        }

    def _rules(self) -> list[tuple[str, float, bool]]:
        """Text, weight, and whether it must be met."""
        weighted = [Criterion(rule=entry) if isinstance(entry, str) else entry for entry in self.criteria]
        rules = [(criterion.rule, criterion.weight, False) for criterion in weighted]
        rules += [(rule, 1.0, True) for rule in self.must]
        rules += [(f"The answer does not do this: {rule}", 1.0, True) for rule in self.must_not]
        return rules
