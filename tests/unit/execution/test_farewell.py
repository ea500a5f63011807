from __future__ import annotations

import asyncio

from pytest_evalsuite.agents import adapt
from pytest_evalsuite.execution.runner import CaseRunner, Ticket
from pytest_evalsuite.testsets import Case


class Client:
    def __init__(self) -> None:
        self.used_on: asyncio.AbstractEventLoop | None = None
        self.closed_on: asyncio.AbstractEventLoop | None = None

    async def __call__(self, question: str) -> str:
        self.used_on = asyncio.get_running_loop()
        return question

    async def eval_close(self) -> None:
        self.closed_on = asyncio.get_running_loop()


def test_an_agent_closes_what_it_holds_on_the_loop_that_it_was_called_on() -> None:
    client = Client()
    runner = CaseRunner(concurrency_of=lambda agent: 4)
    case = Case(id="one", question="Why?", checks=(), line=1, position=0)
    runner.run(Ticket("one", case, adapt(client, "client")))
    assert client.closed_on is None
    runner.close()
    assert client.used_on is not None
    assert client.closed_on is client.used_on
