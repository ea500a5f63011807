"""Names the agent of this folder."""

from __future__ import annotations

from typing import Any

from .librarian import Librarian


def pytest_evalsuite_agents() -> dict[str, Any]:
    """The librarian: a class, so that each conversation has one of its own."""
    return {"librarian": Librarian}
