"""A case as pytest's test item: it is set up, it runs, and it leaves a record."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_evalsuite.agents import Agent
from pytest_evalsuite.errors import CaseError, CaseFailed, EvalsuiteError
from pytest_evalsuite.execution.call import Attempt
from pytest_evalsuite.execution.failure import describe_error
from pytest_evalsuite.execution.result import case_record, renewed, reply_json, unrun_record
from pytest_evalsuite.execution.runner import Ticket
from pytest_evalsuite.execution.scoring import Context, ScoredAttempt, judge_case, score_attempt
from pytest_evalsuite.judges import Bench
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.reporting.failure import headline
from pytest_evalsuite.roster import why_unasked
from pytest_evalsuite.runs.reuse import answer_digest
from pytest_evalsuite.runs.run import CaseKey, PlannedCase
from pytest_evalsuite.runs.summary import gate_status
from pytest_evalsuite.testsets import Case, TestSet

if TYPE_CHECKING:
    from pytest_evalsuite.comparison.policy import Confirmation
    from pytest_evalsuite.session import EvalSession

__all__ = ["STATE", "CaseItem"]

FOR_PYTEST: Final = (KeyboardInterrupt, pytest.skip.Exception, pytest.xfail.Exception, pytest.exit.Exception)
"""What an agent may raise to tell pytest something."""

PROPERTIES: Final = ("status", "score", "passing_score", "method", "human_verdict")
"""What reports of other tools may show of a case."""

STATE: pytest.StashKey[EvalSession] = pytest.StashKey()


class CaseItem(pytest.Function):
    """One case put to one agent.

    The agent is asked in the setup, so that what breaks there is an error, and the score speaks in the call, so that
    one under the bar is a failure.
    """

    case: Case
    test_set: TestSet
    test_set_key: str
    agent_name: str
    agent: Agent | None
    agent_source: Any = None
    """The fixture that gives the agent, None for the configured one."""
    may_run_ahead = True
    """Whether the agent is the same object whenever the case's turn comes."""
    judge_source = ""
    """The fixture that gives the judge of checks that name none, and where it is defined."""
    promised_judges: Future[Bench] | None = None
    """The judges, once the fixture that gives one is set up; None where they are known from the start."""
    record: dict[str, Any] | None = None

    def bind(
        self, case: Case, test_set: TestSet, place: tuple[str, Path, str], agent_name: str, agent: Agent | None
    ) -> None:
        """Tell the item what it stands for (its constructor is pytest's).

        ``place`` is the test set's path from the root folder, with ``/``; the file that the case's line is in; and
        that file's path from the root folder, as the platform writes it.
        ``agent`` is None where only a fixture names it.
        """
        self.case = case
        self.test_set = test_set
        self.test_set_key, self._source, self._relative = place
        self.agent_name = agent_name
        self.agent = agent

    @property
    def ihook(self) -> Any:
        """The hooks that are in force where the file is: the same for all its cases, once everything is collected."""
        hooks = self.config.stash[STATE].hooks
        if hooks is None:
            return super().ihook
        found = hooks.get(self.path)
        if found is None:
            found = hooks[self.path] = super().ihook
        return found

    @property
    def location(self) -> tuple[str, int | None, str]:
        """File, line from 0, heading: what pytest would work out from `reportinfo`, item by item.

        The heading is not the end of the node id: pytest would then show the dots of ``v1.2`` as ``v1::2``.
        """
        return self._relative, self.case.line - 1, f"case {self.name}"

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the case stands in its file."""
        return self._source, self.case.line - 1, self.name

    def configured_agent(self) -> Agent:
        """The agent as it is configured. Raises UsageError when none is."""
        if self.agent is None:
            raise pytest.UsageError(f"{self.nodeid}: no agent is configured")
        return self.agent

    def shares_agent_with(self, other: CaseItem) -> bool:
        """Whether one agent object is there for both at any time."""
        mine, theirs = ((item.may_run_ahead, item.agent_source, item.agent) for item in (self, other))
        return self.may_run_ahead and mine == theirs and self.agent_name == other.agent_name

    def ticket(self, agent: Agent) -> Ticket:
        """What the runner needs to know."""
        state = self.config.stash[STATE]
        case, settings = self.case, state.settings
        iterations, timeout = settings.iterations_of(case), settings.timeout_of(case)
        then = self._begin_to_score if case.waits else None
        answers = state.earlier.stored_answers(self, range(1, iterations + 1))
        if not answers:
            case.prepare_files()
        return Ticket(self, case, agent, iterations, timeout, then, answers, state.earlier.last_turn_of(self))

    @property
    def key(self) -> CaseKey:
        """What the case's result is found by."""
        return CaseKey(self.test_set_key, self.case.id, self.agent_name)

    @property
    def repeats(self) -> str:
        """How often the case is asked and by what rule it passes, as `PlannedCase.repeats`."""
        settings = self.config.stash[STATE].settings
        iterations = settings.iterations_of(self.case)
        return f"{iterations} {settings.pass_rule_of(self.case)}" if iterations > 1 else ""

    def _begin_to_score(self, attempt: Attempt) -> Any:
        return self.config.stash[STATE].desk.start(self.case, attempt, self._context(), self.promised_judges)

    def _context(self) -> Context:
        state = self.config.stash[STATE]
        return Context(
            language=self.test_set.language,
            agent=self.agent_name,
            tags=self.test_set.tags,
            judges=state.names.bench_of(self.test_set),
            time_limit=state.settings.timeout_of(self.case),
            key=self.key,
        )

    def setup(self) -> None:
        """Set the fixtures up, ask the agent, score its answers. Raises what kept the case from being scored.

        A result that stands from an earlier run is taken instead, without fixtures and agent.
        """
        self.record = None
        state = self.config.stash[STATE]
        kept = state.earlier.kept_record(self)
        only_looks = self.config.getoption("setuponly")
        if kept is None or only_looks or state.wants_trials(self, kept):
            super().setup()
            if only_looks:
                return
            state.names.take_judge(self)
        if kept is not None:
            state.keep_earlier_traces(kept)
        record, error = (kept, None) if kept is not None else self._evaluate(state)
        state.ask_people(record)
        if state.wants_trials(self, record):
            record["confirmation"] = self._ask_again(state, record).as_json()
        self._conclude(state, record, error)

    def _evaluate(self, state: EvalSession) -> tuple[dict[str, Any], BaseException | None]:
        """Ask the agent and score its answers: the record, and what kept it from a verdict."""
        agent = state.agent_of(self)
        if (reason := why_unasked(agent.required, self.test_set, self.case)) is not None:
            raise pytest.skip.Exception(escape_terminal(reason), _use_item_location=True)
        ticket = self.ticket(agent)
        case = self.case
        with state.runner.alone() if case.measures else nullcontext():
            attempts = state.runner.run(ticket, None if case.measures else state.following(self, agent))
            state.keep_answers(self, attempts)
            state.keep_traces(self, attempts)
            scored = self._score(state, ticket, attempts)
        rule = state.settings.pass_rule_of(case)
        verdict = judge_case(case, scored, rule)
        return case_record(case, scored, verdict, rule=rule, **self._place()), verdict.error

    def _score(self, state: EvalSession, ticket: Ticket, attempts: list[Attempt]) -> list[ScoredAttempt]:
        for attempt in attempts:
            if attempt.error is not None and isinstance(attempt.error, FOR_PYTEST):
                if not isinstance(attempt.error, KeyboardInterrupt):
                    attempt.error.msg = escape_terminal(attempt.error.msg or "")
                raise attempt.error
        context = self._context()
        if self.case.measures and not (ticket.answered or self.case.actual):
            context.ask_again = lambda: state.runner.ask_once(ticket)
            context.before = lambda check: state.earlier.measured_before(self, check)
        return [score_attempt(self.case, attempt, context) for attempt in attempts]

    def _ask_again(self, state: EvalSession, record: Mapping[str, Any]) -> Confirmation:
        """Ask a case that failed again, one attempt at a time, until it is known whether the failure stands."""
        policy, case = state.policy, self.case
        agent = state.agent_of(self)
        counts = {"passed": 0, "failed": 0, "error": 0, "skipped": 0}
        number = state.settings.iterations_of(case)
        while policy.is_open(record, counts["passed"], counts["failed"]):
            number += 1
            then, timeout = self.ticket(agent).then, state.settings.timeout_of(case)
            answers = state.earlier.stored_answers(self, range(number, number + 1))
            ticket = Ticket(object(), case, agent, 1, timeout, then, answers, anew=True, first=number)
            with state.runner.alone() if case.measures else nullcontext():
                attempts = state.runner.run(ticket, None if case.measures else state.following(self, agent))
                state.keep_answers(self, attempts)
                (scored,) = self._score(state, ticket, attempts)
            counts[scored.status] += 1
            if counts["error"] + counts["skipped"] > policy.confirm:
                break
        return policy.confirmed(record, counts["passed"], counts["failed"], counts["error"] + counts["skipped"])

    def _conclude(self, state: EvalSession, record: dict[str, Any], error: BaseException | None) -> None:
        """Keep the record, and raise what pytest is to say of it already now."""
        status = gate_status(record)
        if status in ("failed", "error") and "known_failure" not in record:
            tolerated = state.policy.why_tolerated(record)
            if tolerated is not None:
                record["tolerated"] = tolerated
        self.record = record
        self._keep_properties(record)
        if status == "skipped":
            reason = escape_terminal(record["cause"]["message"])
            raise pytest.skip.Exception(reason, _use_item_location=True)
        if status == "error":
            if "tolerated" in record:
                raise pytest.xfail.Exception(f"{headline(record)}; {escape_terminal(record['tolerated'])}")
            raise error or CaseError("the case could not be scored")

    def runtest(self) -> None:
        """Fail if the answer scored under the bar, or if a person's verdict counts that says so."""
        record = self.record
        if record is not None and (gate_status(record) == "failed" or _is_known_failure(record)):
            if "tolerated" in record:
                raise pytest.xfail.Exception(f"{headline(record)}; {escape_terminal(record['tolerated'])}")
            raise CaseFailed(headline(record))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # type: ignore[override]
        """One line for what the record tells better; pytest's own text for everything else."""
        if self.record is not None and isinstance(excinfo.value, CaseFailed):
            return headline(self.record)
        return super().repr_failure(excinfo)

    def _repr_failure_py(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The same for an error in the setup, where pytest would read the source of every frame."""
        if self.record is not None and self.record["status"] == "error":
            return headline(self.record)
        return super()._repr_failure_py(excinfo, style)

    def final_record(self, report: pytest.TestReport, excinfo: pytest.ExceptionInfo[BaseException] | None) -> Any:
        """The record of the case, once this phase has settled it; else None."""
        if report.when == "setup" and report.passed:
            return None
        record, self.record = self.record, None
        if record is not None or report.when == "call":
            return record
        return unrun_record(self.case, **self._place(), **_why_not(report, excinfo))

    def renewed(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """An earlier record of this case, as it is where and what the case is now."""
        return renewed(record, self.case, **self._place())

    def planned(self) -> PlannedCase:
        """The case as a plan has it."""
        case = self.case
        talk = case.conversation.id if case.turn and case.conversation is not None else None
        answer = "" if case.actual is None else answer_digest(reply_json(case.actual))
        return PlannedCase(case.id, case.position, case.line, case.fingerprint, self.name, self.repeats, talk, answer)

    def _place(self) -> dict[str, Any]:
        return {"test_set": self.test_set_key, "agent": self.agent_name, "file": self.test_set.cases_path}

    def _keep_properties(self, record: Mapping[str, Any]) -> None:
        """Let JUnit reports and other plugins see the figures; a case that is run again has new ones."""
        method = record["test_method"]
        overruled = gate_status(record) != record["status"]
        figures = _properties(
            record["status"],
            record["score"],
            record["passing_score"],
            method if isinstance(method, str) else ", ".join(method),
            record["human_verdict"]["approval"] if overruled else None,
        )
        others = [entry for entry in self.user_properties if entry[0] not in PROPERTIES]
        self.user_properties[:] = [*others, *figures]


@lru_cache(maxsize=1024)
def _properties(*figures: Any) -> tuple[tuple[str, Any], ...]:
    """The figures by name: most cases share theirs."""
    return tuple(entry for entry in zip(PROPERTIES, figures, strict=True) if entry != ("human_verdict", None))


def _is_known_failure(record: Mapping[str, Any]) -> bool:
    return bool(record["status"] == "failed" and "known_failure" in record)


def _why_not(report: pytest.TestReport, excinfo: pytest.ExceptionInfo[BaseException] | None) -> dict[str, Any]:
    """Status and cause of a case that was not put to its agent."""
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = getattr(report, "wasxfail", reason).removeprefix("Skipped: ")
        return {"status": "skipped", "cause": {"kind": "skip", "message": escape_terminal(reason)}}
    error: BaseException = excinfo.value if excinfo is not None else EvalsuiteError("the setup failed")
    return {"status": "error", "cause": {**describe_error(error), "kind": "setup"}}
