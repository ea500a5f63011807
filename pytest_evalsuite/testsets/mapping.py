"""Slot mappings: which field of a case fills which parameter of the agent, or is compared with which output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_evalsuite.agents.replies import output_text
from pytest_evalsuite.testsets.model import Case, Check
from pytest_evalsuite.testsets.part import Expectation
from pytest_evalsuite.testsets.paths import lookup

__all__ = ["CaseField", "InputSlot", "OutputSlot", "SlotMapping", "read_case_field", "slot_expectation"]

QUESTION: Final = "question"
NAMED: Final = ("inputs", "metadata")


@dataclass(frozen=True, slots=True)
class CaseField:
    """A field of a case: its ``question``, or ``name`` (dots lead into nested values) in its inputs or metadata."""

    root: str
    name: str = ""

    def find(self, question: str | None, inputs: Mapping[str, Any], metadata: Mapping[str, Any]) -> Sequence[Any]:
        """Give the field's value, or nothing where a case has none."""
        if self.root == QUESTION:
            return () if question is None else (question,)
        return lookup(inputs if self.root == "inputs" else metadata, self.name)

    def __str__(self) -> str:
        return self.name if self.root == "inputs" else f"{self.root}.{self.name}".rstrip(".")


def read_case_field(name: str) -> CaseField:
    """Read a field's name: ``question``, ``metadata.<name>``, ``inputs.<name>``, or the bare name of an input."""
    root, _, rest = name.partition(".")
    if name == QUESTION:
        return CaseField(QUESTION)
    return CaseField(root, rest) if root in NAMED and rest else CaseField("inputs", name)


@dataclass(frozen=True, slots=True)
class InputSlot:
    """A parameter of the agent and the case's field that fills it."""

    parameter: str
    source: CaseField


@dataclass(frozen=True, slots=True)
class OutputSlot:
    """A field of the agent's output (dots lead into nested values) and the case's expected field that it must match.

    ``check`` says how; ``has_bar`` whether the file names its passing score. Unless it is ``required``, a case that
    expects nothing of it is judged by the others.
    """

    field: str
    case_field: str
    check: Check
    has_bar: bool = False
    required: bool = True

    def as_json(self) -> dict[str, Any]:
        """The slot with its check, as JSON values."""
        check = self.check
        return {
            "agent": self.field,
            "case": self.case_field,
            "method": check.method.method,
            "options": check.method.model_dump(mode="json"),
            "passing_score": check.passing_score,
            "weight": check.weight,
            "required": self.required,
        }


@dataclass(frozen=True, slots=True)
class SlotMapping:
    """The mapping of a test set. Either side is empty where the file says nothing of it, and then as without one."""

    inputs: tuple[InputSlot, ...] = ()
    outputs: tuple[OutputSlot, ...] = field(default=())

    @property
    def parameters(self) -> tuple[str, ...]:
        """The agent's parameters that are mapped."""
        return tuple(slot.parameter for slot in self.inputs)

    def mapped(
        self, question: str | None, inputs: Mapping[str, Any], metadata: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Give what the agent is called with, by parameter, as far as the case has it; None without input mapping."""
        if not self.inputs:
            return None
        found = ((slot.parameter, slot.source.find(question, inputs, metadata)) for slot in self.inputs)
        return {parameter: values[0] for parameter, values in found if values}

    def why_unasked(self, case: Case, needed: Iterable[str]) -> str | None:
        """Say what a case lacks of the parameters that its agent cannot do without, or None."""
        if case.mapped is None:
            return None
        missing = [
            str(slot.source) for slot in self.inputs if slot.parameter in needed and slot.parameter not in case.mapped
        ]
        if missing:
            return lacking_inputs(missing)
        return None if case.mapped else "lacks all inputs that the mapping names"

    def as_json(self) -> dict[str, Any]:
        """The mapping as JSON values."""
        return {
            "inputs": [{"agent": slot.parameter, "case": str(slot.source)} for slot in self.inputs],
            "outputs": [slot.as_json() for slot in self.outputs],
        }


def slot_expectation(value: Any) -> Expectation:
    """Give what is expected of a slot: the value itself, and the text of it that methods for texts compare with."""
    return Expectation((output_text(value),), value)


def lacking_inputs(names: Sequence[str]) -> str:
    """Say which inputs a case lacks."""
    return f"lacks the required input{'s' if len(names) > 1 else ''} {', '.join(map(repr, names))}"


def lacking_outputs(names: Sequence[str]) -> str:
    """Say which expected outputs a case lacks."""
    return f"lacks the required expected output{'s' if len(names) > 1 else ''} {', '.join(map(repr, names))}"
