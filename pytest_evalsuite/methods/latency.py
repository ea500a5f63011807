"""The agent answered within so many seconds."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods._base import Answer, Score
from pytest_evalsuite.methods._budget import Bound, Budget

__all__ = ["Latency"]


class Latency(Budget):
    """The agent answered within so many seconds; scores 1 or 0.

    Each attempt is measured by itself, from the call of the agent to its answer, beside whatever else runs then.
    """

    method: ClassVar[str] = "latency"
    max_seconds: float = Field(gt=0.0, description="The most seconds that the agent may take.")

    def score(self, answer: Answer) -> Score:
        """Score 1.0 when the agent was fast enough. Raises MethodError when it was not called at all."""
        if answer.seconds is None:
            raise MethodError("latency cannot tell how long this answer took: the agent was not called for it")
        return self.within([Bound("seconds", answer.seconds, most=self.max_seconds)])
