"""A file's text as it is on the disk, and how another one takes its place: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pytest_evalsuite.errors import EditError
from pytest_evalsuite.testsets.source import read_text

__all__ = ["DiskText", "create", "save"]

MARK: Final = b"\xef\xbb\xbf"
"""UTF-8's byte order mark, which a file that has one keeps."""


class DiskText:
    """A file as it was read. Raises TestSetError where it cannot be."""

    def __init__(self, path: Path, shown: str) -> None:
        self.path = path
        self.shown = shown
        self.text, self.data = _read(path, shown)
        self._mark = MARK if self.data.startswith(MARK) else b""

    def encoded(self, text: str) -> bytes:
        """Give the bytes of another text of the file."""
        return self._mark + text.encode()

    def accept(self, text: str) -> None:
        """Take note that the file now holds another text."""
        self.text, self.data = text, self.encoded(text)

    def is_as_read(self) -> bool:
        """Whether the file still is what was read."""
        try:
            return self.path.read_bytes() == self.data
        except OSError:
            return False


def _read(path: Path, shown: str) -> tuple[str, bytes]:
    """Give a file's text and bytes, of the same moment even where somebody else is about to replace it."""
    while True:
        text = read_text(path, shown)
        with contextlib.suppress(OSError):  # which `read_text` tells
            data = path.read_bytes()
            if data == text.encode() or data == MARK + text.encode():
                return text, data


def save(texts: Mapping[DiskText, str]) -> None:
    """Write all files, each of them whole or not at all, and none where one cannot be written.

    Raises EditError where that cannot be done, or where somebody else has changed a file.
    """
    written: list[tuple[Path, Path]] = []
    with contextlib.ExitStack() as stack:
        stack.callback(_discard, written)
        for file, text in texts.items():
            stack.enter_context(_held(file))
            target = file.path.resolve()
            try:
                mode = stat.S_IMODE(target.stat().st_mode)
                if not mode & 0o222 or not os.access(target, os.W_OK):
                    raise EditError(f"cannot write {file.shown}: it is read-only")
                written.append((_written(target, file.encoded(text), mode), target))
            except OSError as error:
                raise _cannot_write(file.shown, error) from error
        for file in texts:
            if not file.is_as_read():
                raise EditError(f"{file.shown} was changed since it was opened: nothing was written; open it again")
        for temporary, target in written:
            temporary.replace(target)
        written.clear()


def create(path: Path, text: str) -> None:
    """Write a new file, whole or not at all. Raises EditError where there is one, or it cannot be written."""
    written: list[tuple[Path, Path]] = []
    try:
        temporary = _written(path, text.encode(), None)
        written.append((temporary, path))
        _link(temporary, path)
    except FileExistsError as error:
        raise EditError(f"{path} is there already: nothing was written") from error
    except OSError as error:
        raise _cannot_write(str(path), error) from error
    finally:
        _discard(written)


def _link(temporary: Path, path: Path) -> None:
    """Give a file its name, which fails where there is such a file already; a rename would not."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError from None
        temporary.rename(path)


def _written(target: Path, data: bytes, mode: int | None) -> Path:
    """Write a file beside the target; ``mode`` None leaves its permissions to the user's mask."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(mode)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    return temporary


@contextlib.contextmanager
def _held(file: DiskText) -> Iterator[None]:
    """Keep others who edit this way from writing meanwhile, where the system can."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with contextlib.ExitStack() as stack:
        held = False
        with contextlib.suppress(OSError):  # it has gone, which is told later, or cannot be held
            while not held:  # who held it before may have put another file in its place
                opened = stack.enter_context(file.path.open("rb"))
                fcntl.flock(opened, fcntl.LOCK_EX)
                held = os.path.samestat(os.fstat(opened.fileno()), file.path.stat())
        yield


def _discard(written: list[tuple[Path, Path]]) -> None:
    for temporary, _ in written:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _cannot_write(shown: str, error: OSError) -> EditError:
    return EditError(f"cannot write {shown}: {error.strerror or error}")
