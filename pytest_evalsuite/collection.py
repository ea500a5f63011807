"""A test set file becomes test items: one for each case and agent."""

from __future__ import annotations

import difflib
import inspect
import os
from collections.abc import Iterator
from concurrent.futures import Future
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest

from pytest_evalsuite.agents import Agent
from pytest_evalsuite.agents.version import described, version_of
from pytest_evalsuite.errors import CaseFailed, ConfigurationError, Mistake, TestSetError
from pytest_evalsuite.execution.replay import NOBODY
from pytest_evalsuite.garbage import not_looking
from pytest_evalsuite.grouping import GroupCollector
from pytest_evalsuite.items import STATE, CaseItem
from pytest_evalsuite.judges import Bench
from pytest_evalsuite.reporting.escape import escape_terminal
from pytest_evalsuite.roster import why_unasked
from pytest_evalsuite.runs.configuration import agent_configuration, configuration_of
from pytest_evalsuite.runs.plan import Collected
from pytest_evalsuite.testsets import Case, TestSet
from pytest_evalsuite.testsets.positions import walk
from pytest_evalsuite.testsets.source import read_text

if TYPE_CHECKING:
    from pytest_evalsuite.runs.recording import Recording

__all__ = ["TestSetFile", "eval_agent", "eval_judge", "pytest_collect_file"]

SUFFIXES: Final = frozenset({".yaml", ".yml", ".csv", ".jsonl"})
NAME_LIMIT: Final = 120
BIDI: Final = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
UNSAFE: Final = {ord(character): quote(character, safe="") for character in "%[]@" + BIDI}
"""What pytest, xdist or a terminal would take for more than a part of a name."""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> TestSetFile | GroupCollector | None:
    """Collect what has the name of a test set or a group, or was named on the command line and could be a test set."""
    state = parent.config.stash[STATE]
    if state.groups.is_file(file_path):
        group: GroupCollector = GroupCollector.from_parent(parent, path=file_path)
        return group
    patterns = state.settings.files
    named = file_path.suffix.lower() in SUFFIXES and parent.session.isinitpath(file_path)
    if named or state.groups.wants(file_path) or any(map(file_path.match, patterns)):
        file: TestSetFile = TestSetFile.from_parent(parent, path=file_path)
        return file
    return None


def the_configured_agent(request: pytest.FixtureRequest) -> Any:
    """The agent that the case is put to: the configured one, unless a conftest.py overrides this fixture."""
    item = request.node
    if not isinstance(item, CaseItem):
        raise pytest.UsageError("the fixture eval_agent is for cases of test sets; a test function has no agent")
    return item.configured_agent().function


def the_configured_judge(request: pytest.FixtureRequest) -> Any:
    """The judge of checks that name none: the configured one, unless a conftest.py overrides this fixture."""
    item = request.node
    if not isinstance(item, CaseItem):
        raise pytest.UsageError("the fixture eval_judge is for cases of test sets; a test function has no judge")
    return item.config.stash[STATE].names.bench_of(item.test_set).get()


eval_agent = pytest.fixture(name="eval_agent")(the_configured_agent)
eval_judge = pytest.fixture(name="eval_judge")(the_configured_judge)


# What pytest takes for a case's test function. Without docstrings, which it would show of each.


def _ask_configured() -> None: ...  # wants no fixture, for one fixture for each case costs time


def _ask_agent(eval_agent: Any) -> None: ...


def _ask_judge(eval_judge: Any) -> None: ...


def _ask_both(eval_agent: Any, eval_judge: Any) -> None: ...


_ASKING: Final = {
    (False, False): _ask_configured,
    (True, False): _ask_agent,
    (False, True): _ask_judge,
    (True, True): _ask_both,
}
"""By whether the agent and the judge come from a fixture."""


