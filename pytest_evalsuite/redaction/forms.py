"""The forms in which a secret may turn up: as it is, escaped, or within something that is encoded as a whole."""

from __future__ import annotations

import html
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

__all__ = ["escaped_form", "forms_of"]

SPECIAL: Final = re.compile(r"[^ !#-&(-\[\]-~]")
"""What JSON or Python writes with a backslash, or may."""

PAIR: Final = len("ud83dude00")
"""Two halves of a character, between which a backslash stands."""

SHORT: Final = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}
URL: Final[tuple[Callable[[str], str], ...]] = (
    lambda text: quote(text, safe="", errors="surrogatepass"),
    lambda text: quote(text, errors="surrogatepass"),
    lambda text: quote_plus(text, errors="surrogatepass"),
)


def forms_of(value: str) -> set[str]:
    """The value, and what it becomes in HTML, in a URL, or as a part of a base64 text."""
    forms = {value, html.escape(value), html.escape(value, quote=False), *_in_urls(value)}
    data = value.encode("utf-8", "surrogatepass")
    for encode in (b64encode, urlsafe_b64encode):
        forms.update(_inside_base64(data, encode))
    return forms


def escaped_form(form: str) -> tuple[str, tuple[str, ...]] | None:
    """What a form becomes in JSON or in ``repr``, however often; None where that is the form itself.

    Gives a regular expression for all of that as it is without its backslashes, and texts one of which is in all of
    it.
    """
    if not SPECIAL.search(form) or not form.strip("\\"):
        return None
    common = max(SPECIAL.split(form), key=len)
    ways = (common,) if common else _ways(form.strip("\\")[0])
    return "".join(map(_escaped, form)), tuple(way[: PAIR // 2] if len(way) == PAIR else way for way in ways)


def _escaped(character: str) -> str:
    if character == "\\":
        return ""
    return f"(?:{'|'.join(map(re.escape, _ways(character)))})"


def _ways(character: str) -> tuple[str, ...]:
    """A character as it is, and what else stands for it behind a backslash."""
    if not SPECIAL.match(character) or character in "\"'":
        return (character,)
    code = ord(character)
    ways = [character, f"u{code:04x}", f"u{code:04X}", f"x{code:02x}", f"x{code:02X}"]
    if code > 0xFFFF:
        high, low = 0xD800 + ((code - 0x10000) >> 10), 0xDC00 + ((code - 0x10000) & 0x3FF)
        ways += [f"u{high:04x}u{low:04x}", f"u{high:04X}u{low:04X}", f"U{code:08x}", f"U{code:08X}"]
    return (*ways, SHORT[character]) if character in SHORT else tuple(ways)


def _in_urls(value: str) -> Iterator[str]:
    for encode in URL:
        encoded = encode(value)
        yield encoded
        pieces = encoded.split("%")
        yield "%".join([pieces[0], *(piece[:2].lower() + piece[2:] for piece in pieces[1:])])


def _inside_base64(data: bytes, encode: Callable[[bytes], bytes]) -> Iterator[str]:
    """The characters that are the same whatever stands before and behind the data, for each of the three places."""
    for before in range(3):
        encoded = encode(b"\0" * before + data).decode("ascii").rstrip("=")
        first = -(-before * 8 // 6)
        last = len(encoded) - ((before + len(data)) % 3 > 0)
        yield encoded[first:last]
