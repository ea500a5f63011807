"""The answer's spelling is near an expected response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final, Literal

from pydantic import Field
from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler, Levenshtein

from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods._base import Answer, Method, Score
from pytest_evalsuite.methods._text import Steps, excerpt, normalize

__all__ = ["Similarity"]

Algorithm = Literal["ratio", "token_sort", "token_set", "partial", "levenshtein", "jaro_winkler"]

_PERCENT: Final[dict[str, Callable[[str, str], float]]] = {
    "ratio": fuzz.ratio,
    "token_sort": fuzz.token_sort_ratio,
    "token_set": fuzz.token_set_ratio,
    "partial": fuzz.partial_ratio,
    "levenshtein": lambda a, b: 100.0 * Levenshtein.normalized_similarity(a, b),
    "jaro_winkler": lambda a, b: 100.0 * JaroWinkler.normalized_similarity(a, b),
}
_LONGEST: Final = {"partial": 5_000}  # twice as long takes eight times the time: 18 s
_LONGEST_OTHER: Final = 100_000


class Similarity(Method):
    """How near the answer's characters are to the nearest expected response, 0..1.

    This compares spelling, not meaning. Case and white space do not matter unless ``normalize`` says otherwise, and
    Unicode is always composed (NFC). An empty answer scores 0. ``ratio`` is 1 only for equal texts; ``token_sort``
    ignores the order of words; ``token_set`` and ``partial`` are 1 as soon as one text is part of the other, also when
    the rest denies it. Texts over 100,000 characters (``partial``: 5,000) are an error, not a score.
    """

    method: ClassVar[str] = "similarity"
    default_passing_score: ClassVar[float] = 0.7
    algorithm: Algorithm = Field(
        default="ratio",
        description="ratio, token_sort, token_set, partial, levenshtein or jaro_winkler.",
    )
    normalize: Steps = Field(
        default=["whitespace", "case"],
        description="What is made equal first: none, strip, whitespace, case, punctuation; one or a list.",
    )

    def problem(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Refuse an expected response that is too long, or of which normalisation leaves nothing."""
        for text in expected_responses:
            if not normalize(text, self.normalize).strip():
                applied = ", ".join(self.normalize)
                return f"nothing is left of expected_response {excerpt(text)} to compare (normalize: {applied})"
            if len(text) > self._longest:
                return f"expected_response of {len(text):,} characters {self._too_long}"
        return super().problem(expected_responses=expected_responses, expected=expected)

    def score(self, answer: Answer) -> Score:
        """Score the nearest expected response. Raises MethodError when the answer is too long to compare."""
        if len(answer.text) > self._longest:
            raise MethodError(f"answer of {len(answer.text):,} characters {self._too_long}")
        steps, compare = self.normalize, _PERCENT[self.algorithm]
        actual = normalize(answer.text, steps)
        if not actual or actual.isspace():
            return Score(0.0, "the answer is empty", raw=0.0)
        percent, nearest = -1.0, ""
        for text in answer.expected_responses:
            if (found := compare(normalize(text, steps), actual)) > percent:
                percent, nearest = found, text
        figure = percent / 100.0
        return Score(figure, f"{self.algorithm} {figure:.2f} to {excerpt(nearest)}", raw=percent)

    @property
    def _longest(self) -> int:
        return _LONGEST.get(self.algorithm, _LONGEST_OTHER)

    @property
    def _too_long(self) -> str:
        return f"is too long for similarity by {self.algorithm}: at most {self._longest:,}"
