"""Which of what there is somebody wants to see, and in which order."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.history import KeptRun

__all__ = ["near", "of_test_set", "sort_known", "test_set_named"]

One = TypeVar("One")


def sort_known(items: Iterable[One], key: Callable[[One], Any], *, descending: bool) -> list[One]:
    """The items sorted by the key; those that have none come last, either way. Equal ones stay in order."""
    known: list[One] = []
    unknown: list[One] = []
    for item in items:
        (unknown if key(item) is None else known).append(item)
    return sorted(known, key=key, reverse=descending) + unknown


def test_set_named(reference: str, known: Iterable[tuple[str, str]], root: Path) -> set[str]:
    """The paths of the test sets, of those known by path and title, that are meant. Raises StoreError for none.

    A path may be given from the root folder or from the current one.
    """
    every = list(known)
    here = Path(os.path.relpath(reference, root)).as_posix()
    found = {path for path, title in every if reference in (path, title) or path == here}
    if not found:
        names = sorted({name for pair in every for name in pair})
        raise StoreError(f"there is no test set {reference!r}{near(reference, names)}; `evalsuite list` lists them")
    return found


def near(word: str, known: Sequence[str]) -> str:
    """``; did you mean 'x'?``, or nothing."""
    names = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {names[0]!r}?" if names else ""


def of_test_set(kept: Sequence[KeptRun], reference: str, root: Path) -> list[KeptRun]:
    """The runs of a test set, with no other evaluations. Raises StoreError where it is not known."""
    every = ((one["test_set"], one["name"]) for run in kept for one in run.evaluations)
    wanted = test_set_named(reference, every, root)
    of_it = (replace(run, evaluations=[one for one in run.evaluations if one["test_set"] in wanted]) for run in kept)
    return [run for run in of_it if run.evaluations]
