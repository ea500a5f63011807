"""A case's id, when none is given: readable, and the same wherever the case stands."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final
from unicodedata import normalize

__all__ = ["content_digest", "derive_id", "slug"]

WORD: Final = re.compile(r"[^\W_]+")
SLUG_LENGTH: Final = 40


def derive_id(question: str | None, inputs: Mapping[str, Any], file_url: str | None = None) -> str:
    """Give ``<slug>-<8 hex>`` over what is asked; what is expected may be corrected without changing it."""
    readable = slug(question if question is not None else _first_text(inputs))
    return f"{readable or 'case'}-{content_digest(question, inputs, file_url).hex()}"


def content_digest(question: str | None, inputs: Mapping[str, Any], file_url: str | None = None) -> bytes:
    """Give 4 bytes over question, inputs and the file's name; Unicode forms of the same question count as the same."""
    content = normalize("NFC", question) if question is not None else ""
    if inputs:
        content += "\0" + json.dumps(inputs, sort_keys=True, separators=(",", ":"))
    if file_url is not None:
        content += "\0\0" + file_url
    return blake2b(content.encode("utf-8", "surrogatepass"), digest_size=4).digest()


def slug(text: str) -> str:
    """Give the first words of a text, in lower case and joined by ``-``, at most 40 characters."""
    words = WORD.findall(normalize("NFC", text[: 4 * SLUG_LENGTH]).lower())
    return "-".join(words)[:SLUG_LENGTH].rstrip("-")


def _first_text(inputs: Mapping[str, Any]) -> str:
    return next((value for value in inputs.values() if isinstance(value, str)), "")
