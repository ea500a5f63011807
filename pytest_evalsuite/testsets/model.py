"""A test set and its cases, as everything downstream sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from pytest_evalsuite.agents.calling import copied
from pytest_evalsuite.agents.reply import AgentReply
from pytest_evalsuite.methods._base import Method
from pytest_evalsuite.testsets.attachments import NO_FILES, CaseFile, FileRules, Files
from pytest_evalsuite.testsets.condition import Condition
from pytest_evalsuite.testsets.conversation import Conversation
from pytest_evalsuite.testsets.fingerprint import fingerprint_of
from pytest_evalsuite.testsets.gate import Gate

if TYPE_CHECKING:
    from pytest_evalsuite.testsets.slots import Slots

__all__ = ["Case", "Check", "Isolation", "PassRule", "Requirement", "TestSet"]

Isolation = Literal["none", "process"]
"""Whether each call of the agent has a process of its own."""

Requirement = Literal["all", "any", "score"]
"""When a case with several checks passes: all of them do, any does, or the weighted mean reaches the bar."""

PassRule = Literal["mean", "all", "any", "majority"] | int
"""When a case of several attempts passes: their mean score reaches the bar, or so many of them pass."""


@dataclass(slots=True, eq=False)
class Check:
    """One method asked about a case's answer, with its bar.

    ``negate`` turns the score into ``1 - score``. ``expected_responses`` and ``expected`` are the check's own, or
    the case's. Unless every condition of ``when`` holds, the check is skipped.
    """

    method: Method
    name: str
    passing_score: float
    weight: float = 1.0
    negate: bool = False
    expected_responses: tuple[str, ...] = ()
    expected: Any = None
    when: tuple[Condition, ...] = ()
    slot: str | None = None
    """The field of the agent's output that it looks at; None: the whole answer."""
    case_field: str | None = None
    """The field of the case's ``expected`` that holds what is expected of the slot."""

    def copied(self) -> Check:
        """A check that may be changed without changing this one."""
        options = {name: copied(getattr(self.method, name)) for name in type(self.method).model_fields}
        return replace(self, method=self.method.model_copy(update=options), expected=copied(self.expected))

    @property
    def looks_at_answer(self) -> bool:
        """Whether it depends on the answer if the check applies."""
        return any(condition.field.startswith("output.") for condition in self.when)

    def how(self) -> list[Any]:
        """How the answer is scored, but for what is expected and the bar, as JSON values."""
        options = self.method.model_dump(mode="json")
        conditions = {condition.field: condition.wanted for condition in self.when}
        slot = [] if self.slot is None else [self.slot]
        return [self.method.method, options, self.weight, self.negate, conditions, *slot]


