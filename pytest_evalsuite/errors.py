"""What can go wrong, as one tree.

::

    EvalsuiteError                 the base of all of them
    +-- TestSetError               a test set file has mistakes; all of them, each with its place
    +-- EditError                  a test set cannot be edited as asked; its file is as it was
    +-- ConfigurationError         an option, ini value, agent or method name is wrong: nothing may run
    +-- CaseError                  a case could not be evaluated: an error, never a failure, never a score
    |   +-- AgentError             the agent broke in a way that must not end the test session (SystemExit ...)
    |   |   +-- RemoteError        the agent raised, in a process of its own
    |   +-- ReplyError             the agent returned something that is no answer
    |   +-- CaseTimeout            the agent did not answer in time
    |   +-- MethodError            a method could not score the answer
    |   +-- JudgeError             a judge could not be asked, or gave no verdict
    |   +-- AnswerMissing          an earlier run was to have the answer, and has none
    |   +-- TurnBroken             an earlier turn of the conversation ended in an error: this one is not asked
    |   +-- AttachmentError        the case's file has gone, has changed, or could not be fetched
    +-- StoreError                 the run directory or an artifact could not be written or read
    |   +-- BaselineMissing        there is no such run, artifact or baseline to compare with
    |   +-- AssessmentError        what somebody says of an answer cannot be kept, or is not theirs to change
    +-- GroupError                 an evaluation group cannot be made, found or joined

    CaseFailed (AssertionError)    the answer was scored, and the score is under the bar

``CaseFailed`` stands apart because it is what a failing assertion is to pytest: a result, not a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = [
    "AgentError",
    "AnswerMissing",
    "AssessmentError",
    "AttachmentError",
    "BaselineMissing",
    "CaseError",
    "CaseFailed",
    "CaseTimeout",
    "ConfigurationError",
    "EditError",
    "EvalsuiteError",
    "GroupError",
    "JudgeError",
    "MethodError",
    "Mistake",
    "RemoteError",
    "ReplyError",
    "StoreError",
    "TestSetError",
    "TurnBroken",
]


class EvalsuiteError(Exception):
    """The base of every exception that this package raises on purpose."""


LINE_BREAKS: Final = {ord(character): repr(character)[1:-1] for character in "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"}
"""What ends a line, and what is shown in its place."""


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake in a file: where it is and what to do about it.

    ``line`` and ``column`` count from 1. ``str()`` gives ``path:line:column: message`` on one line, which editors
    and CI logs turn into a link.
    """

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}".translate(LINE_BREAKS)


class TestSetError(EvalsuiteError):
    """A test set cannot be used; ``mistakes`` holds all that is wrong with it, in the file's order."""

    __test__ = False

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes))
        super().__init__("\n".join(map(str, self.mistakes)))


class EditError(EvalsuiteError):
    """A test set cannot be edited as asked; its file is as it was."""


class ConfigurationError(EvalsuiteError):
    """An option, an ini value, an agent or a method is wrong; the message says what to do."""


class CaseError(EvalsuiteError):
    """A case could not be evaluated. ``kind`` is the cause that its record names."""

    kind = "error"


class AgentError(CaseError):
    """The agent could not answer: its service failed, or it broke with what must not reach pytest (``SystemExit``)."""

    kind = "agent"


class RemoteError(AgentError):
    """What the agent raised in another process, or in the run that is replayed.

    ``description`` is what the record is to say of it: kind, type, message and traceback.
    """

    def __init__(self, description: Mapping[str, Any]) -> None:
        super().__init__(description["message"])
        self.description = dict(description)


class ReplyError(CaseError):
    """The agent returned something that is no answer: None, bytes, a generator, an answer beyond all bounds."""

    kind = "reply"


class CaseTimeout(CaseError):
    """The agent did not answer within the case's timeout."""

    kind = "timeout"


class MethodError(CaseError):
    """A test method could not score an answer: it raised, or returned no score in 0..1."""

    kind = "method"


class JudgeError(CaseError):
    """A judge could not be asked or gave no verdict: the answer could not be judged, which is no score.

    ``hopeless`` says that asking again will not help: a wrong key, an unknown model, no credit.
    """

    kind = "judge"

    def __init__(self, message: str, *, hopeless: bool = False) -> None:
        super().__init__(message)
        self.hopeless = hopeless


class AnswerMissing(CaseError):
    """A stored answer was to be scored, and there is none to this case; told on one line, whatever it quotes."""

    kind = "answer"

    def __init__(self, message: str) -> None:
        super().__init__(message.translate(LINE_BREAKS))


class TurnBroken(CaseError):
    """An earlier turn of the conversation ended in an error, so that this one could not be asked."""

    kind = "turn"


class AttachmentError(CaseError):
    """A case's file is no longer what it was when the test set was read, or could not be fetched."""

    kind = "attachment"


class StoreError(EvalsuiteError):
    """A run directory or an artifact could not be written or read; told on one line, whatever it quotes."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message.translate(LINE_BREAKS))


class BaselineMissing(StoreError):
    """What a run is to be compared with is not there (yet)."""


class AssessmentError(StoreError):
    """What somebody says of an answer cannot be kept as it is said, or is not theirs to change."""


class GroupError(EvalsuiteError):
    """An evaluation group cannot be made, found or joined; the message says what to do."""


class CaseFailed(AssertionError):
    """A case's answer scored under its passing score."""
