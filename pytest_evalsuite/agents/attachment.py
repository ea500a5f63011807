"""A file that a case gives to its agent beside the question."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Attachment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """An attachment: a file of the test set's folder, or something on the web that is named and not fetched.

    ``url`` is what the case says (a relative path with ``/``, or an http(s) address), ``mime_type`` its media type,
    ``path`` where the file lies on this machine, None for an address that is only passed on.
    """

    url: str
    mime_type: str
    path: Path | None = None

    @property
    def name(self) -> str:
        """The file's name, without folders."""
        return self.url.partition("?")[0].rstrip("/").rpartition("/")[2]

    def read_bytes(self) -> bytes:
        """The file's content. Raises FileNotFoundError for an address that is only passed on."""
        if self.path is None:
            raise FileNotFoundError(f"{self.url}: an address that is passed on, not a file")
        return self.path.read_bytes()

    def read_text(self) -> str:
        """The file's content as UTF-8."""
        return self.read_bytes().decode("utf-8-sig")

    def data_url(self) -> str:
        """The content as a ``data:`` URL; the address itself where it is only passed on."""
        if self.path is None:
            return self.url
        return f"data:{self.mime_type};base64,{base64.b64encode(self.read_bytes()).decode('ascii')}"
