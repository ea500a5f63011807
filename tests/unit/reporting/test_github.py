from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from records import error, passed, record, run_of

from pytest_evalsuite.reporting.github import annotation_commands

TEXTS = st.text(st.one_of(st.sampled_from([*":%,\r\n#[=\x1b\u2028\ud800"]), st.characters()), min_size=1, max_size=60)
COMMAND = re.compile(r"::error file=([^,:]*),line=(\d+),title=([^,:]*)::([^\r\n]*)")


def unescaped(text: str) -> str:
    """As a runner of GitHub reads a property of a command."""
    for code, character in (("%2C", ","), ("%3A", ":"), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, character)
    return text


@given(TEXTS, TEXTS)
def test_a_command_is_one_line_with_the_properties_that_we_gave_it(file: str, message: str) -> None:
    cause = {"kind": "agent", "type": "KeyError", "message": message}
    (command,) = annotation_commands(run_of(("set", "echo", [error(cause=cause, file=file)])))
    parts = COMMAND.fullmatch(command)
    assert parts, command
    assert parts[2] == "3"
    assert "\n" not in unescaped(parts[1])
    command.encode("utf-8")
    if file.isascii() and file.isprintable() and not file.startswith("::") and "##[" not in file:
        assert unescaped(parts[1]) == file


def test_only_what_fails_the_run_is_marked_and_ten_at_most() -> None:
    run = run_of(("set", "echo", [passed(), record(known_failure="yes"), record(tolerated="yes"), *[record()] * 12]))
    *commands, last = annotation_commands(run)
    assert len(commands) == 10
    assert last == "::notice::2 more cases fail the run"
