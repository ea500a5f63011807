"""Agents that one line of configuration names whole: an address, a model, a command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

__all__ = ["SHORT_FORMS", "from_short_form"]


def _http(text: str, _folder: Path | None) -> Any:
    from pytest_evalsuite.agents.http import HttpAgent

    return HttpAgent(text)


def _chat(text: str, _folder: Path | None) -> Any:
    from pytest_evalsuite.agents.chat import ChatAgent

    return ChatAgent(text.partition(":")[2].strip())


def _command(text: str, folder: Path | None) -> Any:
    from pytest_evalsuite.agents.command import CommandAgent

    return CommandAgent(text.partition(":")[2], cwd=folder)


SHORT_FORMS: Final[dict[str, Callable[[str, Path | None], Any]]] = {
    "command:": _command,
    "http://": _http,
    "https://": _http,
    "openai:": _chat,
}
"""What a target begins with, and what makes an agent of it."""


def from_short_form(target: str, folder: Path | None = None) -> Any:
    """The agent that the text names, or None where it has none of these forms. Raises ConfigurationError.

    Commands run in ``folder`` (default: the current one).
    """
    return next((make(target, folder) for prefix, make in SHORT_FORMS.items() if target.startswith(prefix)), None)
