"""The agent called the tools that it should, with the arguments that it should, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from pytest_evalsuite.agents.reply import ToolCall
from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods._arguments import argument_fault, argument_fits
from pytest_evalsuite.methods._base import Answer, Method, Score, Texts
from pytest_evalsuite.methods._calls import Findings, Wanted, find_arguments, find_calls, find_order
from pytest_evalsuite.methods._text import excerpt

__all__ = ["ExpectedCall", "Reliability"]

_SHOWN: Final = 5
_NOTHING: Final = (
    "name expected_tool_calls ([] where no tool may be called), expected_tool_call_arguments, forbidden_tools, "
    "min_calls or max_calls"
)

Arguments = dict[str, Any]
OneOrMore = Annotated[
    Annotated[Arguments, Tag("one")] | Annotated[list[Arguments], Tag("more")],
    Discriminator(lambda value: "more" if isinstance(value, list) else "one"),
]
"""A set of arguments, or a list of such."""


class ExpectedCall(BaseModel):
    """A tool call that is expected: arguments that it must have among others, and how many times exactly."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    name: str = Field(min_length=1)
    arguments: OneOrMore | None = None
    count: int | None = Field(default=None, ge=1, le=1000)

    @field_validator("arguments")
    @classmethod
    def _comparable(cls, arguments: Arguments | list[Arguments] | None) -> Arguments | list[Arguments] | None:
        _check_arguments(arguments)
        return arguments

    @model_validator(mode="after")
    def _one_count(self) -> ExpectedCall:
        if self.count is not None and isinstance(self.arguments, list):
            raise ValueError("count goes with one set of arguments, not with a list of them")
        return self

    def wanted(self) -> list[Wanted]:
        """The calls that this stands for: one for each set of arguments."""
        if isinstance(self.arguments, list):
            return [Wanted(self.name, arguments) for arguments in self.arguments]
        return [Wanted(self.name, self.arguments or None, self.count)]


NameOrCall = Annotated[
    Annotated[str, Tag("name"), Field(min_length=1)] | Annotated[ExpectedCall, Tag("call")],
    Discriminator(lambda value: "call" if isinstance(value, (dict, ExpectedCall)) else "name"),
]


