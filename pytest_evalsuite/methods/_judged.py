"""What all methods have in common that ask a judge."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal
from unicodedata import category

from pydantic import Field, StringConstraints, model_validator

from pytest_evalsuite.errors import JudgeError
from pytest_evalsuite.judges import JudgeRequest, Scale, Verdict
from pytest_evalsuite.judges._base import Purpose
from pytest_evalsuite.judges._reply import fits
from pytest_evalsuite.methods._base import KEEP_TEXT, Answer, Method, Score, Text

__all__ = ["Guidelines", "JudgedMethod", "Line", "points_to_score", "says_nothing"]

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Guidelines = Annotated[Line | list[Line], KEEP_TEXT]
"""Further things that a judge is to mind: one text, or a list."""


def points_to_score(points: float) -> float:
    """1..10 as 0..1: ``(points - 1) / 9``."""
    return (points - 1) / 9


def says_nothing(text: str) -> bool:
    """Whether a text has no letter, no digit and no pictograph."""
    return not any(character.isalnum() or category(character) == "So" for character in text)


class JudgedMethod(Method):
    """A method that has a judge look at the answer.

    An answer without a letter, digit or pictograph scores 0 without a judge. A judge that cannot be asked, or gives
    no verdict, makes the case an error.
    """

    is_async: ClassVar[bool] = True
    purpose: ClassVar[Purpose]

    judge: Text | None = Field(default=None, description="The judge to ask, by name; else the default judge.")
    judges: Annotated[list[Line], KEEP_TEXT] | None = Field(
        default=None, min_length=2, max_length=15, description="Several judges to ask, who vote."
    )
    vote: Literal["majority", "mean"] = Field(
        default="majority", description="How several judges decide: majority (of numbers, the median) or mean."
    )
    additional_guidelines: Guidelines | None = Field(
        default=None, description="What the judge is to mind besides: a text or a list of texts."
    )

    @model_validator(mode="after")
    def _one_or_several(self) -> JudgedMethod:
        if self.judge is not None and self.judges is not None:
            raise ValueError("'judge' names one judge, 'judges' several: keep one of them")
        if self.judges is not None and len(set(self.judges)) < len(self.judges):
            raise ValueError("'judges' names a judge twice")
        return self

    def judge_names(self) -> tuple[str, ...]:
        """The judges that the options name; empty: the default one."""
        return tuple(self.judges) if self.judges else (self.judge,) if self.judge else ()

    def scale(self) -> Scale:
        """The form of verdict that is asked for."""
        raise NotImplementedError

    def criteria_text(self) -> str | None:
        """What the judge is to judge by, besides its prompt."""
        return None

    def context_text(self) -> str | None:
        """What the judge should know besides question and answer."""
        return None

    def shows_expected(self) -> bool:
        """Whether the judge sees the expected responses."""
        return True

    def to_score(self, verdict: Verdict) -> tuple[float, Any]:
        """The verdict as a score in 0..1 and on its own scale."""
        raise NotImplementedError

    def evidence(self, verdict: Verdict) -> dict[str, Any]:
        """What a reader needs besides score and reason."""
        return {}

    async def ascore(self, answer: Answer) -> Score:
        """Have the answer judged. Raises JudgeError."""
        if says_nothing(answer.text):
            return Score(0.0, "the answer says nothing" if answer.text.strip() else "the answer is empty")
        if answer.judges is None:
            raise JudgeError("could not be judged: there is no judge")
        judge, request = answer.judges.get(self.judge_names(), self.vote), self._request(answer)
        verdict: object = await judge.judge(request)
        if not isinstance(verdict, Verdict) or not fits(verdict.value, request.scale):
            given = verdict.value if isinstance(verdict, Verdict) else verdict
            raise JudgeError(f"could not be judged: {judge.identity} gave {given!r:.200}, which is no verdict")
        value, raw = self.to_score(verdict)
        evidence = self.evidence(verdict)
        if verdict.notes:
            evidence["notes"] = list(verdict.notes)
        if verdict.raw_reply is not None:
            evidence["judge_reply"] = verdict.raw_reply[:5_000]
        return Score(
            value,
            verdict.reason,
            raw=raw,
            evidence=evidence,
            judge=verdict.judge,
            usage=verdict.usage,
            cost=verdict.cost,
        )

    def _request(self, answer: Answer) -> JudgeRequest:
        guidelines = self.additional_guidelines
        return JudgeRequest(
            purpose=self.purpose,
            scale=self.scale(),
            answer=answer.text,
            question=answer.question,
            inputs=answer.inputs,
            expected=answer.expected_responses if self.shows_expected() else (),
            criteria=self.criteria_text(),
            guidelines=(guidelines,) if isinstance(guidelines, str) else tuple(guidelines or ()),
            context=self.context_text(),
            history=tuple(answer.history),
            language=answer.language,
        )
