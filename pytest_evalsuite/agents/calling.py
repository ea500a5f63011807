"""How an agent is asked: its parameters are filled by name from what the case gives."""

from __future__ import annotations

import difflib
import functools
import inspect
import itertools
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
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


_FILE_LOST: Final = "declare a parameter named files, a list of attachments, or case"
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

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        *,
        is_async: bool | None = None,
        make: Callable[[], Callable[..., Any]] | None = None,
    ) -> None:
        self.name = name
        self.function = function
        self.make = make
        """Gives the function of a fresh instance, where the agent is a class."""
        self.is_async = _is_async(function) if is_async is None else is_async
        self._ask_whole: Callable[[Request], Any] | None = getattr(function, "eval_ask", None)
        self._plans: dict[tuple[bool, frozenset[str], bool], _Plan] = {}

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

    @property
    def reset(self) -> Callable[[], Any] | None:
        """What makes the agent forget: it holds one conversation after another. None: it has nothing to forget."""
        owner = getattr(self.function, "__self__", self.function)
        reset: Callable[[], Any] | None = getattr(owner, "reset", None)
        return reset if self.make is None and callable(reset) else None

    def for_conversation(self) -> Agent:
        """The agent that a conversation of its own is held with."""
        if self.make is not None:
            return Instance(self, self.make)
        return self if self.reset is None else Forgetting(self, self.reset)

    def check_conversation(self, request: Request) -> None:
        """Raise ConfigurationError when the agent could not know what was said before."""
        if self._ask_whole is not None:
            return
        plan = self._plan(request)
        sources = {*plan.positional, *(name for _, name in plan.named)}
        if self.make is None and self.reset is None and not sources & {"history", "session_id"}:
            raise ConfigurationError(
                f"agent {self.name!r} cannot hold a conversation: let it take `history` or `session_id`, name its "
                "class (each conversation gets an instance), or give the object a method `reset()`"
            )

    @functools.cached_property
    def required(self) -> frozenset[str]:
        """The parameters without a default."""
        named = _fillable(_parameters(self.function) or ()) if self._ask_whole is None else ()
        return frozenset(p.name for p in named if p.default is p.empty)

    def mapping_faults(self, mapped: Collection[str]) -> list[tuple[str | None, str]]:
        """Say why the callable cannot be called with these parameters and what it declares of the context.

        Each fault is (the parameter that it does not have, or None; what is wrong).
        """
        if self._ask_whole is not None:
            return []
        parameters = _parameters(self.function)
        if parameters is None:
            return [(None, f"agent {self.name!r} does not tell its parameters, so that none can be mapped")]
        names = [p.name for p in _fillable(parameters)]
        takes_any = "inputs" in names or any(p.kind is p.VAR_KEYWORD for p in parameters)
        faults: list[tuple[str | None, str]] = []
        for name in mapped if not takes_any else ():
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f" {_takes(parameters)}"
                faults.append((name, f"agent {self.name!r} has no parameter {name!r}{hint}"))
        context = {*CONTEXT_NAMES} - {"question"}
        if missing := [name for name in names if name in self.required and name not in {*mapped, *context}]:
            faults.append((None, f"agent {self.name!r} requires {_listed(missing)}, which is not mapped"))
        return faults

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
        key = (request.question is not None, frozenset(inputs) if inputs else _NO_INPUTS, bool(request.files))
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._make_plan(*key)
        return plan

    def _make_plan(self, has_question: bool, inputs: frozenset[str], has_files: bool) -> _Plan:
        primary = "question" if has_question else "inputs"
        parameters = _parameters(self.function)
        if parameters is None:
            if has_files:
                raise ConfigurationError(f"agent {self.name!r} does not tell its parameters: {_FILE_LOST}")
            return _Plan((primary,), ())
        given = inputs.union(name for name in CONTEXT_NAMES if has_question or name != "question")
        sources = self._sources(parameters, given, inputs, primary)
        if has_files:
            self._place_files(parameters, sources, inputs)
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

    def _place_files(
        self, parameters: Sequence[inspect.Parameter], sources: dict[str, str], inputs: frozenset[str]
    ) -> None:
        """Let the files go somewhere. Raises ConfigurationError where the agent takes neither them nor the case."""
        taken = {*sources.values()} - inputs
        if taken & {"files", "case"}:
            return
        if "files" in inputs or not any(p.kind is p.VAR_KEYWORD for p in parameters):
            raise ConfigurationError(
                f"agent {self.name!r} does not take the file of the case {_takes(parameters)}: {_FILE_LOST}"
            )
        sources["files"] = "files"

    def _sources(
        self, parameters: Sequence[inspect.Parameter], given: frozenset[str], inputs: frozenset[str], primary: str
    ) -> dict[str, str]:
        """The name of the value for each parameter that gets one; every input goes somewhere."""
        fillable = _fillable(parameters)
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


class Instance(Agent):
    """A fresh instance of an agent that is a class, made when it is first asked: what that raises is the turn's error.

    It is made anew when it is asked again after that.
    """

    def __init__(self, agent: Agent, make: Callable[[], Callable[..., Any]]) -> None:
        super().__init__(agent.name, agent.function, is_async=agent.is_async, make=make)
        self._is_made = False

    @property
    def eval_close(self) -> Callable[[], Coroutine[Any, Any, None]] | None:
        """What closes the instance; None where there is none yet."""
        return super().eval_close if self._is_made else None

    def __call__(self, request: Request) -> Any:
        """Make the instance, if there is none yet, and call it."""
        if not self._is_made and self.make is not None:
            self.function = self.make()
            self._is_made = True
        return super().__call__(request)


class Forgetting(Agent):
    """An agent that forgets what was said before when it is first asked: what that raises is the turn's error.

    It is made to forget when it is asked again after that.
    """

    def __init__(self, agent: Agent, reset: Callable[[], Any]) -> None:
        super().__init__(agent.name, agent.function, is_async=agent.is_async)
        self._reset = reset
        self._has_forgotten = False

    def __call__(self, request: Request) -> Any:
        """Reset the agent, unless that is done, and call it."""
        done = None if self._has_forgotten else self._reset()
        if inspect.isawaitable(done):
            return self._after(done, request)
        self._has_forgotten = True
        return super().__call__(request)

    async def _after(self, done: Awaitable[Any], request: Request) -> Any:
        await done
        self._has_forgotten = True
        raw = super().__call__(request)
        return await raw if inspect.isawaitable(raw) else raw


def _fillable(parameters: Iterable[inspect.Parameter]) -> list[inspect.Parameter]:
    return [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


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
    if name == "case" and hasattr(value, "for_agent"):
        return value.for_agent()
    return list(value) if name == "files" else copied(value)


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