class TestSetFile(pytest.Module):
    """A test set. A `pytest.Module` without a module, so that fixtures of module scope work."""

    __test__ = False
    obj = None

    def collect(self) -> Iterator[CaseItem]:
        """The items of all cases; all mistakes of the file at once as a collection error."""
        state = self.config.stash[STATE]
        try:
            with not_looking():
                return iter(list(self._items(state.names.load(self.path, self.path_from_root(), self.ihook))))
        except TestSetError as error:
            raise self.CollectError(escape_terminal(str(error), keep_newlines=True)) from None
        except ConfigurationError as error:
            message = escape_terminal(str(error), keep_newlines=True)
            if state.worker is not None:
                raise self.CollectError(message) from None
            state.usage_errors.append(message)
            return iter(())

    def path_from_root(self) -> str:
        """The file's path from the root folder, with ``/``; the whole path where it lies elsewhere."""
        try:
            return self.path.relative_to(self.config.rootpath).as_posix()
        except ValueError:
            return self.path.as_posix()

    def _items(self, test_set: TestSet) -> Iterator[CaseItem]:
        state = self.config.stash[STATE]
        marker = _Marker(self, test_set)
        marker.check()
        fixtures = self._item("eval_agent", _ask_both, None)._fixtureinfo.name2fixturedefs
        definition, judge = fixtures["eval_agent"][-1], fixtures["eval_judge"][-1]
        replay = state.sources.replay
        overridden = definition.func is not the_configured_agent and replay is None
        if overridden and test_set.mode == "scenario" and definition.scope in ("function", "class"):
            raise ConfigurationError(
                f"{test_set.path}: {self._source_of(definition)} has the scope {definition.scope!r}, which ends "
                "between the turns of a conversation: give it scope='module' or a wider one"
            )
        judge_source = "" if judge.func is the_configured_judge else self._source_of(judge)
        prepared = _prepares_each(self._item("eval_agent", _ask_configured, None)._fixtureinfo)
        promised: Future[Bench] = Future()
        known: dict[Any, Any] = {}
        state.names.check_judges(test_set, self.ihook, judge_source)
        demand = state.groups.demand_of(self.path)
        agents = state.names.agents_of(test_set, self.ihook, needed=not overridden, demand=demand)
        source = self.config.rootpath / (test_set.cases_path or test_set.path)
        place = (self.path_from_root(), source, os.path.relpath(source, self.config.rootpath))
        put: dict[tuple[str, Agent | None], int] = {}
        for case in test_set.cases:
            judged = judge_source != "" and case.asks_default_judge and replay is None
            for agent_name, agent in agents(case):
                put[agent_name, agent] = put.get((agent_name, agent), 0) + 1
                several = len(state.settings.chosen_agents) > 1 or agents.is_further(agent_name, case)
                function = _ASKING[overridden and agent is not NOBODY, judged]
                item = self._item(_item_name(case, agent_name if several else None), function, known.get(function))
                known[function] = item._fixtureinfo
                item.bind(case, test_set, place, agent_name, agent)
                if overridden and agent is not NOBODY:
                    item.agent_source, item.may_run_ahead = definition, definition.scope == "session"
                item.may_run_ahead = item.may_run_ahead and prepared is None
                if judged:
                    item.judge_source = judge_source
                    item.promised_judges = promised if judge.scope == "session" else Future()
                required = _required(agent, agent_name, place[0], replay)
                lacking = None if overridden else why_unasked(required, test_set, case)
                marker.mark(item, case, lacking)
                yield item
        common = configuration_of(test_set)
        for (agent_name, agent), count in put.items():
            if prepared is not None and agent is not None and state.calls_overlap(agent):
                state.display.hints.append(
                    f"calls do not overlap: {self._source_of(prepared)} is set up for each case"
                )
            side = replay.agent(place[0], agent_name) if replay is not None else None
            if side is None:
                target = definition.func if overridden or agent is None else agent.function
                configured = None if overridden else state.names.target_of(agent_name)
                version = None if agent is NOBODY else version_of(target)
                side = agent_configuration(agent_name, configured, described(target), version)
            if agent is not None and not overridden:
                state.required[place[0], agent_name] = agent.required
            state.collected[place[0], agent_name] = Collected(count, side["version"], {**common, "agent": side})

    def _source_of(self, fixture: pytest.FixtureDef[Any]) -> str:
        """What the fixture is called, and the file that defines it, from the root folder where it lies there."""
        path, root = Path(inspect.getfile(inspect.unwrap(fixture.func))), self.config.rootpath
        where = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        return f"fixture {fixture.argname} of {where}"

    def _item(self, name: str, function: Any, fixtureinfo: Any) -> CaseItem:
        """An item; those of one file can share what pytest works out about their fixtures."""
        item: CaseItem = CaseItem.from_parent(self, name=name, callobj=function, fixtureinfo=fixtureinfo)
        if name.endswith("]") and hasattr(item, "_id"):  # since 9.2 pytest tells names and parameters apart
            item._id = type(item._id).parse(item.nodeid)
        return item


