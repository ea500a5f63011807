"""What a test method is: options, an answer in, a score out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, get_args

from pydantic import BaseModel, ConfigDict

from pytest_evalsuite.agents.reply import AgentReply, Usage
from pytest_evalsuite.tracing.span import Span

if TYPE_CHECKING:
    from pytest_evalsuite.judges import Bench

__all__ = ["Answer", "Method", "Score", "Text", "Texts"]

KEEP_TEXT: Final = "keep-text"
"""Marks an option whose unquoted YAML scalars stay text."""

Text = Annotated[str, KEEP_TEXT]
Texts = Annotated[list[str], KEEP_TEXT]


@dataclass(frozen=True, slots=True)
class Score:
    """How good an answer is: ``value`` in 0..1, why, and what it was read from.

    ``raw`` keeps the figure on the method's own scale (1..10, percent, bool) and ``evidence`` what a reader needs to
    believe the value: JSON values only. Where a judge was asked, ``judge`` says who, and ``usage`` and ``cost`` (US
    dollars) what that took: they are the judge's, not the agent's. A bool counts as 1.0 or 0.0. Raises ValueError when
    ``value`` is no finite number in 0..1.
    """

    value: float
    reason: str = ""
    raw: Any = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    judge: str | None = None
    usage: Usage | None = None
    cost: float | None = None

    def __post_init__(self) -> None:
        value: object = self.value  # callers are not all type-checked
        if not isinstance(value, (int, float)) or not 0.0 <= value <= 1.0:  # NaN is not
            raise ValueError(f"a score must be a finite number in 0..1, not {value!r}")
        if type(value) is not float:
            object.__setattr__(self, "value", float(value))


@dataclass(slots=True, kw_only=True)
class Answer:
    """Everything that a method may look at, and nothing that it may change.

    ``text`` is the reply as text and ``output`` the same as the agent returned it (text or a JSON value).
    ``expected_responses`` are the texts of which any one is right; ``expected`` is a structured expectation (a JSON
    value) or None. ``time_limit`` is how many seconds a method may take where it can run away, or None. ``seconds`` is
    how long the agent took, None where it was not called. ``language`` is the one that a judge gives its reasons in,
    and ``judges`` those who can be asked. ``ask_again`` puts the case to its agent once more, for a method that
    ``measures``; it gives the seconds that the agent took, and raises what the call ended in. Where ``slot`` names a
    field of the agent's output, ``text`` and ``output`` are that field's alone: data, even where they are text, as
    ``expected`` is. ``history`` is what was said before, in a conversation, as messages with ``role`` and ``content``:
    the last 20 of them. ``is_replayed`` says that nobody was asked for this answer: its cost was not paid now.
    ``spans`` are the steps of the call, as they began, but for the call itself; None where nobody tells any.
    ``before`` is the evidence that a method that ``measures`` had for this case in the run that is compared with, if
    there is such a one.
    """

    text: str
    output: Any
    question: str | None
    inputs: Mapping[str, Any]
    expected_responses: tuple[str, ...]
    expected: Any
    reply: AgentReply
    metadata: Mapping[str, Any] = field(default_factory=dict)
    time_limit: float | None = None
    seconds: float | None = None
    language: str = "en"
    judges: Bench | None = None
    ask_again: Callable[[], float] | None = None
    history: Sequence[Mapping[str, str]] = ()
    is_replayed: bool = False
    before: Mapping[str, Any] | None = None
    slot: str | None = None
    spans: Sequence[Span] | None = None


class Method(BaseModel):
    """A test method with its options, which are the model's fields.

    A subclass stands in a module of this package that bears the method's name, and is found by it. Its docstring's
    first line is what lists of methods show. An option whose value is text to be kept as it is written in a file
    (``017``, ``no``) is annotated with `Text`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    method: ClassVar[str]
    """The name that test sets use."""
    default_passing_score: ClassVar[float] = 1.0
    """The bar where neither case nor test set names one."""
    measures: ClassVar[bool] = False
    """Whether it asks the agent again, and so wants to be alone with it."""
    is_async: ClassVar[bool] = False
    """Whether an event loop should await `ascore` rather than call `score`."""

    @classmethod
    @cache
    def text_options(cls) -> frozenset[str]:
        """Names of the options that are `Text` or `Texts`."""
        return frozenset(
            name
            for name, option in cls.model_fields.items()
            if KEEP_TEXT in option.metadata or _keeps_text(option.annotation)
        )

    def missing(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Say what a case lacks for this method to check anything, or None.

        The default wants an expected response (text). Override it where something else is checked.
        """
        if expected_responses:
            return None
        return "an expected_response"

    def problem(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Say in one line why no answer could be scored against this expectation, or None; asked before any run.

        The default names what is `missing`. Extend it where an expectation can be malformed.
        """
        missing = self.missing(expected_responses=expected_responses, expected=expected)
        return f"{self.method} needs {missing}" if missing else None

    def judge_names(self) -> tuple[str, ...] | None:
        """The judges that are asked, by name; empty: the default one; None: none is asked."""
        return None

    def own_bar(self) -> float | None:
        """The passing score that the options imply, or None; it goes before the test set's default."""
        return None

    def score(self, answer: Answer) -> Score:
        """Score one answer. Whatever this raises makes the case an error, never a failure."""
        raise NotImplementedError

    async def ascore(self, answer: Answer) -> Score:
        """Score one answer inside an event loop; only a method that ``is_async`` has anything to await."""
        return self.score(answer)


def _keeps_text(annotation: Any) -> bool:
    return KEEP_TEXT in get_args(annotation) or any(_keeps_text(part) for part in get_args(annotation))
