"""A configured agent, whatever its shape, becomes something that answers a case with an `AgentReply`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_evalsuite.agents.attachment import Attachment
from pytest_evalsuite.agents.calling import Agent, Request
from pytest_evalsuite.agents.loading import adapt, load_agent, parse_names
from pytest_evalsuite.agents.replies import read_reply
from pytest_evalsuite.agents.reply import AgentReply, ToolCall, Usage

if TYPE_CHECKING:
    from pytest_evalsuite.agents.chat import ChatAgent
    from pytest_evalsuite.agents.command import CommandAgent
    from pytest_evalsuite.agents.http import HttpAgent

__all__ = [
    "Agent",
    "AgentReply",
    "Attachment",
    "ChatAgent",
    "CommandAgent",
    "HttpAgent",
    "Request",
    "ToolCall",
    "Usage",
    "adapt",
    "load_agent",
    "parse_names",
    "read_reply",
]

_LATER = {"ChatAgent": "chat", "CommandAgent": "command", "HttpAgent": "http"}
"""What is loaded when it is first asked for, and from which module."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
