"""A number in the answer is the expected one, or lies within bounds."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Final, Literal

from pydantic import Field, model_validator

from pytest_evalsuite.methods._base import Answer, Method, Score
from pytest_evalsuite.methods._numbers import DecimalMark, numbers_in
from pytest_evalsuite.methods._text import excerpt

__all__ = ["Numeric"]

_ROUNDING: Final = 1e-9


class Numeric(Method):
    """A number in the answer is near enough to an expected number, or within bounds; scores 1 or 0.

    The number is the agent's output itself, or is read from its text: the only one there, unless ``extract`` says the
    first or last. Near enough is the larger of ``absolute`` and ``relative`` (times the expected number) plus a
    rounding error of 1e-9 of it. Several expected numbers: any one will do. With ``minimum`` or ``maximum`` (both
    inclusive) no expectation is looked at. Percent and currency signs and units are passed over: 12% is 12. An answer
    without a number scores 0; NaN and infinity never pass.
    """

    method: ClassVar[str] = "numeric"
    absolute: float = Field(default=0.0, ge=0.0, description="How far from the expected number the answer may be.")
    relative: float = Field(default=0.0, ge=0.0, description="The same as a share of the expected number: 0.05 is 5%.")
    minimum: float | None = Field(default=None, description="The least number that passes, instead of an expectation.")
    maximum: float | None = Field(default=None, description="The greatest number that passes.")
    extract: Literal["only", "first", "last"] = Field(
        default="only", description="Which number of the text counts; with only, a second one fails the case."
    )
    decimal: DecimalMark = Field(default=".", description="The decimal mark; the other one may group thousands.")

    @model_validator(mode="after")
    def _consistent(self) -> Numeric:
        if self._bounded and (self.absolute or self.relative):
            raise ValueError("absolute and relative go with an expected number, not with minimum or maximum")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum:g} is above maximum {self.maximum:g}: no number passes")
        return self

    def missing(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Name the expectation when there are neither bounds nor an expected number."""
        if self._bounded or expected_responses or expected is not None:
            return None
        return "an expected number, a minimum or a maximum"

    def problem(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Refuse an expectation that is not a finite number or a text with exactly one."""
        try:
            if not self._bounded:
                self._numbers(expected_responses, expected)
        except ValueError as error:
            return str(error)
        return super().problem(expected_responses=expected_responses, expected=expected)

    def score(self, answer: Answer) -> Score:
        """Score 1.0 when the number passes; ``raw`` is the number that was read."""
        found = [_float(answer.output)] if _is_number(answer.output) else numbers_in(answer.text, self.decimal)
        if not found:
            return Score(0.0, f"no number in the answer {excerpt(answer.text)}")
        if self.extract == "only" and len(found) > 1:
            shown = ", ".join(f"{number:.12g}" for number in found[:5]) + (", …" if len(found) > 5 else "")
            return Score(0.0, f"{len(found)} numbers in the answer where one was expected: {shown}")
        number = found[-1] if self.extract == "last" else found[0]
        if not math.isfinite(number):
            return Score(0.0, "the answer's number is not finite")
        passed, reason = self._within(number) if self._bounded else self._near(number, answer)
        return Score(float(passed), reason, raw=number)

    @property
    def _bounded(self) -> bool:
        return self.minimum is not None or self.maximum is not None

    def _within(self, number: float) -> tuple[bool, str]:
        if self.minimum is not None and number < self.minimum:
            return False, f"{number:.12g} is below the minimum {self.minimum:.12g}"
        if self.maximum is not None and number > self.maximum:
            return False, f"{number:.12g} is above the maximum {self.maximum:.12g}"
        return True, f"{number:.12g} is within bounds"

    def _near(self, number: float, answer: Answer) -> tuple[bool, str]:
        wanted = self._numbers(answer.expected_responses, answer.expected)
        nearest = min(wanted, key=lambda value: abs(number - value) - self._allowed(value))
        off, allowed = abs(number - nearest), self._allowed(nearest)
        passed = off <= allowed + _ROUNDING * abs(nearest)
        return passed, f"{number:.12g}, expected {nearest:.12g}; off by {off:.6g}, allowed {allowed:.6g}"

    def _allowed(self, wanted: float) -> float:
        return max(self.absolute, self.relative * abs(wanted))

    def _numbers(self, expected_responses: tuple[str, ...], expected: Any) -> list[float]:
        return [self._wanted(value) for value in _values(expected_responses, expected)]

    def _wanted(self, value: Any) -> float:
        if isinstance(value, str):
            found = numbers_in(value, self.decimal)
            if len(found) != 1:
                raise ValueError(f"expected_response {excerpt(value)} holds {len(found)} numbers; numeric needs one")
            number = found[0]
        elif _is_number(value):
            number = _float(value)
        else:
            raise ValueError(f"expected is a {type(value).__name__}; numeric needs a number, or a list of numbers")
        if not math.isfinite(number):
            raise ValueError(f"the expected number {excerpt(str(number))} is not finite")
        return number


def _values(expected_responses: tuple[str, ...], expected: Any) -> list[Any]:
    if expected is None:
        return list(expected_responses)
    return list(expected) if isinstance(expected, (list, tuple)) and expected else [expected]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf
