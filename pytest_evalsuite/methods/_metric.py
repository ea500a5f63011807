"""Metrics that compare the answer with one reference text at a time."""

from __future__ import annotations

from typing import Any, ClassVar

from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.extras import missing_library
from pytest_evalsuite.methods._base import Answer, Method, Score
from pytest_evalsuite.methods._text import excerpt

__all__ = ["TextMetric"]


class TextMetric(Method):
    """A figure in 0..1 for the answer and each expected response, of which the best counts.

    An empty answer scores 0. A text that is too long to compare is a problem, or an error where it is the answer.
    """

    default_passing_score: ClassVar[float] = 0.5
    library: ClassVar[str | None] = None
    """The module that `compare` imports, which is part of ``extra``."""
    extra: ClassVar[str] = "metrics"
    longest: ClassVar[int] = 100_000
    """The most characters of a text; what takes longer than a second or two is not compared."""

    def compare(self, expected: str, actual: str) -> float:
        """Give the figure, 0..1, for two texts that are not blank."""
        raise NotImplementedError

    def unusable(self, expected: str) -> str | None:
        """Say why nothing can be compared with this expected response, or None."""
        return None if expected.strip() else "an expected_response is empty: there is nothing to compare"

    def problem(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Refuse a library that is not installed, and expected responses that nothing can be compared with."""
        if self.library and (missing := missing_library(self.method, self.extra, self.library)):
            return missing
        for text in expected_responses:
            if len(text) > self.longest:
                return f"expected_response of {len(text):,} characters {self._too_long}"
            if fault := self.unusable(text):
                return fault
        return super().problem(expected_responses=expected_responses, expected=expected)

    def score(self, answer: Answer) -> Score:
        """Score the nearest expected response. Raises MethodError when the answer is too long to compare."""
        if len(answer.text) > self.longest:
            raise MethodError(f"answer of {len(answer.text):,} characters {self._too_long}")
        if not answer.text.strip():
            return Score(0.0, "the answer is empty", raw=0.0)
        figure, nearest = max(
            ((self.compare(text, answer.text), text) for text in answer.expected_responses), key=lambda pair: pair[0]
        )
        return Score(
            min(1.0, max(0.0, figure)),  # libraries round: a perfect BLEU is 1.0000000000000002
            f"{self.figure_name} {figure:.2f} to {excerpt(nearest)}",
            raw=figure,
        )

    @property
    def figure_name(self) -> str:
        """What the reason calls the figure."""
        return self.method

    @property
    def _too_long(self) -> str:
        return f"is too long for {self.method}: at most {self.longest:,}"
