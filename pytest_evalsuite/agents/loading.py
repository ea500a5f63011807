"""From a configured name to the object behind it: ``support = shop.bot:answer``."""

from __future__ import annotations

import difflib
import importlib
import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pytest_evalsuite.agents.calling import Agent
from pytest_evalsuite.agents.frameworks import recognise
from pytest_evalsuite.agents.short_forms import from_short_form
from pytest_evalsuite.agents.version import version_of
from pytest_evalsuite.errors import ConfigurationError

__all__ = ["AGENT_NAME", "METHODS_OF_AGENTS", "adapt", "load_agent", "parse_names"]

AGENT_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
FORMS = {"agent": "module:callable", "judge": "openai:<model>"}
METHODS_OF_AGENTS = ("arun", "ainvoke", "run", "invoke", "chat")
"""What an object that is not callable is asked with: the first of these that it has."""


def parse_names(lines: Iterable[str], *, source: str, what: Literal["agent", "judge"] = "agent") -> dict[str, str]:
    """Read ``name = target`` lines into a mapping; ``source`` and ``what`` is named are for errors.

    Raises ConfigurationError for a line of another form, a name used twice, or a name with other characters than
    letters, digits, ``_``, ``.`` and ``-``.
    """
    names: dict[str, str] = {}
    for line in filter(None, map(str.strip, lines)):
        name, equals, target = (part.strip() for part in line.partition("="))
        if not equals or not target:
            raise ConfigurationError(f"{source}: expected 'name = {FORMS[what]}', got {line!r}")
        if not AGENT_NAME.fullmatch(name):
            raise ConfigurationError(
                f"{source}: {name!r} is no {what} name (letters, digits, '_', '.', '-', at most 64)"
            )
        if name in names:
            raise ConfigurationError(f"{source}: {what} {name!r} is configured twice")
        names[name] = target
    return names


def load_agent(name: str, configured: Mapping[str, Any], *, folder: Path | None = None) -> Agent:
    """Find the agent of this name among the configured ones, or load it when it is a text that names one itself.

    The values of ``configured`` are texts (``module:attribute`` or a short form: ``command:<program> <arguments>``, an
    address, ``openai:<model>``) or the objects themselves. Commands run in ``folder`` (default: the current one).
    Raises ConfigurationError when there is no such name, or what stands behind it cannot be loaded or is no agent.
    """
    target = configured.get(name)
    if target is None and ":" in name:
        target = name
    if target is None:
        raise ConfigurationError(_unknown(name, configured))
    if not isinstance(target, str):
        return adapt(target, name)
    agent = adapt(_named_by(target, name, folder), name)
    if getattr(agent.function, "eval_version", "") is None:  # an object whose class says nothing of how it was made
        agent.function.__dict__["eval_version"] = version_of(sys.modules[target.partition(":")[0]])
    return agent


def adapt(target: Any, name: str) -> Agent:
    """Make an `Agent` of a function, a coroutine function, a class, or an object that can be called or run.

    A class is instantiated once, without arguments; what a known framework made is asked in its own way. Raises
    ConfigurationError for anything else.
    """
    if isinstance(target, Agent):
        return target
    if inspect.isclass(target):
        return _of_class(target, name)
    if callable(target):
        return Agent(name, target)
    ask = recognise(target)
    if ask is not None:
        return Agent(name, ask)
    for method in METHODS_OF_AGENTS:
        function = getattr(target, method, None)
        if callable(function):
            return Agent(name, function, is_async=True if method.startswith("a") else None)
    raise ConfigurationError(
        f"agent {name!r} is a {type(target).__name__}, which cannot be called and has none of "
        f"{', '.join(METHODS_OF_AGENTS)}"
    )


def _of_class(kind: type, name: str) -> Agent:
    try:
        agent = adapt(kind(), name)
    except ConfigurationError:
        raise
    except (Exception, SystemExit) as error:
        raise ConfigurationError(
            f"agent {name!r}: {kind.__qualname__}() failed: {type(error).__name__}: {error}; "
            "name an instance or a function instead"
        ) from error
    return Agent(name, agent.function, is_async=agent.is_async, make=lambda: adapt(kind(), name).function)


def _named_by(text: str, name: str, folder: Path | None) -> Any:
    """What a text stands for: a short form, or else something to import."""
    try:
        found = from_short_form(text, folder)
    except ConfigurationError as error:
        raise ConfigurationError(f"agent {name!r}: {error}") from None
    return _import(text, name) if found is None else found


def _import(path: str, name: str) -> Any:
    module_name, colon, attributes = path.partition(":")
    if not colon or not module_name or not attributes:
        raise ConfigurationError(f"agent {name!r}: expected 'module:callable', got {path!r}")
    try:
        found: Any = importlib.import_module(module_name)
    except ImportError as error:
        own = error.name is not None and f"{module_name}.".startswith(f"{error.name}.")
        advice = " (is its folder on the path? set `pythonpath` in pytest's configuration or install the package)"
        raise ConfigurationError(f"agent {name!r}: cannot import {module_name!r}: {error}{advice * own}") from error
    except (Exception, SystemExit) as error:
        raise ConfigurationError(
            f"agent {name!r}: importing {module_name!r} failed: {type(error).__name__}: {error}"
        ) from error
    for attribute in attributes.split("."):
        try:
            found = getattr(found, attribute)
        except AttributeError:
            guess = _guess(attribute, dir(found))
            raise ConfigurationError(f"agent {name!r}: {path!r} has no attribute {attribute!r}{guess}") from None
    return found


def _unknown(name: str, configured: Mapping[str, Any]) -> str:
    if not configured:
        return (
            f'agent {name!r} is not configured: set `evalsuite_agents = ["{name} = module:callable"]` in pytest\'s '
            "configuration, or override the fixture `eval_agent`"
        )
    return f"agent {name!r} is not configured{_guess(name, configured)} (configured: {', '.join(sorted(configured))})"


def _guess(name: str, known: Iterable[str]) -> str:
    guesses = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {guesses[0]!r}?" if guesses else ""
