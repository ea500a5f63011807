"""Lines that are wanted again, but not yet: on the disk, so that a long run does not fill the memory."""

from __future__ import annotations

import tempfile
import weakref
from typing import IO, Final

__all__ = ["Spool"]

IN_MEMORY: Final = 1 << 20
"""Bytes that are held before they go to the disk."""

BUFFER: Final = 1 << 18
"""Bytes that are read at once: lines are mostly read in the order in which they came."""


class Spool:
    """Keeps lines in a file without a name, that goes with the process; in memory while they are few.

    Where the disk takes no more, the rest stays in memory: nothing is lost.
    """

    def __init__(self, *, in_memory: int = IN_MEMORY) -> None:
        self._in_memory: float = in_memory
        self._file: IO[bytes] | None = None
        self._written = 0
        self._tail = bytearray()
        self._block, self._block_start = b"", 0
        """What was read last of the file, and from where on."""

    def append(self, line: str) -> int:
        """Keep a line, which has no line break in it; gives the place to read it from."""
        tail = self._tail
        place = self._written + len(tail)
        tail += line.encode()
        tail += b"\n"
        if len(tail) > self._in_memory:
            self._write_out()
        return place

    def read(self, place: int) -> str:
        """The line of a place."""
        block, start = self._block, place - self._block_start
        if 0 <= start < len(block) and (end := block.find(b"\n", start)) >= 0:
            return block[start:end].decode()
        start = place - self._written
        if start >= 0 or self._file is None:
            return self._tail[start : self._tail.index(b"\n", start)].decode()
        self._file.seek(place)
        block = self._file.read(BUFFER)
        while (end := block.find(b"\n")) < 0:
            block += self._file.read(len(block))
        self._block, self._block_start = block, place
        return block[:end].decode()

    def _write_out(self) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="evalsuite-", buffering=0)  # noqa: SIM115 - it stays
                weakref.finalize(self, self._file.close)
            self._file.seek(self._written)
            rest = memoryview(self._tail)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._in_memory = float("inf")
            return
        finally:
            rest = memoryview(b"")  # else the tail could not change
        self._written += len(self._tail)
        self._tail.clear()
