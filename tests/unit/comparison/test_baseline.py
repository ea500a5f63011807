from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.comparison.baseline import (
    Baseline,
    History,
    Series,
    Trial,
    baseline_text,
    merge,
    parse_baseline,
    pool,
    side_of_baseline,
    write_baseline,
)
from pytest_evalsuite.comparison.model import Outcome, Side, SideInfo
from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.run import CaseKey

HEAD = '{"schema":{"name":"pytest-evalsuite/baseline","version":"1.0"},"window":3'
TRIALS = st.none() | st.integers(1, 5).flatmap(
    lambda attempts: st.builds(
        Trial, st.integers(0, attempts), st.just(attempts), st.integers(0, 1000).map(lambda number: number / 1000)
    )
)


@st.composite
def baselines(draw: st.DrawFn) -> Baseline:
    result = Baseline(3)
    for name in draw(st.sets(st.sampled_from("ab"), min_size=1)):
        runs = sorted(draw(st.sets(st.sampled_from("123"), min_size=1)))
        result.series[name, "echo"] = Series(name.upper(), draw(st.none() | st.just("v1")), runs)
        for case in draw(st.sets(st.text(max_size=5), max_size=3)):
            trials = draw(st.lists(TRIALS, min_size=len(runs), max_size=len(runs)))
            if any(trials):
                result.cases[CaseKey(name, case, "echo")] = History(draw(st.sampled_from(["f", "g"])), trials)
    return result


@given(baselines())
def test_what_is_written_is_read_again(baseline: Baseline) -> None:
    text = baseline_text(baseline)
    assert parse_baseline(text.encode("utf-8", "surrogatepass"), "x") == baseline
    assert baseline_text(parse_baseline(text.encode("utf-8", "surrogatepass"), "x")) == text


@given(baselines())
def test_a_file_put_together_with_itself_is_the_same(baseline: Baseline) -> None:
    assert baseline_text(merge(baseline, baseline)) == baseline_text(baseline)


@given(baselines(), baselines())
def test_no_side_comes_first(ours: Baseline, theirs: Baseline) -> None:
    assert merge(ours, theirs).cases.keys() == merge(theirs, ours).cases.keys()


def test_the_side_counts_passes_over_the_runs() -> None:
    baseline = Baseline(series={("a", "echo"): Series("A", None, ["1", "2", "3"])})
    baseline.cases[CaseKey("a", "x", "echo")] = History("f", [Trial(1, 1, 1.0), None, Trial(1, 3, 0.5)])
    (outcome,) = side_of_baseline(baseline, "file").outcomes
    assert (outcome.passes, outcome.attempts, outcome.score) == (2, 4, 0.625)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no JSON"),
        ("{}", "this is no baseline"),
        ("[]", "this is no baseline"),
        ("[" * 100_000, "no JSON"),
        (HEAD, "no JSON"),
        (HEAD + "}", "'evaluations' is missing"),
        (HEAD.replace("1.0", "2.0") + "}", "a baseline of version 2.0; this version reads 1.x"),
        (HEAD.replace("3", "NaN") + "}", "no JSON"),
        (HEAD.replace("3", "0") + ',"evaluations":[],"cases":[]}', "window: expected a whole number"),
        (HEAD + ',"evaluations":[],"cases":[{"test_set":"a"}]}', "'case' is missing"),
        (
            HEAD + ',"evaluations":[{"test_set":1,"agent":"e","name":"A","runs":[]}],"cases":[]}',
            "expected text, got 1",
        ),
        (HEAD.replace("3", "true") + ',"evaluations":[],"cases":[]}', "window: expected a whole number"),
    ],
)
def test_what_is_no_baseline_says_why(text: str, message: str) -> None:
    with pytest.raises(StoreError, match=r"^base\.json: ") as raised:
        parse_baseline(text.encode(), "base.json")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("results", "scores"),
    [
        (f"0/{'6' * 80}", "1"),
        ("2/1", "1"),
        ("1/0", "1"),
        ("1/1", "2"),
        ("1/1", "nan"),
        ("1/1 1/1", "1 1"),
        ("x", "1"),
        ("1/1", "1 1"),
    ],
)
def test_figures_that_cannot_be_are_refused(results: str, scores: str) -> None:
    case = f'{{"test_set":"a","case":"x","agent":"e","fingerprint":"f","results":"{results}","scores":"{scores}"}}'
    series = '{"test_set":"a","agent":"e","name":"A","runs":["1"]}'
    with pytest.raises(StoreError):
        parse_baseline(f'{HEAD},"evaluations":[{series}],"cases":[{case}]}}'.encode(), "base.json")


def test_a_case_that_is_there_twice_is_refused() -> None:
    case = '{"test_set":"a","case":"x","agent":"e","fingerprint":"f","results":"1/1","scores":"1"}'
    series = '{"test_set":"a","agent":"e","name":"A","runs":["1"]}'
    with pytest.raises(StoreError, match="is there twice"):
        parse_baseline(f'{HEAD},"evaluations":[{series}],"cases":[{case},{case}]}}'.encode(), "base.json")


