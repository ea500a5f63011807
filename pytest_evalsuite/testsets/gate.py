"""The gate of a test set: bars for all its cases together, and for those that have a tag."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_evalsuite.testsets.cases import RawCases, worded
from pytest_evalsuite.testsets.fields import GATE, TAG_GATE, TAGS, Table
from pytest_evalsuite.testsets.part import Part
from pytest_evalsuite.testsets.problems import Problem
from pytest_evalsuite.testsets.readers import EMPTY, line
from pytest_evalsuite.testsets.scalars import is_null
from pytest_evalsuite.testsets.values import Path, Refused, did_you_mean, listed, show

__all__ = ["Gate", "check_tags", "read_gate"]

TAG: Final = line(200)
ELSEWHERE: Final = {"max_cost": "cost", "p95": "latency_p95", "score": "mean_score"}
"""What a bar may be called elsewhere."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Bars by their names in `fields.GATE`, and by tag those of `fields.TAG_GATE`; there is at least one.

    Rates, shares and scores are in 0..1, times in seconds, costs in US dollars; the others are whole numbers.
    """

    bars: Mapping[str, float]
    tags: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The gate as a test set has it, as JSON values."""
        tags = {tag: dict(bars) for tag, bars in self.tags.items()}
        return {**self.bars, "tags": tags} if tags else dict(self.bars)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Gate | None:
        """The gate that `as_json` gave; None for an empty mapping. Raises ValueError for anything else."""
        if data == {}:
            return None
        problems: list[Problem] = []
        gate = _gate(data, problems, ())
        if problems:
            raise ValueError(f"no gate: {worded(problems[0])}")
        return gate


def read_gate(test_set: Part) -> Gate | None:
    """Read the ``gate`` of a test set, adding what is wrong with it to its problems; None where there is none."""
    return _gate(test_set.raw["gate"], test_set.problems, ("gate",)) if "gate" in test_set.raw else None


def check_tags(test_set: Part, gate: Gate, cases: RawCases) -> None:
    """Report the tags of a gate that no case has: nothing would ever be held to their bars."""
    if not gate.tags:
        return
    known = dict.fromkeys([*test_set.values.get("tags", ()), *_tags_of(cases)])
    for key in test_set.raw["gate"]["tags"]:
        with suppress(Refused):  # that is reported already
            if (tag := TAG(key)) not in known:
                message = f"no case has the tag {tag!r}{did_you_mean(tag, [*known])}"
                test_set.problems.append(Problem(("gate", "tags", key), message, on_key=True))


def _gate(raw: Any, problems: list[Problem], path: Path) -> Gate | None:
    part = _part(raw, GATE, problems, path)
    tags: dict[str, Mapping[str, float]] = {}
    if "tags" in part.raw:
        for key, bars in _by_tag(part):
            inner = (*path, "tags", key)
            try:
                tag = TAG(key)
            except Refused as refused:
                problems.append(Problem(inner, f"the tag {key!r} {refused}", on_key=True))
                continue
            if tag in tags:
                problems.append(Problem(inner, f"the tag {tag!r} is there twice", on_key=True))
            tags[tag] = _bars(_part(bars, TAG_GATE, problems, inner))
    return Gate(_bars(part), tags)


def _part(raw: Any, table: Table, problems: list[Problem], path: Path) -> Part:
    """Read one mapping of bars."""
    if type(raw) is not dict:
        wrong = EMPTY if is_null(raw) else f"expected bars, such as {{pass_rate: 0.95}}, not {show(raw)}"
        problems.append(Problem(path, wrong))
    elif not raw:
        problems.append(Problem(path, f"no bar: expected at least one{listed([*table.fields])}"))
    part = Part(raw if type(raw) is dict else {}, table, problems, path)
    for key in part.rest:
        part.report(key, _unknown(key, table), on_key=True)
    return part


def _bars(part: Part) -> dict[str, float]:
    """The bars of a mapping, in the order of its table."""
    return {name: part.values[name] for name in part.table.fields if name in part.values and name != "tags"}


def _by_tag(part: Part) -> list[tuple[str, Any]]:
    raw = part.raw["tags"]
    if type(raw) is dict and raw:
        return list(raw.items())
    wrong = EMPTY if is_null(raw) else f"expected bars by tag, such as {{safety: {{pass_rate: 1.0}}}}, not {show(raw)}"
    part.report("tags", wrong)
    return []


def _unknown(key: str, table: Table) -> str:
    if key in GATE.fields:
        return f"{key!r} is a bar for the whole test set, not for a tag"
    known = [*table.fields]
    return f"unknown bar {key!r}{did_you_mean(ELSEWHERE.get(key, key), known) or listed(known)}"


def _tags_of(cases: RawCases) -> Iterator[str]:
    """The tags of all cases, good or bad."""
    for index in range(len(cases)):
        raw = cases.raw(index)
        if type(raw) is dict and "tags" in raw:
            with suppress(Refused):
                yield from TAGS.read(raw["tags"])
