"""The answer matches a regular expression."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any, ClassVar, Final, Literal

import regex as engine
from pydantic import Field, field_validator

from pytest_evalsuite.errors import CaseTimeout, MethodError
from pytest_evalsuite.methods._base import Answer, Method, Score, Text
from pytest_evalsuite.methods._text import excerpt, nfc

__all__ = ["Regex"]

Flag = Literal["ignorecase", "multiline", "dotall"]

_FLAGS: Final[dict[Flag, int]] = {
    "ignorecase": engine.IGNORECASE,
    "multiline": engine.MULTILINE,
    "dotall": engine.DOTALL,
}
_LONGEST_PATTERN: Final = 1_000
_MOST_COPIES: Final = 100_000
_COUNT: Final = re.compile(r"([)}?+*]\s*)?\{\s*(\d{1,20})")
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
        if pattern is not None and (fault := _fault(pattern)):
            raise ValueError(fault)
        return pattern

    def missing(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Name the pattern when neither it nor an expected response is there."""
        return None if self.pattern is not None or expected_responses else "a pattern, or an expected_response"

    def problem(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Check expected responses that are patterns."""
        faults = [_fault(text) for text in expected_responses] if self.pattern is None else []
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
        compiled = _compile(pattern, self._bits)
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


def _fault(pattern: str) -> str | None:
    shown = excerpt(pattern)
    if not pattern:
        return f"{shown} is an empty regular expression: every answer matches it"
    if len(pattern) > _LONGEST_PATTERN:
        return f"{shown} is too long for a regular expression: {len(pattern):,} characters, at most 1,000"
    if _copies(pattern) > _MOST_COPIES:
        return f"{shown} has counts that multiply to over 100,000 copies"
    try:
        _compile(pattern, engine.VERSION0)  # no flag makes a pattern valid or invalid
    except RecursionError:
        return f"{shown} is nested too deeply for a regular expression"
    except Exception as error:  # noqa: BLE001 - the engine raises more than its own error
        return f"{shown} is no regular expression: {error}"
    return None


def _copies(pattern: str) -> int:
    """Bound from above how often nested counts repeat one item; the engine writes out every copy: (a{999}){999}."""
    counts = [(bool(nested), int(count)) for nested, count in _COUNT.findall(pattern)]
    innermost = max((count for nested, count in counts if not nested), default=1)
    return max(1, innermost) * math.prod(max(1, count) for nested, count in counts if nested)


@lru_cache(maxsize=256)
def _compile(pattern: str, bits: int) -> engine.Pattern[str]:
    return engine.compile(nfc(pattern), bits, cache_pattern=False)
