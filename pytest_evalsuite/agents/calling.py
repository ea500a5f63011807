"""How an agent is asked: its parameters are filled by name from what the case gives."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_evalsuite.errors import ConfigurationError

__all__ = ["CONTEXT_NAMES", "Agent", "Request", "copied"]

CONTEXT_NAMES: Final = ("question", "inputs", "history", "case", "session_id", "files", "metadata")
"""What an agent may declare besides the names of the case's inputs."""


@dataclass(slots=True, kw_only=True)
class Request:
    """What one call offers to an agent.

    ``history`` holds the turns so far as ``{"role": ..., "content": ...}`` and ``files`` the attachments; both are
    empty unless the case is part of a conversation or has some. ``session_id`` is the call's own.
    """

    question: str | None
    session_id: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    case: Any = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[Mapping[str, str]] = ()
    files: Sequence[Any] = ()


_NO_INPUTS: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which value goes to which parameter, in the callable's order."""

    positional: tuple[str, ...]
    named: tuple[tuple[str, str], ...]
    """(parameter, name of the value)"""


class Agent:
    """A configured agent: something that is called with a `Request` and answers, at once or after an await.

    An object with a method ``eval_ask`` gets the request itself, and takes whatever a case gives.
    """

    def __init__(self, name: str, function: Callable[..., Any], *, is_async: bool | None = None) -> None:
        self.name = name
        self.function = function
        self.is_async = _is_async(function) if is_async is None else is_async
        self._ask_whole: Callable[[Request], Any] | None = getattr(function, "eval_ask", None)
        self._plans: dict[tuple[bool, frozenset[str]], _Plan] = {}

    def __repr__(self) -> str:
        return f"<Agent {self.name}>"

    @property
    def overlaps(self) -> bool:
        """Whether calls overlap where nobody has said how many may."""
        return self.is_async

    def at_most(self, calls: int) -> int:
        """How many of so many calls may be in flight: an object's ``eval_concurrency`` bounds those put to it."""
        bound: int | None = getattr(self.function, "eval_concurrency", None)
        return calls if bound is None else min(calls, bound)

    @property
    def eval_close(self) -> Callable[[], Coroutine[Any, Any, None]] | None:
        """What closes the clients and processes that an async agent keeps, on the loop that it was called on."""
        owner = getattr(self.function, "__self__", self.function)
        close: Callable[[], Coroutine[Any, Any, None]] | None = getattr(owner, "eval_close", None)
        return close

    def check(self, request: Request) -> None:
        """Raise ConfigurationError when the callable cannot take what the request gives, or would ignore an input."""
        if self._ask_whole is None:
            self._plan(request)

    def __call__(self, request: Request) -> Any:
        """Call the agent. The result is what it returned: an awaitable where the agent is asynchronous."""
        if self._ask_whole is not None:
            return self._ask_whole(request)
        plan = self._plan(request)
        inputs = request.inputs
        named = {parameter: _value(request, inputs, name) for parameter, name in plan.named}
        if not plan.positional:
            return self.function(**named)
        return self.function(*[_value(request, inputs, name) for name in plan.positional], **named)

    def _plan(self, request: Request) -> _Plan:
        inputs = request.inputs
        key = (request.question is not None, frozenset(inputs) if inputs else _NO_INPUTS)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._make_plan(*key)
        return plan

    def _make_plan(self, has_question: bool, inputs: frozenset[str]) -> _Plan:
        primary = "question" if has_question else "inputs"
        parameters = _parameters(self.function)
        if parameters is None:
            return _Plan((primary,), ())
        given = inputs.union(name for name in CONTEXT_NAMES if has_question or name != "question")
        sources = self._sources(parameters, given, inputs, primary)
        if not {"question", "inputs", "case", *inputs} & set(sources.values()):
            raise ConfigurationError(
                f"agent {self.name!r} takes neither the question nor any input of the case {_takes(parameters)}"
            )
        only_by_place = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY]
        positional = tuple(sources.pop(name) for name in _reachable(only_by_place, sources))
        if unreachable := sorted(sources.keys() & set(only_by_place)):
            raise ConfigurationError(
                f"agent {self.name!r} takes {_listed(unreachable)} by position only, behind a parameter that the case "
                "does not give"
            )
        return _Plan(positional, tuple(sources.items()))

    def _sources(
        self, parameters: Sequence[inspect.Parameter], given: frozenset[str], inputs: frozenset[str], primary: str
    ) -> dict[str, str]:
        """The name of the value for each parameter that gets one; every input goes somewhere."""
        fillable = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        takes_rest = any(p.kind is p.VAR_KEYWORD for p in parameters)
        sources = {p.name: p.name for p in fillable if p.name in given}
        unknown = [p.name for p in fillable if p.name not in given and p.default is p.empty]
        if len(unknown) == 1 and not {"question", "inputs", "case", *inputs} & sources.keys():
            sources[unknown.pop()] = primary
        if unknown:
            raise ConfigurationError(
                f"agent {self.name!r} requires {_listed(unknown)}, which the case does not give "
                f"(it gives: {', '.join(sorted(given))})"
            )
        ignored = sorted(inputs - sources.keys())
        if takes_rest:
            sources.update((name, name) for name in ignored)
            if primary == "question" and "question" not in sources.values():
                sources["question"] = "question"
        elif ignored and not {"inputs", "case"} & set(sources.values()):
            raise ConfigurationError(
                f"agent {self.name!r} does not take the input {_listed(ignored)} of the case {_takes(parameters)}"
            )
        return sources


def _takes(parameters: Iterable[inspect.Parameter]) -> str:
    return f"(it takes: {', '.join(str(p.replace(annotation=p.empty)) for p in parameters) or 'nothing'})"


def _reachable(names: Sequence[str], sources: Mapping[str, str]) -> list[str]:
    """Those that can be given by place: up to the first that has no source."""
    return list(itertools.takewhile(sources.__contains__, names))


def copied(value: Any) -> Any:
    """The value; where mappings and lists hold it together, new ones, down to the last."""
    if isinstance(value, Mapping):
        return {key: copied(part) for key, part in value.items()}
    return type(value)(map(copied, value)) if type(value) in (list, tuple) else value


def _value(request: Request, inputs: Mapping[str, Any], name: str) -> Any:
    """What the agent gets by this name: its own copy, for what it does to it must not reach anybody else."""
    if name in inputs:
        return copied(inputs[name])
    value = getattr(request, name)
    return value.for_agent() if name == "case" and hasattr(value, "for_agent") else copied(value)


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter] | None:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some builtins tell nothing of their parameters
        return None


def _is_async(function: Callable[..., Any]) -> bool:
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
