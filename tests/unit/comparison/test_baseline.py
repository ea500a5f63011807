from __future__ import annotations

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
    side_of_baseline,
)
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
    ],
)
def test_what_is_no_baseline_says_why(text: str, message: str) -> None:
    with pytest.raises(StoreError, match=r"^base\.json: ") as raised:
        parse_baseline(text.encode(), "base.json")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("results", "scores"), [("2/1", "1"), ("1/0", "1"), ("1/1", "2"), ("1/1", "nan"), ("1/1 1/1", "1 1"), ("x", "1")]
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
