from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import error, passed, record

from pytest_evalsuite.runs.summary import STATUSES, Brief, brief, percentile, tally

BRIEFS = st.lists(
    st.builds(
        Brief,
        st.sampled_from(STATUSES),
        st.none() | st.floats(0, 1),
        st.none() | st.floats(0, 1000),
        st.booleans(),
        st.none() | st.integers(0, 1000),
        st.none() | st.integers(0, 1000),
        st.none() | st.floats(0, 10),
        st.lists(
            st.tuples(
                st.sampled_from("ab"),
                st.none() | st.integers(0, 9),
                st.none() | st.integers(0, 9),
                st.none() | st.floats(0, 1),
            ),
            max_size=3,
        ).map(tuple),
    ),
    max_size=20,
)


def test_every_rate_is_over_what_it_can_be_a_rate_of() -> None:
    skipped = record(status="skipped", score=None, execution_time_ms=...)
    result = tally(map(brief, [passed(score=0.9), record(score=0.3), error(), skipped]))
    assert (result.total, result.judged, result.scored) == (4, 3, 2)
    assert result.pass_rate == pytest.approx(1 / 3)
    assert result.mean_score == pytest.approx(0.6)


def test_over_nothing_there_is_no_rate() -> None:
    result = tally([])
    assert (result.pass_rate, result.mean_score, result.latency_p50, result.cost) == (None, None, None, None)
    assert result.input_tokens is None


def test_tokens_and_cost_are_what_is_known_of_them() -> None:
    known = brief(passed(usage={"input_tokens": 10, "output_tokens": None}, cost=0.1))
    result = tally([known, known, brief(passed())])
    assert (result.input_tokens, result.output_tokens, result.cost) == (20, None, 0.2)


def judged(judge: str = "openai:m", **more: object) -> dict[str, object]:
    return {"name": "accuracy", "method": "accuracy", "score": 1.0, "passed": True, "judge": judge, **more}


def test_what_judges_took_is_counted_apart() -> None:
    tokens = {"input_tokens": 100, "output_tokens": 10}
    full = judged(judge_usage=tokens, judge_cost=0.01)
    several = passed(checks=[full], attempts=[{"checks": [full]}, {"checks": [full, judged("house")]}])
    one = passed(checks=[judged(judge_usage={"input_tokens": 5, "output_tokens": None})], usage=tokens, cost=1.0)
    result = tally(map(brief, [several, one, passed(), record(status="skipped", checks=...)]))
    assert result.judges == ("house", "openai:m")
    assert (result.judge_input_tokens, result.judge_output_tokens, result.judge_cost) == (205, 20, 0.02)
    assert (result.input_tokens, result.output_tokens, result.cost) == (100, 10, 1.0)
    nobody = tally([brief(passed())])
    assert (nobody.judges, nobody.judge_input_tokens, nobody.judge_cost) == ((), None, None)


def test_a_known_failure_counts_as_failed_and_as_known() -> None:
    result = tally(map(brief, [record(known_failure="typo"), passed(known_failure="typo"), record()]))
    assert (result.counts["failed"], result.known_failures) == (2, 1)


@given(BRIEFS, st.randoms())
def test_figures_do_not_depend_on_the_order_of_results(briefs: list[Brief], random: object) -> None:
    shuffled = list(briefs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert tally(shuffled).as_json() == tally(briefs).as_json()


@given(BRIEFS)
def test_every_case_is_counted_once(briefs: list[Brief]) -> None:
    result = tally(briefs)
    assert sum(result.counts.values()) == result.total == len(briefs)
    assert result.scored <= result.judged <= result.total


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_percentiles_stay_within_the_values_and_in_order(values: list[float]) -> None:
    p50, p95 = percentile(values, 50), percentile(values, 95)
    assert min(values) <= p50 <= p95 + 1e-9
    assert p95 <= max(values) * (1 + 1e-12)
    assert p50 == pytest.approx(statistics.median(values))
