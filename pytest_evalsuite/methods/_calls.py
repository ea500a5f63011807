"""Tool calls that an agent made beside those that are expected of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pytest_evalsuite.agents.reply import ToolCall
from pytest_evalsuite.methods._matching import matching
from pytest_evalsuite.methods._text import excerpt

__all__ = ["Findings", "Wanted", "find_arguments", "find_calls", "find_order", "shown"]

Fits = Callable[["Wanted", ToolCall], bool]
"""Whether a call is the one wanted, name and arguments."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call that is expected: a tool, some of its arguments, and how many times exactly (None: at least once)."""

    name: str
    arguments: Mapping[str, Any] | None = None
    count: int | None = None


@dataclass(slots=True)
class Findings:
    """What was checked; the lists bear the names that Agno gives them."""

    passed_tool_calls: list[str] = field(default_factory=list)
    failed_tool_calls: list[str] = field(default_factory=list)
    missing_tool_calls: list[str] = field(default_factory=list)
    additional_tool_calls: list[str] = field(default_factory=list)
    passed_argument_checks: list[str] = field(default_factory=list)
    failed_argument_checks: list[str] = field(default_factory=list)
    satisfied: int = 0
    total: int = 0
    faults: list[str] = field(default_factory=list)

    def check(self, satisfied: bool, fault: str = "") -> None:
        """Count one check; ``fault`` is what to say of one that is not satisfied, unless another says it already."""
        self.total += 1
        self.satisfied += satisfied
        if not satisfied and fault and fault not in self.faults:
            self.faults.append(fault)

    def miss(self, name: str, tried: Sequence[ToolCall]) -> str:
        """Note a call that did not happen, or ended in an error each time; give what to say of it."""
        self.missing_tool_calls.append(name)
        errors = sum(call.name == name and call.error is not None for call in tried)
        return f"missing {name}" + (f", which was tried {_times(errors)} and ended in an error" if errors else "")


def find_calls(wanted: Sequence[Wanted], tried: Sequence[ToolCall], fits: Fits, found: Findings) -> None:
    """Look for the calls wanted among those that ran without an error; each call stands for one wanted call at most.

    A call wanted is one check, and its arguments are another. One wanted a number of times is one check in all, and
    leaves its calls to others.
    """
    done = [call for call in tried if call.error is None]
    once = [call for call in wanted if call.count is None]
    partners = matching([[j for j, call in enumerate(done) if fits(one, call)] for one in once])
    taken = set(partners.values())
    spare = Counter(call.name for j, call in enumerate(done) if j not in taken)
    for index, one in enumerate(once):
        with_arguments = index in partners
        named = with_arguments or spare[one.name] > 0
        if named and not with_arguments:
            spare[one.name] -= 1
        if named:
            found.passed_tool_calls.append(one.name)
        found.check(named, "" if named else found.miss(one.name, tried))
        if one.arguments:
            _note_arguments(one, named, with_arguments, found)
    for one in wanted:
        if one.count is not None:
            _count(one, one.count, sum(fits(one, call) for call in done), tried, found)


def find_arguments(wanted: Iterable[Wanted], tried: Sequence[ToolCall], fits: Fits, found: Findings) -> None:
    """Look for a call with each set of arguments, one check each; a call may have several of them."""
    done = [call for call in tried if call.error is None]
    for one in wanted:
        named = any(call.name == one.name for call in done)
        missed = not named and one.name not in found.missing_tool_calls
        if missed:
            found.faults.append(found.miss(one.name, tried))
        _note_arguments(one, named, any(fits(one, call) for call in done), found)


def find_order(
    wanted: Sequence[Wanted],
    tried: Sequence[ToolCall],
    fits: Fits,
    order: Literal["in_order", "exact"],
    found: Findings,
) -> None:
    """Check that the calls wanted ran one after the other; ``exact``: and no other ran between, before or after."""
    done = [call for call in tried if call.error is None]
    sequence = [one for one in wanted for _ in range(one.count or 1)]
    if order == "exact":
        right = len(sequence) == len(done) and all(map(fits, sequence, done))
    else:
        rest = iter(done)
        right = all(any(fits(one, call) for call in rest) for one in sequence)
    told = bool(found.faults)  # of a call that is missing or has other arguments
    found.check(right, "" if told else f"order: expected {_joined(sequence)}; ran {_joined(done)}")


def shown(one: Wanted | ToolCall) -> str:
    """A call as people write it: ``refund(currency='EUR')``."""
    return f"{one.name}({', '.join(f'{key}={value!r}' for key, value in (one.arguments or {}).items())})"


def _note_arguments(one: Wanted, named: bool, right: bool, found: Findings) -> None:
    if right:
        found.passed_argument_checks.append(shown(one))
    elif named:
        found.failed_argument_checks.append(shown(one))
    found.check(right, f"no call {shown(one)}" if named else "")


def _count(one: Wanted, count: int, ran: int, tried: Sequence[ToolCall], found: Findings) -> None:
    what = shown(one) if one.arguments else one.name
    if ran == count:
        found.passed_tool_calls.append(one.name)
    elif ran > count:
        found.failed_tool_calls.append(what)
    else:
        found.miss(one.name, tried)
    found.check(ran == count, f"{what} ran {_times(ran)}, expected {_times(count)}")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _joined(calls: Sequence[Wanted | ToolCall], limit: int = 5) -> str:
    names = [excerpt(shown(call), 80)[1:-1] if call.arguments else call.name for call in calls[:limit]]
    return (", ".join(names) + (", …" if len(calls) > limit else "")) or "nothing"
