"""Who is asked again, who is blamed, and what is said of the suite; and how often that is wrong, by simulation."""

from __future__ import annotations

import itertools
import math
from statistics import mean
from typing import Any

import gate
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.comparison.decision import BlameRule, CasePair, Decision, blame_rule, decide, is_suspect

STEADY = CasePair(10, 10, 1, 1, 1.0, 1.0)
KNOWN_FAILURE = CasePair(0, 10, 0, 1, 0.0, 0.0)
LOST = CasePair(1, 1, 0, 1, 1.0, 0.0)
WON = CasePair(0, 1, 1, 1, 0.0, 1.0)
SAME = CasePair(1, 1, 1, 1, 1.0, 1.0)


def broken(passes: int = 0, trials: int = 4, base: int = 10, runs: int = 10) -> CasePair:
    """A case that failed and was asked again."""
    return CasePair(base, runs, 0, 1, base / runs, 0.0, None, (passes, trials))


def rule_of(cases: list[CasePair], **options: Any) -> BlameRule:
    return blame_rule([case[:2] for case in cases], **options)


@st.composite
def case_pairs(draw: st.DrawFn) -> CasePair:
    before, after = draw(st.integers(1, 12)), draw(st.integers(1, 3))
    base, new = draw(st.integers(0, before)), draw(st.integers(0, after))
    cluster = draw(st.sampled_from([None, "a", "b"]))
    return CasePair(base, before, new, after, base / before, new / after, cluster)


@st.composite
def rules(draw: st.DrawFn) -> BlameRule:
    return BlameRule(draw(st.floats(1, 500)), draw(st.integers(1, 8)))


BASELINES = st.integers(1, 24).flatmap(lambda runs: st.tuples(st.integers(0, runs), st.just(runs)))


@pytest.mark.parametrize(
    ("baseline", "suspect"),
    [((1, 1), True), ((4, 5), True), ((8, 10), True), ((12, 15), True), ((7, 10), False), ((1, 2), False)],
)
def test_who_passed_in_most_attempts_is_a_suspect_when_it_fails(baseline: tuple[int, int], suspect: bool) -> None:
    assert is_suspect(*baseline) is suspect


def test_who_was_never_attempted_is_none() -> None:
    assert not is_suspect(0, 0)


@given(rules(), BASELINES, st.lists(st.booleans(), min_size=8, max_size=8))
def test_stopping_early_gives_what_all_trials_would_have_given(
    rule: BlameRule, baseline: tuple[int, int], outcomes: list[bool]
) -> None:
    whole = outcomes[: rule.trials]
    made = next(n for n in range(rule.trials + 1) if rule.settled(*baseline, sum(whole[:n]), n) is not None)
    assert rule.stands(*baseline, sum(whole[:made]), made) == rule.stands(*baseline, sum(whole), rule.trials)
    assert all(rule.can_still_stand(*baseline, sum(whole[:n]), n) for n in range(made))


@given(rules(), BASELINES, st.integers(0, 8))
def test_a_pass_more_never_makes_a_case_stand(rule: BlameRule, baseline: tuple[int, int], trials: int) -> None:
    stands = [rule.stands(*baseline, passes, trials) for passes in range(trials + 1)]
    assert stands == sorted(stands, reverse=True)
    assert not stands[-1]


@given(BASELINES, st.integers(0, 4), st.floats(1, 100), st.floats(1, 100))
def test_the_more_flaky_cases_there_are_the_more_it_takes(
    baseline: tuple[int, int], passes: int, one: float, other: float
) -> None:
    few, many = BlameRule(min(one, other)), BlameRule(max(one, other))
    assert few.p_value(*baseline, passes, 4) <= many.p_value(*baseline, passes, 4) <= 1
    assert few.stands(*baseline, passes, 4) >= many.stands(*baseline, passes, 4)


@pytest.mark.parametrize("runs", [1, 3, 5, 10])
@pytest.mark.parametrize("trials", [1, 4])
def test_the_p_value_is_the_chance_of_looking_as_bad_averaged_over_pass_rates(runs: int, trials: int) -> None:
    rule = BlameRule(1.0, trials)
    outcomes = [(base, fresh) for base in range(runs + 1) if is_suspect(base, runs) for fresh in range(trials + 1)]
    steps = 2000
    for base, fresh in outcomes:
        bar = rule.p_value(base, runs, fresh, trials)
        as_bad = [outcome for outcome in outcomes if rule.p_value(outcome[0], runs, outcome[1], trials) <= bar]
        chance = 0.0
        for step in range(steps):
            rate = (step + 0.5) / steps
            chance += sum(
                math.comb(runs, x) * math.comb(trials, y) * rate ** (x + y) * (1 - rate) ** (runs - x + trials - y + 1)
                for x, y in as_bad
            )
        assert bar == pytest.approx(chance / steps, rel=1e-4)