def run(
    run_id: str, *passes: int, complete: bool = True, fingerprint: str = "f", test_set: str = "a", status: str = ""
) -> Side:
    """A run of the cases 0, 1, ... that passed so often of once."""
    outcomes = [
        Outcome(
            *(test_set, str(case), "e", fingerprint, status or ("passed" if one else "failed")),
            *((0, 0, None) if status else (one, 1, float(one))),
        )
        for case, one in enumerate(passes)
    ]
    place = {(test_set, "e"): None}
    return Side(
        SideInfo(run_id, "run", run_id, complete=complete, agent_versions=place, test_sets={test_set: "A"}), outcomes
    )


def lines_of(baseline: Baseline) -> dict[str, str]:
    """The results of each case, as the file has them."""
    return {
        key.case_id: " ".join(f"{one.passes}/{one.attempts}" if one else "-" for one in history.trials)
        for key, history in baseline.cases.items()
    }


def pooled(*runs: Side, window: int = 3) -> Baseline:
    baseline = Baseline(window)
    for one in runs:
        baseline, _ = pool(baseline, one)
    return baseline


@given(st.lists(st.lists(st.integers(0, 1), min_size=2, max_size=2), max_size=8), st.integers(1, 4))
def test_the_last_runs_are_kept_and_no_others(runs: list[list[int]], window: int) -> None:
    baseline = pooled(*(run(f"{number:03}", *passes) for number, passes in enumerate(runs)), window=window)
    kept = runs[-window:]
    assert lines_of(baseline) == {
        str(case): " ".join(f"{passes[case]}/1" for passes in kept) for case in range(2) if kept
    }
    assert all(len(series.runs) == len(kept) for series in baseline.series.values())
    assert parse_baseline(baseline_text(baseline).encode(), "x") == baseline


def test_one_run_more_that_says_the_same_changes_the_line_of_the_runs_alone() -> None:
    before = pooled(*(run(str(number), 1, 1) for number in range(3)))
    after, anew = pool(before, run("3", 1, 1))
    old, new = baseline_text(before).splitlines(), baseline_text(after).splitlines()
    changed = [now for then, now in zip(old, new, strict=True) if then != now]
    assert len(changed) == 1
    assert '"runs":["1","2","3"]' in changed[0]
    assert anew == []


def test_a_whole_run_drops_what_it_does_not_have_and_a_part_does_not() -> None:
    before = pooled(run("1", 1, 1))
    assert lines_of(pool(before, run("2", 1))[0]) == {"0": "1/1 1/1"}
    assert lines_of(pool(before, run("2", 1, complete=False))[0]) == {"0": "1/1 1/1", "1": "1/1 -"}


def test_a_case_is_gone_when_no_kept_run_has_it() -> None:
    before = pooled(run("1", 1, 1), *(run(str(number), 1, complete=False) for number in (2, 3)))
    assert lines_of(before) == {"0": "1/1 1/1 1/1", "1": "1/1 - -"}
    after, _ = pool(before, run("4", 1, complete=False))
    assert lines_of(after) == {"0": "1/1 1/1 1/1"}


def test_a_case_without_a_verdict_keeps_what_it_had() -> None:
    before = pooled(run("1", 1))
    assert lines_of(pool(before, run("2", 1, status="error"))[0]) == {"0": "1/1 -"}


def test_other_test_sets_stay_unless_pruned() -> None:
    before = pooled(run("1", 1, test_set="gone"))
    assert [place[0] for place in pool(before, run("2", 1))[0].series] == ["gone", "a"]
    assert [place[0] for place in pool(before, run("2", 1), prune=True)[0].series] == ["a"]


def test_a_case_with_another_definition_begins_anew() -> None:
    after, anew = pool(pooled(run("1", 1)), run("2", 0, fingerprint="g"))
    assert lines_of(after) == {"0": "- 0/1"}
    assert anew == [CaseKey("a", "0", "e")]


def test_a_run_is_pooled_once() -> None:
    with pytest.raises(StoreError, match="run 1 is in the baseline already"):
        pooled(run("1", 1), run("1", 1))


def test_two_branches_have_the_runs_of_both_whoever_is_ours() -> None:
    base = pooled(run("1", 1, 1))
    ours, theirs = pool(base, run("3", 0, 1))[0], pool(base, run("2", 1, 1))[0]
    merged = merge(ours, theirs, base)
    assert lines_of(merged) == {"0": "1/1 1/1 0/1", "1": "1/1 1/1 1/1"}
    assert baseline_text(merge(theirs, ours, base)) == baseline_text(merged)


def test_what_one_branch_has_dropped_and_the_other_left_alone_stays_dropped() -> None:
    base = pooled(run("1", 1), run("1", 1, test_set="gone"))
    ours = pool(base, run("2", 1), prune=True)[0]
    assert [place[0] for place in merge(ours, base, base).series] == ["a"]
    assert [place[0] for place in merge(ours, base).series] == ["a", "gone"]


def test_the_byte_order_mark_of_an_editor_is_no_mistake() -> None:
    baseline = pooled(run("1", 1))
    assert parse_baseline(b"\xef\xbb\xbf" + baseline_text(baseline).encode(), "x") == baseline


def test_a_file_that_is_cut_off_is_never_taken_for_a_shorter_one() -> None:
    text = baseline_text(pooled(run("1", 1, 0, 1))).rstrip().encode()
    for end in range(len(text)):
        with pytest.raises(StoreError):
            parse_baseline(text[:end], "x")


def test_a_folder_is_no_place_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot write"):
        write_baseline(Baseline(), tmp_path)
