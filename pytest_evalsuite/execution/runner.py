"""A case is asked: at once in this thread, or ahead of its turn together with those that follow it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from pytest_evalsuite.agents.calling import Agent, Request
from pytest_evalsuite.execution.call import Attempt, Call, make_call
from pytest_evalsuite.execution.lookahead import Caller, Job
from pytest_evalsuite.execution.loop import LoopCaller
from pytest_evalsuite.execution.output import OutputRouter
from pytest_evalsuite.execution.threads import ThreadCaller
from pytest_evalsuite.testsets.model import Case

__all__ = ["CaseRunner", "Ticket", "request_of"]


@dataclass(slots=True, eq=False)
class Ticket:
    """A case that is to be put to an agent; ``key`` tells it from all others of the session.

    ``then`` is called with each attempt that has a reply, at once. ``answered`` are the attempts where they are known
    already: nobody is called then.
    """

    key: Hashable
    case: Case
    agent: Agent
    iterations: int = 1
    timeout: float | None = None
    then: Callable[[Attempt], Future[Any] | None] | None = None
    answered: Sequence[Attempt] = ()

    def calls(self) -> list[Call]:
        """The calls to make, each with a session id of its own."""
        if self.answered:
            request = request_of(self.case)
            return [Call(self.agent, request, one.number, then=self.then, answered=one) for one in self.answered]
        numbers = range(1, self.iterations + 1)
        return [Call(self.agent, request_of(self.case), number, self.timeout, then=self.then) for number in numbers]


def request_of(case: Case) -> Request:
    """What an agent is asked for a case, in a new session."""
    return Request(
        question=case.question if case.mapped is None else None,
        session_id=uuid.uuid4().hex,
        inputs=case.inputs if case.mapped is None else case.mapped,
        case=case,
        metadata=case.metadata,
    )


class CaseRunner:
    """Puts cases to agents, and lets agents that wait (on a network) work on the following cases meanwhile.

    ``concurrency_of`` tells how many calls of an agent may be in flight. ``ahead`` is False where this process may
    not know which cases follow. ``window`` bounds how far ahead calls may run, for a run that may stop early.
    ``waiting`` is entered whenever this thread waits for an agent.
    """

    def __init__(
        self,
        *,
        concurrency_of: Callable[[Agent], int],
        ahead: bool = True,
        window: Callable[[int], int | None] = lambda concurrency: None,
        waiting: AbstractContextManager[object] = nullcontext(),  # noqa: B008 - it has no state
    ) -> None:
        self._concurrency_of = concurrency_of
        self._ahead = ahead
        self._window = window
        self._waiting = waiting
        self._callers: dict[Agent | bool, Caller] = {}
        self._jobs: dict[Hashable, list[Job]] = {}
        self._router: OutputRouter | None = None

    def route_output(self, log_level: int | None = None) -> None:
        """From now on, keep what calls print and log in other threads for their own cases.

        To be called first where nothing is captured, so that the streams which are in force between tests are known,
        with the level that pytest gives the root logger while a test runs, if it does.
        """
        if self._router is None:
            self._router = OutputRouter(log_level)
        self._router.attach()

    def run(self, ticket: Ticket, following: Callable[[], Iterable[Ticket]] | None = None) -> list[Attempt]:
        """Ask the case as often as its ticket says, or until an agent raises what is no Exception: that ends more.

        ``following`` gives the cases that come after this one and are put to the same agent; it is asked once for each
        agent, and not at all where calls do not overlap. Without it, this case is asked alone.
        """
        agent = ticket.agent
        concurrency = self._concurrency_of(agent)
        if not agent.is_async and concurrency == 1 and ticket.timeout is None:
            with self._waiting:
                return _until_ended(call.settle(make_call(call)) for call in ticket.calls())
        self.route_output()
        ahead = following if self._ahead and concurrency > 1 else None
        caller = self._caller(agent, concurrency, ahead)
        jobs = self._jobs.pop(ticket.key, None) or caller.plan(ticket.calls())
        with self._waiting:
            attempts = _until_ended(map(caller.wait, jobs))
        for job in jobs[: len(attempts)]:
            job.output.replay()
        for job in jobs[len(attempts) :]:
            caller.forget(job)
        return attempts

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside, this thread's calls are the only ones in flight; begins when the others have ended."""
        with ExitStack() as stack:
            for caller in self._callers.values():
                stack.enter_context(caller.alone())
            yield

    def ask_once(self, ticket: Ticket) -> float:
        """Put the case to its agent once, in a new session: the seconds that it took. Raises what it ended in."""
        (attempt,) = self.run(Ticket(object(), ticket.case, ticket.agent, 1, ticket.timeout))
        if attempt.error is not None:
            raise attempt.error
        return attempt.seconds

    def close(self) -> None:
        """Cancel what is still in flight; never waits for an agent that does not come back."""
        for caller in self._callers.values():
            caller.close()
        self._callers.clear()
        self._jobs.clear()
        if self._router is not None:
            self._router.close()
            self._router = None

    def _caller(self, agent: Agent, concurrency: int, following: Callable[[], Iterable[Ticket]] | None) -> Caller:
        """The agent's own caller, with all that follows planned; one for all agents of its kind if nothing may.

        So an agent that is made anew for each case leaves no thread behind.
        """
        key = agent.is_async if following is None else agent
        caller = self._callers.get(key)
        if caller is None:
            kind = LoopCaller if agent.is_async else ThreadCaller
            caller = self._callers[key] = kind(concurrency=concurrency, window=self._window(concurrency))
            for later in following() if following is not None else ():
                self._jobs[later.key] = caller.plan(later.calls())
        return caller


def _until_ended(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The attempts up to the first that the user or pytest ended (Ctrl-C, `pytest.skip`)."""
    made = []
    for attempt in attempts:
        made.append(attempt)
        if attempt.error is not None and not isinstance(attempt.error, Exception):
            break
    return made
