"""The answer is neither too short nor too long."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from pytest_evalsuite.methods._base import Answer, Score
from pytest_evalsuite.methods._budget import Bound, Budget
from pytest_evalsuite.methods._text import nfc
from pytest_evalsuite.methods._words import count_sentences, count_words

__all__ = ["Length"]


class Length(Budget):
    """The answer has so many characters, words or sentences; scores 1 or 0.

    Characters are counted without white space around the answer, composed (Unicode NFC). A word is what stands between
    white space and has a letter or digit; in scripts without spaces each character is one. A sentence ends at
    ``.``, ``!``, ``?``, ``…`` or their like where white space or the end follows: ``3.14`` does not end one, but
    ``e.g. this`` does.
    """

    method: ClassVar[str] = "length"
    min_characters: int | None = Field(default=None, ge=0, description="The fewest characters.")
    max_characters: int | None = Field(default=None, ge=0, description="The most characters.")
    min_words: int | None = Field(default=None, ge=0, description="The fewest words.")
    max_words: int | None = Field(default=None, ge=0, description="The most words.")
    min_sentences: int | None = Field(default=None, ge=0, description="The fewest sentences.")
    max_sentences: int | None = Field(default=None, ge=0, description="The most sentences.")

    @model_validator(mode="after")
    def _some_limit(self) -> Length:
        limits = self.model_dump(exclude_none=True)
        if not any(limits.values()) and not any(option.startswith("max_") for option in limits):
            raise ValueError("length needs a limit, such as max_words")
        for unit in ("characters", "words", "sentences"):
            least, most = limits.get(f"min_{unit}"), limits.get(f"max_{unit}")
            if least is not None and most is not None and least > most:
                raise ValueError(f"min_{unit} {least} is above max_{unit} {most}: no answer passes")
        return self

    def score(self, answer: Answer) -> Score:
        """Score 1.0 when every number lies within its limits."""
        text = nfc(answer.text.strip())
        return self.within(
            [
                Bound("characters", len(text), self.min_characters, self.max_characters),
                Bound("words", count_words(text), self.min_words, self.max_words),
                Bound("sentences", count_sentences(text), self.min_sentences, self.max_sentences),
            ]
        )
