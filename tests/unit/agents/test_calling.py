"""An agent gets by name what it declares, and nothing that the case gives is ignored."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from pytest_evalsuite.agents import Agent, Request
from pytest_evalsuite.errors import ConfigurationError


def request(question: str | None = "why?", **values: Any) -> Request:
    return Request(question=question, session_id="s-1", **values)


def ask(function: Callable[..., Any], asked: Request) -> Any:
    agent = Agent("bot", function)
    agent.check(asked)
    return agent(asked)


TIERED = request(inputs={"text": "hi", "tier": "gold"})
NO_QUESTION = request(None, inputs={"text": "hi", "tier": "gold"})


def test_everything_that_is_declared_is_given_by_name() -> None:
    def bot(metadata, files, session_id, case, history, inputs, question):  # type: ignore[no-untyped-def]
        return question, inputs, history, case, session_id, files, metadata

    asked = request(inputs={"a": 1}, history=[{"role": "user"}], case="the case", files=["f"], metadata={"m": 2})
    assert ask(bot, asked) == ("why?", {"a": 1}, [{"role": "user"}], "the case", "s-1", ["f"], {"m": 2})


@pytest.mark.parametrize(
    ("function", "asked", "answer"),
    [
        (lambda question: question, request(), "why?"),
        (lambda anything: anything, request(), "why?"),
        (lambda anything, session_id: (anything, session_id), request(), ("why?", "s-1")),
        (lambda anything: anything, NO_QUESTION, {"text": "hi", "tier": "gold"}),
        (lambda text, tier: (text, tier), NO_QUESTION, ("hi", "gold")),
        (lambda text, tier: (text, tier), TIERED, ("hi", "gold")),
        (lambda inputs: inputs, NO_QUESTION, {"text": "hi", "tier": "gold"}),
        (lambda question, inputs: (question, inputs["tier"]), TIERED, ("why?", "gold")),
        (lambda question, case: (question, case), TIERED, ("why?", None)),
        (lambda anything, /: anything, request(), "why?"),
        (lambda question, session_id, /: (question, session_id), request(), ("why?", "s-1")),
        (lambda *, question: question, request(), "why?"),
        (lambda **rest: rest, request(), {"question": "why?"}),
        (lambda **rest: rest, TIERED, {"question": "why?", "text": "hi", "tier": "gold"}),
        (lambda **rest: rest, NO_QUESTION, {"text": "hi", "tier": "gold"}),
        (lambda question, **rest: (question, rest), TIERED, ("why?", {"text": "hi", "tier": "gold"})),
        (lambda anything, **rest: (anything, rest), request(), ("why?", {})),
        (lambda question, temperature=0.5: (question, temperature), request(), ("why?", 0.5)),
        (lambda question, tier="none": (question, tier), request(), ("why?", "none")),
        (lambda question: question, request(None, inputs={"question": "as an input"}), "as an input"),
        (functools.partial(lambda system, question: (system, question), "be kind"), request(), ("be kind", "why?")),
        (functools.partial(lambda question, tone: (question, tone), tone="calm"), request(), ("why?", "calm")),
    ],
)
def test_parameters_are_filled(function: Callable[..., Any], asked: Request, answer: Any) -> None:
    assert ask(function, asked) == answer


@pytest.mark.parametrize(
    ("function", "asked", "message"),
    [
        (lambda: 0, request(), "takes neither the question nor any input of the case (it takes: nothing)"),
        (lambda session_id: 0, request(), "takes neither the question nor any input"),
        (lambda *questions: 0, request(), "(it takes: *questions)"),
        (lambda prompt, system: 0, request(), "requires 'prompt', 'system', which the case does not give"),
        (lambda question, system: 0, request(), "requires 'system', which the case does not give"),
        (lambda question, text: 0, NO_QUESTION, "requires 'question', which the case does not give"),
        (lambda question: 0, TIERED, "does not take the input 'text', 'tier' of the case (it takes: question)"),
        (lambda anything: 0, TIERED, "does not take the input 'text', 'tier'"),
        (lambda text: 0, NO_QUESTION, "does not take the input 'tier'"),
        (lambda temperature=1, question="", /: 0, request(), "takes 'question' by position only"),
    ],
)
def test_a_signature_that_cannot_take_the_case_is_named(
    function: Callable[..., Any], asked: Request, message: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        Agent("bot", function).check(asked)
    assert str(error.value).startswith("agent 'bot' ")
    assert message in str(error.value)


def test_cases_of_different_kinds_may_be_put_to_one_agent() -> None:
    agent = Agent("bot", lambda **rest: sorted(rest))
    assert agent(request()) == ["question"]
    assert agent(TIERED) == ["question", "text", "tier"]
    assert agent(NO_QUESTION) == ["text", "tier"]


def test_a_builtin_that_tells_nothing_of_its_parameters_gets_the_question() -> None:
    assert ask(str, request()) == "why?"


async def answer(question: str) -> str:
    return question


def returns_awaitable(question: str) -> Any:
    return answer(question)


class Async:
    async def __call__(self, question: str) -> str:
        return question

    async def method(self, question: str) -> str:
        return question


@pytest.mark.parametrize(
    ("function", "is_async"),
    [
        (answer, True),
        (functools.partial(answer), True),
        (functools.partial(functools.partial(answer)), True),
        (Async(), True),
        (functools.partial(Async()), True),
        (Async().method, True),
        (returns_awaitable, False),
        (str.upper, False),
    ],
)
def test_it_is_known_beforehand_which_agents_are_awaited(function: Callable[..., Any], is_async: bool) -> None:
    assert Agent("bot", function).is_async is is_async
