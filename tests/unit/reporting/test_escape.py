from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.reporting.escape import (
    COLOUR,
    UNSAFE_IN_BLOCK,
    encodable,
    escape_captured,
    escape_terminal,
    escaped_characters,
)

NASTY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from([*":#[ \t\n\r\x0b\x1b\x00\x85\x9b\u2028\u202e\u2066\u200f\u061c\u00a0\ud800"]),
    )
)
BIDI_CLASSES = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n")]


@given(NASTY, st.booleans())
def test_nothing_left_that_a_terminal_obeys(text: str, keep_newlines: bool) -> None:
    escaped = escape_terminal(text, keep_newlines=keep_newlines)
    allowed = {"\t", "\n"} if keep_newlines else {"\t"}
    assert {c for c in escaped if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}} <= allowed
    assert not {unicodedata.bidirectional(c) for c in escaped} & BIDI_CLASSES
    escaped.encode("utf-8")


@given(NASTY, st.booleans())
def test_no_line_is_a_workflow_command(text: str, keep_newlines: bool) -> None:
    escaped = escape_terminal(text, keep_newlines=keep_newlines)
    assert not any(line.startswith("::") for line in lines_of(escaped))
    assert "##[" not in escaped


@given(NASTY, st.booleans())
def test_escaping_twice_is_escaping_once(text: str, keep_newlines: bool) -> None:
    once = escape_terminal(text, keep_newlines=keep_newlines)
    assert escape_terminal(once, keep_newlines=keep_newlines) == once


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs", "M"], exclude_characters=":#")))
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert escape_terminal(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b]52;c;eA==\x07", r"\x1b]52;c;eA==\x07"),
        ("one\r\ntwo", r"one\r\ntwo"),
        ("::error file=a::b", r"\x3a:error file=a::b"),
        ("  ::stop-commands::x", r"  \x3a:stop-commands::x"),
        ("say ##[error]now", r"say \x23#[error]now"),
        ("a::b", "a::b"),
        ("\ud800", r"\ud800"),
        ("\u202eevil", r"\u202eevil"),
        ("tab\tstays", "tab\tstays"),
        ("", ""),
    ],
)
def test_examples(text: str, expected: str) -> None:
    assert escape_terminal(text) == expected


def test_kept_newlines_start_lines_of_their_own() -> None:
    assert escape_terminal("a\n::error::b\r\n", keep_newlines=True) == "a\n\\x3a:error::b\\r\n"


@given(NASTY)
def test_character_by_character_it_is_the_same(text: str) -> None:
    shown = escaped_characters(text)
    assert len(shown) == len(text)
    assert "".join(shown) == escape_terminal(text)


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(["ascii", "cp1252", "latin-1", "cp437", "utf-8"]),
)
def test_every_encoding_has_a_form_for_it(text: str, encoding: str) -> None:
    shown = encodable(text, encoding)
    shown.encode(encoding)
    assert encodable(shown, encoding) == shown
    assert shown == text or encoding != "utf-8"


def test_what_an_encoding_has_is_left_alone() -> None:
    assert encodable("für 日", "latin-1") == r"für \u65e5"
    assert encodable("für 日", None) == "für 日"


PIECES = st.sampled_from(
    ["\x1b[31m", "\x1b[1;32m", "\x1b[0m", "\x1b[8m", "\x1b]52;c;x\x07", "::", "##[", "\n", " ", "a", "\r"]
)


@given(st.lists(PIECES | st.characters()).map("".join))
def test_captured_text_holds_colours_and_nothing_else_that_a_terminal_obeys(text: str) -> None:
    shown = escape_captured(text)
    assert not UNSAFE_IN_BLOCK.search(COLOUR.sub("", shown))
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in shown.split("\n"))


def test_colours_of_log_lines_stay_and_end() -> None:
    assert escape_captured("\x1b[1;31mERROR\x1b[0m a\x1b]52;c;x\x07\n::add-mask::e") == (
        "\x1b[1;31mERROR\x1b[0m a\\x1b]52;c;x\\x07\n\\x3a:add-mask::e\x1b[0m"
    )
    assert escape_captured("\x1b[8mhidden") == "\\x1b[8mhidden"
