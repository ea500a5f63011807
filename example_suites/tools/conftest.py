"""Names the agent of this folder."""

from __future__ import annotations

from typing import Any

from .agent import support


def pytest_evalsuite_agents() -> dict[str, Any]:
    """The agent that works with tools."""
    return {"shop_support": support}
