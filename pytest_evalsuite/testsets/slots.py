"""What a test set says of its cases' slots, read once and held against each case before any agent is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_evalsuite.testsets import readers as read
from pytest_evalsuite.testsets.checks import CheckBuilder
from pytest_evalsuite.testsets.fields import SLOT, SLOT_MAPPING
from pytest_evalsuite.testsets.mapping import (
    InputSlot,
    OutputSlot,
    SlotMapping,
    lacking_inputs,
    lacking_outputs,
    read_case_field,
)
from pytest_evalsuite.testsets.model import Case, Check
from pytest_evalsuite.testsets.part import Expectation, Part
from pytest_evalsuite.testsets.paths import lookup
from pytest_evalsuite.testsets.problems import Problem
from pytest_evalsuite.testsets.scalars import is_null
from pytest_evalsuite.testsets.slot_schema import SlotSchema, names_of, read_slot_schema
from pytest_evalsuite.testsets.values import Path, Refused, did_you_mean, json_value, listed, show

__all__ = ["NO_SLOTS", "Fit", "Slots", "read_slots"]

LATER_EXPECTED: Final = Expectation(known=False)
"""What a slot is expected to be is for its cases to say."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What a case is to the slots: its checks, what its agent is called with, and what it lacks if anything."""

    checks: tuple[Check, ...] = ()
    mapped: Mapping[str, Any] | None = None
    lacking: str | None = None


NO_FIT: Final = Fit()


@dataclass(frozen=True, slots=True)
class Slots:
    """The mapping and the schemas of a test set, each where it has one."""

    mapping: SlotMapping | None = None
    inputs: SlotSchema | None = None
    outputs: SlotSchema | None = None
    is_whole: bool = True
    """Whether all that the file says of them could be read; if not, that is told, and not what follows from it."""

    def __bool__(self) -> bool:
        return self.mapping is not None or self.inputs is not None or self.outputs is not None

    @property
    def compares(self) -> bool:
        """Whether outputs are compared slot by slot."""
        return self.mapping is not None and bool(self.mapping.outputs)

    def fit(self, part: Part, builder: CheckBuilder) -> Fit:
        """Hold a case against the slots, adding what is wrong with it to its problems."""
        if not self:
            return NO_FIT
        get = part.values.get
        question, inputs, metadata = get("question"), get("inputs", {}), get("metadata", {})
        lacking_in = self._lacking(self.inputs, part, "inputs", inputs)
        expected = self._expected(part)
        lacking_out = self._lacking(self.outputs, part, "expected", expected)
        checks: tuple[Check, ...] = ()
        if self.mapping is not None and self.compares:
            checks, absent = self._checks(self.mapping.outputs, part, expected, builder)
            lacking_out = list(dict.fromkeys((*lacking_out, *absent)))
        reasons = [lacking_inputs(lacking_in)] if lacking_in else []
        reasons += [lacking_outputs(lacking_out)] if lacking_out else []
        if self.mapping is not None and self.compares and not checks:
            reasons = reasons or ["expects none of the outputs that the mapping names"]
            checks = tuple(slot.check for slot in self.mapping.outputs)  # the case is skipped
        mapped = None if self.mapping is None else self.mapping.mapped(question, inputs, metadata)
        return Fit(checks, mapped, " and ".join(reasons) or None)

    def _lacking(self, schema: SlotSchema | None, part: Part, key: str, value: Any) -> list[str]:
        if schema is None or key in part.refused:
            return []
        lacking, problems = schema.check(value, key)
        if key not in part.raw:  # what is not there cannot be wrong
            return lacking
        part.problems.extend(problems)
        return lacking

    def _expected(self, part: Part) -> Any:
        """What the case expects, as data; a mistake where it has no slots to compare."""
        raw = part.raw.get("expected")
        if raw is None or "expected" in part.refused:
            return {}
        if self.compares and type(raw) is not dict:
            part.refuse(
                "expected", Refused(f"expected a mapping of slots, for 'mapping.outputs', not {show(raw)}"), "expected"
            )
            return {}
        return json_value(raw)

    @staticmethod
    def _checks(
        slots: Sequence[OutputSlot], part: Part, expected: Any, builder: CheckBuilder
    ) -> tuple[tuple[Check, ...], list[str]]:
        """Make the check of each slot that the case expects something of; and give the required others."""
        checks: list[Check] = []
        absent: list[str] = []
        bar = None if part.values.get("require") == "score" else part.values.get("passing_score")
        for slot in slots:
            found = lookup(expected, slot.case_field)
            if found:
                checks.append(builder.of_slot(part, slot.check, found[0], None if slot.has_bar else bar))
            elif slot.required:
                absent.append(slot.case_field)
                checks.append(slot.check)
        return tuple(checks), absent

    def misspelt(self, cases: Sequence[Case]) -> list[Problem]:
        """Find fields that the mapping names and no case has, where one that is not mapped has nearly that name."""
        if self.mapping is None or not self.is_whole:
            return []
        found: list[Problem] = []
        sources = [slot.source for slot in self.mapping.inputs]
        known = [name for name in given_names(cases) if name not in {*map(str, sources)}]
        for slot, source in zip(self.mapping.inputs, sources, strict=True):
            vouched = self.inputs is not None and source.root == "inputs"
            if not vouched and not any(source.find(case.question, case.inputs, case.metadata) for case in cases):
                found += told(("mapping", "inputs", slot.parameter), "no case has", str(source), known)
        fields = [slot.case_field for slot in self.mapping.outputs]
        known = [name for name in names_of([case.expected for case in cases]) if name not in fields]
        for output in self.mapping.outputs if self.outputs is None else ():
            if not any(lookup(case.expected, output.case_field) for case in cases):
                found += told(("mapping", "outputs", output.field), "no case expects", output.case_field, known)
        return found


