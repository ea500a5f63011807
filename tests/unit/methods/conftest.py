from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pytest_evalsuite.agents.reply import AgentReply
from pytest_evalsuite.methods import Answer, Method, Score


@pytest.fixture(scope="session")
def answer() -> Callable[..., Answer]:
    """Make an Answer: its text or output, then the expected responses."""

    def make(output: Any, *expected_responses: str, **further: Any) -> Answer:
        values: dict[str, Any] = {
            "text": further["text"] if "text" in further else str(output),
            "question": "What?",
            "inputs": {"tier": "gold"},
            "expected": None,
            "reply": AgentReply(output),
            **further,
        }
        return Answer(output=output, expected_responses=expected_responses, **values)

    return make


@pytest.fixture(scope="session")
def score(answer: Callable[..., Answer]) -> Callable[..., Score]:
    """Score an answer as a run would: only where the method has no problem with the expectation."""

    def run(method: Method, output: Any, *expected_responses: str, **further: Any) -> Score:
        made = answer(output, *expected_responses, **further)
        assert method.problem(expected_responses=made.expected_responses, expected=made.expected) is None
        return method.score(made)

    return run
