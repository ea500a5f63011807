"""Where a value of a case stands, for messages after the file was loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pytest_evalsuite.errors import TestSetError
from pytest_evalsuite.testsets.cases import RawCases
from pytest_evalsuite.testsets.model import Case
from pytest_evalsuite.testsets.problems import Problem

__all__ = ["Locator"]


class Locator:
    """Finds values of cases. Nothing of the file is kept until it is asked, then the file is read once more.

    ``places`` gives the index in the file of the case at each position.
    """

    def __init__(self, reopen: Callable[[], RawCases], places: Sequence[int]) -> None:
        self._reopen = reopen
        self._places = places
        self._cases: RawCases | None = None

    def __call__(self, case: Case, *keys: str | int) -> tuple[int, int]:
        """Give (line, column), from 1, of the value that ``keys`` lead to; the case's line when the file has gone."""
        if self._cases is None:
            try:
                self._cases = self._reopen()
            except TestSetError:
                return case.line, 1
        index = self._places[case.position]
        if index >= len(self._cases) or self._cases.line(index) != case.line:
            return case.line, 1
        return self._cases.places([(index, Problem(keys, ""))])[0]

    def index(self, case: Case) -> int:
        """Give the index of a case in its file, from 0."""
        return self._places[case.position]