@pytest.mark.parametrize("runs", [1, 2, 5, 10])
def test_always_before_and_never_now_stands_however_short_the_baseline(runs: int) -> None:
    assert BlameRule(1e6).stands(runs, runs, 0, 4)
    assert not BlameRule(1e6).stands(runs, runs, 1, 4)
    assert not BlameRule(1e6).stands(runs, runs, 0, 3)


def test_nobody_is_blamed_unasked() -> None:
    assert not BlameRule(1.0, trials=0).can_still_stand(10, 10, 0, 0)
    assert not BlameRule(1.0).stands(10, 10, 0, 0)


def test_half_of_the_trials_passed_is_no_confirmation() -> None:
    assert not BlameRule(1.0).stands(1000, 1000, 2, 4)
    assert BlameRule(1.0).stands(1000, 1000, 1, 4)


def test_the_expected_number_of_flaky_cases() -> None:
    steady, flaky = [(10, 10)] * 50, [(passes, 10) for passes in range(11)]
    assert blame_rule(steady).flaky == 1.0
    assert blame_rule([*steady, *flaky]).flaky == pytest.approx(11)
    assert blame_rule([(1, 1)] * 40).flaky == pytest.approx(10)
    assert blame_rule([(0, 0)] * 40).flaky == 1.0


def test_a_suspect_that_stands_is_a_regression() -> None:
    cases = [*[STEADY] * 40, broken()]
    decision = decide(cases, rule_of(cases))
    assert decision.verdict == "regression"
    assert [suspect.index for suspect in decision.standing] == [40]
    assert decision.standing[0].fisher == pytest.approx(1 / 1001)
    assert "passed 10 of 10 times failed, then passed 0 of 4 fresh trials" in decision.reasons[0]


def test_a_suspect_that_recovered_is_none() -> None:
    cases = [*[STEADY] * 200, broken(passes=1, trials=1)]
    decision = decide(cases, rule_of(cases))
    assert (decision.verdict, decision.standing, len(decision.suspects)) == ("no detectable change", (), 1)
    assert "1 suspect asked again, none stands" in decision.reasons[0]


def test_a_short_baseline_is_said_to_be_no_proof() -> None:
    cases = [*[SAME] * 100, broken(base=1, runs=1)]
    reasons = decide(cases, rule_of(cases)).reasons
    assert "more runs in the baseline would tell" in reasons[0]
    assert "more runs" not in decide([broken()], rule_of([broken()])).reasons[0]


def test_without_a_rule_only_the_tests_decide() -> None:
    cases = [*[STEADY] * 40, broken()]
    assert decide(cases).suspects == ()
    assert decide(cases).verdict != "regression"


@pytest.mark.parametrize(("losses", "verdict"), [(5, "no detectable change"), (6, "regression")])
def test_these_cases_got_worse(losses: int, verdict: str) -> None:
    """McNemar's test at 2.5 %: six losses without a win. The mean score is off by less than two points."""
    decision = decide([LOST] * losses + [SAME] * 500)
    assert decision.verdict == verdict
    assert decision.worse.p == pytest.approx(0.5**losses)


def test_these_cases_got_better() -> None:
    decision = decide([WON] * 6 + [SAME] * 500)
    assert decision.verdict == "improvement"
    assert decision.reasons[0] == "these cases got better: p = 0.016 (McNemar, exact, 6 informative)"


@pytest.mark.parametrize(("drop", "verdict"), [(0.019, "no detectable change"), (0.05, "regression")])
def test_worse_in_general_takes_two_points_even_when_every_case_lost_them(drop: float, verdict: str) -> None:
    cases = [CasePair(1, 1, 1, 1, 0.9, 0.9 - drop - index / 1e6) for index in range(200)]
    decision = decide(cases)
    assert decision.verdict == verdict
    assert decision.score is not None
    assert decision.score.p_worse < 1e-9
    assert decision.worse.p == 1.0