class Reliability(Method):
    """The agent called the expected tools; scores satisfied checks / checks.

    What counts is what ran: a call that ended in an error satisfies no expectation, and a later one that did not does.
    An expected call is a name, or a name with some of the arguments (other arguments do not matter), and is listed as
    often as it is to be made: each stands for a call of its own. Any attempt to call a tool that is not expected is a
    fault unless ``allow_additional_tool_calls``; more calls of an expected one are none.
    """

    method: ClassVar[str] = "reliability"
    expected_tool_calls: list[NameOrCall] | None = Field(
        default=None, description="Names, or {name, arguments, count}; an empty list: no tool may be called."
    )
    allow_additional_tool_calls: bool = Field(
        default=False, description="Whether tools that are not expected may be called too."
    )
    expected_tool_call_arguments: dict[str, OneOrMore] | None = Field(
        default=None, description="For each tool the arguments that one of its calls must have, or a list of such."
    )
    order: Literal["any", "in_order", "exact"] = Field(
        default="any",
        description="in_order: one after the other, others may come between; exact: these calls and no other.",
    )
    forbidden_tools: Texts = Field(default=[], description="Tools that must not be called, not even in vain.")
    min_calls: int | None = Field(default=None, ge=1, description="The fewest calls that must run without an error.")
    max_calls: int | None = Field(default=None, ge=0, description="The most calls that may be made, failed ones too.")

    @field_validator("expected_tool_call_arguments")
    @classmethod
    def _comparable(cls, specs: dict[str, Any] | None) -> dict[str, Any] | None:
        for tool, arguments in (specs or {}).items():
            if not arguments:
                raise ValueError(f"{tool} has no arguments to check")
            _check_arguments(arguments, tool)
        return specs

    @model_validator(mode="after")
    def _consistent(self) -> Reliability:
        names = {one.name for one in self._wanted()} | (self.expected_tool_call_arguments or {}).keys()
        if both := sorted(names & set(self.forbidden_tools)):
            raise ValueError(f"{both[0]} is both expected and forbidden")
        if self.order != "any" and not self.expected_tool_calls:
            raise ValueError(f"order {self.order} needs expected_tool_calls")
        if self.order == "exact" and self.allow_additional_tool_calls:
            raise ValueError(
                "order exact leaves no room for allow_additional_tool_calls: choose in_order, or leave it"
            )
        if self.min_calls is not None and self.max_calls is not None and self.min_calls > self.max_calls:
            raise ValueError(f"min_calls {self.min_calls} is above max_calls {self.max_calls}")
        return self

    def missing(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Name what could be checked where nothing is."""
        strict = self.expected_tool_calls is not None and not self.allow_additional_tool_calls
        bounds = self.min_calls, self.max_calls
        if strict or self.expected_tool_calls or self.expected_tool_call_arguments or self.forbidden_tools:
            return None
        if bounds != (None, None):
            return None
        return f"something to check: {_NOTHING}"

    def score(self, answer: Answer) -> Score:
        """Score the share of satisfied checks. Raises MethodError when the agent does not tell its tool calls."""
        tried = answer.reply.tool_calls
        if tried is None:
            raise MethodError(
                "reliability needs the agent's tool calls: return an AgentReply with tool_calls (a list, [] for none)"
            )

        def fits(one: Wanted, call: ToolCall) -> bool:
            return one.name == call.name and all(
                key in call.arguments and argument_fits(value, call.arguments[key], answer.time_limit)
                for key, value in (one.arguments or {}).items()
            )

        found = Findings()
        wanted = list(self._wanted())
        find_calls(wanted, tried, fits, found)
        find_arguments(self._argument_specs(), tried, fits, found)
        if self.order != "any":
            find_order(wanted, tried, fits, self.order, found)
        if self.expected_tool_calls is not None:
            self._find_others({one.name for one in wanted}, tried, found)
        self._find_forbidden(tried, found)
        return _score(found)

    def _wanted(self) -> Iterator[Wanted]:
        for one in self.expected_tool_calls or ():
            yield from [Wanted(one)] if isinstance(one, str) else one.wanted()

    def _argument_specs(self) -> Iterator[Wanted]:
        for tool, arguments in (self.expected_tool_call_arguments or {}).items():
            for one in arguments if isinstance(arguments, list) else [arguments]:
                yield Wanted(tool, one)

    def _find_others(self, expected: set[str], tried: Sequence[ToolCall], found: Findings) -> None:
        known = expected | (self.expected_tool_call_arguments or {}).keys()
        others = [call.name for call in tried if call.name not in known]
        if self.allow_additional_tool_calls:
            found.additional_tool_calls += others
            return
        found.failed_tool_calls += others
        found.check(not others, f"not expected: {_listed(others)}")

    def _find_forbidden(self, tried: Sequence[ToolCall], found: Findings) -> None:
        called = {call.name for call in tried}
        for name in self.forbidden_tools:
            if name in called and name not in found.failed_tool_calls:
                found.failed_tool_calls.append(name)
            found.check(name not in called, f"forbidden {name} was called")
        ran = sum(call.error is None for call in tried)
        if self.min_calls is not None:
            found.check(ran >= self.min_calls, f"{ran} calls ran, at least {self.min_calls} needed")
        if self.max_calls is not None:
            found.check(len(tried) <= self.max_calls, f"{len(tried)} calls, at most {self.max_calls} allowed")


def _score(found: Findings) -> Score:
    passed = found.satisfied == found.total
    evidence = asdict(found)
    satisfied, total, faults = (evidence.pop(key) for key in ("satisfied", "total", "faults"))
    reason = f"{satisfied} of {total} checks"
    if faults:
        reason += f": {'; '.join(faults[:_SHOWN])}{'; …' if len(faults) > _SHOWN else ''}"
    evidence = {"eval_status": "PASSED" if passed else "FAILED", **evidence, "faults": faults}
    return Score(satisfied / total, reason, raw=passed, evidence=evidence)


def _check_arguments(arguments: Arguments | list[Arguments] | None, tool: str = "") -> None:
    """Raise ValueError for arguments that could never be compared."""
    if isinstance(arguments, list) and not arguments:
        raise ValueError("the list of arguments is empty")
    for one in arguments if isinstance(arguments, list) else [arguments or {}]:
        for key, wanted in one.items():
            if fault := argument_fault(wanted):
                raise ValueError(f"argument {excerpt(key, 40)}{f' of {tool}' if tool else ''}: {fault}")


def _listed(names: Sequence[str]) -> str:
    unique = list(dict.fromkeys(names))
    return ", ".join(unique[:_SHOWN]) + (", …" if len(unique) > _SHOWN else "")
