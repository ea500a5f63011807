"""Bars held against results: what reaches them, what does not, and what cannot be said."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import error, passed, record

from pytest_evalsuite.comparison.gate import MEASURES, BarVerdict, GateResult, check_gate, gate_result, outage
from pytest_evalsuite.runs.summary import STATUSES, Brief, tally
from pytest_evalsuite.testsets.fields import GATE
from pytest_evalsuite.testsets.gate import Gate


def results(**counts: int) -> list[GateResult]:
    """So many results of each status: those that passed score 1, those that failed 0."""
    scores = {"passed": 1.0, "failed": 0.0}
    return [
        GateResult(f"{status}-{number}", Brief(status, scores.get(status)))
        for status, count in counts.items()
        for number in range(count)
    ]


def only(bars: dict[str, float], of: list[GateResult], **more: Any) -> BarVerdict:
    (verdict,) = check_gate(Gate(bars), of, **more)
    return verdict


def spent(*each: tuple[float | None, float | None]) -> list[GateResult]:
    """Results whose agent and judge cost so much."""
    return [
        GateResult(str(number), Brief("passed", 1.0, cost=agent, judging=(("judge", None, None, judge),)))
        for number, (agent, judge) in enumerate(each)
    ]


def timed(*seconds: float | None) -> list[GateResult]:
    return [GateResult(str(number), Brief("passed", 1.0, each)) for number, each in enumerate(seconds)]


FIGURES = re.compile(r" (\S+) \(.+\) (>=|<=|<|>) (\S+)")
KNOWN = [GateResult("known", Brief("failed", 0.5, known_failure=True))]


def test_every_bar_is_measured() -> None:
    assert [*MEASURES] == [name for name in GATE.fields if name != "tags"]


@pytest.mark.parametrize(
    ("name", "bar", "of", "verdict", "reason"),
    [
        ("pass_rate", 0.95, results(passed=37, failed=2, error=1), False, "pass rate 0.93 (37/40) < 0.95"),
        ("pass_rate", 0.925, results(passed=37, failed=3), True, "pass rate 0.925 (37/40) >= 0.925"),
        ("pass_rate", 0.1, results(passed=1), True, "pass rate 1.00 (1/1) >= 0.10"),
        ("pass_rate", 1.0, results(passed=2999, failed=1), False, "pass rate 0.9997 (2,999/3,000) < 1.00"),
        ("pass_rate", 0.9, results(passed=9, failed=1, skipped=10), True, "pass rate 0.90 (9/10) >= 0.90"),
        ("pass_rate", 1.0, [*results(passed=1), *KNOWN], False, "pass rate 0.50 (1/2) < 1.00"),
        ("mean_score", 0.8, results(passed=3, failed=1, error=1), False, "mean score 0.75 (4 cases) < 0.80"),
        ("mean_score", 0.8, results(passed=4, failed=1, error=5), True, "mean score 0.80 (5 cases) >= 0.80"),
        ("max_errors", 0, results(passed=39, error=1), False, "errors 1 (40 cases) > 0"),
        ("max_errors", 1, results(error=1), True, "errors 1 (1 case) <= 1"),
        ("max_error_share", 0.05, results(passed=18, error=2), False, "share of errors 0.10 (2/20) > 0.05"),
        ("max_error_share", 0.05, results(passed=19, error=1), True, "share of errors 0.05 (1/20) <= 0.05"),
        ("max_failures", 1, results(passed=1, failed=2, error=4), False, "failures 2 (7 cases) > 1"),
        ("max_failures", 0, [*results(passed=1), *KNOWN], True, "failures 0 (2 cases) <= 0"),
        ("latency_p95", 2.5, timed(1.0, 3.0, None), False, "p95 latency 2.90 s (2 cases) > 2.50 s"),
        ("latency_p95", 2.5, timed(0.001), True, "p95 latency 0.001 s (1 case) <= 2.50 s"),
        ("cost", 0.25, spent((0.1, 0.2), (None, None)), False, "cost $0.30 (1 case) > $0.25"),
        ("cost", 0.3, spent((0.1, 0.1), (None, 0.1)), True, "cost $0.30 (2 cases) <= $0.30"),
        ("cost", 0.125, spent((0.1251, None)), False, "cost $0.13 (1 case) > $0.125"),
    ],
)
def test_a_bar(name: str, bar: float, of: list[GateResult], verdict: bool, reason: str) -> None:
    found = only({name: bar}, of)
    assert (found.name, found.bar, found.passed, found.reason) == (name, bar, verdict, reason)


@pytest.mark.parametrize(
    ("name", "of", "reason"),
    [
        ("pass_rate", results(skipped=3), "pass rate: nothing to measure, no case was judged"),
        ("max_errors", results(skipped=1), "errors: nothing to measure, no case was judged"),
        ("max_error_share", results(skipped=1), "share of errors: nothing to measure, no case was judged"),
        ("max_failures", results(not_run=1), "failures: nothing to measure, no case was judged"),
        ("mean_score", results(error=2), "mean score: nothing to measure, no case has a score"),
        ("latency_p95", results(passed=2), "p95 latency: nothing to measure, no case was timed"),
        ("cost", spent((None, None)), "cost: nothing to measure, neither the agent nor a judge said what it costs"),
    ],
)
def test_what_cannot_be_measured_is_missed(name: str, of: list[GateResult], reason: str) -> None:
    assert only({name: 1}, of)[3:] == (0, False, reason)


@pytest.mark.parametrize(
    ("regressions", "verdict", "reason"),
    [
        ((0, 38), True, "regressions 0 (38 cases) <= 0"),
        ((2, 38), False, "regressions 2 (38 cases) > 0"),
        ((0, 0), False, "regressions: nothing to measure, no case could be compared with the baseline"),
        (None, None, "regressions: not evaluated, the run has no baseline"),
    ],
)
def test_regressions(regressions: tuple[int, int] | None, verdict: bool | None, reason: str) -> None:
    found = only({"max_regressions": 0}, results(passed=40), regressions=regressions)
    assert (found.passed, found.reason) == (verdict, reason)


def test_bars_of_tags() -> None:
    gate = Gate({"pass_rate": 0.5}, {"safety": {"pass_rate": 1.0, "max_errors": 0}, "other": {"max_failures": 0}})
    records = [passed(tags=["safety", "x"]), record(tags=["safety"]), error(), passed(case_id="b")]
    found = check_gate(gate, [gate_result(one, ["set"]) for one in records])
    assert [(one.name, one.bar, one.measured, one.of, one.passed, one.reason) for one in found] == [
        ("pass_rate", 0.5, 0.5, 4, True, "pass rate 0.50 (2/4) >= 0.50"),
        ("tags.safety.pass_rate", 1.0, 0.5, 2, False, "tag safety: pass rate 0.50 (1/2) < 1.00"),
        ("tags.safety.max_errors", 0, 0, 2, True, "tag safety: errors 0 (2 cases) <= 0"),
        (
            "tags.other.max_failures",
            0,
            None,
            0,
            None,
            "tag other: failures: not evaluated, this agent has no such case",
        ),
    ]
    (of_set,) = check_gate(Gate({}, {"set": {"max_errors": 1}}), [gate_result(one, ["set"]) for one in records])
    assert (of_set.of, of_set.passed) == (4, True)


def test_required_cases() -> None:
    statuses = ["passed", "failed", "error", "skipped", "not_run"]
    every = [gate_result(record(case_id=f"c-{status}", status=status, required=True)) for status in statuses]
    tolerant = Gate({"pass_rate": 0.0})
    *_, verdict = check_gate(tolerant, [*every, *results(failed=1)])
    assert verdict == BarVerdict(
        "required",
        5,
        1,
        5,
        False,
        "required cases: 1 of 5 passed, not c-failed (failed), c-error (error), c-skipped (skipped), 1 more",
    )
    assert check_gate(None, every[:1]) == [BarVerdict("required", 1, 1, 1, True, "required cases: 1 of 1 passed")]
    assert check_gate(None, results(failed=1)) == []


def test_what_is_taken_from_a_record() -> None:
    taken = gate_result(error(case_id="x", tags=["a"], required=True, execution_time_ms=2000.0), ["set"])
    assert taken == GateResult("x", Brief("error", None, 2.0), ("set", "a"), True, "agent")
    assert gate_result(record()) == GateResult("a", Brief("failed", 0.0, 0.0015))


def test_a_verdict_as_json() -> None:
    (found,) = check_gate(Gate({"pass_rate": 0.7}), results(passed=2, failed=1))
    assert found.as_json() == {
        "name": "pass_rate",
        "bar": 0.7,
        "measured": 0.666666667,
        "of": 3,
        "passed": False,
        "reason": "pass rate 0.67 (2/3) < 0.70",
    }


briefs = st.lists(
    st.builds(lambda status, score: GateResult("x", Brief(status, score)), st.sampled_from(STATUSES), st.floats(0, 1)),
    min_size=1,
)


@given(briefs, st.floats(0, 1))
def test_the_figures_are_those_of_the_run(of: list[GateResult], bar: float) -> None:
    found = {one.name: one for one in check_gate(Gate(dict.fromkeys(["pass_rate", "mean_score"], bar)), of)}
    figures = tally(one.brief for one in of)
    assert (found["pass_rate"].measured, found["pass_rate"].of) == (figures.pass_rate, figures.judged)
    assert (found["mean_score"].measured, found["mean_score"].of) == (figures.mean_score, figures.scored)


@given(briefs, st.floats(0, 1))
def test_a_reason_never_contradicts_its_verdict(of: list[GateResult], bar: float) -> None:
    for one in check_gate(Gate({"pass_rate": bar, "mean_score": bar, "max_error_share": bar}), of):
        if found := FIGURES.search(one.reason):
            shown, sign, wanted = float(found[1]), found[2], float(found[3])
            assert {">=": shown >= wanted, "<=": shown <= wanted, "<": shown < wanted, ">": shown > wanted}[sign]
        else:
            assert "nothing to measure" in one.reason


@pytest.mark.parametrize("bar", [0.3, 0.3 + 5e-10, 0.3 - 5e-10])
def test_a_bar_is_reached_within_rounding(bar: float) -> None:
    of = [GateResult(str(score), Brief("passed", score)) for score in (0.1, 0.2, 0.6)]
    assert only({"mean_score": bar}, of).passed
    assert not only({"mean_score": 0.3 + 2e-9}, of).passed


def causes(**counts: int) -> list[GateResult]:
    every = [GateResult("e", Brief("error"), cause=kind) for kind, count in counts.items() for _ in range(count)]
    return [*every, GateResult("s", Brief("skipped"))]


@pytest.mark.parametrize(
    ("of", "found"),
    [
        (
            [*causes(agent=8, timeout=30), *results(passed=2)],
            "outage: 38 of 40 cases ended in an error (timeout 30, agent 8)",
        ),
        (causes(judge=1), "outage: 1 of 1 case ended in an error (judge 1)"),
        (causes(b=1, a=1), "outage: 2 of 2 cases ended in an error (a 1, b 1)"),
        ([*causes(agent=5), *results(failed=4)], "outage: 5 of 9 cases ended in an error (agent 5)"),
        ([*causes(agent=5), *results(failed=5)], None),
        ([*causes(agent=4), *results(passed=1)], None),
        (results(failed=9, skipped=1), None),
        (results(skipped=9), None),
        ([], None),
    ],
)
def test_an_outage(of: list[GateResult], found: str | None) -> None:
    assert outage(of) == found


def test_an_outage_from_another_share_on() -> None:
    of = [*causes(agent=5), *results(passed=15)]
    assert outage(of, 0.25) is None
    assert outage(of, 0.2) == "outage: 5 of 20 cases ended in an error (agent 5)"
