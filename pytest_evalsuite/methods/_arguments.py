"""An argument of a tool call beside the value, or the form of value, that is expected."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

from rapidfuzz import fuzz

from pytest_evalsuite.errors import CaseTimeout
from pytest_evalsuite.methods._json import MAX_DEPTH, Comparison, depth
from pytest_evalsuite.methods._patterns import compile_pattern, pattern_fault
from pytest_evalsuite.methods._text import excerpt, nfc, normalize

__all__ = ["argument_fault", "argument_fits", "is_form"]

_FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "equals": (),
    "one_of": (),
    "regex": (),
    "approx": ("similarity",),
    "near": ("tolerance",),
}
"""The keys that make a mapping a form, and what may stand beside each."""
_SIMILARITY: Final = 0.8
_LONGEST: Final = 100_000
_SECONDS: Final = 10.0
_ROUNDING: Final = 1e-9


def argument_fault(wanted: Any) -> str | None:
    """Say why no argument could be compared with what is expected of it, or None."""
    if depth(wanted) > MAX_DEPTH:
        return f"nested more than {MAX_DEPTH} levels deep"
    form = _form(wanted)
    if form is None:
        return None
    if further := sorted(wanted.keys() - {form, *_FORMS[form]}):
        return (
            f"{form!r} says how to compare and cannot stand beside {excerpt(str(further[0]), 30)}; "
            "a value that is such a mapping is written {equals: {...}}"
        )
    value = wanted[form]
    if form == "one_of":
        return None if isinstance(value, (list, tuple)) and value else "one_of needs a list of values"
    if form == "regex":
        return pattern_fault(value) if isinstance(value, str) else "regex needs a pattern, as text"
    if form == "approx":
        return _approx_fault(value, wanted.get("similarity", _SIMILARITY))
    return _near_fault(value, wanted.get("tolerance")) if form == "near" else None


def argument_fits(wanted: Any, actual: Any, seconds: float | None = None) -> bool:
    """Whether an argument is as expected, where `argument_fault` found nothing.

    Raises CaseTimeout when a pattern runs longer than ``seconds`` (default: 10), MethodError for a value too large.
    """
    form = _form(wanted)
    if form is None:
        return _equal(wanted, actual)
    value = wanted[form]
    if form == "equals":
        return _equal(value, actual)
    if form == "one_of":
        return any(_equal(option, actual) for option in value)
    if form == "regex":
        return isinstance(actual, str) and _matches(value, actual, seconds or _SECONDS)
    if form == "approx":
        return isinstance(actual, str) and _alike(value, actual) >= wanted.get("similarity", _SIMILARITY)
    return _is_number(actual) and abs(value - actual) <= wanted["tolerance"] + _ROUNDING * abs(value)


def is_form(wanted: Any) -> bool:
    """Whether a mapping says how to compare, rather than what with."""
    return _form(wanted) is not None


def _form(wanted: Any) -> str | None:
    return next((form for form in _FORMS if form in wanted), None) if isinstance(wanted, Mapping) else None


def _approx_fault(value: Any, similarity: Any) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return "approx needs a text"
    if not _is_number(similarity) or not 0 < similarity <= 1:
        return "similarity is a number above 0, at most 1"
    return None


def _near_fault(value: Any, tolerance: Any) -> str | None:
    if not _is_number(value):
        return "near needs a number"
    if tolerance is None:
        return "near needs a tolerance: how far from the number the argument may be"
    return None if _is_number(tolerance) and tolerance >= 0 else "tolerance is a number, 0 or more"


def _equal(wanted: Any, actual: Any) -> bool:
    return Comparison().compare(wanted, actual).equal


def _matches(pattern: str, text: str, seconds: float) -> bool:
    try:
        return compile_pattern(pattern).search(nfc(text), timeout=seconds) is not None
    except TimeoutError:
        raise CaseTimeout(
            f"pattern {excerpt(pattern)} ran longer than {seconds:g} s on an argument of {len(text):,} characters"
        ) from None


def _alike(wanted: str, actual: str) -> float:
    """How alike two texts are spelled, 0..1; what is far longer than anybody compares is not alike."""
    if len(actual) > _LONGEST:
        return 0.0
    return fuzz.ratio(normalize(wanted, ["whitespace", "case"]), normalize(actual, ["whitespace", "case"])) / 100.0


def _is_number(value: Any) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return abs(value) <= sys.float_info.max  # neither infinite nor a whole number beyond every float
