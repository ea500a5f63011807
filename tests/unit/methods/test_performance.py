"""The performance method: what it asks for, what it makes of the measurements."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pytest_evalsuite.agents import AgentReply
from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods import Answer
from pytest_evalsuite.methods.performance import Performance, _figures


def answer(ask: Callable[[], float] | None) -> Answer:
    return Answer(
        text="x",
        output="x",
        question="q",
        inputs={},
        expected_responses=(),
        expected=None,
        reply=AgentReply("x"),
        ask_again=ask,
    )


class Asked:
    """Gives the seconds that it was made with, one by one, and counts."""

    def __init__(self, *seconds: float) -> None:
        self.seconds = list(seconds)
        self.count = 0

    def __call__(self) -> float:
        self.count += 1
        return self.seconds[(self.count - 1) % len(self.seconds)]


def test_warmups_are_asked_first_and_not_measured() -> None:
    asked = Asked(9.0, 9.0, 1.0, 2.0, 3.0)
    score = Performance(warmup_runs=2, num_iterations=3, max_seconds=2.0).score(answer(asked))
    assert asked.count == 5
    assert score.evidence["run_time_seconds"] == {
        "average": 2.0,
        "minimum": 1.0,
        "maximum": 3.0,
        "standard_deviation": 1.0,
        "median": 2.0,
        "p95": 2.9,
        "runs": [1.0, 2.0, 3.0],
    }
    assert (score.value, score.raw) == (1.0, 2.0)


def test_memory_is_measured_in_a_pass_of_its_own() -> None:
    kept: list[bytes] = []
    asked = 0

    def ask() -> float:
        nonlocal asked
        asked += 1
        kept.append(b"x" * (3 * 1024 * 1024))
        return 0.1

    score = Performance(num_iterations=2, max_mib=100.0).score(answer(ask))
    assert asked == 4
    assert 2.9 < score.evidence["memory_mib"]["average"] < 3.5
    assert score.value == 1.0


def test_the_score_is_the_share_of_limits_that_are_kept() -> None:
    limits: Any = {"average": 5.0, "median": 0.5, "p95": 5.0, "maximum": 0.1}
    score = Performance(max_seconds=limits).score(answer(Asked(1.0)))
    assert score.value == 0.5
    assert "median 1 s, at most 0.5 s allowed" in score.reason
    assert "average" not in score.reason


def test_without_a_limit_it_measures_and_passes() -> None:
    score = Performance().score(answer(Asked(0.25)))
    assert (score.value, score.reason) == (1.0, "average 0.25 s, no limit")


def test_a_call_that_breaks_breaks_the_measurement() -> None:
    def ask() -> float:
        raise ZeroDivisionError("no more")

    with pytest.raises(ZeroDivisionError):
        Performance().score(answer(ask))


def test_an_answer_without_its_agent_cannot_be_measured() -> None:
    with pytest.raises(MethodError, match="must ask the agent again"):
        Performance().score(answer(None))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"warmup_runs": 11}, "less than or equal to 10"),
        ({"num_iterations": 0}, "greater than or equal to 1"),
        ({"num_iterations": 101}, "less than or equal to 100"),
        ({"max_seconds": 0.0}, "a limit is more than 0"),
        ({"max_seconds": -1.0}, "a limit is more than 0"),
        ({"max_seconds": {}}, "the limits name no figure"),
        ({"max_seconds": {"mean": 1.0}}, "Extra inputs are not permitted"),
        ({"measure_runtime": False}, "nothing is measured"),
        ({"measure_runtime": False, "max_seconds": 1.0}, "max_seconds needs measure_runtime"),
        ({"max_seconds": True}, "Input should be a valid number"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Performance(**options)


@given(st.lists(st.floats(0.001, 1000.0), min_size=1, max_size=100))
def test_figures_lie_within_what_was_measured(values: list[float]) -> None:
    figures = _figures(values)
    for name in ("average", "median", "p95"):
        assert min(values) - 1e-6 <= figures[name] <= max(values) + 1e-6
    assert figures["standard_deviation"] == (round(statistics.stdev(values), 6) if len(values) > 1 else 0.0)