@dataclass(slots=True, eq=False)
class Case:
    """One case of a test set: what is asked, what is expected, how the answer is checked.

    Instances are shared and must not be changed. ``line`` counts from 1; ``position`` is the place in the test set's
    order, from 0. What only a run's settings decide (agent, iterations, timeout, pass rule) is None unless the case or
    its test set says it.
    """

    id: str
    question: str | None
    checks: tuple[Check, ...]
    line: int
    position: int
    inputs: Mapping[str, Any] = field(default_factory=dict)
    expected_responses: tuple[str, ...] = ()
    expected: Any = None
    name: str | None = None
    rationale: str | None = None
    order: int = 0
    require: Requirement = "all"
    passing_score: float | None = None
    agent: str | None = None
    iterations: int | None = None
    pass_rule: PassRule | None = None
    timeout: float | None = None
    tags: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    skip: str | None = None
    xfail: str | None = None
    required: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    file: CaseFile | None = None
    """What it attaches; `files` is what an agent gets."""
    mapped: Mapping[str, Any] | None = None
    """What the agent is called with, by parameter, where the test set maps inputs."""
    judged_by: tuple[str, ...] = ()
    """Who judges it, for the checks that ask somebody; known once judges are."""
    actual: AgentReply | None = None
    """An answer that is there already, so that nobody is asked."""
    conversation_id: str = ""
    """The name of the conversation that it is a turn of, as it is given."""
    conversation: Conversation | None = field(default=None, repr=False)
    turn: int = 0
    """Its number, from 1, among the turns that are asked; 0 for one that is skipped, or a case that stands alone."""
    said_before: str = field(default="", repr=False)
    """A digest of the turns before it; empty where there are none."""
    _fingerprint: str | None = field(default=None, repr=False)

    def for_agent(self) -> Case:
        """A case that an agent may change without changing this one."""
        return replace(
            self,
            checks=tuple(check.copied() for check in self.checks),
            inputs=copied(self.inputs),
            expected=copied(self.expected),
            metadata=copied(self.metadata),
            conversation=None,
        )

    @property
    def unit(self) -> str:
        """What has to stay together: the conversation that it is a turn of, or itself."""
        return f"conversation {self.conversation.id}" if self.conversation is not None else self.id

    @property
    def files(self) -> Files:
        """What the case attaches, each checked whenever it is asked for, which raises AttachmentError then."""
        return NO_FILES if self.file is None else Files(self.file)

    @property
    def asks(self) -> list[Any]:
        """What the agent is given, as JSON values: question, inputs, and what is mapped and attached where that is.

        In a conversation what it is said to have answered, too.
        """
        mapped, file = self.mapped, self.file
        scripted = self.actual if self.turn else None
        return [
            self.question,
            self.inputs,
            *(() if mapped is None else (mapped,)),
            *(() if file is None else (file.identity,)),
            *(() if scripted is None else ({"answer": scripted.output},)),
        ]

    def prepare_files(self) -> None:
        """Fetch what has to be fetched for the case, and for the turns before it."""
        before = self.conversation.turns[: self.turn] if self.conversation is not None else ()
        for case in (*before, self):
            if case.file is not None:
                case.file.prepare()

    @property
    def waits(self) -> bool:
        """Whether some check has something to wait for, such as a judge."""
        return any(check.method.is_async for check in self.checks)

    @property
    def asks_default_judge(self) -> bool:
        """Whether some check asks a judge and names none."""
        return any(check.method.judge_names() == () for check in self.checks)

    @property
    def measures(self) -> bool:
        """Whether some check measures the agent, alone."""
        return any(check.method.measures for check in self.checks)

    @property
    def fingerprint(self) -> str:
        """What the case asks, expects and how it is judged: a digest of each of `fingerprint.PARTS`.

        Two results may be compared only where it is the same. It does not depend on the id, the place in the file, the
        order of keys, tags, or marks. A turn asks what the turns before it ask, too.
        """
        if self._fingerprint is None:
            checks = self.checks
            self._fingerprint = fingerprint_of(
                question=[*self.asks, *filter(None, [self.said_before])],
                expectation=[
                    self.expected_responses,
                    self.expected,
                    [[check.expected_responses, check.expected] for check in checks],
                ],
                method=[self.require, [check.how() for check in checks]],
                threshold=[
                    self.passing_score if self.require == "score" else None,
                    [check.passing_score for check in checks],
                ],
                judge=self.judged_by,
            )
        return self._fingerprint


@dataclass(slots=True, eq=False)
class TestSet:
    """A named list of cases, from one file.

    ``path`` is the file as it was named to the loader. ``locate(case, key, ...)`` gives (line, column), from 1, of a
    value of a case, for messages about it; it reads the file again and so costs nothing before. ``cases_path`` is the
    file that the cases' lines are in, where ``cases_from`` names another one. ``gate`` holds its bars, ``slots`` its
    mapping and the schemas of its slots.
    """

    __test__ = False

    path: str
    name: str
    cases: Sequence[Case]
    description: str | None = None
    mode: Literal["independent", "scenario"] = "independent"
    language: str = "en"
    agent: str | None = None
    isolation: Isolation | None = None
    tags: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    locate: Callable[..., tuple[int, int]] = field(default=lambda case, *keys: (case.line, 1), repr=False)
    cases_path: str | None = None
    gate: Gate | None = None
    slots: Slots | None = None

    def save(self, path: str | PathLike[str], *, methods: Any = None, files: FileRules | None = None) -> None:
        """Write the test set as YAML, CSV or JSONL, by the file's suffix; a file that is there is replaced.

        The same test set gives the same text, which loads as an equal test set; ``methods`` and ``files`` are those
        of `load_test_set`, if it was loaded with any. Raises EditError, and writes nothing, where the format cannot
        hold something (a CSV file has no settings and no nested fields) or the file cannot be written.
        """
        from pytest_evalsuite.testsets.editing.saving import save_test_set

        save_test_set(self, path, methods=methods, files=files)
