"""Names the agent for the test set of this folder."""

from __future__ import annotations

from collections.abc import Callable

from .agent import answer


def pytest_evalsuite_agents() -> dict[str, Callable[[str], str]]:
    """The test set here says ``agent: library_desk``."""
    return {"library_desk": answer}
