from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pytest_evalsuite.comparison.git import show
from pytest_evalsuite.errors import BaselineMissing, StoreError


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=n@localhost")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path, text: str) -> None:
    (folder / "sub").mkdir(exist_ok=True)
    (folder / "sub" / "base.json").write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--message", text)


@pytest.fixture
def branch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A branch that began after the first commit of main, with commits on both since."""
    for name in ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"):
        monkeypatch.delenv(name, raising=False)
    git(tmp_path, "init", "--initial-branch=main")
    commit(tmp_path, "first")
    git(tmp_path, "switch", "--create", "topic")
    commit(tmp_path, "on the branch")
    git(tmp_path, "switch", "main")
    commit(tmp_path, "later on main")
    git(tmp_path, "switch", "topic")
    return tmp_path


@pytest.mark.parametrize(
    ("reference", "content"),
    [
        ("git:sub/base.json", "first"),
        ("git::sub/base.json", "first"),
        ("git:main:sub/base.json", "later on main"),
        ("git:HEAD:sub/base.json", "on the branch"),
        ("git:HEAD~1:sub/base.json", "first"),
    ],
)
def test_a_file_is_read_as_it_was(branch: Path, reference: str, content: str) -> None:
    assert show(reference, branch)[0].decode() == content


def test_the_path_is_meant_from_the_folder(branch: Path) -> None:
    assert show("git:base.json", branch / "sub")[0] == b"first"


@pytest.mark.parametrize("reference", ["git:no.json", "git:HEAD:no.json"])
def test_a_file_that_was_not_there_is_missing(branch: Path, reference: str) -> None:
    with pytest.raises(BaselineMissing, match=r"has no file 'no\.json'"):
        show(reference, branch)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("git:", "expected git:"),
        ("git:nowhere:x", "'nowhere' is no revision here"),
        ("git:--output=stolen:x", "is no revision here"),
    ],
)
def test_what_git_does_not_know_is_an_error(branch: Path, reference: str, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        show(reference, branch)
    assert not (branch / "stolen").exists()


def test_outside_a_repository_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is in no git repository"):
        show("git:x", tmp_path)


def test_a_folder_is_no_file(branch: Path) -> None:
    with pytest.raises(BaselineMissing, match="has no file 'sub'"):
        show("git:HEAD:sub", branch)


def test_the_branch_that_a_pull_request_goes_to_comes_first(branch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(branch, "update-ref", "refs/remotes/origin/release", "topic")
    monkeypatch.setenv("GITHUB_BASE_REF", "release")
    assert show("git:sub/base.json", branch)[0] == b"on the branch"


def test_without_a_default_branch_a_revision_is_asked_for(branch: Path) -> None:
    git(branch, "branch", "--move", "main", "trunk")
    with pytest.raises(StoreError, match=r"no default branch .* name one: git:<revision>:<path>"):
        show("git:sub/base.json", branch)


def test_branches_without_a_common_commit_have_no_merge_base(branch: Path) -> None:
    git(branch, "switch", "--orphan", "other")
    commit(branch, "alone")
    with pytest.raises(StoreError, match="HEAD and main have no common commit"):
        show("git:sub/base.json", branch)


def test_a_file_is_read_byte_by_byte_whatever_git_would_make_of_it(branch: Path) -> None:
    content = b"\xef\xbb\xbf{}\r\n\x00\xff"
    (branch / "raw file.bin").write_bytes(content)
    git(branch, "add", "--all")
    git(branch, "commit", "--message", "raw")
    assert show("git:HEAD:raw file.bin", branch)[0] == content
