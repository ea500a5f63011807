"""Checks that have something to wait for, a judge above all, are waited for while agents work on other cases."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pytest_evalsuite.agents.reply import AgentReply
from pytest_evalsuite.execution.call import Attempt
from pytest_evalsuite.execution.loop import Loop
from pytest_evalsuite.execution.scoring import Context, answer_for, ascore, lacks_slot, why_not
from pytest_evalsuite.methods._base import Score
from pytest_evalsuite.testsets.model import Case

if TYPE_CHECKING:
    from pytest_evalsuite.judges import Bench

__all__ = ["JudgingDesk"]

PATIENCE: Final = 1.0
"""Seconds that giving connections back may take."""

Awaited = Mapping[int, Score | BaseException]


class JudgingDesk:
    """Scores asynchronous checks on an event loop of its own, at most ``concurrency`` answers at once.

    One loop serves all of them, so that the clients of judges stay usable, and no agent can block it.
    """

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._lock = threading.Lock()
        self._loop: Loop | None = None
        self._room: asyncio.Semaphore | None = None

    def start(
        self, case: Case, attempt: Attempt, context: Context, judges: Future[Bench] | None = None
    ) -> Future[Awaited] | None:
        """Begin to score the asynchronous checks of an answer; None where the case has none.

        The result maps the number of a check to its score, or to what kept it from one. Where ``judges`` are only
        promised, the answer waits for them, and keeps no other from being scored.
        """
        if attempt.reply is None or not case.waits:
            return None
        with self._lock:  # agents answer in threads of their own
            if self._loop is None:
                self._loop = Loop("evalsuite-judges")
        return self._loop.submit(self._score(case, attempt, attempt.reply, context, judges))

    def close(self, leave: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """Cancel what is still waited for; then let ``leave`` give back what judges hold on this loop."""
        loop, self._loop, self._room = self._loop, None, None
        if loop is None:
            return
        if leave is not None:
            with suppress(Exception):
                loop.submit(leave()).result(PATIENCE)
        loop.stop()

    async def _score(
        self, case: Case, attempt: Attempt, reply: AgentReply, context: Context, judges: Future[Bench] | None
    ) -> Awaited:
        if judges is not None:
            bench = await asyncio.wrap_future(judges)
            context = replace(context, judges=bench)
        if self._room is None:
            self._room = asyncio.Semaphore(self._concurrency)
        asked = [
            (number, check)
            for number, check in enumerate(case.checks)
            if check.method.is_async and why_not(case, check, reply, context) is None and not lacks_slot(check, reply)
        ]
        async with self._room:
            scores = await asyncio.gather(
                *[
                    ascore(number, check, answer_for(case, check, attempt, reply, context), attempt, context)
                    for number, check in asked
                ],
                return_exceptions=True,
            )
        return dict(zip([number for number, _ in asked], scores, strict=True))
