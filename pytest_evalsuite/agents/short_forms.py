"""Agents that one line of configuration names whole: an address, a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

__all__ = ["SHORT_FORMS", "from_short_form"]


def _http(text: str) -> Any:
    from pytest_evalsuite.agents.http import HttpAgent

    return HttpAgent(text)


def _chat(text: str) -> Any:
    from pytest_evalsuite.agents.chat import ChatAgent

    return ChatAgent(text.partition(":")[2].strip())


SHORT_FORMS: Final[dict[str, Callable[[str], Any]]] = {"http://": _http, "https://": _http, "openai:": _chat}
"""What a target begins with, and what makes an agent of it."""


def from_short_form(target: str) -> Any:
    """The agent that the text names, or None where it has none of these forms. Raises ConfigurationError."""
    return next((make(target) for prefix, make in SHORT_FORMS.items() if target.startswith(prefix)), None)
