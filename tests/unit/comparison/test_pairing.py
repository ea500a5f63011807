from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.comparison.compare import bucket_of, compare
from pytest_evalsuite.comparison.model import BUCKETS, Outcome, Side, SideInfo
from pytest_evalsuite.comparison.pairing import pair


def outcome(case_id: str = "a", *, test_set: str = "s", agent: str = "e", passes: int = 1, of: int = 1) -> Outcome:
    status = "passed" if 2 * passes >= of else "failed"
    place = (test_set, case_id, agent)
    return Outcome(*place, "f", status, passes, of, passes / of if of else None, joined_by=case_id)


def side(*outcomes: Outcome, complete: bool = True) -> Side:
    return Side(SideInfo("x", "run", complete=complete), list(outcomes))


OUTCOMES = st.lists(
    st.builds(outcome, st.sampled_from("abcd"), test_set=st.sampled_from("st"), agent=st.sampled_from("ef")),
    max_size=8,
)


@given(OUTCOMES, OUTCOMES)
def test_every_case_is_somewhere(base: list[Outcome], new: list[Outcome]) -> None:
    found = pair(base, new)
    paired_base, paired_new = [old for old, _ in found.pairs], [now for _, now in found.pairs]
    doubled = set(found.ambiguous)
    for outcomes, told in ((new, (*paired_new, *found.added)), (base, (*paired_base, *found.removed))):
        keys = {one.key for one in told}
        assert all(one.key in keys or f"{one.test_set}: {one.case_id}" in doubled for one in outcomes)
    assert len(set(paired_base)) == len(paired_base) == len(paired_new)


def test_one_agent_on_each_side_pairs_whatever_its_name() -> None:
    found = pair([outcome(agent="old")], [outcome(agent="new")])
    assert len(found.pairs) == 1
    assert found.agents == [("old", "new")]


def test_several_agents_pair_by_name() -> None:
    found = pair([outcome(agent="old"), outcome(agent="both")], [outcome(agent="both")])
    assert [(old.agent, now.agent) for old, now in found.pairs] == [("both", "both")]
    assert [one.agent for one in found.removed] == ["old"]


def test_a_test_set_that_moved_goes_by_its_name() -> None:
    infos = (
        SideInfo("x", "run", test_sets={"a/s.eval.yaml": "S"}),
        SideInfo("y", "run", test_sets={"b/s.eval.yaml": "S"}),
    )
    found = pair([outcome(test_set="a/s.eval.yaml")], [outcome(test_set="b/s.eval.yaml")], infos)
    assert (len(found.pairs), found.moved) == (1, [("a/s.eval.yaml", "b/s.eval.yaml")])


def test_a_value_that_two_cases_have_pairs_with_nothing() -> None:
    twin = outcome("b")._replace(joined_by="a")
    found = pair([outcome("a"), twin], [outcome("a")])
    assert (found.pairs, found.added, found.removed, found.ambiguous) == ([], [], [], ["s: a"])


def test_buckets() -> None:
    good, bad, mixed, mostly = outcome(), outcome(passes=0), outcome(passes=4, of=10), outcome(passes=9, of=10)
    told = {
        (good, good): "still_passing",
        (good, bad): "regressed",
        (bad, good): "fixed",
        (bad, bad): "still_failing",
        (mixed, bad): "flaky",
        (mixed, good): "flaky",
        (mostly, bad): "flaky",
        (mostly, good): "still_passing",
    }
    assert {both: bucket_of(*both) for both in told} == told
    assert set(told.values()) == set(BUCKETS)


def test_what_a_part_of_a_run_does_not_hold_is_not_removed() -> None:
    base = side(outcome("a"), outcome("b"))
    assert [one.case_id for one in compare(base, side(outcome("a"))).removed] == ["b"]
    part = compare(base, side(outcome("a"), complete=False))
    assert (part.removed, [one.case_id for one in part.unselected]) == ([], ["b"])


def test_a_changed_definition_enters_no_figure() -> None:
    changed = outcome(passes=0)._replace(fingerprint="g")
    found = compare(side(outcome(), outcome("b")), side(changed, outcome("b")))
    assert (len(found.pairs), len(found.changed), found.pass_rate.change) == (1, 1, 0.0)


def test_an_error_is_no_verdict_to_compare() -> None:
    broken = outcome()._replace(status="error", passes=0, attempts=0, score=None)
    found = compare(side(outcome()), side(broken))
    assert (found.pairs, len(found.errors), found.decision.verdict) == ([], 1, "not comparable")
