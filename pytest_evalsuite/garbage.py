"""The garbage collector, told about a session: tens of thousands of items and reports that live to its end.

Looking for garbage among them, again and again, costs as much as a fifth of a large run. Nothing is kept from being
found: what a case leaves behind is looked for as ever, only less often, and once more before pytest's own last look.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["looking_less_often", "not_looking", "set_aside", "take_back"]

THRESHOLDS: Final = (50_000, 20, 100)
"""Of each generation, while cases run; the interpreter's own are (700, 10, 10) or so."""


@contextmanager
def not_looking() -> Iterator[None]:
    """No look for garbage inside, where many objects are made that all stay alive."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def looking_less_often() -> Iterator[None]:
    """Fewer looks for garbage inside; a user's own thresholds that are higher stay."""
    before = gc.get_threshold()
    if 0 < before[0] < THRESHOLDS[0]:
        gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def set_aside(*, looking_first: bool = False) -> None:
    """Take all that lives now out of every later look for garbage, until `take_back`."""
    if looking_first:
        gc.collect()
    gc.freeze()


def take_back() -> None:
    """Undo what an earlier session in this process has set aside."""
    gc.unfreeze()
