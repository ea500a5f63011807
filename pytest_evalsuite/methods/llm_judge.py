"""A judge follows the user's own instructions."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from pytest_evalsuite.judges import Scale, Verdict
from pytest_evalsuite.judges._base import Purpose
from pytest_evalsuite.methods._base import Text
from pytest_evalsuite.methods._judged import JudgedMethod, says_nothing

__all__ = ["LlmJudge"]

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class LlmJudge(JudgedMethod):
    """A judge follows the user's instructions and gives a number in 0..1, or one of the user's labels.

    ``labels`` maps each label to its score; at least two scores must differ. Without instructions the judge grades
    against the expected response. It sees the expected response wherever the case has one.
    """

    method: ClassVar[str] = "llm_judge"
    default_passing_score: ClassVar[float] = 0.7
    purpose: ClassVar[Purpose] = "instructions"

    instructions: Text | None = Field(default=None, description="What the judge is to judge by.")
    labels: dict[str, Fraction] | None = Field(
        default=None, description="Labels that the judge chooses from, each with its score: {correct: 1, partly: 0.5}."
    )

    @model_validator(mode="after")
    def _say_something(self) -> LlmJudge:
        if self.instructions is not None and says_nothing(self.instructions):
            raise ValueError("the instructions say nothing")
        if self.labels is not None and len(set(self.labels.values())) < 2:
            raise ValueError("labels must hold at least two different scores")
        return self

    def problem(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Instructions or an expected response are needed."""
        if self.instructions is not None:
            return None
        return super().problem(expected_responses=expected_responses, expected=expected)

    def scale(self) -> Scale:
        """A number in 0..1, or a label."""
        return Scale(kind="label", labels=tuple(self.labels)) if self.labels else Scale(kind="fraction")

    def criteria_text(self) -> str:
        """The instructions."""
        return self.instructions or "Grade how far the answer says what the expected answer says, and nothing wrong."

    def to_score(self, verdict: Verdict) -> tuple[float, Any]:
        """The number, or the label's score."""
        return (self.labels[verdict.value] if self.labels else verdict.value), verdict.value
