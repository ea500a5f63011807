from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from kept import FIRST, SECOND, THIRD, keep, keep_three

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.history import runs
from pytest_evalsuite.runs.upkeep import needed_by, own_run, remove, rename


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A project with three runs."""
    return keep_three(tmp_path)


def test_a_new_name_is_all_that_changes(three: Path) -> None:
    path = three / ".evalsuite" / "runs" / FIRST
    before = json.loads((path / "run.json").read_text())
    rename(path, "nightly")
    assert json.loads((path / "run.json").read_text()) == {**before, "name": "nightly"}
    assert [entry.name for entry in path.iterdir()] == ["run.json"]


def test_an_interrupted_run_stays_one_under_a_new_name_and_a_running_one_keeps_its_name(tmp_path: Path) -> None:
    path = keep(tmp_path, FIRST, status="running", process=0)
    rename(path, "nightly")
    assert json.loads((path / "run.json").read_text())["status"] == "running"
    path = keep(tmp_path, SECOND, status="running", process=os.getpid())
    with pytest.raises(StoreError, match=f"run {SECOND} is running"):
        rename(path, "nightly")


def test_only_a_folder_among_the_runs_is_the_project_s_own(
    three: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = three / ".evalsuite" / "runs"
    assert own_run(three, folder / FIRST) == folder / FIRST
    elsewhere = keep(tmp_path_factory.mktemp("other"), FIRST)
    link = folder / "20260109T000000Z-eeee0009"
    link.symlink_to(elsewhere, target_is_directory=True)
    (three / "link").symlink_to(elsewhere, target_is_directory=True)
    for path in (elsewhere, link, three / "link", folder, three, folder / FIRST / "run.json"):
        with pytest.raises(StoreError, match="is none of the runs that are kept in"):
            own_run(three, path)


def test_what_a_link_in_a_removed_run_leads_to_stays(three: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    precious = tmp_path_factory.mktemp("precious")
    (precious / "file").write_text("kept")
    path = three / ".evalsuite" / "runs" / FIRST
    (path / "link").symlink_to(precious, target_is_directory=True)
    remove(path)
    assert not path.exists()
    assert (precious / "file").read_text() == "kept"
    assert sorted(entry.name for entry in path.parent.iterdir()) == [SECOND, THIRD]


def test_a_run_is_gone_from_the_list_though_its_files_cannot_be_removed(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "rmtree", refuses)
    with pytest.raises(StoreError, match=f"cannot remove .*{FIRST}: Permission denied"):
        remove(three / ".evalsuite" / "runs" / FIRST)
    assert [run.id for run in runs(three)] == [THIRD, SECOND]


def test_unfinished_runs_need_those_that_they_go_on_from(tmp_path: Path) -> None:
    keep(tmp_path, FIRST, status="running", process=0)
    keep(tmp_path, SECOND, status="running", process=0, resume={"from": FIRST})
    keep(tmp_path, THIRD, status="running", process=0, resume={"from": SECOND})
    fourth = keep(tmp_path, "20260104T000000Z-cccc0004", resume={"from": THIRD}).name
    by_id = {run.id: run for run in runs(tmp_path)}
    every = by_id.values()
    assert needed_by(every, [by_id[THIRD]]) == {SECOND: THIRD, FIRST: THIRD}
    assert needed_by(every, [by_id[fourth]]) == {}
    assert needed_by(every, [by_id[FIRST]]) == {}


@pytest.mark.parametrize("resume", [{"from": FIRST}, {"from": 5}, {"from": "gone"}, {}, [], 5, None])
def test_a_run_that_goes_on_from_itself_or_nothing_ends_the_search(resume: Any, tmp_path: Path) -> None:
    keep(tmp_path, FIRST, status="running", process=0, resume=resume)
    every = runs(tmp_path)
    assert needed_by(every, every) == ({FIRST: FIRST} if resume == {"from": FIRST} else {})
