"""A judge decides by the user's criteria, as Agno's agent-as-judge evaluation does."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from pytest_evalsuite.judges import Scale, Verdict
from pytest_evalsuite.judges._base import Purpose
from pytest_evalsuite.methods._base import Text
from pytest_evalsuite.methods._judged import JudgedMethod, points_to_score, says_nothing

__all__ = ["AgentAsJudge"]


class AgentAsJudge(JudgedMethod):
    """A judge decides whether the answer meets the criteria: pass or fail, or in 1..10 points.

    It sees the question and the answer, not the expected response. ``binary`` scores 1 or 0; ``numeric`` scores
    ``(points - 1) / 9`` and passes from ``threshold`` points on; the points are kept as the raw score.
    """

    method: ClassVar[str] = "agent_as_judge"
    purpose: ClassVar[Purpose] = "criteria"

    criteria: Text = Field(description="What the answer must be like.")
    scoring_strategy: Literal["binary", "numeric"] = Field(
        default="binary", description="binary: pass or fail; numeric: 1..10 points."
    )
    threshold: int | None = Field(
        default=None, ge=1, le=10, description="Points that pass, 1..10, for numeric (7 unless given)."
    )

    @model_validator(mode="after")
    def _criteria_and_threshold(self) -> AgentAsJudge:
        if says_nothing(self.criteria):
            raise ValueError("the criteria say nothing")
        if self.threshold is not None and self.scoring_strategy == "binary":
            raise ValueError("a threshold is for scoring_strategy: numeric; binary passes or fails")
        return self

    def problem(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Nothing is needed: the criteria say what is expected."""
        return None

    def own_bar(self) -> float:
        """The threshold on the scale of scores."""
        return 1.0 if self.scoring_strategy == "binary" else points_to_score(self.threshold or 7)

    def scale(self) -> Scale:
        """Pass or fail, or points."""
        return Scale(kind="passed" if self.scoring_strategy == "binary" else "points")

    def criteria_text(self) -> str:
        """The criteria."""
        return self.criteria

    def shows_expected(self) -> bool:
        """The judge sees only question and answer."""
        return False

    def to_score(self, verdict: Verdict) -> tuple[float, Any]:
        """Pass or fail as 1 or 0, points as a score."""
        if self.scoring_strategy == "binary":
            return float(verdict.value), verdict.value
        return points_to_score(verdict.value), verdict.value
