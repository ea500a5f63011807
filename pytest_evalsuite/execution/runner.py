"""A case is asked: at once in this thread, or ahead of its turn together with those that follow it."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from pytest_evalsuite.agents.calling import Agent, Request
from pytest_evalsuite.execution.call import Attempt, Call, make_call
from pytest_evalsuite.execution.dialogue import Dialogue
from pytest_evalsuite.execution.lookahead import Caller, Job
from pytest_evalsuite.execution.loop import LoopCaller
from pytest_evalsuite.execution.output import OutputRouter, keeping_output
from pytest_evalsuite.execution.threads import ThreadCaller
from pytest_evalsuite.testsets.conversation import Conversation
from pytest_evalsuite.testsets.model import Case

__all__ = ["CaseRunner", "Ticket", "request_of"]


@dataclass(slots=True, eq=False)
class Ticket:
    """A case that is to be put to an agent; ``key`` tells it from all others of the session.

    ``then`` is called with each attempt that has a reply, at once. ``answered`` are the attempts where they are known
    already: nobody is called then. For a turn of a conversation, ``through`` is the last turn that is wanted, and
    ``anew`` has the conversation begun from its start. ``first`` is the number of the first attempt.
    """

    key: Hashable
    case: Case
    agent: Agent
    iterations: int = 1
    timeout: float | None = None
    then: Callable[[Attempt], Future[Any] | None] | None = None
    answered: Sequence[Attempt] = ()
    through: int = 0
    anew: bool = False
    first: int = 1

    @property
    def numbers(self) -> range:
        """The numbers of its attempts."""
        return range(self.first, self.first + self.iterations)

    @property
    def is_turn(self) -> bool:
        """Whether it is to be asked in a conversation."""
        return self.case.conversation is not None and self.case.turn > 0 and not self.answered

    def calls(self) -> list[Call]:
        """The calls to make, each with a session id of its own."""
        if self.answered:
            request = request_of(self.case)
            return [Call(self.agent, request, one.number, then=self.then, answered=one) for one in self.answered]
        case, timeout = self.case, self.timeout
        return [Call(self.agent, request_of(case), number, timeout, then=self.then) for number in self.numbers]


def request_of(case: Case) -> Request:
    """What an agent is asked for a case, in a new session."""
    return Request(
        question=case.question if case.mapped is None else None,
        session_id=os.urandom(16).hex(),
        inputs=case.inputs if case.mapped is None else case.mapped,
        case=case,
        metadata=case.metadata,
        files=case.files,
    )


class CaseRunner:
    """Puts cases to agents, and lets agents that wait (on a network) work on the following cases meanwhile.

    ``concurrency_of`` tells how many calls of an agent may be in flight, ``timeout_of`` how many seconds the answer to
    a turn of a conversation may take. ``ahead`` is False where this process may
    not know which cases follow. ``window`` bounds how far ahead calls may run, for a run that may stop early.
    ``waiting`` is entered whenever this thread waits for an agent.
    """

    def __init__(
        self,
        *,
        concurrency_of: Callable[[Agent], int],
        timeout_of: Callable[[Case], float | None] = lambda case: case.timeout,
        ahead: bool = True,
        window: Callable[[int], int | None] = lambda concurrency: None,
        waiting: AbstractContextManager[object] = nullcontext(),  # noqa: B008 - it has no state
    ) -> None:
        self._concurrency_of = concurrency_of
        self._timeout_of = timeout_of
        self._ahead = ahead
        self._window = window
        self._waiting = waiting
        self._callers: dict[Agent | bool, Caller] = {}
        self._jobs: dict[Hashable, list[Job]] = {}
        self._dialogues: dict[tuple[Agent, Conversation], list[Dialogue]] = {}
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
        if ticket.is_turn:
            return self._run_turn(ticket, following)
        agent = ticket.agent
        concurrency = self._concurrency_of(agent)
        if not agent.is_async and concurrency == 1 and ticket.timeout is None:
            with self._waiting:
                return _until_ended(call.finish(make_call(call)) for call in ticket.calls())
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
        self._dialogues.clear()
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
                if later.is_turn and agent.reset is None:
                    self._plan_turn(caller, later)
                elif not later.is_turn:
                    self._jobs[later.key] = caller.plan(later.calls())
        return caller

    def _run_turn(self, ticket: Ticket, following: Callable[[], Iterable[Ticket]] | None) -> list[Attempt]:
        """Ask the turns up to this one that have not been asked yet, each time that the conversation is held."""
        agent, turn = ticket.agent, ticket.case.turn
        concurrency = self._concurrency_of(agent)
        if agent.reset is not None:  # it holds one conversation at a time: to its end, for it will forget
            following, last = None, max(turn, ticket.through)
        else:
            last = turn
        dialogues = self._dialogues_of(ticket)
        timeouts = any(self._timeout_of(case) is not None for case in _turns(ticket)[:last])
        if not agent.is_async and concurrency == 1 and not timeouts:
            with self._undisturbed(agent), self._waiting:
                for dialogue in dialogues:
                    dialogue.replay(turn)
                    for call in dialogue.calls(last):
                        with self._output_of(dialogue, call, turn):
                            attempt = make_call(call)
                        _unless_interrupted(call.finish(attempt))
        else:
            self.route_output()
            caller = self._caller(agent, concurrency, following if self._ahead and concurrency > 1 else None)
            with self._undisturbed(agent), self._waiting:
                for dialogue in dialogues:
                    self._plan_dialogue(caller, dialogue, last)
                    for job in dialogue.jobs[:last]:
                        _unless_interrupted(caller.wait(job))
                    for job in dialogue.jobs[:turn]:
                        job.output.replay()
        return _until_ended(dialogue.attempt(turn) for dialogue in dialogues)

    def _output_of(self, dialogue: Dialogue, call: Call, turn: int) -> AbstractContextManager[None]:
        """Inside, what a turn later than this one writes is kept until its own turn comes."""
        later: int = call.request.case.turn
        if later <= turn:
            return nullcontext()
        self.route_output()
        return keeping_output(dialogue.output_of(later))

    def _undisturbed(self, agent: Agent) -> AbstractContextManager[None]:
        """Inside, no other case is put to an agent that can hold one conversation at a time."""
        caller = self._callers.get(agent)
        return nullcontext() if agent.reset is None or caller is None else caller.alone()

    def _plan_turn(self, caller: Caller, ticket: Ticket) -> None:
        for dialogue in self._dialogues_of(ticket):
            self._plan_dialogue(caller, dialogue, ticket.case.turn)

    def _plan_dialogue(self, caller: Caller, dialogue: Dialogue, last: int) -> None:
        after = dialogue.jobs[-1] if dialogue.jobs else None
        dialogue.jobs += caller.plan_in_turn(dialogue.calls(last), after)

    def _dialogues_of(self, ticket: Ticket) -> list[Dialogue]:
        """The conversation of a turn, as often as it is held."""
        conversation = ticket.case.conversation
        assert conversation is not None  # noqa: S101 - for the type checker
        key = (ticket.agent, conversation)
        dialogues = None if ticket.anew else self._dialogues.get(key)
        if dialogues is None:
            dialogues = [
                Dialogue(conversation, ticket.agent, number, request_of=request_of, timeout_of=self._timeout_of)
                for number in ticket.numbers
            ]
            if not ticket.anew:
                self._dialogues[key] = dialogues
        for dialogue in dialogues:
            dialogue.expect(ticket.case.turn, ticket.then)
        return dialogues


def _unless_interrupted(attempt: Attempt) -> None:
    """Raise the KeyboardInterrupt that a turn ended in: the conversation is over, whoever's turn it is."""
    if isinstance(attempt.error, KeyboardInterrupt):
        raise attempt.error


def _turns(ticket: Ticket) -> Sequence[Case]:
    conversation = ticket.case.conversation
    return () if conversation is None else conversation.turns


def _until_ended(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The attempts up to the first that the user or pytest ended (Ctrl-C, `pytest.skip`)."""
    made = []
    for attempt in attempts:
        made.append(attempt)
        if attempt.error is not None and not isinstance(attempt.error, Exception):
            break
    return made
