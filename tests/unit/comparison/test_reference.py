from __future__ import annotations

import gc
import subprocess
import tempfile
from pathlib import Path

import pytest
from kept import FIRST, keep_three
from records import passed, run_of

from pytest_evalsuite.comparison.reference import load_side, path_of
from pytest_evalsuite.errors import BaselineMissing, StoreError
from pytest_evalsuite.runs.artifact import write_artifact
from pytest_evalsuite.runs.run import CaseKey

KEY = CaseKey("set.eval.yaml", "case-0", "echo")


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """An artifact of one case, in the last commit of a repository."""
    write_artifact(run_of(("set", "echo", [passed()]), id=FIRST, status="succeeded"), tmp_path / "run.json")
    identity = ("-c", "user.name=n", "-c", "user.email=n@localhost")
    for arguments in (["init"], ["add", "--all"], [*identity, "commit", "--message", "first"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "run.json"


@pytest.mark.filterwarnings("error")
def test_records_of_a_commit_are_there_as_long_as_they_may_be_asked_for(
    artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    side = load_side("git:HEAD:run.json", artifact.parent)
    gc.collect()
    assert side.records([KEY])[KEY]["actual_response"] == "Paris"
    assert side.info.reference.startswith("git:HEAD:run.json (")
    del side
    gc.collect()
    assert list(temporary.iterdir()) == []


def test_damage_is_told_of_the_commit_and_of_no_temporary_file(artifact: Path) -> None:
    artifact.write_text(artifact.read_text().replace('"position":0', '"position":"0"'))
    identity = ("-c", "user.name=n", "-c", "user.email=n@localhost")
    subprocess.run(["git", *identity, "commit", "--all", "-m", "second"], cwd=artifact.parent, check=True)
    with pytest.raises(StoreError, match=r"^git:HEAD:run\.json: a result of set\.eval\.yaml is not as an artifact"):
        load_side("git:HEAD:run.json", artifact.parent)


def test_a_path_is_meant_from_the_folder_then_from_the_root(tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    (tmp_path / "one").touch()
    (tmp_path / "both").touch()
    (below / "both").touch()
    assert path_of("both", tmp_path, below) == below / "both"
    assert path_of("one", tmp_path, below) == tmp_path / "one"


def test_what_is_no_path_names_a_run(tmp_path: Path) -> None:
    root = keep_three(tmp_path)
    assert path_of(FIRST, root).name == FIRST


@pytest.mark.parametrize("reference", ["", "nothing", "no.json", "a\0b", "x" * 5000])
def test_what_names_nothing_is_missing(reference: str, tmp_path: Path) -> None:
    with pytest.raises(BaselineMissing):
        path_of(reference, tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (b"{}", "this is no artifact of a run"),
        (b"\xff\xfe", "no JSON"),
    ],
)
def test_what_is_neither_an_artifact_nor_a_baseline_says_so(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(StoreError, match=message):
        load_side("x.json", tmp_path)
