"""Names the agents of this folder: one program, started for each question or kept."""

from __future__ import annotations

import sys
from pathlib import Path

from pytest_evalsuite import CommandAgent

PROGRAM = (sys.executable, str(Path(__file__).with_name("calculator.py")))


def pytest_evalsuite_agents() -> dict[str, CommandAgent]:
    """The calculator as a command."""
    return {
        "calculator": CommandAgent(PROGRAM),
        "kept_calculator": CommandAgent([*PROGRAM, "--lines"], keep_alive=True),
    }
