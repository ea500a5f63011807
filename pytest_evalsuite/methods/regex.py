"""The answer matches a regular expression."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

import regex as engine
from pydantic import Field, field_validator

from pytest_evalsuite.errors import CaseTimeout, MethodError
from pytest_evalsuite.methods._base import Answer, Method, Score, Text
from pytest_evalsuite.methods._patterns import compile_pattern, pattern_fault
from pytest_evalsuite.methods._text import excerpt, nfc

__all__ = ["Regex"]

Flag = Literal["ignorecase", "multiline", "dotall"]

_FLAGS: Final[dict[Flag, int]] = {
    "ignorecase": engine.IGNORECASE,
    "multiline": engine.MULTILINE,
    "dotall": engine.DOTALL,
}
_LONGEST_ANSWER: Final = 100_000
_SECONDS: Final = 10.0


class Regex(Method):
    """The answer, or a part of it, matches a pattern; scores 1 or 0.

    Without ``pattern`` each expected response is one, and any match will do. Patterns are those of Python's ``re``
    (and of the ``regex`` package), at most 1,000 characters; a broken one is a mistake in the test set. Pattern and
    answer are composed (Unicode NFC). A pattern that runs out of the case's time (10 s where it has none), or an
    answer over 100,000 characters, is an error, not a score.
    """

    method: ClassVar[str] = "regex"
    pattern: Text | None = Field(default=None, description="The regular expression; default: the expected response.")
    flags: list[Flag] = Field(default=[], description="Any of ignorecase, multiline, dotall.")
    full: bool = Field(default=False, description="Whether the whole answer, white space around it aside, must match.")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None and (fault := pattern_fault(pattern)):
            raise ValueError(fault)
        return pattern

    def missing(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Name the pattern when neither it nor an expected response is there."""
        return None if self.pattern is not None or expected_responses else "a pattern, or an expected_response"

    def problem(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Check expected responses that are patterns."""
        faults = [pattern_fault(text) for text in expected_responses] if self.pattern is None else []
        if fault := next(filter(None, faults), None):
            return f"expected_response {fault}"
        return super().problem(expected_responses=expected_responses, expected=expected)

    def score(self, answer: Answer) -> Score:
        """Score 1.0 when a pattern matches. Raises CaseTimeout for a pattern that runs away."""
        if len(answer.text) > _LONGEST_ANSWER:
            raise MethodError(f"answer of {len(answer.text):,} characters is too long for regex: at most 100,000")
        patterns = answer.expected_responses if self.pattern is None else (self.pattern,)
        text = nfc(answer.text)
        for pattern in patterns:
            match = self._match(pattern, text, answer.time_limit or _SECONDS)
            if match is not None:
                return Score(1.0, f"{excerpt(match)} matches {excerpt(pattern)}", raw=True)
        how = "as a whole does not match" if self.full else "nowhere matches"
        return Score(0.0, f"the answer {how} {' or '.join(map(excerpt, patterns))}", raw=False)

    def _match(self, pattern: str, text: str, seconds: float) -> str | None:
        compiled = compile_pattern(pattern, self._bits)
        try:
            match = (
                compiled.fullmatch(text.strip(), timeout=seconds)
                if self.full
                else compiled.search(text, timeout=seconds)
            )
        except TimeoutError:
            raise CaseTimeout(
                f"pattern {excerpt(pattern)} ran longer than {seconds:g} s on an answer of {len(text):,} characters"
            ) from None
        return None if match is None else match[0]

    @property
    def _bits(self) -> int:
        bits = engine.VERSION0
        for flag in self.flags:
            bits |= _FLAGS[flag]
        return bits
