"""Text from test sets, agents and judges, made safe to print on a terminal or into a CI log."""

from __future__ import annotations

import re

__all__ = ["encodable", "escape_captured", "escape_terminal", "escaped_characters"]

BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Characters that reorder what a reader sees."""
UNSAFE = re.compile(f"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{BIDI}]")
UNSAFE_IN_BLOCK = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{BIDI}]")
COLOUR = re.compile("\x1b\\[(?:0|1|[349][0-7])(?:;(?:0|1|[349][0-7]))*m")
"""Bold, the eight colours, and back: nothing that hides text or moves the cursor."""
COMMAND = re.compile(r"^([^\S\n]*):(?=:)|#(?=#\[)", re.MULTILINE)
"""What CI runners obey: ``::name::`` first in a line (they trim it before), ``##[name]`` anywhere in one."""


def escape_terminal(text: str, *, keep_newlines: bool = False) -> str:
    r"""Give ``text`` with everything visible that a terminal or a CI runner would obey.

    Control characters (C0 but for tab, DEL, C1), bidirectional controls, the line separators U+2028 and U+2029 and
    lone surrogates become ``\xNN`` or ``\uNNNN``; so do newlines, unless ``keep_newlines``. The first character of a
    workflow command (``::`` first in a line, ``##[``) becomes ``\x3a`` or ``\x23``. The result encodes as UTF-8.
    """
    text = (UNSAFE_IN_BLOCK if keep_newlines else UNSAFE).sub(visible, text)
    return COMMAND.sub(disarmed, text)


def escape_captured(text: str) -> str:
    """The same for lines that a test printed or logged, but for the plain colours that pytest gives its log lines."""
    if not COLOUR.search(text):
        return escape_terminal(text, keep_newlines=True)
    pieces = COLOUR.split(text)
    colours = [*COLOUR.findall(text), "\x1b[0m"]
    return "".join(
        escape_terminal(piece, keep_newlines=True) + colour for piece, colour in zip(pieces, colours, strict=True)
    )


def escaped_characters(line: str) -> list[str]:
    """What `escape_terminal` makes of each character of the text, so that joined they are what it gives."""
    shown = [UNSAFE.sub(visible, character) for character in line]
    for command in COMMAND.finditer(UNSAFE.sub("?", line)):
        shown[command.end() - 1] = f"\\x{ord(line[command.end() - 1]):02x}"
    return shown


def encodable(text: str, encoding: str | None) -> str:
    r"""The text with what the encoding has no form for as ``\xNN`` or ``\uNNNN``; as it is where none is known."""
    if encoding is None or text.isascii():
        return text
    return text.encode(encoding, "backslashreplace").decode(encoding)


def visible(match: re.Match[str]) -> str:
    """Name one character: newline, return and tab as in Python, others by their code."""
    code = ord(match[0])
    short = {0x0A: r"\n", 0x0D: r"\r"}.get(code)
    return short or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def disarmed(match: re.Match[str]) -> str:
    """Keep the blanks before a command and name its first character by its code."""
    return f"{match[1] or ''}\\x{ord(match[0][-1]):02x}"
