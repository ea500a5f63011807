"""The agent took at most so many steps: calls of tools."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from pytest_evalsuite.methods._base import Answer, Score
from pytest_evalsuite.methods._budget import Bound, Budget, reported

__all__ = ["Steps"]


class Steps(Budget):
    """The agent made at most so many tool calls, failed ones too; scores 1 or 0.

    The agent tells them in ``AgentReply.tool_calls``; an answer without that list is an error, not a score. Which
    tools they are is what reliability looks at.
    """

    method: ClassVar[str] = "steps"
    max_steps: int = Field(ge=0, description="The most tool calls that one answer may take.")

    def score(self, answer: Answer) -> Score:
        """Score 1.0 when there were few enough. Raises MethodError when the agent does not tell its tool calls."""
        calls = answer.reply.tool_calls
        made = None if calls is None else len(calls)
        count = reported(made, self.method, "the tool calls of the answer", "tool_calls (a list, [] for none)")
        return self.within([Bound("steps", count, most=self.max_steps)])
