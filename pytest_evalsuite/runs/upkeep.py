"""What is done to kept runs: they are named and removed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.encoding import decode
from pytest_evalsuite.runs.history import FOLDER, KeptRun, run_folders
from pytest_evalsuite.runs.reading import read_info
from pytest_evalsuite.runs.store import RunDirectory

__all__ = ["needed_by", "own_run", "remove", "rename"]


def own_run(root: Path, path: Path) -> Path:
    """The path of a run's folder, which must be one of those that the project keeps. Raises StoreError."""
    own = next((folder for folder in run_folders(root) if folder.name == path.absolute().name), None)
    if own is None or not own.samefile(path):
        raise StoreError(f"{path} is none of the runs that are kept in {root / FOLDER}")
    return own


def needed_by(every: Iterable[KeptRun], users: Iterable[KeptRun]) -> dict[str, str]:
    """The runs that unfinished ones among the users go on from, to whose results they still need: id to id."""
    by_id = {run.id: run for run in every}
    needed: dict[str, str] = {}
    for user in users:
        run: KeptRun | None = user
        while run is not None and run.status in ("running", "interrupted"):
            resume = run.info.get("resume")
            before = resume.get("from") if isinstance(resume, dict) else None
            run = by_id.get(before) if isinstance(before, str) and before not in needed else None
            if run is not None:
                needed[run.id] = user.id
    return needed


def remove(path: Path) -> None:
    """Remove a run's folder: at once for all who list runs, though it takes a while. Raises StoreError."""
    hidden = path.with_name(f".removed-{path.name}")
    try:
        path.rename(hidden)
        shutil.rmtree(hidden)
    except OSError as error:
        raise StoreError(f"cannot remove {path}: {error.strerror or error}") from error


def rename(path: Path, name: str) -> None:
    """Give the run of this folder another name. Raises StoreError, also where it is still running."""
    if read_info(path)["status"] == "running":
        raise StoreError(f"run {path.name} is running: name it when it has ended")
    content = decode((path / "run.json").read_bytes())  # what is on the disk: an interrupted run says running there
    RunDirectory(path).write_run({**content, "name": name})
