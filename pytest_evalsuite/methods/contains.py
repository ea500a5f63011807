"""The answer contains an expected response."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from pytest_evalsuite.methods._base import Answer, Method, Score
from pytest_evalsuite.methods._text import Step, excerpt, normalize

__all__ = ["Contains"]


class Contains(Method):
    """An expected response occurs somewhere in the answer, also inside a word; as Python's ``in``.

    Case matters unless ``case_sensitive`` is false. Runs of white space are equal, and Unicode is composed (NFC). With
    several expected responses any one will do; with ``match: all`` the score is the fraction that occurs. Whole words
    without regard to case are what keyword_match looks for.
    """

    method: ClassVar[str] = "contains"
    match: Literal["any", "all"] = Field(default="any", description="How many expected responses must occur.")
    case_sensitive: bool = Field(default=True, description="Whether upper and lower case differ.")

    def problem(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Refuse an empty expected response."""
        if not all(text.strip() for text in expected_responses):
            return "an expected_response is empty: every answer contains it"
        return super().problem(expected_responses=expected_responses, expected=expected)

    def score(self, answer: Answer) -> Score:
        """Score 1.0 or 0.0, or under ``match: all`` the fraction of expected responses that occur."""
        text = self._normal(answer.text)
        missing = [wanted for wanted in answer.expected_responses if self._normal(wanted) not in text]
        total = len(answer.expected_responses)
        found = total - len(missing)
        value = found / total if self.match == "all" else float(found > 0)
        if value == 1.0:
            return Score(value, f"contains {found} of {total} expected texts", raw=found)
        shown = ", ".join(map(excerpt, missing[:5])) + (", …" if len(missing) > 5 else "")
        return Score(value, f"does not contain {shown}", raw=found, evidence={"missing": missing})

    def _normal(self, text: str) -> str:
        steps: list[Step] = ["whitespace"] if self.case_sensitive else ["whitespace", "case"]
        return normalize(text, steps)
