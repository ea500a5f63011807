"""Names the agents of this folder."""

from __future__ import annotations

from typing import Any

from .agent import freight, letter, short_letter


def pytest_evalsuite_agents() -> dict[str, Any]:
    """Those who know what freight cost and where letters go."""
    return {"freight": freight, "letter": letter, "short_letter": short_letter}
