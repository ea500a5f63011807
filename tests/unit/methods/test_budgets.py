from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pytest_evalsuite.agents.reply import AgentReply, ToolCall, Usage
from pytest_evalsuite.errors import MethodError
from pytest_evalsuite.methods import Answer, Method, Score
from pytest_evalsuite.methods._words import count_sentences, count_words, words
from pytest_evalsuite.methods.cost import Cost
from pytest_evalsuite.methods.latency import Latency
from pytest_evalsuite.methods.length import Length
from pytest_evalsuite.methods.steps import Steps
from pytest_evalsuite.methods.tokens import Tokens

USAGE = Usage(input_tokens=1_200, output_tokens=34)
CALLS = [ToolCall(name="a"), ToolCall(name="a", error="broke")]


@pytest.mark.parametrize(
    ("method", "told", "value", "raw", "reason"),
    [
        (Latency(max_seconds=1.5), {"seconds": 1.5}, 1.0, 1.5, "1.5 seconds, at most 1.5 allowed"),
        (Latency(max_seconds=1), {"seconds": 1.25}, 0.0, 1.25, "1.25 seconds, at most 1 allowed"),
        (Cost(max_usd=0.01), {"cost": 0.0025}, 1.0, 0.0025, "0.0025 US dollars, at most 0.01 allowed"),
        (Cost(max_usd=0), {"cost": 0.0025}, 0.0, 0.0025, "0.0025 US dollars, at most 0 allowed"),
        (Tokens(max_input=1_000), {"usage": USAGE}, 0.0, 1_200, "1,200 input tokens, at most 1,000 allowed"),
        (Tokens(max_output=34), {"usage": USAGE}, 1.0, 34, "34 output tokens, at most 34 allowed"),
        (Tokens(max_total=1_233), {"usage": USAGE}, 0.0, 1_234, "1,234 tokens, at most 1,233 allowed"),
        (
            Tokens(max_input=1_000, max_output=100),
            {"usage": USAGE},
            0.0,
            {"input tokens": 1_200, "output tokens": 34},
            "1,200 input tokens, at most 1,000 allowed",
        ),
        (Steps(max_steps=2), {"tool_calls": CALLS}, 1.0, 2, "2 steps, at most 2 allowed"),
        (Steps(max_steps=1), {"tool_calls": CALLS}, 0.0, 2, "2 steps, at most 1 allowed"),
        (Steps(max_steps=0), {"tool_calls": []}, 1.0, 0, "0 steps, at most 0 allowed"),
    ],
)
def test_a_figure_is_held_to_its_limit(
    score: Callable[..., Score], method: Method, told: dict[str, Any], value: float, raw: Any, reason: str
) -> None:
    seconds = {key: told[key] for key in told if key == "seconds"}
    reply = AgentReply("text", **{key: told[key] for key in told if key != "seconds"})
    scored = score(method, "text", reply=reply, **seconds)
    assert (scored.value, scored.raw, scored.reason) == (value, raw, reason)


@pytest.mark.parametrize(
    ("method", "reply", "message"),
    [
        (Latency(max_seconds=1), AgentReply(""), "cannot tell how long this answer took"),
        (Cost(max_usd=1), AgentReply(""), r"return an AgentReply with cost \(US dollars\)"),
        (Tokens(max_output=1), AgentReply(""), r"with usage=Usage\(output_tokens=\.\.\.\)"),
        (Tokens(max_input=9), AgentReply("", usage=Usage(output_tokens=1)), r"Usage\(input_tokens=\.\.\.\)"),
        (Tokens(max_total=9), AgentReply("", usage=Usage(input_tokens=1)), r"Usage\(output_tokens=\.\.\.\)"),
        (Steps(max_steps=9), AgentReply(""), r"with tool_calls \(a list, \[\] for none\)"),
    ],
)
def test_a_figure_that_the_agent_does_not_tell_is_an_error(
    answer: Callable[..., Answer], method: Method, reply: AgentReply, message: str
) -> None:
    with pytest.raises(MethodError, match=message):
        method.score(answer("", reply=reply))


@pytest.mark.parametrize(
    ("text", "characters", "number_of_words", "sentences"),
    [
        ("", 0, 0, 0),
        ("  One.  ", 4, 1, 1),
        ("It costs 3.14 euros. Really?", 28, 5, 2),
        ("A well-known fact - don't you think?!", 37, 6, 1),
        ('He said "No." Then he left', 26, 6, 2),
        ("Wait... what", 12, 2, 2),
        ("--- * ---", 9, 0, 0),
        ("e\u0301te\u0301", 3, 1, 1),
        ("你好。世界\uff01", 6, 4, 2),
        ("我用Python写", 9, 4, 1),
        ("मुझे हिन्दी आती है। ठीक", 23, 5, 2),
        ("서울은 수도다.", 8, 2, 1),
    ],
)
def test_what_is_counted(
    score: Callable[..., Score], text: str, characters: int, number_of_words: int, sentences: int
) -> None:
    scored = score(Length(max_characters=99, max_words=99, max_sentences=99), text)
    assert scored.raw == {"characters": characters, "words": number_of_words, "sentences": sentences}


def test_length_names_what_is_out_of_bounds(score: Callable[..., Score]) -> None:
    scored = score(Length(min_words=3, max_words=5, max_characters=9), "Hello there")
    assert scored.value == 0.0
    assert scored.reason == ("11 characters, at most 9 allowed; 2 words, at least 3 needed, at most 5 allowed")
    assert score(Length(min_words=2, max_words=2), "Hello there").value == 1.0


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        (Length, {}, "length needs a limit"),
        (Length, {"min_words": 0}, "length needs a limit"),
        (Length, {"min_words": 5, "max_words": 4}, "min_words 5 is above max_words 4"),
        (Tokens, {}, "tokens needs a limit"),
        (Latency, {}, "max_seconds"),
        (Latency, {"max_seconds": 0}, "greater than 0"),
        (Cost, {"max_usd": -1}, "greater than or equal to 0"),
        (Steps, {"max_steps": 1.5}, "max_steps"),
    ],
)
def test_options_that_cannot_work_are_refused(method: type[Method], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        method(**options)


@given(st.lists(st.from_regex(r"\A[a-zé0-9]{1,6}\Z"), max_size=20))
def test_plain_words_are_what_white_space_separates(plain: list[str]) -> None:
    text = " ".join(plain)
    assert count_words(text) == len(plain)
    assert words(text) == plain


@given(st.text(max_size=200))
def test_any_text_can_be_counted(text: str) -> None:
    assert 0 <= count_words(text) <= len(text)
    assert 0 <= count_sentences(text) <= len(text)


def test_long_runs_of_marks_are_counted_at_once() -> None:
    assert count_sentences("." * 300_000 + "x") == 1
    assert count_words("-" * 300_000) == 0
