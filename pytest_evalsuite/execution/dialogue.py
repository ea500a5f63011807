"""A conversation being held: its turns are asked in order, each once, each told what was said before."""

from __future__ import annotations

import json
import time
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

from pytest_evalsuite.agents.calling import Agent, Request
from pytest_evalsuite.agents.replies import output_text
from pytest_evalsuite.errors import TurnBroken
from pytest_evalsuite.execution.call import Attempt, Call
from pytest_evalsuite.execution.failure import message_of
from pytest_evalsuite.execution.lookahead import Job
from pytest_evalsuite.execution.output import Output
from pytest_evalsuite.execution.replay import given_attempt
from pytest_evalsuite.redaction import redact
from pytest_evalsuite.testsets.conversation import Conversation
from pytest_evalsuite.testsets.model import Case

__all__ = ["HISTORY_LIMIT", "Dialogue"]

HISTORY_LIMIT: Final = 20
"""Messages before a turn that are kept with its answer: a record is no place for a whole long conversation."""

MESSAGE_LIMIT: Final = 20_000
"""Characters of such a message that are kept: it is there again in the records of the twenty turns after it."""

Then = Callable[[Attempt], Future[Any] | None]


class Dialogue:
    """One conversation with one agent.

    ``number`` counts the times that the conversation is held. ``request_of`` makes a turn's request and
    ``timeout_of`` tells how long its answer may take. ``jobs`` are its turns as far as they are planned,
    ``attempts`` as far as they are made.
    """

    def __init__(
        self,
        conversation: Conversation,
        agent: Agent,
        number: int,
        *,
        request_of: Callable[[Case], Request],
        timeout_of: Callable[[Case], float | None],
    ) -> None:
        self._conversation = conversation
        self._agent = agent.for_conversation()
        self._number = number
        self._request_of = request_of
        self._timeout_of = timeout_of
        self._session_id = uuid.uuid4().hex
        self._history: list[dict[str, str]] = []
        self._kept: deque[dict[str, str]] = deque(maxlen=HISTORY_LIMIT)
        self._broken: str | None = None
        self._thens: dict[int, Then] = {}
        self._calls: list[Call] = []
        self._outputs: dict[int, Output] = {}
        self.jobs: list[Job] = []
        self.attempts: list[Attempt] = []

    def expect(self, turn: int, then: Then | None) -> None:
        """Have ``then`` called with the attempt of this turn as soon as there is an answer."""
        if then is not None:
            self._thens[turn] = then

    def calls(self, through: int) -> list[Call]:
        """The calls of the turns up to this one that no call was made of yet."""
        made = len(self._calls)
        self._calls += [self._call(case) for case in self._conversation.turns[made:through]]
        return self._calls[made:]

    def output_of(self, turn: int) -> Output:
        """Where what a turn writes is kept until `replay`."""
        return self._outputs.setdefault(turn, Output())

    def replay(self, through: int) -> None:
        """Write what was kept of the turns up to this one."""
        for turn in [turn for turn in self._outputs if turn <= through]:
            self._outputs.pop(turn).replay()

    def attempt(self, turn: int) -> Attempt:
        """What came of a turn, and its ``then``, if that was not known when the answer came."""
        attempt = self.attempts[turn - 1]
        if attempt.awaited is None and turn in self._thens:
            self._calls[turn - 1].settle(attempt)
        return attempt

    def _call(self, case: Case) -> Call:
        request = self._request_of(case)
        request.session_id = self._session_id
        call = Call(self._agent, request, self._number, self._timeout_of(case), then=partial(self._then, case.turn))
        call.begin = partial(self._begin, case, call)
        call.end = partial(self._end, case, call)
        return call

    def _then(self, turn: int, attempt: Attempt) -> Future[Any] | None:
        then = self._thens.get(turn)
        return None if then is None else then(attempt)

    def _begin(self, case: Case, call: Call) -> Attempt | None:
        """Tell the request what was said before; an attempt where the conversation is broken off."""
        call.request.history = [dict(message) for message in self._history]
        if self._broken is None:
            return None if case.actual is None else given_attempt(case, self._number)
        return Attempt(self._number, time.time(), 0.0, error=TurnBroken(self._broken))

    def _end(self, case: Case, call: Call, attempt: Attempt) -> None:
        call.request.history = ()  # all of them together would be the square of what was said
        attempt.history = list(self._kept)
        self.attempts.append(attempt)
        if isinstance(attempt.error, TurnBroken):
            return
        asked = case.question if case.question is not None else json.dumps(dict(case.inputs), ensure_ascii=False)
        self._say("user", asked)
        if attempt.reply is not None:
            self._say("assistant", output_text(attempt.reply.output))
        elif self._conversation.on_turn_error == "skip" or not isinstance(attempt.error, Exception):
            why = message_of(attempt.error).strip().partition("\n")[0] if attempt.error is not None else ""
            self._broken = f"turn {case.turn} ({case.id}) got no answer: {type(attempt.error).__name__}: {why}"

    def _say(self, role: str, content: str) -> None:
        self._history.append({"role": role, "content": content})
        self._kept.append({"role": role, "content": _shortened(content)})


def _shortened(text: str) -> str:
    text = redact(text)
    left = len(text) - MESSAGE_LIMIT
    return text if left <= 0 else f"{text[:MESSAGE_LIMIT]}... ({left:,} more characters)"
