from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept import FIRST, SECOND, THIRD, keep, keep_three
from records import error, passed, record, run_of

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.artifact import run_summary, write_artifact
from pytest_evalsuite.runs.history import (
    figures_of,
    find_run,
    look_up,
    project_folder,
    runs,
)


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A project with three runs."""
    return keep_three(tmp_path)


# Listing


def test_runs_come_newest_first_with_what_is_known_of_them(three: Path) -> None:
    found = runs(three)
    assert [run.id for run in found] == [THIRD, SECOND, FIRST]
    assert [run.name for run in found] == [None, "baseline", "baseline"]
    assert {run.status for run in found} == {"succeeded"}
    assert figures_of(found[0].evaluations) == (2, 1, 2, 2, 0.5)
    assert found[0].evaluations[0]["name"] == "refunds"


def test_runs_of_one_second_are_told_apart_by_their_start(tmp_path: Path) -> None:
    keep(tmp_path, "20260101T000000Z-aaaaaaaa", started_at="2026-01-01T00:00:00.900Z")
    keep(tmp_path, "20260101T000000Z-bbbbbbbb", started_at="2026-01-01T00:00:00.100Z")
    assert [run.id[-8:] for run in runs(tmp_path)] == ["aaaaaaaa", "bbbbbbbb"]


def test_a_project_without_runs_has_none(tmp_path: Path) -> None:
    assert runs(tmp_path) == []
    (tmp_path / ".evalsuite" / "runs").mkdir(parents=True)
    assert runs(tmp_path) == []


def test_what_is_no_run_s_folder_is_passed_over(three: Path) -> None:
    folder = three / ".evalsuite" / "runs"
    (folder / "README.md").write_text("mine")
    (folder / "notes").mkdir()
    (folder / f".removed-{FIRST}").mkdir()
    (folder / "20260104T000000Z-cccc0004").write_text("a file")
    assert len(runs(three)) == 3


def test_a_runs_folder_that_cannot_be_listed_is_no_empty_one(tmp_path: Path) -> None:
    (tmp_path / ".evalsuite").mkdir()
    (tmp_path / ".evalsuite" / "runs").write_text("a file")
    with pytest.raises(StoreError, match=r"cannot read .*runs: Not a directory"):
        runs(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"status": "succeeded"}',
        b"[" * 100_000,
        b"5",
    ],
)
def test_a_run_json_that_cannot_be_used_makes_a_broken_run_and_no_other(content: bytes | None, three: Path) -> None:
    path = three / ".evalsuite" / "runs" / SECOND / "run.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    found = runs(three)
    assert [run.status for run in found] == ["succeeded", "broken", "succeeded"]
    assert found[1].problem is not None
    assert SECOND in found[1].problem
    assert (found[1].started_at, found[1].name, figures_of(found[1].evaluations).cases) == (
        "2026-01-02T00:00:00.000Z",
        None,
        0,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"name": 5},
        {"name": ["a"]},
        {"started_at": None},
        {"started_at": "yesterday"},
        {"started_at": ...},
        {"completed_at": 5},
        {"error_message": {}},
        {"duration_seconds": "long"},
        {"duration_seconds": -1},
        {"duration_seconds": 1e300},
        {"evaluations": 5},
        {"evaluations": "abc"},
        {"evaluations": [5]},
        {"evaluations": [{}]},
        {"evaluations": {"a": 1}},
        {"evaluations": [{"test_set": "a", "name": "a", "agent": 5}]},
        {"evaluations": [{"test_set": "a", "name": "a", "agent": "a", "total": "many"}]},
        {"evaluations": [{"test_set": "a", "name": "a", "agent": "a", "total": 10**400}]},
        {"evaluations": [{"test_set": "a", "name": "a", "agent": "a", "passed": -1}]},
        {"evaluations": [{"test_set": "a", "name": "a", "agent": "a", "scored": 1, "mean_score": "high"}]},
    ],
)
def test_a_run_that_says_impossible_things_of_itself_is_broken(changes: dict[str, Any], tmp_path: Path) -> None:
    keep(tmp_path, FIRST, **changes)
    (run,) = runs(tmp_path)
    assert run.status == "broken"
    assert run.problem == f"{tmp_path / '.evalsuite' / 'runs' / FIRST / 'run.json'}: no description of a run"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values, max_size=3),
    max_leaves=5,
)
FIELDS = (
    "name",
    "status",
    "started_at",
    "completed_at",
    "error_message",
    "duration_seconds",
    "evaluations",
    "process",
)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_whatever_a_run_says_of_itself_it_can_be_listed_and_shown(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[str, Any]
) -> None:
    root = tmp_path_factory.mktemp("project")
    keep(root, FIRST, **changes)
    (run,) = runs(root)
    shown = f"{run.id} {run.name} {run.status} {run.started_at} {run.info.get('duration_seconds', 0) or 0:.2f}"
    figures = figures_of(run.evaluations)
    assert f"{shown} {figures.cases:,} {figures.mean_score}".startswith(FIRST)
    assert figures.pass_rate is None or figures.pass_rate >= 0
    shutil.rmtree(root)


def test_a_run_that_goes_on_and_one_that_was_interrupted_have_the_test_sets_of_their_plans(tmp_path: Path) -> None:
    plan = {"evaluations": [{"test_set": "a.eval.yaml", "name": "A", "agent": "echo", "cases": [[], [], []]}]}
    running = keep(tmp_path, SECOND, status="running", process=os.getpid(), evaluations=...)
    interrupted = keep(tmp_path, FIRST, status="running", process=0, evaluations=...)
    for path in (running, interrupted):
        (path / "plan.json").write_text(json.dumps(plan))
    found = runs(tmp_path)
    assert [run.status for run in found] == ["running", "interrupted"]
    assert [figures_of(run.evaluations) for run in found] == [(3, 0, 0, 0, None)] * 2
    assert found[0].evaluations == [{"test_set": "a.eval.yaml", "name": "A", "agent": "echo", "total": 3}]
    (running / "plan.json").write_text("{")
    assert [run.status for run in runs(tmp_path)] == ["running", "interrupted"]
    assert runs(tmp_path)[0].evaluations == []


def test_figures_of_several_evaluations_are_weighed_by_their_cases() -> None:
    run = run_of(("a", "x", [passed(score=1.0), record(score=0.0), error()]), ("b", "x", [passed(score=0.8)]))
    figures = figures_of(run_summary(run)["evaluations"])
    assert figures[:4] == (4, 2, 4, 3)
    assert figures.mean_score == pytest.approx(0.6)
    assert figures.pass_rate == 0.5
    assert figures_of([]) == (0, 0, 0, 0, None)
    assert figures_of([]).pass_rate is None


def test_listing_loads_no_models() -> None:
    heavy = ("pydantic", "yaml", "pytest")
    code = f"import sys, pytest_evalsuite.runs.history; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


# The project's folder


def test_the_project_is_the_nearest_folder_upward_that_keeps_runs(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / ".evalsuite").mkdir()
    assert project_folder(inner) == tmp_path
    (inner / ".evalsuite").mkdir()
    assert project_folder(inner) == inner
    assert project_folder(tmp_path / "a") == tmp_path


def test_where_nobody_keeps_runs_the_folder_itself_is_the_project(tmp_path: Path) -> None:
    (tmp_path / ".evalsuite").write_text("a file")
    assert project_folder(tmp_path) == tmp_path


# References


@pytest.mark.parametrize(
    ("reference", "run_id"),
    [
        ("latest", THIRD),
        ("latest~0", THIRD),
        ("latest~1", SECOND),
        ("latest~2", FIRST),
        (FIRST, FIRST),
        ("20260102", SECOND),
        (SECOND[:-1], SECOND),
        ("bbbb", THIRD),
        ("aaaa0001", FIRST),
        ("baseline", SECOND),
    ],
)
def test_a_run_is_found_by_what_one_knows_of_it(reference: str, run_id: str, three: Path) -> None:
    assert find_run(three, reference) == three / ".evalsuite" / "runs" / run_id


def test_of_several_runs_of_a_name_the_newest_counts_and_that_is_said(three: Path) -> None:
    assert look_up(three, "baseline").note == f"2 runs are named 'baseline': this is the newest, {SECOND}"
    assert look_up(three, FIRST).note is None


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("aaaa", f"'aaaa' is the beginning of 2 runs: {SECOND}, {FIRST}"),
        ("2026", f"'2026' is the beginning of 3 runs: {THIRD}, {SECOND}, {FIRST}"),
        ("bbb", "there is no run 'bbb'; `evalsuite history` lists them"),
        ("basline", "there is no run 'basline'; did you mean baseline?; `evalsuite history` lists them"),
        ("aaaa0003", f"there is no run 'aaaa0003'; did you mean {SECOND}, {FIRST}"),
        ("20260102T000000Z-aaaa0009", f"there is no run '20260102T000000Z-aaaa0009'; did you mean {SECOND}, "),
        ("latest~3", "there is no latest~3: "),
        ("latest~-1", "there is no run 'latest~-1'; `evalsuite history` lists them"),
        ("", "expected a run's id, its name, latest, or a path, got nothing"),
        ("no/where", "there is no run or artifact at no/where"),
        ("run.json", "there is no run or artifact at run.json"),
        ("\0", "there is no run '\\x00'; `evalsuite history` lists them"),
        ("x" * 5000, "there is no run 'xxx"),
    ],
)
def test_what_is_not_found_is_said_in_one_line_with_what_might_be_meant(
    reference: str, message: str, three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(three)
    with pytest.raises(StoreError) as refused:
        find_run(three, reference)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_many_candidates_are_not_all_listed(tmp_path: Path) -> None:
    for number in range(9):
        keep(tmp_path, f"20260101T00000{number}Z-aaaa000{number}")
    with pytest.raises(StoreError, match=r"is the beginning of 9 runs: (2026\S+, ){4}2026\S+ and 4 more$"):
        find_run(tmp_path, "aaaa")


@pytest.mark.parametrize("reference", ["latest", "latest~1", "nightly", FIRST])
def test_where_no_run_is_kept_that_is_said(reference: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no run is kept in .*\.evalsuite; `pytest --eval-suite` makes one"):
        find_run(tmp_path, reference)


def test_a_name_goes_before_the_beginning_of_an_id_and_an_id_before_a_name(three: Path) -> None:
    keep(three, "20260104T000000Z-cccc0004", name="bbbb")
    keep(three, "20260105T000000Z-dddd0005", name=FIRST)
    assert find_run(three, "bbbb").name == "20260104T000000Z-cccc0004"
    assert find_run(three, FIRST).name == FIRST


def test_the_latest_is_never_a_broken_one_which_its_id_still_finds(three: Path) -> None:
    (three / ".evalsuite" / "runs" / THIRD / "run.json").write_text("{")
    assert find_run(three, "latest").name == SECOND
    assert find_run(three, "bbbb").name == THIRD


def test_paths_of_artifacts_and_folders_need_no_project(
    three: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    write_artifact(run_of(("set", "echo", [passed()])), elsewhere / "main.json")
    folder = three / ".evalsuite" / "runs" / FIRST
    assert find_run(elsewhere, "main.json") == Path("main.json")
    assert find_run(elsewhere, f"{folder}/") == folder
    with pytest.raises(StoreError, match="holds no run"):
        find_run(elsewhere, str(elsewhere))
