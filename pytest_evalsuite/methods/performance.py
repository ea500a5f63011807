"""How long the agent takes and how much memory, measured alone, as Agno's performance evaluation does."""

from __future__ import annotations

import gc
import math
import statistics
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods._base import Answer, Method, Score

__all__ = ["Limits", "Performance"]

MIB: Final = 1024 * 1024
BASELINE_RUNS: Final = 3
NOTHING_BEFORE: Final = "not compared: there is no baseline run with figures of this case"
STATISTICS: Final = ("average", "minimum", "maximum", "standard_deviation", "median", "p95")


class Limits(BaseModel):
    """Limits on the figures of one series of measurements."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    average: float | None = Field(default=None, gt=0.0)
    minimum: float | None = Field(default=None, gt=0.0)
    maximum: float | None = Field(default=None, gt=0.0)
    standard_deviation: float | None = Field(default=None, gt=0.0)
    median: float | None = Field(default=None, gt=0.0)
    p95: float | None = Field(default=None, gt=0.0)


class Performance(Method):
    """Asks the agent again, alone, and measures run time and memory in separate passes; limits may fail the case.

    While it measures, no other call is in flight in this process. ``warmup_runs`` calls are made first and not
    measured; then ``num_iterations`` for the run time, and as many for the memory. Memory is the peak of what Python
    allocates during a call (`tracemalloc`), less that of an empty call. It is measured only where ``measure_memory``
    or ``max_mib`` asks for it, for it takes as many calls again. ``max_slowdown`` and ``max_memory_growth`` limit the
    medians to so many times those of the baseline run; where that has none, they are not applied, and the reason says
    so. Scores the share of limits that are kept, 1 without any.
    """

    method: ClassVar[str] = "performance"
    measures: ClassVar[bool] = True

    warmup_runs: int = Field(default=0, ge=0, le=10, description="Calls that are made first and not measured: 0..10.")
    num_iterations: int = Field(default=1, ge=1, le=100, description="Measured calls in each pass: 1..100.")
    max_seconds: float | Limits | None = Field(
        default=None,
        description="The most seconds on average, or limits on some of: average, minimum, maximum, "
        "standard_deviation, median, p95.",
    )
    max_mib: float | Limits | None = Field(default=None, description="The same in MiB of memory.")
    max_slowdown: float | None = Field(
        default=None, gt=0.0, description="The most run time, in times of the baseline run's median."
    )
    max_memory_growth: float | None = Field(
        default=None, gt=0.0, description="The most memory, in times of the baseline run's median."
    )
    measure_runtime: bool = Field(default=True, description="Whether run time is measured.")
    measure_memory: bool = Field(default=False, description="Whether memory is measured where it has no limit.")

    @model_validator(mode="after")
    def _measure_something(self) -> Performance:
        for limit in (self.max_seconds, self.max_mib):
            if isinstance(limit, float) and limit <= 0:
                raise ValueError("a limit is more than 0")
            if isinstance(limit, Limits) and not limit.model_dump(exclude_none=True):
                raise ValueError("the limits name no figure")
        for option in ("max_seconds", "max_slowdown"):
            if not self.measure_runtime and getattr(self, option) is not None:
                raise ValueError(f"{option} needs measure_runtime")
        if not self.measure_runtime and not self._wants_memory():
            raise ValueError("nothing is measured: set measure_runtime or measure_memory")
        return self

    def problem(self, *, expected_responses: tuple[str, ...], expected: Any) -> str | None:
        """Nothing is needed: what is measured is expected."""
        return None

    def score(self, answer: Answer) -> Score:
        """Measure. Raises MethodError where the agent cannot be asked again, and whatever a call of it ends in."""
        ask = answer.ask_again
        if ask is None:
            raise MethodError("performance must ask the agent again, and this answer comes without one")
        for _ in range(self.warmup_runs):
            ask()
        evidence: dict[str, Any] = {}
        verdicts: list[tuple[bool, str]] = []
        before = answer.before or {}
        if self.measure_runtime:
            evidence["run_time_seconds"] = seconds = _figures([ask() for _ in range(self.num_iterations)])
            verdicts += _compare(seconds, self.max_seconds, "s")
            verdicts += _grown(seconds, before.get("run_time_seconds"), self.max_slowdown, "s")
        if self._wants_memory():
            evidence["memory_mib"] = mib = _figures(_memory(ask, self.num_iterations))
            verdicts += _compare(mib, self.max_mib, "MiB")
            verdicts += _grown(mib, before.get("memory_mib"), self.max_memory_growth, "MiB")
        broken = [text for kept, text in verdicts if not kept]
        value = 1.0 if not verdicts else 1 - len(broken) / len(verdicts)
        shown = broken or [text for _, text in verdicts] or [_average(evidence)]
        shown += [NOTHING_BEFORE] * (not before and (self.max_slowdown or self.max_memory_growth) is not None)
        raw = evidence.get("run_time_seconds", evidence.get("memory_mib", {})).get("average")
        return Score(value, "; ".join(shown), raw=raw, evidence=evidence)

    def _wants_memory(self) -> bool:
        return self.measure_memory or self.max_mib is not None or self.max_memory_growth is not None


def _memory(ask: Callable[[], float], count: int) -> list[float]:
    empty = sum(_peak(lambda: None) for _ in range(BASELINE_RUNS)) / BASELINE_RUNS
    return [max(_peak(ask) - empty, 0.0) / MIB for _ in range(count)]


def _peak(call: Callable[[], object]) -> float:
    """Bytes that the call allocates at most, on top of what there was."""
    gc.collect()
    tracing = tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not tracing:
            tracemalloc.stop()


def _figures(values: Sequence[float]) -> dict[str, Any]:
    """The statistics that Agno gives: sample standard deviation, p95 with linear interpolation within the range."""
    p95 = statistics.quantiles(values, n=100, method="inclusive")[94] if len(values) > 1 else values[0]
    figures = {
        "average": math.fsum(values) / len(values),
        "minimum": min(values),
        "maximum": max(values),
        "standard_deviation": statistics.stdev(values) if len(values) > 1 else 0.0,
        "median": statistics.median(values),
        "p95": p95,
    }
    return {**{name: round(figure, 6) for name, figure in figures.items()}, "runs": [round(v, 6) for v in values]}


def _compare(figures: dict[str, Any], limit: float | Limits | None, unit: str) -> list[tuple[bool, str]]:
    if limit is None:
        return []
    limits = limit.model_dump(exclude_none=True) if isinstance(limit, Limits) else {"average": limit}
    return [
        (
            figures[name] <= most,
            f"{name.replace('_', ' ')} {figures[name]:.3g} {unit}, at most {most:g} {unit} allowed",
        )
        for name, most in limits.items()
    ]


def _grown(
    figures: dict[str, Any], before: dict[str, Any] | None, most: float | None, unit: str
) -> list[tuple[bool, str]]:
    """Whether the median is at most so many times that of before; nothing where one of the two is not known."""
    if most is None or before is None:
        return []
    median, was = figures["median"], before["median"]
    told = f"median {median:.3g} {unit}, at most {most:g} times the {was:.3g} {unit} of the baseline allowed"
    return [(median <= most * was, told)]


def _average(evidence: dict[str, Any]) -> str:
    units = {"run_time_seconds": "s", "memory_mib": "MiB"}
    return "; ".join(f"average {figures['average']:.3g} {units[name]}, no limit" for name, figures in evidence.items())
