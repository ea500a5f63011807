"""A judge grades the answer against the expected response."""

from __future__ import annotations

from typing import ClassVar

from pytest_evalsuite.judges import Scale, Verdict
from pytest_evalsuite.judges._base import Purpose
from pytest_evalsuite.methods._judged import JudgedMethod

__all__ = ["SemanticQuality"]


class SemanticQuality(JudgedMethod):
    """A judge grades meaning, completeness, relevance and restraint against the expected response, in 0..1.

    With several expected responses any one is right.
    """

    method: ClassVar[str] = "semantic_quality"
    default_passing_score: ClassVar[float] = 0.7
    purpose: ClassVar[Purpose] = "quality"

    def scale(self) -> Scale:
        """A number in 0..1."""
        return Scale(kind="fraction")

    def to_score(self, verdict: Verdict) -> tuple[float, float]:
        """The judge's number is the score."""
        return verdict.value, verdict.value
