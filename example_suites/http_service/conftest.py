"""Starts the service, and gives the agent that asks it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_evalsuite import HttpAgent

from .service import TOKEN, serving


@pytest.fixture(scope="session")
def order_desk() -> Iterator[str]:
    """The address of the service, which runs as long as the session."""
    with serving() as address, pytest.MonkeyPatch.context() as environment:
        environment.setenv("ORDER_DESK_TOKEN", TOKEN)
        environment.setenv("NO_PROXY", "127.0.0.1")
        yield address


@pytest.fixture(scope="session")
def eval_agent(order_desk: str) -> HttpAgent:
    """What the service is asked, and where its answer stands."""
    return HttpAgent(
        f"{order_desk}/v1/messages",
        headers={"Authorization": "Bearer ${ORDER_DESK_TOKEN}", "X-Session": "{session_id}"},
        body={"messages": ["{question}"]},
        output="result.text",
        tool_calls="result.steps[].{name: tool, arguments: with}",
        usage="tokens",
        rate_limit="200/s",
    )
