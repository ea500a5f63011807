"""Which agents the cases of a test set are put to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pytest_evalsuite.agents import Agent, load_agent
from pytest_evalsuite.errors import ConfigurationError
from pytest_evalsuite.execution.isolation import isolated
from pytest_evalsuite.execution.replay import GIVEN, NOBODY
from pytest_evalsuite.execution.runner import request_of
from pytest_evalsuite.grouping import Demand
from pytest_evalsuite.settings import Settings
from pytest_evalsuite.testsets import Case, TestSet
from pytest_evalsuite.testsets.mapping import SlotMapping
from pytest_evalsuite.testsets.model import Isolation
from pytest_evalsuite.testsets.positions import walk
from pytest_evalsuite.testsets.source import read_text

__all__ = ["FIXTURE_AGENT", "AgentsOf", "Roster", "why_unasked"]

FIXTURE_AGENT: Final = "eval_agent"
"""What an agent is called that only the fixture names."""

NamedAgents = Sequence[tuple[str, Agent | None]]


class Roster:
    """The agents of a session, each loaded once, each asked once whether it can take cases of a kind."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._loaded: dict[tuple[str, int, Isolation], tuple[Any, Agent]] = {}
        self._checked: set[tuple[Any, ...]] = set()

    def load(self, name: str, configured: Mapping[str, Any], isolation: Isolation) -> Agent:
        """The agent of this name. Raises ConfigurationError."""
        target = configured.get(name)
        key = (name, id(target), isolation)
        if key not in self._loaded:
            agent = load_agent(name, configured, folder=self.settings.root)
            self._loaded[key] = (target, self.placed(agent, name if target is None else target, isolation))
        return self._loaded[key][1]

    def placed(self, agent: Agent, target: Any, isolation: Isolation) -> Agent:
        """The agent, made of ``target``, that runs where ``isolation`` says. Raises ConfigurationError."""
        return agent if isolation == "none" else isolated(agent, target, folder=self.settings.root)

    def check(self, agent: Agent, test_set: TestSet, case: Case) -> None:
        """Raise ConfigurationError when the agent cannot take the case; asked once for all cases of a kind."""
        mapping = test_set.slots.mapping if test_set.slots is not None else None
        if mapping is not None and case.mapped is not None:
            self._check_mapping(agent, test_set, mapping)
            if mapping.why_unasked(case, agent.required) is not None:
                return
        names = case.inputs if case.mapped is None else case.mapped
        kind = (case.mapped is None, case.question is None, case.turn > 0, case.file is None)
        key = (id(agent), *kind, *sorted(names))
        if key not in self._checked:
            try:
                agent.check(request_of(case))
                if case.turn:
                    agent.check_conversation(request_of(case))
            except ConfigurationError as error:
                raise ConfigurationError(f"{_place(test_set, case)}: case {case.id!r}: {error}") from None
            self._checked.add(key)

    def _check_mapping(self, agent: Agent, test_set: TestSet, mapping: SlotMapping) -> None:
        """Raise ConfigurationError when the agent has other parameters than are mapped; asked once."""
        key = (id(agent), "mapping", test_set.path, mapping.parameters)
        if key in self._checked:
            return
        faults = agent.mapping_faults(mapping.parameters)
        if faults:
            paths = [("mapping", "inputs", *([] if name is None else [name])) for name, _ in faults]
            places = walk(read_text(self.settings.root / test_set.path, test_set.path), paths)
            raise ConfigurationError(
                "\n".join(
                    "{}:{}:{}: {}".format(test_set.path, *places.find(path, on_key=True), message)
                    for path, (_, message) in zip(paths, faults, strict=True)
                )
            )
        self._checked.add(key)


def why_unasked(required: frozenset[str], test_set: TestSet, case: Case) -> str | None:
    """Say what the case lacks of the parameters that its agent requires, where the test set maps inputs; else None."""
    if case.mapped is None or test_set.slots is None or test_set.slots.mapping is None:
        return None
    return test_set.slots.mapping.why_unasked(case, required)


class AgentsOf:
    """The agents of one test set, where ``configured`` are the names that hold in its folder.

    Where they are not ``needed``, because a fixture gives the agent, one that is not configured is None; all are where
    none is ``loads``-ed, because none will be called.
    """

    def __init__(
        self,
        roster: Roster,
        test_set: TestSet,
        configured: Mapping[str, Any],
        *,
        needed: bool,
        loads: bool = True,
        demand: Demand | None = None,
    ) -> None:
        self._roster = roster
        self._test_set = test_set
        self._configured = configured
        self._needed = needed
        self._loads = loads
        self._known: dict[tuple[str, ...], NamedAgents] = {}
        settings = roster.settings
        only = next(iter(configured)) if len(configured) == 1 else None
        self._default = test_set.agent or settings.default_agent or only
        self._isolation = settings.isolation_of(test_set)
        self._chosen = settings.chosen_agents
        self._demand = demand

    def __call__(self, case: Case) -> NamedAgents:
        """Names and agents that the case is put to. Raises ConfigurationError for one that is needed and missing."""
        if case.actual is not None and case.turn == 0:
            return ((case.agent or GIVEN, NOBODY),)
        names = self._chosen or self._names(case)
        if not names:
            if self._needed:
                raise ConfigurationError(self._none_configured(case))
            return ((FIXTURE_AGENT, None),)
        agents = self._known.get(names)
        if agents is None:
            agents = self._known[names] = [(name, self._find(name, case)) for name in names]
        if self._needed:
            for _, agent in agents:
                if agent is not None:
                    self._roster.check(agent, self._test_set, case)
        return agents

    def is_further(self, name: str, case: Case) -> bool:
        """Whether only a group file puts the case to this agent."""
        demanded = self._demand is not None and name in self._demand.agents
        return demanded and name != (case.agent or self._default)

    def _names(self, case: Case) -> tuple[str, ...]:
        own = case.agent or self._default
        if self._demand is None:
            return (own,) if own else ()
        wants_own = own and (self._demand.own or not self._demand.agents)
        return tuple(dict.fromkeys([*([own] if own and wants_own else []), *self._demand.agents]))

    def _find(self, name: str, case: Case) -> Agent | None:
        if not self._loads:
            return None
        if name in self._configured or ":" in name:
            return self._roster.load(name, self._configured, self._isolation)
        if not self._needed:
            return None
        try:
            return self._roster.load(name, self._configured, self._isolation)
        except ConfigurationError as error:
            raise ConfigurationError(f"{self._where_named(name, case)}: {error}") from None

    def _where_named(self, name: str, case: Case) -> str:
        if self._chosen:
            return "--eval-agent"
        if self._demand is not None and self.is_further(name, case):
            return self._demand.agents[name]
        return _place(self._test_set, case) if case.agent or self._test_set.agent else "evalsuite_agent"

    def _none_configured(self, case: Case) -> str:
        place = f"{_place(self._test_set, case)}: no agent to put the cases to"
        if self._configured:
            return (
                f"{place}: name one of {', '.join(sorted(self._configured))} in the test set (`agent: ...`), by "
                "--eval-agent or by the ini value evalsuite_agent"
            )
        return (
            f'{place}: set `evalsuite_agents = ["name = module:callable"]` in pytest\'s configuration, give '
            "--eval-agent module:callable, or override the fixture `eval_agent` in a conftest.py"
        )


def _place(test_set: TestSet, case: Case) -> str:
    return f"{test_set.cases_path or test_set.path}:{case.line}"
