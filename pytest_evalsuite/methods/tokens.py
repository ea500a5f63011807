"""The answer took at most so many tokens."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from pytest_evalsuite.agents.reply import Usage
from pytest_evalsuite.methods._base import Answer, Score
from pytest_evalsuite.methods._budget import Bound, Budget, reported

__all__ = ["Tokens"]


class Tokens(Budget):
    """The answer took at most so many tokens; scores 1 or 0.

    The agent tells them in ``AgentReply.usage``. A limit on a number that it does not tell is an error, not a score;
    ``max_total`` needs both numbers.
    """

    method: ClassVar[str] = "tokens"
    max_total: int | None = Field(default=None, ge=1, description="The most input and output tokens together.")
    max_input: int | None = Field(default=None, ge=1, description="The most input tokens.")
    max_output: int | None = Field(default=None, ge=1, description="The most output tokens.")

    @model_validator(mode="after")
    def _some_limit(self) -> Tokens:
        if (self.max_total, self.max_input, self.max_output) == (None, None, None):
            raise ValueError("tokens needs a limit: max_total, max_input or max_output")
        return self

    def score(self, answer: Answer) -> Score:
        """Score 1.0 when every number is within its limit. Raises MethodError when the agent does not tell one."""
        usage = answer.reply.usage or Usage()

        def told(figure: int | None, name: str) -> float:
            return reported(figure, self.method, f"the number of {name} tokens", f"usage=Usage({name}_tokens=...)")

        bounds: list[Bound] = []
        if self.max_total is not None:
            total = told(usage.input_tokens, "input") + told(usage.output_tokens, "output")
            bounds.append(Bound("tokens", total, most=self.max_total))
        if self.max_input is not None:
            bounds.append(Bound("input tokens", told(usage.input_tokens, "input"), most=self.max_input))
        if self.max_output is not None:
            bounds.append(Bound("output tokens", told(usage.output_tokens, "output"), most=self.max_output))
        return self.within(bounds)
