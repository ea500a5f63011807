"""What all tests have: pytester, to run pytest as a user does, and a suite for it to run."""

from __future__ import annotations

import pytest
from suites import Suite

pytest_plugins = ["pytester"]


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Suite:
    """An empty suite with the agents ``echo`` and ``async_echo``."""
    return Suite(pytester)
