"""The answer contains keywords, as whole words."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from pytest_evalsuite.methods._base import Answer, Method, Score, Texts
from pytest_evalsuite.methods._text import Step, excerpt, normalize

__all__ = ["KeywordMatch"]

_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
"""Scripts in which no space, or a particle, follows a word: Thai, Lao, Burmese, Khmer, Korean, Japanese, Chinese."""

_EMPTY: Final = "a keyword is empty: it would be found in every answer"


class KeywordMatch(Method):
    """The answer contains all, any, or at least n of the keywords, as whole words.

    The score is found / total for all, min(1, found / n) for n, and 1 or 0 for any. Case (unless ``case_sensitive``),
    the kind and amount of white space, and Unicode composition do not matter. A keyword that begins or ends with a
    sign (``C++``, ``€5``) ends there; ``5`` is not found in ``5.99`` or ``1,005``. In scripts that put no spaces
    between words a keyword is found anywhere. Without ``keywords`` the expected responses are taken, any of which
    will do unless ``match`` says otherwise.
    """

    method: ClassVar[str] = "keyword_match"
    keywords: Texts | None = Field(default=None, description="Words or phrases; default: the expected responses.")
    match: Literal["all", "any"] | Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="How many must be found: all, any, or at least so many; default: all keywords, any response.",
    )
    case_sensitive: bool = Field(default=False, description="Whether upper and lower case differ.")

    @field_validator("keywords")
    @classmethod
    def _all_there(cls, keywords: list[str] | None) -> list[str] | None:
        if keywords is not None and not keywords:
            raise ValueError("name at least one keyword")
        if keywords and not all(map(str.strip, keywords)):
            raise ValueError(_EMPTY)
        return keywords

    @field_validator("match")
    @classmethod
    def _within_reach(cls, match: int | str | None, known: ValidationInfo) -> int | str | None:
        keywords = known.data.get("keywords")
        if keywords is not None and isinstance(match, int) and match > len(keywords):
            raise ValueError(_beyond(match, len(keywords), "keywords"))
        return match

    @model_validator(mode="after")
    def _no_repeats(self) -> KeywordMatch:
        normal = [self._normal(keyword) for keyword in self.keywords or ()]
        for index, keyword in enumerate(normal):
            if keyword in normal[:index]:
                raise ValueError(f"keyword {excerpt(keyword)} is given twice")
        return self

    def missing(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Name the keywords when neither they nor expected responses are there."""
        return None if self.keywords or expected_responses else "keywords, or an expected_response"

    def problem(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Hold expected responses that stand in for keywords to the same rules."""
        if self.keywords is None and expected_responses:
            if not all(map(str.strip, expected_responses)):
                return _EMPTY
            if (needed := self._needed(len(expected_responses))) > len(expected_responses):
                return f"match: {_beyond(needed, len(expected_responses), 'expected responses')}"
        return super().problem(expected_responses=expected_responses, expected=expected)

    def score(self, answer: Answer) -> Score:
        """Score the keywords found; ``evidence`` lists found and missing ones as they are written."""
        keywords = self.keywords or list(answer.expected_responses)
        text = self._normal(answer.text)
        found = [keyword for keyword in keywords if _occurs(self._normal(keyword), text)]
        missing = [keyword for keyword in keywords if keyword not in found]
        needed = self._needed(len(keywords))
        reason = f"found {len(found)} of {len(keywords)} keywords, needed {needed}"
        if missing and len(found) < needed:
            reason += f"; missing {', '.join(map(excerpt, missing[:10]))}{', …' if len(missing) > 10 else ''}"
        evidence = {"found": found, "missing": missing}
        return Score(min(1.0, len(found) / needed), reason, raw=len(found), evidence=evidence)

    def _needed(self, total: int) -> int:
        match = self.match or ("any" if self.keywords is None else "all")
        return total if match == "all" else 1 if match == "any" else match

    def _normal(self, text: str) -> str:
        steps: list[Step] = ["whitespace"] if self.case_sensitive else ["whitespace", "case"]
        return normalize(text, steps)


def _beyond(needed: int, total: int, what: str) -> str:
    return f"at most {total}, the number of {what}, not {needed}"


def _occurs(keyword: str, text: str) -> bool:
    start = text.find(keyword)
    while start >= 0:
        if not _joined(text, start) and not _joined(text, start + len(keyword)):
            return True
        start = text.find(keyword, start + 1)
    return False


def _joined(text: str, at: int) -> bool:
    """Whether the characters before and after position ``at`` belong to one word or one number."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if _is_mark(after) or (_in_word(before) and _in_word(after)):
        return True
    if before in ".,":
        return after.isdigit() and text[at - 2 : at - 1].isdigit()
    return after in ".," and before.isdigit() and text[at + 1 : at + 2].isdigit()


def _in_word(character: str) -> bool:
    wordy = character.isalnum() or character == "_" or _is_mark(character)
    return wordy and not _UNSPACED.match(character)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"
