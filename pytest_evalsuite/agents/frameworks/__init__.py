"""Agents of the frameworks that people use, known by their shape: no framework is ever imported for their sake.

Each module has ``recognise``, which makes of a framework's object a coroutine function that answers a case, and
``read``, which makes an `AgentReply` of what the framework returned.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from pytest_evalsuite.agents.reply import AgentReply
from pytest_evalsuite.agents.version import version_of

__all__ = ["Ask", "read_result", "recognise"]

Ask = Callable[..., Coroutine[Any, Any, AgentReply]]
"""Takes ``question``, ``inputs``, ``history`` and ``session_id`` by name, all of them optional."""

_MODULES: Final = {
    "agents": "_openai_agents",
    "agno": "_agno",
    "langchain_core": "_langchain",
    "llama_index": "_llama_index",
    "pydantic_ai": "_pydantic_ai",
}
"""The module here by the package that a framework's classes are defined in."""


def recognise(target: Any) -> Ask | None:
    """How to ask this object of a framework; None when it belongs to none that is known.

    Its ``eval_version`` is the object's, or that of a class of the user's; None where only the framework's is known.
    """
    for module in _modules_of(target):
        ask: Ask | None = module.recognise(target)
        if ask is not None:
            ask.__dict__["eval_version"] = _version(target)
            return ask
    return None


def read_result(raw: Any) -> AgentReply | None:
    """The reply in what a framework's run returned; None when it is no such result.

    Raises AgentError when the run did not come to an answer.
    """
    if isinstance(raw, Mapping):  # the state of a graph is a plain mapping
        if "messages" not in raw or "langchain_core" not in sys.modules:
            return None
        modules = [_module("langchain_core")]
    else:
        modules = _modules_of(raw)
    for module in modules:
        reply: AgentReply | None = module.read(raw)
        if reply is not None:
            return reply
    return None


def _version(target: Any) -> str | None:
    is_made_by_framework = _package(type(target)) in {*_MODULES, "langgraph"}
    return None if is_made_by_framework and not hasattr(target, "eval_version") else version_of(target)


def _package(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def _modules_of(value: Any) -> list[Any]:
    packages = dict.fromkeys(map(_package, type(value).__mro__))
    return [_module(package) for package in packages if package in _MODULES]


def _module(package: str) -> Any:
    return importlib.import_module(f"{__name__}.{_MODULES[package]}")