def test_the_reason_tells_effect_interval_and_test() -> None:
    cases = [CasePair(1, 1, 1, 1, 0.9, 0.8), CasePair(1, 1, 1, 1, 0.9, 0.9)] * 50
    reason = decide(cases).reasons[0]
    assert reason == ("worse in general: mean score -5.0 points, 95 % interval -6.0 to -4.0, p = 8.9e-16 (paired t)")


def test_cases_of_one_source_are_one_piece_of_evidence() -> None:
    drops = [CasePair(1, 1, 1, 1, 1.0, 0.5)] * 10 + [CasePair(1, 1, 1, 1, 1.0, 1.0)] * 90
    assert decide(drops).verdict == "regression"
    assert (
        decide([case._replace(cluster="one") if case.new_score < 1 else case for case in drops]).verdict
        != "regression"
    )


def test_no_case_in_common_is_not_comparable() -> None:
    decision = decide([])
    assert (decision.verdict, decision.count, decision.detectable_drop, decision.score) == (
        "not comparable",
        0,
        None,
        None,
    )


def test_few_cases_are_underpowered_and_it_is_said_how_many_it_takes() -> None:
    few, many = decide([SAME] * 20), decide([SAME] * 200)
    assert (few.verdict, many.verdict) == ("underpowered", "no detectable change")
    assert few.detectable_drop is not None
    assert many.detectable_drop is not None
    assert few.detectable_drop > 0.1 > many.detectable_drop > 0
    assert few.needed is not None
    assert few.needed > 20
    assert f"takes about {few.needed} cases" in few.reasons[-1]


@pytest.mark.parametrize("count", [1, 3])
def test_one_case_or_one_cluster_sees_next_to_nothing(count: int) -> None:
    decision = decide([SAME._replace(cluster="one")] * count)
    assert decision.verdict == "underpowered"
    assert decision.detectable_drop is not None
    assert decision.detectable_drop > 0.5


@given(st.lists(case_pairs(), min_size=1, max_size=30))
def test_swapping_the_runs_swaps_the_verdict(cases: list[CasePair]) -> None:
    turned = [CasePair(c[2], c[3], c[0], c[1], c.new_score, c.base_score, c.cluster) for c in cases]
    opposite = {"regression": "improvement", "improvement": "regression"}
    forth, back = decide(cases), decide(turned)
    if {forth.verdict, back.verdict} != {"regression"}:  # worse for these cases, and in general better
        assert back.verdict == opposite.get(forth.verdict, forth.verdict)
    assert forth.worse.p == pytest.approx(back.better.p)


@given(st.lists(case_pairs(), max_size=20), st.randoms(use_true_random=False))
def test_the_order_of_the_cases_does_not_matter(cases: list[CasePair], rng: Any) -> None:
    shuffled = list(cases)
    rng.shuffle(shuffled)
    one, other = decide(cases), decide(shuffled)
    assert (one.verdict, one.worse, one.detectable_drop) == (other.verdict, other.worse, other.detectable_drop)


def test_the_verdict_on_a_case_is_the_same_at_once_and_at_the_end() -> None:
    baseline = [*[STEADY] * 60, *[CasePair(passes, 10, 1, 1, passes / 10, 1.0) for passes in range(11)]]
    rule = rule_of(baseline)
    cases = [
        broken(passes, trials, base) for base in (8, 9, 10) for trials in range(5) for passes in range(trials + 1)
    ]
    decision: Decision = decide([*baseline, *cases], rule)
    at_once = [rule.stands(case.base_passes, 10, *(case.confirmation or (0, 0))) for case in cases]
    assert [suspect.stands for suspect in decision.suspects] == at_once
    assert any(at_once)
    assert not all(at_once)


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("size", [20, 100])
def test_simulated_false_alarms_power_and_calls_are_within_their_bounds(size: int) -> None:
    tally = gate.simulated(size, 10, 1000)
    assert mean(tally.alarms) <= 0.05
    assert mean(tally.improved) <= 0.05
    assert mean(tally.found) >= 0.90
    assert mean(tally.calls) <= 0.30


@pytest.mark.usefixtures("unmeasured")
def test_simulated_comparisons_without_confirmation_are_seldom_wrong() -> None:
    tally = gate.simulated(100, 1, 1000, confirm=0)
    assert mean(tally.alarms) <= 0.05
    assert mean(tally.dropped) >= 0.30
    assert not any(itertools.chain(tally.calls, tally.found))
