"""What happens only under ``--eval-suite``: results on their way, the run's files, the gate, the terminal section."""

from __future__ import annotations

import gc
import os
import platform
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

import pytest

from pytest_evalsuite import collection
from pytest_evalsuite.agents import Agent, adapt, load_agent
from pytest_evalsuite.errors import ConfigurationError, EvalsuiteError, StoreError
from pytest_evalsuite.execution.runner import CaseRunner, Ticket, request_of
from pytest_evalsuite.items import STATE, CaseItem
from pytest_evalsuite.methods._registry import MethodRegistry
from pytest_evalsuite.reporting.csv import write_csv
from pytest_evalsuite.reporting.failure import FailureText, display_score
from pytest_evalsuite.reporting.progress import Progress, is_terminal
from pytest_evalsuite.reporting.terminal import summary_lines
from pytest_evalsuite.runs.artifact import write_artifact
from pytest_evalsuite.runs.encoding import encode
from pytest_evalsuite.runs.plan import Plan
from pytest_evalsuite.runs.run import Results, Run, assemble, bare_record
from pytest_evalsuite.runs.store import Journal, RunDirectory, new_run_id
from pytest_evalsuite.settings import Settings, read_settings
from pytest_evalsuite.testsets import Case, Defaults, TestSet, load_test_set
from pytest_evalsuite.version import __version__

__all__ = ["EvalSession", "start"]

FIXTURE_AGENT: Final = "eval_agent"
"""What an agent is called that only the fixture names."""

LAST_WORDS: Final = ("skip", "skipif")


def start(config: pytest.Config) -> None:
    """Switch the plugin on. Raises UsageError when it is told something that cannot be."""
    try:
        settings = read_settings(config)
    except (ConfigurationError, TypeError, ValueError) as error:
        raise pytest.UsageError(str(error)) from error
    state = EvalSession(config, settings)
    config.stash[STATE] = state
    config.pluginmanager.register(collection, "evalsuite-collection")
    config.pluginmanager.register(state, "evalsuite-session")


