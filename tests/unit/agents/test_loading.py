"""What stands behind a configured name becomes an agent, or the name and the reason are told."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from typing import Any

import pytest

from pytest_evalsuite.agents import Agent, Request, adapt, load_agent, parse_names
from pytest_evalsuite.errors import ConfigurationError


def answer(target: Any, question: str = "why?") -> Any:
    raw = adapt(target, "bot")(Request(question=question, session_id="s"))
    return asyncio.run(finish(raw)) if inspect.isawaitable(raw) else raw


async def finish(awaitable: Any) -> Any:
    return await awaitable


class Called:
    def __call__(self, question: str) -> str:
        return f"called {question}"


class CalledAsync:
    async def __call__(self, question: str) -> str:
        return f"called {question}"


def having(*methods: str) -> Any:
    """An object with these methods, each of which tells its name; those that begin with a are async."""

    def made(name: str) -> Any:
        async def later(question: str) -> str:
            return name

        return later if name.startswith("a") else lambda question: name

    return type("Bot", (), {name: staticmethod(made(name)) for name in methods})()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Called, "called why?"),
        (Called(), "called why?"),
        (CalledAsync(), "called why?"),
        (Called().__call__, "called why?"),
        (having("run"), "run"),
        (having("arun"), "arun"),
        (having("invoke"), "invoke"),
        (having("ainvoke"), "ainvoke"),
        (having("chat"), "chat"),
        (having("chat", "run", "invoke"), "run"),
        (having("run", "arun", "invoke", "ainvoke"), "arun"),
    ],
)
def test_every_shape_of_an_agent_answers(target: Any, expected: str) -> None:
    assert answer(target) == expected


def test_a_call_of_its_own_goes_before_a_method() -> None:
    class Both(Called):
        def run(self, question: str) -> str:
            return "run"

    assert answer(Both()) == "called why?"


def test_an_agent_that_is_one_already_stays_it() -> None:
    agent = Agent("bot", Called())
    assert adapt(agent, "other") is agent


def test_a_class_that_needs_arguments_is_refused_with_what_to_do() -> None:
    class Client:
        def __init__(self, key: str) -> None:
            self.key = key

        def __call__(self, question: str) -> str:
            return self.key

    with pytest.raises(ConfigurationError, match=r"agent 'bot': .*Client\(\) failed: TypeError: .*'key'; name an"):
        adapt(Client, "bot")


@pytest.mark.parametrize("target", [None, 7, "text", object()])
def test_what_can_neither_be_called_nor_run_is_refused(target: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"agent 'bot' is a {type(target).__name__}, which cannot be called"):
        adapt(target, "bot")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Any:
    """Write a module of a name of its own that can be imported; gives its name."""
    monkeypatch.syspath_prepend(tmp_path)
    name = f"agents_{abs(hash(request.node.nodeid))}"

    def write(text: str) -> str:
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        return name

    return write


def test_a_path_may_lead_through_attributes(module: Any) -> None:
    name = module("class Shop:\n    @staticmethod\n    def bot(question): return 'shop ' + question\n")
    for configured in ({"support": f"{name}:Shop.bot"}, {}):
        agent = load_agent("support" if configured else f"{name}:Shop.bot", configured)
        assert agent(Request(question="why?", session_id="s")) == "shop why?"


@pytest.mark.parametrize(
    ("text", "attribute", "message"),
    [
        ("bot = 1", ":boot", "has no attribute 'boot'; did you mean 'bot'?"),
        ("bot = 1", "", "expected 'module:callable'"),
        ("bot = 1", ":", "expected 'module:callable'"),
        ("import nowhere_at_all", ":bot", "No module named 'nowhere_at_all'"),
        ("1 / 0", ":bot", "failed: ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(0)", ":bot", "failed: SystemExit: 0"),
        ("def bot(:", ":bot", "failed: SyntaxError"),
    ],
)
def test_what_cannot_be_imported_is_told_with_the_agents_name(
    module: Any, text: str, attribute: str, message: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        load_agent("support", {"support": module(text) + attribute})
    assert "agent 'support'" in str(error.value)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("path", "advised"), [("nowhere_at_all:bot", True), ("nowhere_at_all.bots:bot", True), ("{module}:bot", False)]
)
def test_the_path_is_blamed_only_where_the_agents_own_module_is_not_found(
    module: Any, path: str, advised: bool
) -> None:
    with pytest.raises(ConfigurationError) as error:
        load_agent("support", {"support": path.format(module=module("import nothing_like_it"))})
    assert ("`pythonpath`" in str(error.value)) is advised


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"agent 'suport' is not configured; did you mean 'support'\? \(conf"):
        load_agent("suport", {"support": "shop:bot", "fast": "shop:fast"})


def test_without_any_agent_the_message_says_how_to_configure_one() -> None:
    with pytest.raises(ConfigurationError, match=r'set `evalsuite_agents = \["bot = module:callable"\]`'):
        load_agent("bot", {})


def test_lines_of_configuration_are_read() -> None:
    lines = ["support = shop.bot:answer", "", "  fast=shop.bot:Fast.answer  "]
    assert parse_names(lines, source="ini") == {"support": "shop.bot:answer", "fast": "shop.bot:Fast.answer"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["support"], "ini: expected 'name = module:callable', got 'support'"),
        (["support ="], "ini: expected 'name = module:callable'"),
        (["sup port = a:b"], "ini: 'sup port' is no agent name"),
        (["= a:b"], "ini: '' is no agent name"),
        ([f"{'x' * 65} = a:b"], "is no agent name"),
        (["a = x:y", "a = x:z"], "ini: agent 'a' is configured twice"),
    ],
)
def test_a_line_that_is_no_agent_is_refused(lines: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        parse_names(lines, source="ini")
    assert message in str(error.value)
