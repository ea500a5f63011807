"""The file of a case: found and checked when the test set is read, and once more when an agent gets it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final, overload

from pytest_evalsuite.agents.attachment import Attachment
from pytest_evalsuite.errors import AttachmentError
from pytest_evalsuite.testsets.fetching import Fetcher, check_address
from pytest_evalsuite.testsets.media import MediaSniffer, named_type
from pytest_evalsuite.testsets.part import Part
from pytest_evalsuite.testsets.source import check_inside

__all__ = ["MAX_FILE_BYTES", "NO_FILES", "CaseFile", "FileFinder", "FileRules", "Files"]

MAX_FILE_BYTES: Final = 20_000_000
ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)
SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRules:
    """What may be attached: files of at most ``max_bytes``; addresses are fetched by ``fetcher`` where it may."""

    max_bytes: int = MAX_FILE_BYTES
    fetcher: Fetcher | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was when it was read: its content's digest and media type, and what tells that it is the same."""

    digest: str
    mime_type: str
    state: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """What a case attaches: a file below ``folder``, or an address (``folder`` and ``seen`` are None).

    ``url`` is what the case says, ``mime_type`` its media type; ``detected`` says that the case does not tell it.
    """

    url: str
    mime_type: str
    detected: bool
    rules: FileRules
    folder: Path | None = None
    seen: Seen | None = None

    @property
    def identity(self) -> list[str]:
        """What the file is, for a fingerprint: its content or its address, and its media type."""
        return [self.url if self.seen is None else self.seen.digest, self.mime_type]

    def prepare(self) -> None:
        """Fetch what is to be fetched; what goes wrong is told by `open`."""
        if self.folder is None and self.rules.fetcher is not None:
            self.rules.fetcher.outcome(self.url)

    def open(self) -> Attachment:
        """Give the attachment. Raises AttachmentError when it is no longer what was read, or cannot be fetched."""
        if self.folder is None:
            return self._address()
        try:
            path = usable(self.url, self.folder, self.rules.max_bytes)
            changed = self.seen is not None and state_of(path.stat()) != self.seen.state and not self._same(path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise AttachmentError(f"file_url {self.url!r}: {reason}") from None
        if changed:
            raise AttachmentError(f"file_url {self.url!r}: the file has changed since the test set was read")
        return Attachment(url=self.url, mime_type=self.mime_type, path=path)

    def _same(self, path: Path) -> bool:
        return self.seen is not None and look_at(path, self.rules.max_bytes).digest == self.seen.digest

    def _address(self) -> Attachment:
        fetched = None if self.rules.fetcher is None else self.rules.fetcher.outcome(self.url)
        if isinstance(fetched, AttachmentError):
            raise AttachmentError(str(fetched))
        if fetched is None:
            return Attachment(url=self.url, mime_type=self.mime_type)
        mime_type = self.mime_type
        if self.detected and named_type(self.url) is None:
            mime_type = fetched.mime_type
        return Attachment(url=self.url, mime_type=mime_type, path=fetched.path)


class Files(Sequence[Attachment]):
    """The attachments of a case, each checked whenever it is asked for. Raises AttachmentError then."""

    def __init__(self, *files: CaseFile) -> None:
        self._files = files

    def __len__(self) -> int:
        return len(self._files)

    @overload
    def __getitem__(self, index: int) -> Attachment: ...
    @overload
    def __getitem__(self, index: slice) -> list[Attachment]: ...
    def __getitem__(self, index: int | slice) -> Attachment | list[Attachment]:
        if isinstance(index, slice):
            return [file.open() for file in self._files[index]]
        return self._files[index].open()


NO_FILES: Final = Files()


class FileFinder:
    """Finds the files of one test set's cases; one that several cases name is read once."""

    def __init__(self, folder: Path, rules: FileRules) -> None:
        self._folder = folder
        self._rules = rules
        self._seen: dict[str, Seen] = {}

    def file_of(self, part: Part) -> CaseFile | None:
        """Give the file of a case, or None where it has none; what is wrong with it is reported."""
        url, mime_type = part.values.get("file_url"), part.values.get("file_mime_type")
        if url is None:
            if mime_type is not None and "file_url" not in part.refused:
                part.report("file_mime_type", "there is no 'file_url' whose media type it could be", on_key=True)
            return None
        try:
            seen = self._look(url)
        except OSError as error:
            part.report("file_url", f"cannot be read: {error.strerror}")
        except ValueError as error:
            part.report("file_url", str(error))
        else:
            content = "application/octet-stream" if seen is None else seen.mime_type
            return CaseFile(
                url=url,
                mime_type=mime_type or named_type(url) or content,
                detected=mime_type is None,
                rules=self._rules,
                folder=None if seen is None else self._folder,
                seen=seen,
            )
        return None

    def _look(self, name: str) -> Seen | None:
        """Look at a file; None for an address. Raises ValueError or OSError for what is neither."""
        if ADDRESS.match(name):
            check_address(name)
            return None
        if scheme := SCHEME.match(name):
            raise ValueError(
                f"{scheme[1]!r} addresses are not allowed: expected a path below the test set's folder, or an "
                "http:// or https:// address"
            )
        seen = self._seen.get(name)
        if seen is None:
            path = usable(name, self._folder, self._rules.max_bytes)
            seen = self._seen[name] = look_at(path, self._rules.max_bytes)
        return seen


def usable(name: str, folder: Path, max_bytes: int) -> Path:
    """Give the file ``name`` under ``folder``, links resolved. Raises ValueError or OSError when it cannot be used."""
    path = check_inside(name, folder)
    real = path.resolve()
    if any(part.startswith(".") for part in real.relative_to(folder.resolve()).parts):
        raise ValueError("hidden files and folders (.env, .git) are not attached: they often hold secrets")
    try:
        status = path.stat()
    except FileNotFoundError:
        what = "it is a symbolic link to nothing" if path.is_symlink() else "there is no such file"
        raise ValueError(f"{what} in the test set's folder") from None
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"expected a file: it is {'a folder' if stat.S_ISDIR(status.st_mode) else 'no regular file'}")
    if status.st_size > max_bytes:
        raise ValueError(too_large(status.st_size, max_bytes))
    return real


def too_large(size: int, max_bytes: int) -> str:
    """Say that a file is too large."""
    return f"too large: {size / 1e6:,.1f} MB of at most {max_bytes / 1e6:g} (evalsuite_max_file_mb)"


def look_at(path: Path, max_bytes: int) -> Seen:
    """Read a file for its digest and media type. Raises OSError or ValueError when that cannot be done."""
    digest, sniffer = blake2b(digest_size=16), MediaSniffer()
    size = 0
    # What was a file may be a FIFO by now, and must not be waited for.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        state = state_of(os.fstat(file.fileno()))
        while block := file.read(1 << 20):
            size += len(block)
            if size > max_bytes:
                raise ValueError(too_large(size, max_bytes))
            digest.update(block)
            sniffer.feed(block)
    return Seen(digest.hexdigest(), sniffer.result(), state)


def state_of(status: os.stat_result) -> tuple[int, ...]:
    """Give what changes when a file does."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