class EvalSession:
    """The state and the hooks of one session, in the process that reports and in each worker of xdist."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config = config
        self.settings = settings
        self.worker: str | None = getattr(config, "workerinput", {}).get("workerid")
        self.is_worker = self.worker is not None
        self.usage_errors: list[str] = []
        self.problems: list[str] = []
        self.run: Run | None = None
        self._methods = MethodRegistry()
        self._agents: dict[tuple[str, int], tuple[Any, Agent]] = {}
        self._fixture_agents: dict[int, tuple[Any, Agent]] = {}
        self._signatures: set[tuple[Any, ...]] = set()
        self._positions: dict[CaseItem, int] | None = None
        self._plan = Plan()
        self._results = Results()
        self._directory: RunDirectory | None = None
        self._journal: Journal | None = None
        self._started_at = datetime.now(timezone.utc)
        self._progress = Progress()
        self.runner = CaseRunner(
            concurrency_of=lambda agent: settings.concurrency_of(is_async=agent.is_async),
            ahead=not self.is_worker,
            window=lambda concurrency: concurrency if config.getoption("maxfail") else None,
            waiting=self._progress.waiting,
        )

    # -- collection ---------------------------------------------------------------------------------------------

    def load(self, path: Path, display_path: str, hooks: Any) -> TestSet:
        """Read a test set, knowing the methods that its conftest.py names."""
        for methods in hooks.pytest_evalsuite_methods(config=self.config):
            for name, method in (methods or {}).items():
                self._methods.register(name, method)
        defaults = Defaults(mode=self.settings.mode, test_method=self.settings.test_method)
        return load_test_set(path, display_path=display_path, defaults=defaults, methods=self._methods)

    def agents_of(
        self, file: collection.TestSetFile, test_set: TestSet, *, needed: bool
    ) -> Callable[[Case], list[tuple[str, Agent | None]]]:
        """A function that tells which agents a case of the test set is put to: their names, and they themselves.

        Where they are not ``needed``, for a fixture gives the agent, an agent that is not configured is None.
        Raises ConfigurationError for an agent that is needed and cannot be had.
        """
        settings = self.settings
        configured: dict[str, Any] = dict(settings.agents)
        for given in reversed(file.ihook.pytest_evalsuite_agents(config=self.config)):
            configured.update(given or {})
        known: dict[str, list[tuple[str, Agent | None]]] = {}

        def find(name: str) -> Agent | None:
            if not needed and name not in configured and ":" not in name:
                return None
            return self._agent(name, configured)

        def agents(case: Case) -> list[tuple[str, Agent | None]]:
            own = case.agent or test_set.agent or settings.default_agent
            if own is None and len(configured) == 1:
                own = next(iter(configured))
            names = settings.chosen_agents or (own or FIXTURE_AGENT,)
            found = known.get(names[0]) if len(names) == 1 else None
            if found is None:
                if own is None and not settings.chosen_agents and needed:
                    raise ConfigurationError(_no_agent(test_set, case, configured))
                found = known[names[0]] = [(name, find(name)) for name in names]
            if needed:
                for _, agent in found:
                    self._check_signature(agent, test_set, case)
            return found

        return agents

    def _agent(self, name: str, configured: dict[str, Any]) -> Agent:
        target = configured.get(name)
        key = (name, id(target))
        if key not in self._agents:
            self._agents[key] = (target, load_agent(name, configured))
        return self._agents[key][1]

    def _check_signature(self, agent: Agent | None, test_set: TestSet, case: Case) -> None:
        key = (id(agent), case.question is None, *sorted(case.inputs))
        if agent is None or key in self._signatures:
            return
        self._signatures.add(key)
        try:
            agent.check(request_of(case))
        except ConfigurationError as error:
            raise ConfigurationError(f"{test_set.path}:{case.line}: case {case.id!r}: {error}") from None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Nothing may run when an agent is missing; a worker tells the others which cases there are."""
        if self.usage_errors:
            raise pytest.UsageError("\n".join(dict.fromkeys(self.usage_errors)))
        gc.collect()
        gc.freeze()
        if self.is_worker:
            self._open_in_worker(session)

    # -- one case -----------------------------------------------------------------------------------------------

    def agent_in_force(self, item: CaseItem) -> Agent:
        """The agent that the item's case is put to: that of its fixture, or the configured one."""
        target = item.funcargs.get("eval_agent")
        if target is None:
            return item.configured_agent()
        if item.agent is not None and target is item.agent.function:
            return item.agent
        kept = self._fixture_agents.get(id(target))
        if kept is None:
            kept = (target, adapt(target, item.agent_name))
            if item.may_run_ahead:
                self._fixture_agents[id(target)] = kept
        kept[1].check(request_of(item.case))
        return kept[1]

    def following(self, item: CaseItem, agent: Agent) -> Callable[[], Iterable[Ticket]] | None:
        """The cases that pytest will set up from this one on and that are put to the same agent."""
        if not item.may_run_ahead:
            return None

        def tickets() -> Iterator[Ticket]:
            items = item.session.items
            start = next(i for i, other in enumerate(items) if other is item)
            for other in items[start:]:
                if isinstance(other, CaseItem) and other.may_run_ahead and self._will_ask(other, item, agent):
                    yield other.ticket(agent)

        return tickets

    @staticmethod
    def _will_ask(other: CaseItem, item: CaseItem, agent: Agent) -> bool:
        if any(mark.name in LAST_WORDS or "run" in mark.kwargs for mark in other.iter_markers()):
            return False
        if item.agent is agent:
            return other.agent is agent and not other.fixturenames.count("eval_agent")
        return other.parent is item.parent and other.agent_name == item.agent_name

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the record of a case that is settled on its report, and into the journal."""
        report = yield
        if isinstance(item, CaseItem) and report.when != "teardown":
            record = item.final_record(report, call.excinfo)
            if record is not None:
                line = encode(record)
                item.record = None
                report.evalsuite = line  # type: ignore[attr-defined]
                if self._journal is not None:
                    self._journal.append(line)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a record off its report, and let the failure's text be made of it. Not in a worker: it passes it on."""
        if self.is_worker:
            return
        line = report.__dict__.pop("evalsuite", None)
        if line is not None and report.outcome != "rerun":
            record = self._results.add(line)
            self._progress.add(record["status"])
            report.evalsuite_score = display_score(record)  # type: ignore[attr-defined]
            if report.failed:
                report.longrepr = FailureText(record, verbosity=self.config.get_verbosity())
        elif report.when == "???":
            self._worker_crashed(report)

    def _worker_crashed(self, report: pytest.TestReport) -> None:
        found = self._read_plan().find(report.nodeid)
        if found is None or found[0] in self._results:
            return
        key, case = found
        cause = {"kind": "worker_crash", "message": str(report.longrepr)[:500]}
        line = encode(bare_record(key, case, "error", cause))
        self._results.add(line)
        if self._journal is not None:
            self._journal.append(line)

    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport, config: pytest.Config
    ) -> tuple[str, str, str] | None:
        """Show the score behind the verdict at ``-v``."""
        score = getattr(report, "evalsuite_score", None)
        if score is None or report.when != "call" or hasattr(report, "wasxfail") or config.get_verbosity() < 1:
            return None
        return report.outcome, "." if report.passed else "F", f"{report.outcome.upper()} {score}"

    # -- the run ------------------------------------------------------------------------------------------------

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of xdist where the run is kept."""
        self._open()
        if self._directory is not None:
            node.workerinput["evalsuite_run"] = str(self._directory.path)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Keep the run while it goes on, and settle it when it ends, however it ends."""
        if self.is_worker or self._only_looks():
            try:
                return (yield)
            finally:
                self.close()
        broken = session.testsfailed and not self.config.getoption("continue_on_collection_errors")
        if not broken and any(isinstance(item, CaseItem) for item in session.items):
            self._plan = _plan_of(session.items)
            self._open()
            self._write_plan()
        self._progress.start(self._terminal(), len(self._plan))
        reason: BaseException | None = None
        try:
            return (yield)
        except BaseException as error:
            reason = error
            raise
        finally:
            self._progress.stop()
            self.close()
            self._settle(session, reason)

    def _terminal(self) -> Any:
        """Pytest's terminal writer, where there is a terminal for a live count."""
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        writer = getattr(reporter, "_tw", None)
        return writer if is_terminal(writer) and self.config.getoption("capture") != "no" else None

    def _only_looks(self) -> bool:
        return bool(self.config.getoption("collectonly") or self.config.getoption("setuponly"))

    def _open(self) -> None:
        if self._directory is not None or self.problems or self._only_looks():
            return
        try:
            self._directory = RunDirectory.create(self.settings.root / ".evalsuite")
            self._directory.write_run(self._info("running"))
            self._journal = self._directory.journal("main")
        except StoreError as error:
            self.problems.append(str(error))

    def _open_in_worker(self, session: pytest.Session) -> None:
        path = getattr(self.config, "workerinput", {}).get("evalsuite_run")
        if path is None:
            return
        self._directory = RunDirectory(Path(path))
        self._journal = self._directory.journal(self.worker or "worker")
        self._plan = _plan_of(session.items)
        self._write_plan()

    def _write_plan(self) -> None:
        if self._directory is not None and len(self._plan):
            try:
                self._directory.write_plan(self._plan.as_json())
            except StoreError as error:
                self.problems.append(str(error))

    def _read_plan(self) -> Plan:
        """The plan: this process's own, or that of the workers, who alone have collected."""
        if not len(self._plan) and self._directory is not None:
            self._plan = Plan.from_json(self._directory.read_plan())
        return self._plan

    def _info(self, status: str, reason: str | None = None) -> dict[str, Any]:
        now = datetime.now(timezone.utc)
        ended = status != "running"
        return {
            "id": self._directory.id if self._directory else new_run_id(),
            "name": self.settings.run_name,
            "status": status,
            "error_message": reason,
            "started_at": _utc(self._started_at),
            "completed_at": _utc(now) if ended else None,
            "duration_seconds": round((now - self._started_at).total_seconds(), 3) if ended else None,
            "process": os.getpid(),
            "versions": {
                "pytest-evalsuite": __version__,
                "pytest": pytest.__version__,
                "python": platform.python_version(),
            },
        }

    def _settle(self, session: pytest.Session, reason: BaseException | None) -> None:
        """Put the run together, write what was asked for, and fail the session where pytest would not."""
        plan = self._read_plan()
        stopped = _why_stopped(session, reason)
        unrun = {"kind": "stopped", "message": stopped or "the session ended without it"}
        run = self.run = assemble({}, plan.evaluations, self._results, unrun)
        if not len(plan):
            stopped = stopped or "no case was selected"
        missing = run.tally.counts["not_run"] + run.tally.counts["cancelled"]
        if missing and stopped is None:
            stopped = f"{missing} cases were selected and have no result"
        run.info = self._info("cancelled" if missing else "failed" if stopped else "succeeded", stopped)
        if stopped and not reason:
            session.testsfailed += 1
        self._write(run)
        if self.problems:
            session.testsfailed += 1

    def _write(self, run: Run) -> None:
        writers: list[Callable[[], None]] = []
        settings = self.settings
        if self._directory is not None:
            directory = self._directory
            writers.append(lambda: directory.write_run({**run.info, "totals": run.tally.as_json()}))
        if settings.json_path is not None:
            json_path = settings.json_path
            writers.append(lambda: write_artifact(run, json_path))
        if settings.csv_path is not None:
            csv_path = settings.csv_path
            writers.append(lambda: write_csv(run, csv_path))
        for write in writers:
            try:
                write()
            except StoreError as error:
                self.problems.append(str(error))

    def close(self) -> None:
        """Let go of agents and files."""
        self.runner.close()
        if self._journal is not None:
            self._journal.close()
            if self._journal.problem is not None:
                self.problems.append(self._journal.problem)
            self._journal = None

    def pytest_unconfigure(self) -> None:
        """Give back what was taken from the interpreter."""
        self.close()
        gc.unfreeze()

    # -- the terminal -------------------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Drop what pytest's summary would read again for each failure: our phases that passed without a word."""
        reporter = session.config.pluginmanager.getplugin("terminalreporter")
        if reporter is None:
            return
        quiet = reporter.stats.get("")
        if quiet:
            reporter.stats[""] = [r for r in quiet if r.sections or "evalsuite" not in getattr(r, "keywords", ())]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the section ``eval suites``."""
        if self.run is None:
            return
        writer = terminalreporter
        settings = self.settings
        files = [path for path in (settings.json_path, settings.csv_path) if path is not None and path.exists()]
        lines = summary_lines(
            self.run,
            verbosity=self.config.get_verbosity(),
            width=writer._tw.fullwidth,
            problems=self.problems,
            files=[_shown(path, self.config) for path in files],
        )
        if self.config.get_verbosity() >= 0:
            writer.section("eval suites")
        for line, markup in lines:
            writer.line(line, **markup)


def _plan_of(items: Iterable[pytest.Item]) -> Plan:
    plan = Plan()
    for item in items:
        if isinstance(item, CaseItem):
            plan.add(item.test_set_key, item.test_set, item.agent_name, item.case, item.name)
    return plan


def _no_agent(test_set: TestSet, case: Case, configured: dict[str, Any]) -> str:
    ways = (
        "name one in the test set (`agent: ...`), by --eval-agent or by the ini value evalsuite_agent"
        if configured
        else 'set `evalsuite_agents = ["name = module:callable"]` in pytest\'s configuration, give '
        "--eval-agent module:callable, or override the fixture `eval_agent` in a conftest.py"
    )
    known = f" (configured: {', '.join(sorted(configured))})" if configured else ""
    return f"{test_set.path}:{case.line}: no agent to put the cases to{known}: {ways}"


def _why_stopped(session: pytest.Session, reason: BaseException | None) -> str | None:
    if isinstance(reason, KeyboardInterrupt):
        return "interrupted"
    if reason is not None:
        return str(reason) or type(reason).__name__
    for stop in (session.shouldfail, session.shouldstop):
        if stop:
            return str(stop)
    return None


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(path: Path, config: pytest.Config) -> str:
    try:
        return path.relative_to(config.invocation_params.dir).as_posix()
    except ValueError:
        return str(path)