NO_SLOTS: Final = Slots()


def given_names(cases: Sequence[Case]) -> list[str]:
    """Give the names of all that cases have to map."""
    metadata = names_of([case.metadata for case in cases])
    return [*names_of([case.inputs for case in cases]), *(f"metadata.{name}" for name in metadata), "question"]


def told(path: Path, what: str, name: str, known: Sequence[str]) -> Iterator[Problem]:
    """Say that nothing has a name, if another one was meant; else the cases lack it, and are skipped."""
    if hint := did_you_mean(name, known):
        yield Problem(path, f"{what} {name!r}{hint}")


def read_slots(part: Part, builder: CheckBuilder) -> Slots:
    """Read a test set's mapping and schemas, adding what is wrong with them to its problems."""
    before = len(part.problems)
    inputs = read_slot_schema(part, "inputs_schema")
    outputs = read_slot_schema(part, "outputs_schema")
    mapping = read_mapping(part, builder, inputs, outputs)
    return Slots(mapping, inputs, outputs, is_whole=len(part.problems) == before)


def read_mapping(
    test_set: Part, builder: CheckBuilder, inputs: SlotSchema | None, outputs: SlotSchema | None
) -> SlotMapping | None:
    """Read ``mapping``; None where there is none."""
    if "mapping" not in test_set.raw:
        return None
    raw = test_set.raw["mapping"]
    if type(raw) is not dict or not raw:
        wrong = "is empty" if is_null(raw) or raw == {} else f"not {show(raw)}"
        test_set.report("mapping", f"expected {{inputs: ..., outputs: ...}}, {wrong}")
        return None
    part = Part(raw, SLOT_MAPPING, test_set.problems, ("mapping",))
    for key in part.rest:
        known = list(SLOT_MAPPING.fields)
        part.report(key, f"unknown key {key!r}{did_you_mean(key, known) or listed(known)}", on_key=True)
    ins = [read_input(part, *pair, schema=inputs) for pair in sides(part, "inputs")]
    outs = [read_output(part, *pair, builder=builder, schema=outputs) for pair in sides(part, "outputs")]
    return SlotMapping(tuple(filter(None, ins)), tuple(filter(None, outs)))


def sides(part: Part, key: str) -> list[tuple[str, Any]]:
    """Give the pairs of one side of a mapping."""
    if key not in part.raw:
        return []
    pairs = part.raw[key]
    if type(pairs) is dict and pairs:
        return list(pairs.items())
    what = "{parameter: field of the case}" if key == "inputs" else "{field of the answer: field of expected}"
    part.report(key, f"expected {what}, not {show(pairs)}")
    return []


def read_input(part: Part, parameter: str, value: Any, *, schema: SlotSchema | None) -> InputSlot | None:
    """Read which field of the case fills a parameter."""
    try:
        source = read_case_field(read.text(value))
    except Refused as refused:
        part.refuse("inputs", refused, "inputs", parameter)
        return None
    if schema is not None and source.root == "inputs" and (hint := schema.unknown(source.name)) is not None:
        part.refuse("inputs", Refused(f"inputs_schema has no {source.name!r}{hint}"), "inputs", parameter)
        return None
    return InputSlot(parameter, source)


def read_output(
    part: Part, name: str, value: Any, *, builder: CheckBuilder, schema: SlotSchema | None
) -> OutputSlot | None:
    """Read which field of what is expected a field of the answer is compared with, and how."""
    at = ("outputs", name)
    if type(value) is not dict:
        try:
            value = {"slot": read.text(value)}
        except Refused as refused:
            part.refuse("outputs", refused, *at)
            return None
        long = False
    else:
        long = True
    slot = Part(value, SLOT, part.problems, (*part.path, *at))
    case_field = slot.values.get("slot")
    if case_field is None:
        if "slot" not in slot.refused:
            slot.report(None, "expected a 'slot': the field of 'expected' that this one is compared with")
        return None
    if schema is not None and (hint := schema.unknown(case_field)) is not None:
        part.refuse(
            "outputs", Refused(f"outputs_schema has no {case_field!r}{hint}"), *at, *(("slot",) if long else ())
        )
        return None
    slot.values.setdefault("method", builder.defaults.slot_method)
    check = builder.make(slot, "method", LATER_EXPECTED)
    if check is None:
        return None
    check.name = check.slot = name
    check.case_field = case_field
    has_bar = "passing_score" in slot.raw or "threshold" in slot.raw or check.method.own_bar() is not None
    return OutputSlot(name, case_field, check, has_bar, slot.values.get("required", True))
