"""Which case of one side is which of the other, before anything is said about better or worse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_evalsuite.comparison.model import Outcome, SideInfo

__all__ = ["Pairing", "pair"]

Place = tuple[str, str, str]
"""Test set, agent, value that is paired by."""


@dataclass(slots=True)
class Pairing:
    """Pairs, and what has no partner. ``agents`` are (base, new) where those of a pair have different names."""

    pairs: list[tuple[Outcome, Outcome]] = field(default_factory=list)
    added: list[Outcome] = field(default_factory=list)
    removed: list[Outcome] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    agents: list[tuple[str, str]] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)
    """(base path, new path) of test sets that go by their name."""


def pair(base: Sequence[Outcome], new: Sequence[Outcome], infos: tuple[SideInfo, SideInfo] | None = None) -> Pairing:
    """Pair cases by test set, agent and the value that they are joined by.

    Where both sides have one agent for a test set, these are paired whatever their names. A test set that is at one
    path in the base and at another in the new side goes by its name, if only one of each side has it. A value that
    several cases of a side have pairs with nothing.
    """
    result = Pairing()
    moved = _moved(base, new, infos)
    result.moved.extend(moved.items())
    renamed = _same_agents(base, new, moved)
    result.agents = sorted({(old, agent) for (_, old), agent in renamed.items() if old != agent})
    theirs = _by_place(base, moved, renamed, result)
    ours = _by_place(new, {}, {}, result)
    for place, outcome in ours.items():
        partner = theirs.get(place)
        if outcome is None or (place in theirs and partner is None):
            continue
        if partner is None:
            result.added.append(outcome)
        else:
            result.pairs.append((partner, outcome))
    result.removed = [outcome for place, outcome in theirs.items() if outcome is not None and place not in ours]
    result.added += [outcome for outcome in new if outcome.joined_by is None]
    result.removed += [outcome for outcome in base if outcome.joined_by is None]
    result.ambiguous = sorted(set(result.ambiguous))
    return result


def _by_place(
    outcomes: Iterable[Outcome],
    moved: Mapping[str, str],
    renamed: Mapping[tuple[str, str], str],
    result: Pairing,
) -> dict[Place, Outcome | None]:
    """Outcomes by the place that they pair at; None where there are several."""
    places: dict[Place, Outcome | None] = {}
    for outcome in outcomes:
        joined_by = outcome.joined_by
        if joined_by is None:
            continue
        test_set = outcome.test_set
        if moved:
            test_set = moved.get(test_set, test_set)
        agent = outcome.agent
        if renamed:
            agent = renamed.get((test_set, agent), agent)
        place = (test_set, agent, joined_by)
        if place in places:
            places[place] = None
            result.ambiguous.append(f"{test_set}: {joined_by}")
        else:
            places[place] = outcome
    return places


def _same_agents(
    base: Iterable[Outcome], new: Iterable[Outcome], moved: Mapping[str, str]
) -> dict[tuple[str, str], str]:
    """(Test set, agent of the base) to the new side's agent, where both have one."""
    theirs, ours = _agents(base, moved), _agents(new, {})
    return {
        (test_set, old): next(iter(ours[test_set]))
        for test_set, agents in theirs.items()
        for old in agents
        if len(agents) == 1 and len(ours.get(test_set, ())) == 1
    }


def _agents(outcomes: Iterable[Outcome], moved: Mapping[str, str]) -> dict[str, set[str]]:
    agents: dict[str, set[str]] = {}
    for test_set, agent in {(outcome.test_set, outcome.agent) for outcome in outcomes}:
        agents.setdefault(moved.get(test_set, test_set), set()).add(agent)
    return agents


def _moved(base: Iterable[Outcome], new: Iterable[Outcome], infos: tuple[SideInfo, SideInfo] | None) -> dict[str, str]:
    """Base path to new path, for test sets that only one side has at its path and both have by name."""
    if infos is None:
        return {}
    theirs, ours = {outcome.test_set for outcome in base}, {outcome.test_set for outcome in new}
    gone = _by_title(theirs - ours, infos[0])
    come = _by_title(ours - theirs, infos[1])
    return {gone[title]: come[title] for title in gone.keys() & come.keys()}


def _by_title(paths: Iterable[str], info: SideInfo) -> dict[str, str]:
    """Title to path, for titles that one path has."""
    titles: dict[str, list[str]] = {}
    for path in paths:
        title = info.test_sets.get(path)
        if title is not None:
            titles.setdefault(title, []).append(path)
    return {title: found[0] for title, found in titles.items() if len(found) == 1}
