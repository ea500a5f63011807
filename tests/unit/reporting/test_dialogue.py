from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from records import passed, record, run_of

from pytest_evalsuite.cli._case import case_lines
from pytest_evalsuite.cli._common import UNLIMITED
from pytest_evalsuite.reporting.dialogue import said_before
from pytest_evalsuite.reporting.failure import FailureText
from pytest_evalsuite.reporting.markdown import run_markdown


def history(*texts: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)]


def turn(number: int, *said: str, **changes: Any) -> dict[str, Any]:
    place = {"id": "talk", "turn": number, "turns": 9}
    return record(**{"conversation": place, "history": history(*said), **changes})


def test_what_was_said_is_told_with_how_much_is_left_out() -> None:
    assert list(said_before(turn(4, "a", "b", "c", "d"))) == [
        ("...", "1 earlier turn"),
        ("user", "a"),
        ("agent", "b"),
        ("user", "c"),
        ("agent", "d"),
    ]
    assert next(said_before(turn(9, "a", "b"))) == ("...", "7 earlier turns")
    assert list(said_before(record())) == list(said_before(turn(1))) == []


def test_every_attempt_was_made_in_a_dialogue_of_its_own() -> None:
    attempts = [
        {"number": 1, "status": "failed", "score": 0.0, "history": history("a", "first"), "checks": []},
        {"number": 2, "status": "passed", "score": 1.0, "history": history("a", "second"), "checks": []},
        {"number": 3, "status": "skipped", "score": None, "history": history("a"), "checks": []},
    ]
    shown = "\n".join(
        case_lines(
            turn(2, "a", "first", attempts=attempts, pass_rule="all", statistics={"scored": 2}, status="passed"),
            UNLIMITED,
        )
    )
    attempt = shown.partition("attempt 1")[2]
    assert [line.split()[-1] for line in attempt.split("\n") if line.startswith("agent")] == ["first", "second"]


def test_a_skipped_turn_has_nothing_to_tell() -> None:
    cause = {"kind": "turn", "type": "TurnBroken", "message": "turn 2 got no answer"}
    shown = "\n".join(case_lines(turn(4, "a", "b", "c", status="skipped", score=None, cause=cause), UNLIMITED))
    assert "turn 2 got no answer" in shown
    assert "agent          b" not in shown


@given(st.lists(st.text(st.sampled_from("a\x1b\n\r\u202e`@<|") | st.characters(), max_size=20), max_size=6))
def test_nothing_that_was_said_reaches_a_reader_as_more_than_text(said: list[str]) -> None:
    one = turn(5, *said)
    lines = [line for line, _ in FailureText(one, verbosity=2).lines(80)]
    lines += case_lines(passed(conversation=one["conversation"], history=one["history"]), 80)
    assert not any(set(line) & set("\x1b\n\r\u202e") for line in lines)
    markdown = run_markdown(run_of(("Set", "bot", [one])))
    assert not set(markdown) & set("\x1b\r\u202e")
