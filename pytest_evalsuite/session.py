"""What happens only under ``--eval-suite``: records on their way, the run's files, the gate."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

import pluggy
import pytest

from pytest_evalsuite import collection, garbage, signals
from pytest_evalsuite.agents import Agent
from pytest_evalsuite.comparison.policy import Policy, base_by_case
from pytest_evalsuite.confidential import Confidential
from pytest_evalsuite.display import Display
from pytest_evalsuite.earlier import EarlierRuns
from pytest_evalsuite.errors import ConfigurationError, StoreError
from pytest_evalsuite.execution.call import Attempt
from pytest_evalsuite.execution.judging import JudgingDesk
from pytest_evalsuite.execution.replay import NOBODY, attempt_json
from pytest_evalsuite.execution.runner import CaseRunner, Ticket
from pytest_evalsuite.execution.trace import trace_of
from pytest_evalsuite.grouping import Groups
from pytest_evalsuite.items import STATE, CaseItem
from pytest_evalsuite.names import Names
from pytest_evalsuite.redaction import MARK, redact
from pytest_evalsuite.reporting.escape import escape_captured
from pytest_evalsuite.runs.encoding import decode, encode
from pytest_evalsuite.runs.plan import Collected, Plan
from pytest_evalsuite.runs.recorder import Recorder
from pytest_evalsuite.runs.sharding import shard_of, suite_digest
from pytest_evalsuite.runs.store import clear_output
from pytest_evalsuite.runs.summary import gate_status
from pytest_evalsuite.settings import Settings, check_together, read_settings
from pytest_evalsuite.settling import Settlement
from pytest_evalsuite.sources import Sources
from pytest_evalsuite.tracing.capture import switch
from pytest_evalsuite.version import __version__

__all__ = ["EvalSession", "start"]

MESSAGE_LIMIT: Final = 2000
"""Characters that the artifact keeps of what is wrong with one file."""

MAY_NOT_RUN: Final = frozenset({"skip", "skipif"})


def start(config: pytest.Config) -> None:
    """Switch the plugin on. Raises UsageError when it is told something that cannot be."""
    garbage.take_back()
    try:
        settings = read_settings(config)
        confidential = Confidential(config, settings.secrets)
        check_together(settings)
        sources = Sources(settings, config.invocation_params.dir, getattr(config, "workerinput", None))
    except (ConfigurationError, TypeError, ValueError) as error:
        raise pytest.UsageError(redact(str(error))) from error
    state = EvalSession(config, settings, sources, confidential)
    config.stash[STATE] = state
    config.pluginmanager.register(collection, "evalsuite-collection")
    config.pluginmanager.register(state, "evalsuite-session")
    config.pluginmanager.register(state.display, "evalsuite-display")
    config.pluginmanager.register(state.groups, "evalsuite-groups")
    config.pluginmanager.register(confidential, "evalsuite-confidential")


class EvalSession:
    """The state and the hooks of one session, in the process that reports and in each worker of xdist."""

    def __init__(
        self, config: pytest.Config, settings: Settings, sources: Sources, confidential: Confidential
    ) -> None:
        self.config = config
        self.confidential = confidential
        self.settings = settings
        self.sources = sources
        self.policy = Policy(settings.fail_on, confirm=settings.confirm)
        self.collected: dict[tuple[str, str], Collected] = {}
        """By test set and agent, before any selection."""
        self.required: dict[tuple[str, str], frozenset[str]] = {}
        """The parameters without default of each agent that could be looked at."""
        switch(on=settings.traces == "auto")
        self.earlier = EarlierRuns(sources, self.collected)
        self.names = Names(config, settings, sources.replay, self._keep_verdict if settings.record else None)
        self.groups = Groups(config, settings)
        self.hooks: dict[Path, pluggy.HookRelay] | None = None
        """By file of cases, once no further conftest.py can be loaded."""
        self.usage_errors: list[str] = []
        self._uncollected: list[str] = []
        self.worker: str | None = getattr(config, "workerinput", {}).get("workerid")
        self._recorder = Recorder(
            settings.root / ".evalsuite",
            name=settings.run_name,
            versions={"pytest-evalsuite": __version__, "pytest": pytest.__version__},
            facts={
                option: {"from": earlier.run_id}
                for option, earlier in vars(sources).items()
                if option in ("resume", "regrade", "replay") and earlier is not None
            },
            answers=settings.record,
        )
        self._is_far = False
        """Whether this worker is on a machine that does not have the run's folder."""
        self._shard: dict[str, Any] | None = None
        self._settlement = Settlement(settings, sources, self._recorder, self.groups)
        self.display = Display(config, settings, self._settlement, self._recorder)
        self.desk = JudgingDesk(settings.concurrency_of(is_async=True))
        self.runner = CaseRunner(
            concurrency_of=lambda agent: agent.at_most(settings.concurrency_of(is_async=agent.overlaps)),
            timeout_of=settings.timeout_of,
            ahead=self.worker is None,
            window=lambda concurrency: concurrency if self._may_stop_early() else None,
            waiting=self.display.progress,
        )

    # Collection

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Let nothing run when an agent is missing; tell the reporting process which cases a worker has found."""
        if self.usage_errors:
            raise pytest.UsageError(redact("\n".join(dict.fromkeys(self.usage_errors))))
        garbage.set_aside()
        self.hooks = {}
        plan = self._plan_of(session.items)
        if self.worker is None:
            self._check_baseline(plan)
        self._set_policy(plan)
        path = getattr(self.config, "workerinput", {}).get("evalsuite_run")
        if path is not None and self.worker is not None and not self._is_stopped_by_collection(session):
            self._is_far = not self._recorder.join(Path(path), self.worker)
            self._recorder.write_plan(plan)
            self._keep_agents()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave to this shard the cases that are its own."""
        if self.settings.shard is None:
            return
        number, shards = self.settings.shard
        cases = [item for item in items if isinstance(item, CaseItem)]
        suite = suite_digest((*item.key, item.case.fingerprint) for item in cases)
        self._shard = {"number": number, "of": shards, "suite": suite}
        others = {item for item in cases if shard_of(item.test_set_key, item.case.unit, shards) != number}
        if others:
            config.hook.pytest_deselected(items=[item for item in items if item in others])
            items[:] = [item for item in items if item not in others]

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Clear the way for what the run is to write, before anything can go wrong or be paid for."""
        if self.worker is None and not self._only_looks():
            for path in self.settings.outputs:
                try:
                    clear_output(path)
                except StoreError as error:
                    raise pytest.UsageError(str(error)) from None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember what could not be collected."""
        if report.failed:
            self._uncollected.append(report.longreprtext.strip()[:MESSAGE_LIMIT])

    def _is_stopped_by_collection(self, session: pytest.Session) -> bool:
        return bool(session.testsfailed and not self.config.getoption("continue_on_collection_errors"))

    def _plan_of(self, items: Iterable[pytest.Item]) -> Plan:
        plan = Plan(shard=self._shard)
        for item in items:
            if isinstance(item, CaseItem):
                collected = self.collected[item.test_set_key, item.agent_name]
                plan.add(item.test_set_key, item.test_set, item.agent_name, item.planned(), collected)
        return plan

    def _check_baseline(self, plan: Plan) -> None:
        """Raise UsageError for a baseline of other test sets, while nothing is paid for yet."""
        side = self.sources.baseline
        if side is None or not len(plan):
            return
        known = {*side.info.test_sets, *side.info.test_sets.values()}
        if not any(known & {planned.test_set, planned.name} for planned in plan.evaluations):
            shown = ", ".join(sorted(side.info.test_sets)[:3]) or "none"
            raise pytest.UsageError(
                f"--eval-baseline: {side.info.reference} is of other test sets ({shown}); none of them is among these"
            )

    def _set_policy(self, plan: Plan) -> None:
        """Work out what a failed case will mean, now that it is known which cases there are."""
        side, settings = self.sources.baseline, self.settings
        if settings.fail_on in ("any", "never"):
            return
        base = {}
        if side is not None:
            from pytest_evalsuite.comparison.baseline import baseline_of, side_of_baseline

            if side.info.kind != "baseline":
                side = side_of_baseline(baseline_of(side), side.info.reference)
            base = base_by_case(side, plan.evaluations)
        whole = [one for one in plan.evaluations if one.gate and len(one.cases) >= one.collected]
        gated = frozenset((one.test_set, one.agent) for one in whole)
        self.policy = Policy(settings.fail_on, base, settings.confirm, gated)

    # One case

    def agent_of(self, item: CaseItem) -> Agent:
        """Who is put the item's case; nobody where answers are there already."""
        return NOBODY if self._asks_nobody() else self.names.agent_in_force(item)

    def calls_overlap(self, agent: Agent) -> bool:
        """Whether several calls of the agent may be in flight."""
        return agent is not NOBODY and agent.at_most(self.settings.concurrency_of(is_async=agent.overlaps)) > 1

    def _asks_nobody(self) -> bool:
        return self.sources.regrade is not None or self.sources.replay is not None

    def wants_trials(self, item: CaseItem, record: Mapping[str, Any]) -> bool:
        """Whether a failed case is to be asked again before it is blamed, and somebody is there to be asked."""
        nobody = self.sources.regrade is not None or item.agent is NOBODY
        return not nobody and gate_status(record) == record["status"] and self.policy.wants_trials(record)

    def ask_people(self, record: dict[str, Any]) -> None:
        """Put the verdict on the record that people have given on the same answer before."""
        if self.sources.people is not None:
            verdict = self.sources.people.verdict(record, datetime.now(timezone.utc).date())
            if verdict is not None:
                record["human_verdict"] = verdict

    def keep_answers(self, item: CaseItem, attempts: Iterable[Attempt]) -> None:
        """Keep what came of attempts, where a run is recorded."""
        if self.settings.record:
            self.confidential.look_again()
            key = {**item.key._asdict(), "fingerprint": item.case.fingerprint}
            for attempt in attempts:
                self._recorder.keep_answer({"kind": "answer", **key, **attempt_json(attempt)})

    def keep_traces(self, item: CaseItem, attempts: Iterable[Attempt]) -> None:
        """Keep the steps of calls, where there are any."""
        for attempt in attempts:
            if attempt.trace.spans:
                self.confidential.look_again()
                trace = trace_of(item.case, attempt, test_set=item.test_set_key, agent=item.agent_name)
                self._recorder.keep_trace(encode(trace.as_json()))

    def keep_earlier_traces(self, record: Mapping[str, Any]) -> None:
        """Take over the steps of calls whose result is taken over."""
        for answered in record.get("attempts") or (record,):
            line = self.earlier.kept_trace(answered.get("trace_id", ""))
            if line is not None:
                self._recorder.keep_trace(line)

    def _keep_verdict(self, said: Mapping[str, Any]) -> None:
        self._recorder.keep_answer({"kind": "verdict", **said})

    def _keep_agents(self) -> None:
        if self.settings.record:
            for (test_set, agent), collected in self.collected.items():
                side = (collected.configuration or {}).get("agent")
                required = sorted(self.required.get((test_set, agent), ()))
                place = {"test_set": test_set, "agent": agent}
                self._recorder.keep_answer({"kind": "agent", **place, "configuration": side, "required": required})

    def following(self, item: CaseItem, agent: Agent) -> Callable[[], Iterable[Ticket]] | None:
        """The cases that pytest will set up from this one on and that are put to the same agent."""
        if not item.may_run_ahead:
            return None

        def tickets() -> Iterator[Ticket]:
            items = item.session.items
            start = next(number for number, other in enumerate(items) if other is item)
            for other in items[start:]:
                if not isinstance(other, CaseItem) or not _may_run_ahead(other):
                    continue
                shares_agent = self._asks_nobody() or other.shares_agent_with(item)
                if shares_agent and self.earlier.kept_record(other) is None:
                    yield other.ticket(agent)

        return tickets

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the record of a case that is settled on its report, and into the journal; clean every report."""
        self.confidential.before_report(call)
        report = yield
        if isinstance(item, CaseItem) and report.when != "teardown":
            record = item.final_record(report, call.excinfo)
            if record is not None:
                line = encode(record)
                report.__dict__["evalsuite"] = line
                if self.worker is None and gate_status(record) == "passed" and MARK not in line:
                    report.__dict__["evalsuite_record"] = record  # as it would be read back
                if self._is_far:
                    report.__dict__["evalsuite_from_far"] = self._recorder.take_unkept()
                self._recorder.keep(line)
        self.confidential.clean(report)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take a record off its report, and let the failure's text be made of it. A worker passes it on."""
        if self.worker is not None:
            return
        if report.when == "setup":
            self.display.drop_silent_reports()
        line = report.__dict__.pop("evalsuite", None)
        record = report.__dict__.pop("evalsuite_record", None)
        from_far = report.__dict__.pop("evalsuite_from_far", None)
        if line is not None and from_far is not None:
            self._recorder.keep(line)
            self._recorder.keep_beside(from_far)
        if report.sections and "evalsuite" in report.keywords:
            report.sections = [(name, escape_captured(text)) for name, text in report.sections]
        if line is not None and report.outcome != "rerun":
            record = self._recorder.results.add(line, record)
            self.display.take(report, record)
            if report.failed and gate_status(record) == "failed":
                self._tell_of_failure(line, report.nodeid)
        elif report.when == "???":
            self._recorder.lost_with_worker(report.nodeid, str(report.longrepr))

    def _tell_of_failure(self, line: str, node_id: str) -> None:
        """Call the hook for a failed case with a record of its own; what that raises must not end the run."""
        try:
            self.config.hook.pytest_evalsuite_on_fail(record=decode(line))
        except Exception as error:  # noqa: BLE001 - a user's code
            message = pytest.PytestWarning(f"pytest_evalsuite_on_fail raised {type(error).__name__}: {error}")
            warning = warnings.WarningMessage(message, pytest.PytestWarning, __file__, 0)
            self.config.hook.pytest_warning_recorded.call_historic(
                kwargs={"warning_message": warning, "when": "runtest", "nodeid": node_id, "location": None}
            )

    # The run

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of xdist where the run is kept."""
        if not self._only_looks():
            self._recorder.open()
        if self._recorder.path is not None:
            node.workerinput["evalsuite_run"] = str(self._recorder.path)
        node.workerinput.update(self.sources.for_worker())

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self) -> None:
        """Read what the workers are to do while it is there to be read."""
        self._check_baseline(self._recorder.read_plan())

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker could not write: its problems, and from another machine its plan."""
        output = getattr(node, "workeroutput", {})
        self._recorder.note(output.get("evalsuite_problems", ()))
        self._recorder.take_plan(output.get("evalsuite_plan"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Keep the run while it goes on, and settle it when it ends, however it ends."""
        if not self._only_looks():
            logging = self.config.pluginmanager.get_plugin("logging-plugin")
            self.runner.route_output(getattr(logging, "log_level", None))
        if self.worker is not None or self._only_looks():
            return (yield)
        plan = self._plan_of(session.items)
        if (len(plan) or plan.shard) and not self._is_stopped_by_collection(session):
            self._recorder.open()
            self._recorder.write_plan(plan)
            self._keep_agents()
        self.display.start(len(plan))
        reason: BaseException | None = None
        try:
            with garbage.looking_less_often(), signals.interrupting():
                return (yield)
        except BaseException as error:
            reason = error
            raise
        finally:
            with signals.held():
                self.display.progress.stop()
                self.runner.close()
                self._settle(session, reason)

    def _settle(self, session: pytest.Session, reason: BaseException | None) -> None:
        """Settle the run, and fail the session where pytest would not."""
        self._settlement.settle(
            stopped=_why_stopped(session, reason) or self._why_empty(),
            uncollected=list(dict.fromkeys(self._uncollected)),
            rule=self.policy.rule if self.settings.fail_on == "regression" else None,
        )
        if (leaks := self._settlement.leaks()) is not None:
            self.display.hints.append(leaks)
        if self._settlement.fails:
            session.testsfailed += 1
        self._settlement.tell_junit(self.config)

    def _why_empty(self) -> str | None:
        if self.names.have_been_asked or self.config.pluginmanager.hasplugin("dsession"):
            return None  # where xdist is at work, its workers load
        names = ", ".join(self.settings.files)
        return f"no test set was found: expected files named {names}, or one named on the command line"

    def _only_looks(self) -> bool:
        return bool(self.config.getoption("collectonly") or self.config.getoption("setuponly"))

    def _may_stop_early(self) -> bool:
        return bool(self.config.getoption("maxfail") or self.config.getoption("stepwise", False))

    def pytest_unconfigure(self) -> None:
        """Give back what was taken from the interpreter."""
        switch(on=True)
        self.runner.close()
        self.desk.close(self.names.close_judges)
        self.names.drop_fetched_files()
        self._recorder.close()
        garbage.set_aside(looking_first=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell the reporting process what a worker could not write."""
        if self.worker is not None:
            self._recorder.close()
            output: dict[str, Any] = self.config.workeroutput  # type: ignore[attr-defined]
            output["evalsuite_problems"] = self._recorder.problems
            if self._is_far:
                output["evalsuite_plan"] = encode(self._recorder.plan.as_json())
        if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and self._settlement.is_empty_shard:
            session.exitstatus = pytest.ExitCode.OK


def _may_run_ahead(item: CaseItem) -> bool:
    """Whether the case is put to its agent whatever its marks say, and need not be alone with it."""
    return not item.case.measures and not any(
        mark.name in MAY_NOT_RUN or "run" in mark.kwargs for mark in item.iter_markers()
    )


def _why_stopped(session: pytest.Session, reason: BaseException | None) -> str | None:
    if isinstance(reason, KeyboardInterrupt) and not isinstance(reason, pytest.Session.Interrupted):
        return f"interrupted by {reason.args[0]}" if reason.args else "interrupted"
    if reason is not None:
        return str(reason) or type(reason).__name__
    return next((str(stop) for stop in (session.shouldfail, session.shouldstop) if stop), None)
