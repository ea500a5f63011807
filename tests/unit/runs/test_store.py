from __future__ import annotations

import json
import os
import re
import shutil
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.store import Journal, RunDirectory, clear_output, new_run_id, write_atomically

RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")


def breaking() -> Iterator[bytes]:
    yield b"half"
    raise OSError("the disk is gone")


def test_a_run_has_a_folder_that_git_ignores(tmp_path: Path) -> None:
    directory = RunDirectory.create(tmp_path / ".evalsuite")
    assert directory.path.parent == tmp_path / ".evalsuite" / "runs"
    assert RUN_ID.fullmatch(directory.id)
    assert (tmp_path / ".evalsuite" / ".gitignore").read_text() == "*\n"
    assert stat.S_IMODE(directory.path.stat().st_mode) == 0o700


def test_a_gitignore_of_the_users_stays(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("!runs\n")
    RunDirectory.create(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "!runs\n"


def test_runs_that_begin_at_once_have_folders_of_their_own(tmp_path: Path) -> None:
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(RunDirectory.create(tmp_path).path)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 20


def test_ids_sort_by_time() -> None:
    assert new_run_id()[:16] <= new_run_id()[:16]


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / ".evalsuite").write_text("not a folder")
    with pytest.raises(StoreError, match=r"cannot make a run directory in .*\.evalsuite: "):
        RunDirectory.create(tmp_path / ".evalsuite")


def test_readers_see_the_old_file_or_the_whole_new_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "run.json"
    write_atomically(path, [b"one", b"two"])
    assert path.read_bytes() == b"onetwo"
    with pytest.raises(StoreError, match=r"cannot write .*run\.json: the disk is gone"):
        write_atomically(path, breaking())
    assert path.read_bytes() == b"onetwo"
    assert [entry.name for entry in path.parent.iterdir()] == ["run.json"]


def test_a_link_is_written_through_and_stays(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    clear_output(tmp_path / "link")
    write_atomically(tmp_path / "link", [b"text"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"text"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_device_is_written_to_and_not_replaced() -> None:
    clear_output(Path("/dev/full"))
    with pytest.raises(StoreError, match="cannot write /dev/full: No space left on device"):
        write_atomically(Path("/dev/full"), [b"text"])
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_an_output_of_an_earlier_run_is_removed(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{}")
    clear_output(tmp_path / "old.json")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_for_an_output_is_made(tmp_path: Path) -> None:
    clear_output(tmp_path / "a" / "b" / "out.json")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_an_output_that_cannot_be_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Is a directory"):
        clear_output(tmp_path)
    with pytest.raises(StoreError, match="cannot write"):
        clear_output(tmp_path / "file" / "out.json")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_may_not_be_written_to_is_found_out_at_once(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="Permission denied"):
        clear_output(tmp_path / "out.json")
    tmp_path.chmod(0o700)


def test_a_line_is_in_the_journal_as_soon_as_it_is_appended(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "results-main.jsonl")
    assert not journal.path.exists()
    for number in range(3):
        journal.append(json.dumps({"number": number, "text": "日本"}))
        assert len(journal.path.read_bytes().splitlines()) == number + 1
    journal.close()
    assert journal.problem is None


def test_a_journal_that_cannot_be_written_says_so_once_and_goes_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "missing" / "results-main.jsonl")
    journal.append("{}")
    problem = journal.problem
    assert problem is not None
    assert problem.startswith("cannot write ")
    (tmp_path / "missing").mkdir()
    journal.append("{}")
    journal.close()
    assert journal.problem is problem
    assert list((tmp_path / "missing").iterdir()) == []


def test_a_journal_whose_folder_is_removed_does_not_pretend(tmp_path: Path) -> None:
    directory = RunDirectory.create(tmp_path)
    journal = directory.journal("main")
    journal.append("{}")
    shutil.rmtree(directory.path)
    journal.append("{}")
    journal.close()
    assert journal.problem == f"cannot write {journal.path}: No such file or directory"
    with pytest.raises(StoreError, match="No such file or directory"):
        directory.write_run({})
    assert not directory.path.exists()


def test_a_plan_is_read_back_or_is_none(tmp_path: Path) -> None:
    directory = RunDirectory.create(tmp_path)
    assert directory.read_plan() is None
    directory.write_plan({"evaluations": []})
    assert directory.read_plan() == b'{"evaluations":[]}\n'
