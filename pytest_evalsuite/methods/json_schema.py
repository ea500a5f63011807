"""The answer is JSON that conforms to a JSON Schema."""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pydantic import Field, field_validator

from pytest_evalsuite.extras import missing_library
from pytest_evalsuite.methods._base import Answer, Method, Score
from pytest_evalsuite.methods._json import MAX_DEPTH, depth, parse

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

__all__ = ["JsonSchema"]

_EXTRA: Final = ("schema", "jsonschema")
_MOST_FAULTS: Final = 20
_SHOWN: Final = 3


class JsonSchema(Method):
    """The agent's structured output, or the JSON in its text, conforms to a JSON Schema; scores 1 or 0.

    A text may be JSON as a whole or hold it in its only fenced code block; a text that is no JSON scores 0. The schema
    is of the draft that its ``$schema`` names, else 2020-12. A ``format`` is checked; one that cannot be is refused.
    Patterns are those of the regex method, with its limits. References lead within the schema: nothing is fetched.
    """

    method: ClassVar[str] = "json_schema"
    json_schema: dict[str, Any] = Field(description="The schema, as a mapping.")

    @field_validator("json_schema")
    @classmethod
    def _usable(cls, schema: dict[str, Any]) -> dict[str, Any]:
        if not schema:
            raise ValueError("is empty: every answer conforms to it")
        if depth(schema) > MAX_DEPTH:
            raise ValueError(f"is nested more than {MAX_DEPTH} levels deep")
        if missing_library(cls.method, *_EXTRA) is None:
            from pytest_evalsuite.methods._schema import schema_fault

            if fault := schema_fault(schema):
                raise ValueError(fault)
        return schema

    def missing(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Nothing: the schema is an option."""
        return None

    def problem(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Refuse a library that is not installed."""
        return missing_library(self.method, *_EXTRA)

    def score(self, answer: Answer) -> Score:
        """Score 1.0 when there is no fault; ``evidence`` lists the first 20 with their JSON paths."""
        from pytest_evalsuite.methods._schema import told

        actual = answer.output
        if isinstance(actual, str) and answer.slot is None:
            try:
                actual = parse(actual)
            except ValueError as error:
                return Score(0.0, f"the answer is no JSON: {error}", raw=False)
        faults = [told(error) for error in islice(self._validator.iter_errors(actual), _MOST_FAULTS)]
        if not faults:
            return Score(1.0, "the answer conforms to the schema", raw=True)
        reason = f"{'; '.join(faults[:_SHOWN])}{'; …' if len(faults) > _SHOWN else ''}"
        return Score(0.0, reason, raw=False, evidence={"faults": faults})

    @cached_property
    def _validator(self) -> Validator:
        from pytest_evalsuite.methods._schema import make_validator

        return make_validator(self.json_schema)
