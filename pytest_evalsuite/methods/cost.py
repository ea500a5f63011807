"""The answer cost at most so many US dollars."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods._base import Answer, Score
from pytest_evalsuite.methods._budget import Bound, Budget, reported

__all__ = ["Cost"]


class Cost(Budget):
    """The answer cost at most so many US dollars; scores 1 or 0.

    The agent tells the cost in ``AgentReply.cost``; an answer without it is an error, not a score.
    """

    method: ClassVar[str] = "cost"
    max_usd: float = Field(ge=0.0, description="The most US dollars that one answer may cost.")

    def score(self, answer: Answer) -> Score:
        """Score 1.0 when the answer was cheap enough. Raises MethodError when the agent does not tell its cost."""
        if answer.is_replayed:
            raise MethodError("cost cannot tell what this answer costs: no agent was called for it")
        usd = reported(answer.reply.cost, self.method, "the cost of the answer", "cost (US dollars)")
        return self.within([Bound("US dollars", usd, most=self.max_usd)])
