"""Names the agent that the test sets of this folder ask for."""

from __future__ import annotations

from collections.abc import Callable

from .agent import read_post


def pytest_evalsuite_agents() -> dict[str, Callable[..., object]]:
    """What test sets call ``clerk``."""
    return {"clerk": read_post}
