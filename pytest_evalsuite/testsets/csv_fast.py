"""Large CSV files: rows that are alike are checked once, and cases are made when they are looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, Final, overload
from unicodedata import normalize

from pytest_evalsuite.methods._base import Method
from pytest_evalsuite.testsets.build import CaseBuilder
from pytest_evalsuite.testsets.csv_reader import CsvCases
from pytest_evalsuite.testsets.fields import CASE, ID_LENGTH
from pytest_evalsuite.testsets.identity import derive_id
from pytest_evalsuite.testsets.model import Case
from pytest_evalsuite.testsets.problems import Problem
from pytest_evalsuite.testsets.readers import CONTROL
from pytest_evalsuite.testsets.scalars import LARGEST

__all__ = ["RowCases", "alike_cases"]

FEWEST_ROWS: Final = 1000
"""Under which the ordinary way is quick enough."""
MOST_KINDS: Final = 0.1
"""The share of rows that may be of a kind of their own before checking each is as quick."""
OWN: Final = frozenset({"question", "expected_response", "id", "order"})
"""Columns in which every row may differ."""
WITHOUT: Final = frozenset({"expected", "file_url", "file_mime_type"})
"""Columns that are looked at row by row."""


class RowCases(Sequence[Case]):
    """The cases of rows that are known to be good, each made when it is first asked for.

    ``places`` gives the index of the row at each position.
    """

    def __init__(self, rows: CsvCases, builder: CaseBuilder, places: Sequence[int]) -> None:
        self._rows = rows
        self._builder = builder
        self.places = places
        rows.text = ""
        self._cases: list[Case | None] = [None] * len(rows)

    def __len__(self) -> int:
        return len(self._cases)

    @overload
    def __getitem__(self, index: int) -> Case: ...
    @overload
    def __getitem__(self, index: slice) -> list[Case]: ...
    def __getitem__(self, index: int | slice) -> Case | list[Case]:
        if isinstance(index, slice):
            return [self._case(place) for place in range(*index.indices(len(self)))]
        return self._case(range(len(self))[index])

    def __iter__(self) -> Iterator[Case]:
        return map(self._case, range(len(self)))

    def _case(self, place: int) -> Case:
        case = self._cases[place]
        if case is None:
            problems: list[Problem] = []
            index = self.places[place]
            case = self._builder.build(self._rows.raw(index), self._rows.line(index), place, problems)
            if case is None:
                raise AssertionError(f"a row that was found good is not: {problems}")
            self._cases[place] = case
            self._rows.rows[index] = []
        return case


def alike_cases(rows: CsvCases, builder: CaseBuilder) -> RowCases | None:
    """Give the cases of rows that differ only in question, expected response, id and order, or None.

    None says that nothing is known: that the rows differ in more, that they are few, that something is wrong, or that
    two ask the same. The ordinary way then finds out.
    """
    if len(rows) < FEWEST_ROWS:
        return None
    names = [CASE.by_key.get(column.name, (column.name,))[0] for column in rows.columns]
    if "question" not in names or not WITHOUT.isdisjoint(names):
        return None
    columns: dict[str, tuple[str, ...]] = dict(zip(names, zip(*rows.rows, strict=True), strict=True))
    questions = columns["question"]
    places = in_order(columns["order"]) if "order" in columns else range(len(rows))
    clash = ids_bad(columns["id"]) if "id" in columns else ids_clash(questions)
    if clash or places is None or not all(map(str.strip, questions)):
        return None
    kinds = list(zip(*(cells for name, cells in columns.items() if name not in OWN), strict=True)) or [()] * len(rows)
    methods = methods_of(rows, kinds, builder)
    if methods is None:
        return None
    responses = columns.get("expected_response", ("",) * len(rows))
    return RowCases(rows, builder, places) if all_usable([methods[kind] for kind in kinds], responses) else None


def in_order(cells: Sequence[str]) -> Sequence[int] | None:
    """Give the indices of rows by their order; None where one is not written as a whole number, or is left out."""
    try:
        orders = list(map(int, cells))
    except ValueError:
        return None
    if list(map(str, orders)) != list(cells) or max(map(abs, orders)) > LARGEST:
        return None
    return sorted(range(len(orders)), key=orders.__getitem__)


def ids_bad(ids: Sequence[str]) -> bool:
    """Whether an id may be missing, malformed, there twice, or not written as it is kept."""
    together = "".join(ids)
    plain = together.isascii() and not CONTROL.search(together) and list(map(str.strip, ids)) == list(ids)
    return not plain or not all(ids) or max(map(len, ids)) > ID_LENGTH or len(set(ids)) < len(ids)


def all_usable(methods: Sequence[Method], responses: Sequence[str]) -> bool:
    """Whether every answer can be scored against its row's expected response."""
    try:
        for method, response in zip(methods, responses, strict=True):
            expected = (response,) if response and not response.isspace() else ()
            if method.problem(expected_responses=expected, expected=None):
                return False
    except Exception:  # noqa: BLE001 - a custom method's own code; the ordinary way reports it
        return False
    return True


def methods_of(
    rows: CsvCases, kinds: list[tuple[str, ...]], builder: CaseBuilder
) -> dict[tuple[str, ...], Method] | None:
    """Build one case of each kind of row, and give its method; None where one is wrong or there are too many kinds."""
    first = dict(zip(reversed(kinds), range(len(rows) - 1, -1, -1), strict=True))
    if len(first) > len(rows) * MOST_KINDS:
        return None
    found: dict[tuple[str, ...], Method] = {}
    for kind, index in first.items():
        problems: list[Problem] = []
        case: Any = builder.build(rows.raw(index), rows.line(index), index, problems)
        if case is None or case.expected is not None or case.inputs:
            return None
        found[kind] = case.checks[0].method
    return found


def ids_clash(questions: Sequence[str]) -> bool:
    """Whether two ids derived from the questions are the same."""
    composed = [question if question.isascii() else normalize("NFC", question) for question in questions]
    digests = [blake2b(question.encode(), digest_size=4).digest() for question in composed]
    if len(set(digests)) == len(digests):
        return False
    twice = {digest for digest, count in Counter(digests).items() if count > 1}
    alike = [question for question, digest in zip(questions, digests, strict=True) if digest in twice]
    return len({derive_id(question, {}) for question in alike}) < len(alike)
