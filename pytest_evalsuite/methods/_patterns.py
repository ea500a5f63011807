"""Regular expressions that a test set may hold: bounded, and matched by an engine that can be stopped."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Final

import regex as engine

from pytest_evalsuite.methods._text import excerpt, nfc

__all__ = ["compile_pattern", "pattern_fault"]

_LONGEST_PATTERN: Final = 1_000
_MOST_COPIES: Final = 100_000
_COUNT: Final = re.compile(r"([)}?+*]\s*)?\{\s*(\d{1,20})")


def pattern_fault(pattern: str) -> str | None:
    """Say why a text cannot be used as a regular expression, or None."""
    shown = excerpt(pattern)
    if not pattern:
        return f"{shown} is an empty regular expression: every answer matches it"
    if len(pattern) > _LONGEST_PATTERN:
        return f"{shown} is too long for a regular expression: {len(pattern):,} characters, at most 1,000"
    if _copies(pattern) > _MOST_COPIES:
        return f"{shown} has counts that multiply to over 100,000 copies"
    try:
        compile_pattern(pattern, engine.VERSION0)  # no flag makes a pattern valid or invalid
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
def compile_pattern(pattern: str, bits: int = engine.VERSION0) -> engine.Pattern[str]:
    """Compile a pattern, composed (Unicode NFC); ``bits`` are flags of the ``regex`` package."""
    return engine.compile(nfc(pattern), bits, cache_pattern=False)
