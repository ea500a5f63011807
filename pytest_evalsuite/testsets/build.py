"""One case as it stands in a file becomes a `Case`, or problems that say what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_evalsuite.agents.reply import AgentReply, ToolCall
from pytest_evalsuite.testsets.attachments import FileFinder
from pytest_evalsuite.testsets.checks import CheckBuilder
from pytest_evalsuite.testsets.fields import CASE
from pytest_evalsuite.testsets.identity import derive_id
from pytest_evalsuite.testsets.model import Case, PassRule
from pytest_evalsuite.testsets.part import Expectation, Part
from pytest_evalsuite.testsets.problems import Problem
from pytest_evalsuite.testsets.slots import Fit, Slots
from pytest_evalsuite.testsets.values import show

__all__ = ["CaseBuilder", "check_attempts"]

NOTHING_EXPECTED = Expectation()


class CaseBuilder:
    """Builds the cases of one test set."""

    def __init__(self, checks: CheckBuilder, files: FileFinder, slots: Slots) -> None:
        self.defaults = checks.defaults
        self.files = files
        self.checks = checks
        self.slots = slots

    def build(self, raw: Any, line: int, place: int, problems: list[Problem]) -> Case | None:
        """Build a case, or add to ``problems`` all that is wrong with it and give None.

        ``line`` counts from 1, ``place`` is the case's position, from 0.
        """
        if type(raw) is not dict:
            problems.append(Problem((), f"expected a case (a mapping with a question), not {show(raw)}"))
            return None
        before = len(problems)
        part = Part(raw, CASE, problems)
        get = part.values.get
        question, inputs = get("question"), get("inputs", {})
        if question is None and not inputs and not part.refused & {"question", "inputs"}:
            part.report(None, "the case asks nothing: it needs a question, or inputs")
        file = self.files.file_of(part)
        given = part.expectation(NOTHING_EXPECTED)
        listed = "checks" in raw
        fit = self.slots.fit(part, self.checks)
        if fit.lacking or not self.slots.is_whole:
            given = given._replace(known=False)  # it is not going to be compared
        if self.slots.compares:
            checks = self.checks.mapped(part, given, fit.checks)
        else:
            checks = self.checks.listed(part, given) if listed else self.checks.single(part, given)
        defaults = self.defaults
        iterations, pass_rule = get("iterations", defaults.iterations), get("pass_rule", defaults.pass_rule)
        check_attempts(part, iterations, pass_rule)
        check_required(part, fit)
        check_given(part)
        if len(problems) > before or not checks:
            return None
        require = get("require", "all")
        bar = get("passing_score", defaults.passing_score) if require == "score" else None
        return Case(
            id=get("id") or derive_id(question, inputs, None if file is None else file.url),
            question=question,
            checks=checks,
            line=line,
            position=place,
            inputs=inputs,
            file=file,
            expected_responses=given.responses,
            expected=given.expected,
            name=get("name"),
            rationale=get("rationale"),
            order=get("order", 0),
            require=require,
            passing_score=bar if listed or self.slots.compares else checks[0].passing_score,
            agent=get("agent", defaults.agent),
            iterations=iterations,
            pass_rule=pass_rule,
            timeout=get("timeout", defaults.timeout),
            tags=get("tags", ()),
            marks=get("marks", ()),
            skip=get("skip") or fit.lacking,
            xfail=get("xfail"),
            required=get("required", False),
            metadata=get("metadata", {}),
            actual=given_reply(get("actual_response"), get("actual_tool_calls")),
            conversation_id=get("conversation", ""),
            mapped=fit.mapped,
        )


def given_reply(response: Any, calls: Sequence[ToolCall] | None) -> AgentReply | None:
    """Give the answer that a case carries itself."""
    return None if response is None else AgentReply(response, calls)


def check_given(part: Part) -> None:
    """Report tool calls without the answer that they belong to, and several attempts of an answer that is given."""
    if "actual_tool_calls" in part.raw and "actual_response" not in part.raw:
        part.report("actual_tool_calls", "tool calls need the answer that they led to: 'actual_response'", on_key=True)
    if "actual_response" in part.raw and part.key("iterations") in part.raw:
        part.report(part.key("iterations"), "an answer that is given is graded once: nobody is asked", on_key=True)


def check_attempts(part: Part, iterations: int | None, pass_rule: PassRule | None) -> None:
    """Report a pass rule that asks for more attempts than there are, where either is said in this mapping."""
    if type(pass_rule) is int and iterations is not None and pass_rule > iterations:
        key = next((key for key in (part.key("pass_rule"), part.key("iterations")) if key in part.raw), None)
        if key is not None:
            part.report(key, f"at least {pass_rule} attempts cannot pass of {iterations} iterations")


def check_required(part: Part, fit: Fit) -> None:
    """Report a case that must pass, and is not run or known to fail."""
    if part.values.get("required"):
        for key in ("skip", "xfail"):
            if key in part.values:
                part.report("required", f"a required case must pass, and this one has {key!r}: keep one", on_key=True)
        if fit.lacking:
            part.report("required", f"a required case must pass, and this one {fit.lacking}", on_key=True)
