"""A configured agent, whatever its shape, becomes something that answers a case with an `AgentReply`."""

from __future__ import annotations

from pytest_evalsuite.agents.reply import AgentReply, ToolCall, Usage

__all__ = ["AgentReply", "ToolCall", "Usage"]
