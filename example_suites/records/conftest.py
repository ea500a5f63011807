"""Names the agent of this folder."""

from __future__ import annotations

from typing import Any

from .agent import read_invoice


def pytest_evalsuite_agents() -> dict[str, Any]:
    """The agent that reads invoices."""
    return {"invoice_reader": read_invoice}
