"""The answer is an expected response, to the letter."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from pydantic import Field

from pytest_evalsuite.methods._base import Answer, Method, Score
from pytest_evalsuite.methods._text import Step, Steps, excerpt, first_difference, normalize

__all__ = ["ExactMatch"]

_LOOSER: Final[tuple[tuple[Step, str], ...]] = (
    ("whitespace", "white space"),
    ("case", "case"),
    ("punctuation", "punctuation"),
)
_AROUND: Final = 20


class ExactMatch(Method):
    """The answer equals one of the expected responses after a stated normalisation; scores 1 or 0.

    Outer white space is dropped unless ``normalize`` says otherwise, and Unicode is always composed (NFC). An empty
    answer equals only an expected response that is written as empty.
    """

    method: ClassVar[str] = "exact_match"
    normalize: Steps = Field(
        default=["strip"],
        description="What is made equal first: none, strip, whitespace, case, punctuation; one or a list.",
    )

    def problem(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Refuse an expected response of which normalisation leaves nothing."""
        for text in expected_responses:
            if text.strip() and not normalize(text, self.normalize):
                return f"nothing is left of expected_response {excerpt(text)} after {self._applied()}"
        return super().problem(expected_responses=expected_responses, expected=expected)

    def score(self, answer: Answer) -> Score:
        """Score 1.0 for the first expected response that is equal, else 0.0 and where the nearest one differs."""
        actual = normalize(answer.text, self.normalize)
        wanted = [normalize(text, self.normalize) for text in answer.expected_responses]
        if actual in wanted:
            return Score(1.0, f"equal after {self._applied()}", raw=True)
        nearest = max(wanted, key=lambda text: first_difference(text, actual))
        return Score(0.0, self._difference(nearest, actual), raw=False)

    def _difference(self, wanted: str, actual: str) -> str:
        if not actual:
            return f"the answer is empty; expected {excerpt(wanted)}"
        for step, what in _LOOSER:
            if normalize(wanted, [step]) == normalize(actual, [step]):
                return f"differs only in {what} (normalize: {step} would make it equal)"
        at = first_difference(wanted, actual)
        return (
            f"differs from character {at + 1} on: expected {_around(wanted, at)}, got {_around(actual, at)} "
            f"(after {self._applied()})"
        )

    def _applied(self) -> str:
        return f"normalize: {', '.join(self.normalize)}"


def _around(text: str, at: int) -> str:
    start, stop = max(0, at - _AROUND // 2), at + _AROUND
    if at >= len(text):
        return f"the end after {'…' if start else ''}{text[start:]!r}"
    return f"{'…' if start else ''}{text[start:stop]!r}{'…' if stop < len(text) else ''}"
