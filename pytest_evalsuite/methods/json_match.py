"""The answer is an expected JSON value, or contains it."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from pytest_evalsuite.methods._base import Answer, Method, Score
from pytest_evalsuite.methods._json import MAX_DEPTH, Comparison, depth, parse
from pytest_evalsuite.methods._text import excerpt

__all__ = ["JsonMatch"]

_SHOWN: Final = 3


class JsonMatch(Method):
    """The agent's structured output, or the JSON in its text, equals ``expected``; scores matching / expected leaves.

    Without ``expected`` each expected response is JSON text, and the nearest counts. A text may be JSON as a whole or
    hold it in its only fenced code block; a text that is no JSON scores 0. Leaves are scalars and empty objects or
    lists; keys and items in excess count as leaves that do not match. ``true`` is not 1, ``"10"`` is not 10; strings
    are composed (Unicode NFC).
    """

    method: ClassVar[str] = "json_match"
    mode: Literal["equal", "subset"] = Field(
        default="equal", description="subset: objects in the answer may have further keys, at every depth."
    )
    unordered: bool = Field(default=False, description="Whether the order of lists does not matter.")
    tolerance: float = Field(default=1e-9, ge=0.0, description="How far numbers may be apart, absolutely.")

    def missing(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Name the expectation when there is none."""
        return None if expected_responses or expected is not None else "expected, or an expected_response of JSON text"

    def problem(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Refuse an expected response that is no JSON, and nesting beyond 100 levels."""
        try:
            values = _expectations(expected_responses, expected)
        except ValueError as error:
            return str(error)
        if any(depth(value) > MAX_DEPTH for value in values):
            return f"the expected JSON value is nested more than {MAX_DEPTH} levels deep"
        return super().problem(expected_responses=expected_responses, expected=expected)

    def score(self, answer: Answer) -> Score:
        """Score the nearest expectation; ``evidence`` lists the first 20 differences with their JSON paths."""
        actual = answer.output
        if isinstance(actual, str) and answer.slot is None:
            try:
                actual = parse(actual)
            except ValueError as error:
                return Score(0.0, f"the answer is no JSON: {error}")
        comparison = Comparison(subset=self.mode == "subset", unordered=self.unordered, tolerance=self.tolerance)
        tally = max(
            (comparison.compare(value, actual) for value in _expectations(answer.expected_responses, answer.expected)),
            key=lambda found: found.matched / found.total,
        )
        reason = f"{tally.matched} of {tally.total} values match"
        if tally.differences:
            more = "; …" if len(tally.differences) > _SHOWN else ""
            reason += f": {'; '.join(tally.differences[:_SHOWN])}{more}"
        return Score(tally.matched / tally.total, reason, evidence={"differences": tally.differences})


def _expectations(expected_responses: tuple[str, ...], expected: Any) -> list[Any]:
    return [expected] if expected is not None else [_parsed(text) for text in expected_responses]


def _parsed(text: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"expected_response {excerpt(text)} is no JSON: {error}") from None
