"""What configuration, conftest files and fixtures name: methods, judges and agents, as they hold for a test set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_evalsuite.agents import Agent, adapt
from pytest_evalsuite.errors import ConfigurationError, JudgeError
from pytest_evalsuite.grouping import Demand
from pytest_evalsuite.items import CaseItem
from pytest_evalsuite.judges import (
    Bench,
    Judge,
    JudgeRequest,
    Keep,
    RecordingJudge,
    ReplayingJudge,
    Verdict,
)
from pytest_evalsuite.methods import MethodRegistry
from pytest_evalsuite.roster import AgentsOf, Roster
from pytest_evalsuite.settings import Settings
from pytest_evalsuite.testsets import Case, Defaults, TestSet, load_test_set
from pytest_evalsuite.testsets.attachments import FileRules
from pytest_evalsuite.testsets.fetching import Fetcher

if TYPE_CHECKING:
    from pytest_evalsuite.runs.recording import Recording

__all__ = ["Names"]


class Names:
    """The methods, judges and agents of a session. ``hooks`` are those that hold in a test set's folder."""

    def __init__(
        self, config: pytest.Config, settings: Settings, recording: Recording | None = None, keep: Keep | None = None
    ) -> None:
        self._config = config
        self._settings = settings
        self._roster = Roster(settings)
        self._methods = MethodRegistry()
        self._fetcher = Fetcher(settings.fetch_hosts, settings.max_file_bytes) if settings.fetch_hosts else None
        self._of_fixtures: dict[tuple[int, str], tuple[Any, Agent]] = {}
        self.have_been_asked = False
        """Whether there was a test set to read."""
        self._benches: dict[TestSet, Bench] = {}
        self._bench = Bench(
            settings.judge,
            settings.judges,
            prompts=settings.judge_prompts,
            requests_per_minute=settings.judge_rpm,
            watch=_watch(recording, keep),
            asks=recording is None,
        )
        self._replays = recording is not None

    def load(self, path: Path, display_path: str, hooks: Any) -> TestSet:
        """Read a test set, with the methods that it may name."""
        self.have_been_asked = True
        for methods in hooks.pytest_evalsuite_methods(config=self._config):
            for name, method in (methods or {}).items():
                self._methods.register(name, method)
        defaults = Defaults(mode=self._settings.mode, test_method=self._settings.test_method)
        files = FileRules(max_bytes=self._settings.max_file_bytes, fetcher=self._fetcher)
        return load_test_set(path, display_path=display_path, defaults=defaults, methods=self._methods, files=files)

    def check_judges(self, test_set: TestSet, hooks: Any, fixture: str = "") -> None:
        """Tell each case who judges it: for checks that name no judge this fixture, or else the configured one.

        Raises ConfigurationError, which names the cases, when a judge that they need cannot be had.
        """
        named: dict[str, Any] = {}
        for given in reversed(hooks.pytest_evalsuite_judges(config=self._config)):
            named.update(given or {})
        bench = self._bench.with_names(named)
        if self._replays and fixture:
            bench = bench.with_default(_Absent(fixture))
        self._benches[test_set] = bench
        asked: dict[tuple[str, ...], list[Case]] = {}
        for case in test_set.cases:
            for check in case.checks:
                if (names := check.method.judge_names()) is not None:
                    asked.setdefault(names, []).append(case)
        for names, cases in asked.items():
            try:
                identity = fixture if fixture and not names else bench.get(names).identity
            except ConfigurationError as error:
                raise ConfigurationError(f"{test_set.path}: {_some(cases)}: {error}") from None
            for case in cases:
                case.judged_by = (*case.judged_by, f"{identity} language:{test_set.language}")

    def bench_of(self, test_set: TestSet) -> Bench:
        """The judges that the test set's cases may ask."""
        return self._benches[test_set]

    def take_judge(self, item: CaseItem) -> None:
        """Let the item's answers be judged by what its fixture gives. Raises ConfigurationError for no judge."""
        if item.promised_judges is None:
            return
        bench = self._benches[item.test_set]
        judge = bench.adopt(item.judge_source, item.funcargs["eval_judge"])
        if item.promised_judges.done():  # by another case, or by this one before it was run again
            item.promised_judges = Future()
        item.promised_judges.set_result(bench.with_default(judge))

    async def close_judges(self) -> None:
        """Close the clients of models, on the event loop that has used them."""
        await self._bench.aclose()

    def drop_fetched_files(self) -> None:
        """Remove the files that were fetched for cases."""
        if self._fetcher is not None:
            self._fetcher.close()

    def agents_of(self, test_set: TestSet, hooks: Any, *, needed: bool, demand: Demand | None = None) -> AgentsOf:
        """The agents that cases of the test set are put to; ``demand`` is what group files want of it."""
        configured: dict[str, Any] = dict(self._settings.agents)
        for given in reversed(hooks.pytest_evalsuite_agents(config=self._config)):
            configured.update(given or {})
        return AgentsOf(
            *(self._roster, test_set, configured),
            needed=needed and not self._replays,
            loads=not self._replays,
            demand=demand,
        )

    def target_of(self, agent: str) -> Any:
        """What the settings name as an agent's target; None where a hook or a fixture gives it."""
        return self._settings.agents.get(agent, agent if ":" in agent else None)

    def agent_in_force(self, item: CaseItem) -> Agent:
        """The agent that the item's case is put to: that of its fixture, or the configured one."""
        if "eval_agent" not in item.funcargs:
            return item.configured_agent()
        target = item.funcargs["eval_agent"]
        if item.agent is not None and target is item.agent.function:
            return item.agent
        isolation = self._settings.isolation_of(item.test_set)
        kept = self._of_fixtures.get((id(target), isolation))
        if kept is None:
            kept = (target, self._roster.placed(adapt(target, item.agent_name), target, isolation))
            if item.may_run_ahead or item.case.turn:  # all turns are put to one agent
                self._of_fixtures[id(target), isolation] = kept
        self._roster.check(kept[1], item.test_set, item.case)
        return kept[1]


@dataclass(frozen=True, slots=True)
class _Absent:
    """Stands for the judge that a fixture would give, where judges are not asked."""

    identity: str

    async def judge(self, request: JudgeRequest) -> Verdict:
        raise JudgeError(f"{self.identity} is not asked")


def _watch(recording: Recording | None, keep: Keep | None) -> Callable[[Judge], Judge] | None:
    """What is put before each judge: one that keeps what it says, or says what was kept."""
    if recording is not None:
        return lambda judge: ReplayingJudge(judge.identity, recording.verdict, recording.run_id)
    if keep is not None:
        return lambda judge: RecordingJudge(judge, keep)
    return None


def _some(cases: Sequence[Case]) -> str:
    """The cases that something is wrong with, by id: the first three, and how many more."""
    shown = ", ".join(case.id for case in cases[:3])
    more = f" and {len(cases) - 3:,} more" if len(cases) > 3 else ""
    return f"case{'s' if len(cases) > 1 else ''} {shown}{more} (line {cases[0].line})"
