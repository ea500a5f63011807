"""An agent in a process of its own is called as often at once as it would be without, and a command is left alone."""

from __future__ import annotations

import functools
import sys
from typing import Any

import pytest

from pytest_evalsuite import CommandAgent
from pytest_evalsuite.agents import Agent, Request, adapt
from pytest_evalsuite.errors import ConfigurationError
from pytest_evalsuite.execution.isolation import isolated


def waits_for_no_one(question: str) -> str:
    return question


async def waits(question: str) -> str:
    return question


class Bot:
    def __call__(self, question: str) -> str:
        return question

    @classmethod
    def made(cls, question: str) -> str:
        return question

    @staticmethod
    def free(question: str) -> str:
        return question


def agent(target: Any) -> Agent:
    return isolated(adapt(target, "bot"), target)


@pytest.mark.parametrize(("target", "overlaps"), [(waits_for_no_one, False), (waits, True), (Bot, False)])
def test_calls_overlap_as_without(target: Any, overlaps: bool) -> None:
    assert agent(target).is_async
    assert agent(target).overlaps is overlaps


def test_a_command_is_a_process_already() -> None:
    command = adapt(CommandAgent([sys.executable, "bot.py"], keep_alive=True, processes=3), "bot")
    assert isolated(command, command.function) is command
    assert command.at_most(16) == 3
    assert command.at_most(2) == 2


def test_isolation_is_not_doubled() -> None:
    once = agent(waits)
    assert isolated(once, waits) is once


@pytest.mark.parametrize("target", [Bot.made, Bot.free])
def test_what_its_module_gives_by_name_may_be_isolated(target: Any) -> None:
    assert agent(target).name == "bot"


@pytest.mark.parametrize("target", [Bot(), Bot().__call__, lambda question: question, functools.partial(waits)])
def test_what_it_does_not_give_may_not(target: Any) -> None:
    with pytest.raises(ConfigurationError, match="isolation needs an agent that another process can import"):
        agent(target)


def test_a_request_that_the_agent_cannot_take_is_said_before_a_process_starts() -> None:
    with pytest.raises(ConfigurationError, match="'bot' does not take the input 'tier'"):
        agent(waits)(Request(question="why?", session_id="s", inputs={"tier": 1}))
