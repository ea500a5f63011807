"""A judge compares the answer with the expected output, in 1..10 points, as Agno's accuracy evaluation does."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from pytest_evalsuite.judges import Scale, Verdict
from pytest_evalsuite.judges._base import Purpose
from pytest_evalsuite.methods._base import Text
from pytest_evalsuite.methods._judged import JudgedMethod, points_to_score

__all__ = ["Accuracy"]


class Accuracy(JudgedMethod):
    """A judge gives 1..10 points for accuracy and completeness against the expected response, which it takes as right.

    The score is ``(points - 1) / 9``; the points are kept as the raw score. With ``iterations`` (``num_iterations``),
    each answer is judged by itself, and the record holds mean, minimum, maximum and standard deviation.
    """

    method: ClassVar[str] = "accuracy"
    default_passing_score: ClassVar[float] = points_to_score(7)
    purpose: ClassVar[Purpose] = "accuracy"

    threshold: int | None = Field(default=None, ge=1, le=10, description="Points that pass, 1..10 (7 unless given).")
    additional_context: Text | None = Field(default=None, description="What the judge should know besides.")

    def own_bar(self) -> float | None:
        """The threshold on the scale of scores."""
        return None if self.threshold is None else points_to_score(self.threshold)

    def scale(self) -> Scale:
        """Whole points in 1..10."""
        return Scale(kind="points")

    def context_text(self) -> str | None:
        """The additional context."""
        return self.additional_context

    def to_score(self, verdict: Verdict) -> tuple[float, float]:
        """Points as a score."""
        return points_to_score(verdict.value), verdict.value
