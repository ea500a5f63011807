"""A configured agent, whatever its shape, becomes something that answers a case with an `AgentReply`."""

from __future__ import annotations

from pytest_evalsuite.agents.attachment import Attachment
from pytest_evalsuite.agents.calling import Agent, Request
from pytest_evalsuite.agents.loading import adapt, load_agent, parse_names
from pytest_evalsuite.agents.replies import read_reply
from pytest_evalsuite.agents.reply import AgentReply, ToolCall, Usage

__all__ = [
    "Agent",
    "AgentReply",
    "Attachment",
    "Request",
    "ToolCall",
    "Usage",
    "adapt",
    "load_agent",
    "parse_names",
    "read_reply",
]
