"""What somebody named to compare with becomes a side of a comparison."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.comparison import git
from pytest_evalsuite.comparison.baseline import BASELINE_NAME, parse_baseline, side_of_baseline
from pytest_evalsuite.comparison.model import Records, Side
from pytest_evalsuite.comparison.sides import side_of_artifact, side_of_run
from pytest_evalsuite.errors import BaselineMissing, StoreError
from pytest_evalsuite.runs.history import find_run
from pytest_evalsuite.runs.reading import read_run
from pytest_evalsuite.runs.run import CaseKey

__all__ = ["load_side", "path_of"]

LOOKED_AT: Final = 4096
"""Bytes in which a baseline says what it is."""


def load_side(
    reference: str, root: Path, *, folder: Path | None = None, key: str | None = None, group: str | None = None
) -> Side:
    """The run, artifact or baseline of this name.

    ``reference`` is ``git:[<revision>:]<path>``, the path of an artifact, a baseline file or a run's folder (from
    ``folder``, or from ``root``), or names a run kept below ``root``. ``key`` and ``group`` name what cases are paired
    and clustered by. Raises BaselineMissing where there is no such thing, StoreError where it cannot be used.
    """
    if reference.startswith(git.PREFIX):
        return _of_commit(reference, folder or root, key, group)
    return _of_path(path_of(reference, root, folder), reference, key, group)


def path_of(reference: str, root: Path, folder: Path | None = None) -> Path:
    """Where that is which ``reference`` names, if it is in no commit. Raises BaselineMissing where nothing is."""
    for place in dict.fromkeys((folder or root, root)):
        path = place / reference
        with contextlib.suppress(OSError, ValueError):  # of what no path can be
            if reference and path.exists():
                return path
    try:
        return find_run(root, reference)
    except StoreError as error:
        raise BaselineMissing(str(error)) from None


def _of_path(path: Path, reference: str, key: str | None, group: str | None) -> Side:
    if path.is_dir():
        return side_of_run(read_run(path), reference, key=key, group=group)
    try:
        with path.open("rb") as file:
            head = file.read(LOOKED_AT)
            is_baseline = BASELINE_NAME.encode() in head
            rest = file.read() if is_baseline else b""
    except OSError as error:
        raise StoreError(f"cannot read {reference}: {error.strerror or error}") from error
    if not head.strip():
        raise StoreError(f"{reference}: the file is empty")
    if not is_baseline:
        return side_of_artifact(path, reference, key=key, group=group)
    if key is not None or group is not None:
        raise StoreError(
            f"{reference}: a baseline knows cases by their ids only; compare two runs to pair by a column"
        )
    return side_of_baseline(parse_baseline(head + rest, reference), reference)


def _of_commit(reference: str, folder: Path, key: str | None, group: str | None) -> Side:
    content, commit = git.show(reference, folder)
    home = _Home()
    path = home.path / "content"
    path.write_bytes(content)
    try:
        side = _of_path(path, reference, key, group)
    except StoreError as error:
        raise StoreError(str(error).replace(str(path), reference)) from None
    info = replace(side.info, reference=f"{reference} ({commit[:12]})")
    return Side(info, side.outcomes, _KeepingHome(side.records, home))


class _Home:
    """A temporary folder that goes when nobody knows it any more.

    That of `tempfile` would warn of it, and a warning is an error in many a test suite.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="evalsuite-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _KeepingHome:
    """Records that are read from a temporary folder, which stays as long as they may be asked for."""

    records: Records
    home: _Home

    def __call__(self, wanted: Sequence[CaseKey]) -> Mapping[CaseKey, Mapping[str, Any]]:
        return self.records(wanted)
