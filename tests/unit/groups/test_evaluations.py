"""An evaluation's id names one evaluation and no other; what is nearly one is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept import FIRST, SECOND, THIRD, keep, keep_three
from records import passed, run_of

from pytest_evalsuite.errors import GroupError
from pytest_evalsuite.groups.evaluations import Library, Meant, evaluation_id
from pytest_evalsuite.runs.artifact import run_summary

part = st.text(st.sampled_from("ab%[]/.:25BD"), min_size=1, max_size=6)


@given(st.tuples(part, part), st.tuples(part, part))
def test_no_two_evaluations_share_an_id(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (evaluation_id(FIRST, *one) == evaluation_id(FIRST, *other)) == (one == other)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Three runs of the test set ``refunds`` by the agent ``echo``, and one of two test sets by two agents."""
    keep_three(tmp_path)
    sets: list[tuple[str, str, list[dict[str, Any]]]] = [("mail", "a", [passed()]), ("mail", "b[1]", [passed()])]
    several = run_of(*sets, ("bill", "a", [passed()]), id="20260104T000000Z-cccc0004")
    summary = run_summary(several)
    keep(tmp_path, "20260104T000000Z-cccc0004", evaluations=summary["evaluations"])
    return Library(tmp_path)


NEWEST = "20260104T000000Z-cccc0004"


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        (f"{FIRST}/refunds.eval.yaml[echo]", f"{FIRST}/refunds.eval.yaml[echo]"),
        (FIRST, f"{FIRST}/refunds.eval.yaml[echo]"),
        ("latest~1/refunds", f"{THIRD}/refunds.eval.yaml[echo]"),
        ("bbbb[echo]", f"{THIRD}/refunds.eval.yaml[echo]"),
        ("baseline/refunds.eval.yaml", f"{SECOND}/refunds.eval.yaml[echo]"),
        ("latest/mail.eval.yaml[b[1]]", f"{NEWEST}/mail.eval.yaml[b%5B1%5D]"),
        ("latest/mail.eval.yaml[b%5B1%5D]", f"{NEWEST}/mail.eval.yaml[b%5B1%5D]"),
        ("latest/mail[a]", f"{NEWEST}/mail.eval.yaml[a]"),
        ("latest/bill", f"{NEWEST}/bill.eval.yaml[a]"),
    ],
)
def test_an_evaluation_is_named_by_as_much_as_tells_it_apart(library: Library, reference: str, found: str) -> None:
    assert library.find(reference).id == found


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("latest/mail", f"'latest/mail' may be {NEWEST}/mail.eval.yaml[a], {NEWEST}/mail.eval.yaml[b%5B1%5D]: write"),
        ("latest", f"'latest' may be {NEWEST}/bill.eval.yaml[a], {NEWEST}/mail.eval.yaml[a]"),
        ("latest/mial.eval.yaml[a]", f"run {NEWEST} has no evaluation 'mial.eval.yaml[a]'; did you mean 'mail.eval"),
        ("latest/zz", f"run {NEWEST} has no evaluation 'zz'; it has bill.eval.yaml[a], mail.eval.yaml[a], "),
        ("nothing/x", "there is no evaluation 'nothing/x': there is no run 'nothing'"),
        ("", "there is no evaluation '': expected a run's id"),
        ("latest~9", "there is no evaluation 'latest~9': there is no latest~9"),
    ],
)
def test_what_is_not_there_or_not_clear_is_told(library: Library, reference: str, message: str) -> None:
    with pytest.raises(GroupError) as raised:
        library.find(reference)
    assert str(raised.value).startswith(message)


def test_the_newest_run_that_has_all_is_found_and_one_before_it(library: Library) -> None:
    def newest(*wanted: Meant, before: str | None = None) -> list[str] | None:
        found = library.newest(wanted, before=before)
        return None if found is None else [place.id for place in found]

    refunds = Meant("refunds.eval.yaml", "echo")
    mail = Meant("mail.eval.yaml", None, frozenset({"b[1]"}))
    assert newest(refunds) == [f"{THIRD}/refunds.eval.yaml[echo]"]
    assert newest(refunds, before=THIRD) == [f"{SECOND}/refunds.eval.yaml[echo]"]
    assert newest(mail) == [f"{NEWEST}/mail.eval.yaml[a]"]
    assert newest(mail, Meant("bill.eval.yaml", "a")) == [f"{NEWEST}/mail.eval.yaml[a]", f"{NEWEST}/bill.eval.yaml[a]"]
    assert newest(Meant("mail.eval.yaml", None)) is None
    assert newest(mail, refunds) is None
    assert newest(refunds, before=FIRST) is None


def test_a_broken_run_has_no_evaluations(library: Library) -> None:
    (library.root / ".evalsuite" / "runs" / NEWEST / "run.json").write_text("{")
    with pytest.raises(GroupError, match="no JSON"):
        library.find(f"{NEWEST}/bill")
    assert library.newest([Meant("bill.eval.yaml", "a")]) is None
    with pytest.raises(GroupError, match="no JSON"):
        library.load(f"{NEWEST}/bill.eval.yaml[a]")


def test_an_evaluation_that_its_run_does_not_have_is_told(library: Library) -> None:
    with pytest.raises(GroupError, match=rf"^run {THIRD} has no evaluation 'x.eval.yaml\[a\]'$"):
        library.load(f"{THIRD}/x.eval.yaml[a]")
    with pytest.raises(GroupError, match=r"^run 20200101T000000Z-00000000 is gone$"):
        library.load("20200101T000000Z-00000000/x.eval.yaml[a]")


def test_an_artifact_elsewhere_is_none_of_the_runs(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(library.root)
    (library.root / "run.json").write_text("{}")
    with pytest.raises(GroupError, match="is none of the runs that are kept"):
        library.find("run.json")
