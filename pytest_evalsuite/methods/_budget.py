"""Figures of an answer beside what they may be at most, or must be at least."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods._base import Method, Score

__all__ = ["Bound", "Budget", "reported"]


class Bound(NamedTuple):
    """A figure with its unit, and its least and greatest allowed value; None where there is no such bound."""

    unit: str
    figure: float
    least: float | None = None
    most: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the figure lies within; both bounds are inclusive."""
        return (self.least is None or self.figure >= self.least) and (self.most is None or self.figure <= self.most)

    def __str__(self) -> str:
        allowed = [
            *([] if self.least is None else [f"at least {_number(self.least)} needed"]),
            *([] if self.most is None else [f"at most {_number(self.most)} allowed"]),
        ]
        return f"{_number(self.figure)} {self.unit}, {', '.join(allowed)}"


class Budget(Method):
    """A method that looks at what an answer took or how long it is; it needs no expectation."""

    def missing(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Nothing: the limits are options."""
        return None

    def within(self, bounds: Iterable[Bound]) -> Score:
        """Score 1.0 when every figure lies within its bounds, else 0.0; the reason names those that do not."""
        given = [bound for bound in bounds if bound.least is not None or bound.most is not None]
        broken = [bound for bound in given if not bound.kept]
        raw = given[0].figure if len(given) == 1 else {bound.unit: bound.figure for bound in given}
        return Score(float(not broken), "; ".join(map(str, broken or given)), raw=raw)


def reported(figure: float | None, method: str, what: str, where: str) -> float:
    """Give a figure that the agent reported. Raises MethodError, saying where it belongs, when it did not."""
    if figure is None:
        raise MethodError(f"{method} needs {what}, which the agent does not tell: return an AgentReply with {where}")
    return figure


def _number(figure: float) -> str:
    return f"{figure:,}" if isinstance(figure, int) else f"{figure:,.6g}"
