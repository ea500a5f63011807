"""Media types: by a file's name, else by what it holds."""

from __future__ import annotations

import mimetypes
import posixpath
from codecs import IncrementalDecoder, getincrementaldecoder
from functools import lru_cache
from typing import Final

__all__ = ["MediaSniffer", "named_type"]

COMMON: Final = {
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".js": "text/javascript",
    ".jsonl": "application/jsonl",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".mp3": "audio/mpeg",
    ".parquet": "application/vnd.apache.parquet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".rtf": "application/rtf",
    ".wav": "audio/wav",
    ".webp": "image/webp",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
"""What Python releases know by different names, or not at all: a fingerprint must not depend on them."""
COMPRESSED: Final = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}
SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
)
UNKNOWN: Final = "application/octet-stream"


def named_type(url: str) -> str | None:
    """Give the media type that the name of a file or address tells, the same on every machine."""
    name = url.partition("?")[0].partition("#")[0].rpartition("/")[2].lower()
    common = COMMON.get(posixpath.splitext(name)[1])
    if common is not None:
        return common
    known, encoding = _built_in().guess_type(name)
    return known if encoding is None else COMPRESSED.get(encoding, UNKNOWN)


@lru_cache(maxsize=1)
def _built_in() -> mimetypes.MimeTypes:
    """What Python itself knows, without what this machine's files say."""
    return mimetypes.MimeTypes()


class MediaSniffer:
    """Tells the media type of what it is fed, block by block: a well-known signature, UTF-8 text, or bytes."""

    def __init__(self) -> None:
        self._head = b""
        self._decoder: IncrementalDecoder | None = getincrementaldecoder("utf-8")()

    def feed(self, block: bytes) -> None:
        """Look at the next bytes."""
        self._head += block[: 16 - len(self._head)] if len(self._head) < 16 else b""
        self._decode(block)

    def result(self) -> str:
        """Give the media type, when everything was fed."""
        self._decode(b"", final=True)
        head = self._head
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return "image/webp"
        found = next((name for signature, name in SIGNATURES if head.startswith(signature)), None)
        return found or ("text/plain" if self._decoder is not None else UNKNOWN)

    def _decode(self, block: bytes, *, final: bool = False) -> None:
        if self._decoder is None:
            return
        try:
            text = self._decoder.decode(block, final)
        except UnicodeDecodeError:
            self._decoder = None
        else:
            if "\0" in text:
                self._decoder = None
