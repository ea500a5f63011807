"""Gives every case of this folder its agent with a fixture, the way pytest users share things.

Use it where an agent needs what other fixtures provide (a server, a login, a temporary folder). Where it needs
nothing, a name in the configuration is shorter; ``python_help`` and ``lookahead`` do that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .agent import triage


@pytest.fixture
def eval_agent() -> Callable[..., dict[str, Any]]:
    """The agent under evaluation: `triage`, called with a case's ``inputs`` by name."""
    return triage
