"""Where a run is kept: ``.evalsuite/runs/<id>/`` with ``run.json``, ``plan.json`` and one journal per process."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO, Final

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.encoding import decode, encode

__all__ = ["Journal", "RunDirectory", "clear_output", "new_run_id", "write_atomically"]

SYNC_EVERY: Final = 1.0
"""Seconds between two calls of fsync: a killed process loses nothing, a killed machine at most so much."""


def new_run_id() -> str:
    """``<UTC time>-<8 hex digits>``: ids sort by time, to a 65,536th of a second, and do not collide."""
    now = datetime.now(timezone.utc)
    return f"{now:%Y%m%dT%H%M%SZ}-{now.microsecond * 65_536 // 1_000_000:04x}{secrets.token_hex(2)}"


def clear_output(path: Path) -> None:
    """Remove what an earlier run wrote to a file, and make sure that it can be written. Raises StoreError.

    Called before anything runs: a result that nobody can keep is not worth paying for, and yesterday's must not be
    taken for today's.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not _is_special(path):
            path.unlink(missing_ok=True)
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise _cannot_write(path, error) from error


def write_atomically(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file, private to its owner, so that readers see the old one or the whole new one. Raises StoreError.

    What is no regular file (a link, a device, a pipe) is opened and written to, for it must not be replaced.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _is_special(path):
            with path.open("wb") as file:
                file.writelines(parts)
            return
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        if isinstance(error, OSError):
            raise _cannot_write(path, error) from error
        raise


def _is_special(path: Path) -> bool:
    try:
        return not stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _cannot_write(path: Path, error: OSError) -> StoreError:
    return StoreError(f"cannot write {path}: {error.strerror or error}")


class RunDirectory:
    """One run's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, root: Path) -> RunDirectory:
        """Make ``root/runs/<new id>``; ``root`` gets a ``.gitignore`` of its own. Raises StoreError."""
        try:
            root.parent.mkdir(parents=True, exist_ok=True)
            for folder in (root, root / "runs"):
                folder.mkdir(mode=0o700, exist_ok=True)
            ignore = root / ".gitignore"
            if not ignore.exists():
                ignore.touch(mode=0o600)
                ignore.write_text("*\n", encoding="ascii")
            while True:
                with contextlib.suppress(FileExistsError):
                    path = root / "runs" / new_run_id()
                    path.mkdir(mode=0o700)
                    return cls(path)
        except OSError as error:
            raise StoreError(f"cannot make a run directory in {root}: {error.strerror or error}") from error

    @property
    def id(self) -> str:
        """The run's id."""
        return self.path.name

    def write_run(self, content: Mapping[str, Any]) -> None:
        """Write or replace ``run.json``. Raises StoreError."""
        self._write("run.json", [json.dumps(decode(encode(content)), indent=2, ensure_ascii=False).encode(), b"\n"])

    def write_plan(self, content: Mapping[str, Any]) -> None:
        """Write ``plan.json``: which cases this run is to evaluate. Raises StoreError."""
        self._write("plan.json", [encode(content).encode(), b"\n"])

    def read_plan(self) -> bytes | None:
        """What `write_plan` wrote, or None when there is none."""
        try:
            return (self.path / "plan.json").read_bytes()
        except OSError:
            return None

    def journal(self, worker: str) -> Journal:
        """The journal of one process of this run."""
        return Journal(self.path / f"results-{worker}.jsonl")

    def recording(self, worker: str) -> Journal:
        """What agents and judges have said to one process of this run."""
        return Journal(self.path / f"recording-{worker}.jsonl")

    def spans(self, worker: str) -> Journal:
        """The traces of the calls that one process of this run has made."""
        return Journal(self.path / ("spans.jsonl" if worker == "main" else f"spans-{worker}.jsonl"))

    def _write(self, name: str, parts: Iterable[bytes]) -> None:
        path = self.path / name
        if not self.path.is_dir():  # it would be made again, without the results that it held
            raise _cannot_write(path, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
        write_atomically(path, parts)


class Journal:
    """Finished cases, one line each, written at once. A failure to write is kept in ``problem`` and tried no more."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: str | None = None
        self._file: BinaryIO | None = None
        self._synced = 0.0

    def append(self, line: str) -> None:
        """Write one line and hand it to the operating system."""
        if self.problem is not None:
            return
        try:
            if self._file is None:
                self.path.touch(mode=0o600)
                self._file = self.path.open("ab", buffering=0)
            rest = line.encode() + b"\n"
            while rest:  # a full disk takes a part without a word
                rest = rest[self._file.write(rest) :]
            now = time.monotonic()
            if now - self._synced > SYNC_EVERY:
                os.fsync(self._file.fileno())
                self._synced = now
        except OSError as error:
            self.problem = str(_cannot_write(self.path, error))

    def close(self) -> None:
        """Bring everything to the disk."""
        if self._file is not None:
            try:
                os.fsync(self._file.fileno())
                self._file.close()
                self.path.stat()  # a file that somebody removed takes everything and keeps nothing
            except OSError as error:
                self.problem = self.problem or str(_cannot_write(self.path, error))
            self._file = None
