from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field

from pytest_evalsuite.methods import Answer, Method, Score, Text, Texts


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.01, 1.01, 11, "1", None])
def test_a_score_is_a_finite_number_in_0_to_1(value: Any) -> None:
    with pytest.raises(ValueError, match=r"a score must be a finite number in 0\.\.1, not"):
        Score(value)


@pytest.mark.parametrize(("value", "number"), [(True, 1.0), (False, 0.0), (1, 1.0), (0.5, 0.5)])
def test_a_score_s_value_is_a_float(value: Any, number: float) -> None:
    assert type(Score(value).value) is float
    assert Score(value).value == number


class Sample(Method):
    """Has options of every kind."""

    method: ClassVar[str] = "sample"
    plain: Text = "a"
    listed: Texts = Field(default=[])
    maybe: Text | None = None
    described: Annotated[Texts | None, Field(description="x")] = None
    number: int = 1
    untouched: str = "a"

    def score(self, answer: Answer) -> Score:
        return Score(1.0, answer.text)


def test_text_options_are_found_wherever_their_type_says_so() -> None:
    assert Sample.text_options() == {"plain", "listed", "maybe", "described"}


def test_a_method_that_awaits_nothing_can_be_awaited(answer: Callable[..., Answer]) -> None:
    assert asyncio.run(Sample().ascore(answer("x"))) == Score(1.0, "x")
