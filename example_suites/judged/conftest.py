"""Names the agent and the judge for the test sets of this folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .agent import answer
from .judge import judge


def pytest_evalsuite_agents() -> dict[str, Callable[[str], str]]:
    """Every test set here says ``agent: help_desk``."""
    return {"help_desk": answer}


def pytest_evalsuite_judges() -> dict[str, Callable[..., Any]]:
    """Every test set here says ``judge: rules``, so that a judge of the command line does not take its place."""
    return {"rules": judge}
