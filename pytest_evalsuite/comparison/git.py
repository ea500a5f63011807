"""A file as it was in a commit: what a pull request is compared with, out of its own reach."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pytest_evalsuite.errors import BaselineMissing, StoreError

__all__ = ["PREFIX", "show", "user_email"]

PREFIX: Final = "git:"
SECONDS: Final = 60


def show(reference: str, folder: Path) -> tuple[bytes, str]:
    """The content of ``git:[<revision>:]<path>`` and the commit that it is of; the path is meant from the folder.

    Without a revision it is the merge base of HEAD and the default branch: what the change began from. Raises
    BaselineMissing where the commit has no such file, StoreError where git cannot tell.
    """
    revision, colon, path = reference.removeprefix(PREFIX).rpartition(":")
    if not path:
        raise StoreError(f"{reference}: expected git:[<revision>:]<path>")
    commit = _commit(revision, folder) if colon and revision else _merge_base(folder, reference)
    name = path.replace(os.sep, "/")
    done = _git(
        ["cat-file", "blob", f"{commit}:./{name}" if not name.startswith("/") else f"{commit}:{name[1:]}"], folder
    )
    if done.returncode:
        if _git(["cat-file", "-e", f"{commit}^{{tree}}"], folder).returncode:
            raise StoreError(f"{reference}: commit {commit[:12]} is not here: {_said(done)}")
        raise BaselineMissing(f"{reference}: commit {commit[:12]} has no file {path!r}")
    return done.stdout, commit


def user_email(folder: Path) -> str | None:
    """The address that commits in the folder carry; None where git knows none, or is not there."""
    try:
        done = _git(["config", "--get", "user.email"], folder)
    except StoreError:
        return None
    return done.stdout.decode(errors="replace").strip() or None


def _merge_base(folder: Path, reference: str) -> str:
    branches = list(_default_branches(folder))
    for branch in branches:
        done = _git(["merge-base", "HEAD", branch], folder)
        if not done.returncode:
            return done.stdout.decode().strip()
    if _git(["rev-parse", "HEAD"], folder).returncode:
        raise StoreError(f"{reference}: {folder} is in no git repository with a commit")
    if branches:
        shallow = " (a shallow clone: fetch the whole history, with actions/checkout `fetch-depth: 0`)"
        is_shallow = _git(["rev-parse", "--is-shallow-repository"], folder).stdout.strip() == b"true"
        raise StoreError(f"{reference}: HEAD and {branches[0]} have no common commit{shallow * is_shallow}")
    raise StoreError(f"{reference}: no default branch (origin/HEAD, main, master); name one: git:<revision>:<path>")


def _default_branches(folder: Path) -> Iterator[str]:
    """Those of these that there are: what a CI system says that the change goes to, the remote's HEAD, the usual."""
    said = [os.environ.get(name) for name in ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")]
    names = [f"origin/{name}" for name in said if name]
    for name in (*names, "origin/HEAD", "origin/main", "origin/master", "main", "master"):
        if not _git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"], folder).returncode:
            yield name


def _commit(revision: str, folder: Path) -> str:
    done = _git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"], folder)
    if done.returncode:
        raise StoreError(f"git: {revision!r} is no revision here{': ' * bool(_said(done))}{_said(done)}")
    return done.stdout.decode().strip()


def _git(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=folder,
            capture_output=True,
            check=False,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise StoreError("git is not installed: name a file or a run instead") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StoreError(f"git {arguments[0]} failed: {error}") from None


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stderr.decode(errors="replace").strip().partition("\n")[0]
