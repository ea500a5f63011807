"""A test set file becomes text."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pytest_evalsuite.errors import Mistake, TestSetError

__all__ = ["MAX_BYTES", "ReadText", "check_inside", "read_text"]

ReadText = Callable[[Path, str], str]
"""Gives the text of a file, which messages name as the second argument says. Raises TestSetError."""

MAX_BYTES: Final = 200_000_000
BYTE_ORDER_MARKS: Final = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def read_text(path: Path, display_path: str) -> str:
    """Read a file as UTF-8, without its byte order mark; raises TestSetError when that cannot be done.

    Only a regular file is opened: a FIFO would wait for ever, a device never end.
    """

    def fail(message: str, line: int = 1, column: int = 1) -> TestSetError:
        return TestSetError([Mistake(display_path, line, column, message)])

    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise fail(f"cannot be read: it is {kind}")
        if status.st_size > MAX_BYTES:
            raise fail(f"too large: {status.st_size / 1e6:,.0f} MB of at most {MAX_BYTES / 1e6:,.0f}; split it")
        data = path.read_bytes()
    except OSError as error:
        broken = path.is_symlink() and isinstance(error, FileNotFoundError)
        reason = "a symbolic link to nothing" if broken else error.strerror or type(error).__name__
        raise fail(f"cannot be read: {reason}") from error
    except ValueError as error:  # a NUL in the name
        raise fail(f"cannot be read: {error}") from error
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            raise fail(f"the file is {encoding}: save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = data[: error.start]
        line, column = good.count(b"\n") + 1, len(good[good.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        if b"\x00" in data[:1000]:
            raise fail("the file is not UTF-8 (UTF-16?): save it as UTF-8", line, column) from error
        byte = data[error.start]
        raise fail(
            f"byte 0x{byte:02x} is not UTF-8 (Latin-1, Windows-1252?): save it as UTF-8", line, column
        ) from error


def check_inside(name: str, folder: Path) -> Path:
    """Give the file ``name`` under ``folder``; raises ValueError, with the reason, when it leads out of it."""
    if "\0" in name or "\\" in name or ":" in name or name.startswith(("/", "~")):
        raise ValueError("expected a file name relative to the test set, with '/' between folders")
    if ".." in name.split("/"):
        raise ValueError("'..' leads out of the test set's folder: put the file beside the test set or below")
    target = folder / name
    try:
        if not target.resolve().is_relative_to(folder.resolve()):
            raise ValueError("the file is a link that leads out of the test set's folder")
    except (OSError, RuntimeError) as error:
        raise ValueError("the file is a symbolic link in a circle") from error
    return target