def _required(agent: Agent | None, name: str, test_set: str, replay: Recording | None) -> frozenset[str]:
    """The parameters that the agent requires, or has required where its answers are replayed."""
    if agent is not None:
        return agent.required
    return frozenset() if replay is None else replay.required(test_set, name)


def _prepares_each(fixtures: Any) -> pytest.FixtureDef[Any] | None:
    """What a conftest.py sets up for each case, and what must be there before its agent is called."""
    return next(
        (
            fixture
            for (*_, fixture) in fixtures.name2fixturedefs.values()
            if fixture.scope == "function" and fixture.func.__module__.rpartition(".")[2] == "conftest"
        ),
        None,
    )


class _Marker:
    """Puts on an item what its case says: marks, tags, skip, known failure, and the marker ``evalsuite``."""

    def __init__(self, file: TestSetFile, test_set: TestSet) -> None:
        self._file = file
        self._test_set = test_set
        self._made: dict[tuple[Any, ...], tuple[pytest.Mark, ...]] = {}

    def check(self) -> None:
        """Raise TestSetError for marks that are not registered."""
        lines = self._file.config.getini("markers")
        known = {line.partition(":")[0].partition("(")[0].strip() for line in lines}
        test_set = self._test_set
        mistakes = [
            self._unregistered(mark, known, test_set.path, self._place_in_set(number))
            for number, mark in enumerate(test_set.marks)
            if mark not in known
        ]
        mistakes += [
            self._unregistered(
                mark, known, test_set.cases_path or test_set.path, test_set.locate(case, "marks", number)
            )
            for case in test_set.cases
            for number, mark in enumerate(case.marks)
            if mark not in known
        ]
        if mistakes:
            raise TestSetError(mistakes)

    def mark(self, item: CaseItem, case: Case, lacking: str | None = None) -> None:
        """Mark the item, also as skipped where the case is ``lacking``. Cases that say the same share their marks."""
        skip = case.skip or lacking
        key = (case.marks, skip, case.xfail, *(check.method.method for check in case.checks))
        marks = self._made.get(key)
        if marks is None:
            marks = self._made[key] = tuple(self._make(case, skip))
        item.own_markers.extend(marks)
        item.keywords.update((mark.name, mark) for mark in marks)
        if self._test_set.tags or case.tags:
            item.extra_keyword_matches.update(self._test_set.tags, case.tags)

    def _make(self, case: Case, skip: str | None) -> Iterator[pytest.Mark]:
        for method in dict.fromkeys(check.method.method for check in case.checks):
            yield pytest.mark.evalsuite(method=method, test_set=self._test_set.name).mark
        for name in dict.fromkeys((*self._test_set.marks, *case.marks)):
            yield getattr(pytest.mark, name).mark
        if skip is not None:
            yield pytest.mark.skip(reason=escape_terminal(skip)).mark
        if case.xfail is not None:
            yield pytest.mark.xfail(reason=escape_terminal(case.xfail), raises=CaseFailed).mark

    def _place_in_set(self, number: int) -> tuple[int, int]:
        path = ("marks", number)
        return walk(read_text(self._file.path, self._test_set.path), [path]).find(path)

    def _unregistered(self, mark: str, known: set[str], path: str, place: tuple[int, int]) -> Mistake:
        guesses = difflib.get_close_matches(mark, known, n=1)
        guess = f"; did you mean {guesses[0]!r}?" if guesses else ""
        advice = "register it under `markers` in pytest's configuration"
        return Mistake(path, *place, f"mark {mark!r} is not registered{guess} ({advice})")


def _item_name(case: Case, agent: str | None) -> str:
    """The item's name: the case's id in characters that are safe in a node id, and its agent if there are several."""
    name = _safe(case.id)
    if len(name) > NAME_LIMIT:
        name = f"{name[:NAME_LIMIT]}-{blake2b(name.encode(), digest_size=8).hexdigest()}"
    return name if agent is None else f"{name}[{_safe(agent)}]"


def _safe(text: str) -> str:
    return text.translate(UNSAFE).replace("::", "%3A%3A")
