"""The part of an answer that a check of a slot looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_evalsuite.methods._base import Score
from pytest_evalsuite.methods._text import excerpt
from pytest_evalsuite.testsets.paths import lookup, structured

__all__ = ["no_slot", "slot_of"]


def slot_of(output: Any, slot: str) -> Sequence[Any]:
    """Find a slot's value in an agent's output; nothing where it has none."""
    return lookup(structured(output), slot)


def no_slot(output: Any, slot: str) -> Score:
    """Score an answer that lacks the slot, and say what there is instead."""
    data = structured(output)
    if isinstance(data, str):
        return Score(0.0, f"the answer is no JSON object but text: {excerpt(data)}")
    if not isinstance(data, Mapping):
        return Score(
            0.0, f"the answer is no JSON object but {'a list' if isinstance(data, list) else excerpt(repr(data))}"
        )
    known = ", ".join(excerpt(str(key), 40) for key in list(data)[:10]) + (", …" if len(data) > 10 else "")
    return Score(0.0, f"the answer has no {slot!r}; it has: {known or 'nothing'}")
