"""A function as judge: anybody's own rules, model or person."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from pytest_evalsuite.errors import ConfigurationError, JudgeError
from pytest_evalsuite.judges._base import JudgeRequest, Verdict
from pytest_evalsuite.judges._reply import Unreadable, read_verdict

__all__ = ["CallableJudge"]

OFFERED: Final = (
    "answer",
    "context",
    "criteria",
    "expected",
    "guidelines",
    "history",
    "inputs",
    "language",
    "question",
    "request",
)


class CallableJudge:
    """Asks a function or a coroutine function, which takes by name what it wants of an answer.

    It may take ``question``, ``inputs``, ``answer``, ``expected`` (the first expected response, or None),
    ``criteria``, ``guidelines``, ``context``, ``history``, ``language`` and ``request`` (the whole `JudgeRequest`). It
    returns a `Verdict`; or the bare value that the scale asks for (for rules a list of bools); or a mapping or JSON
    text in the form of a verdict. A plain function runs in a thread. Raises ConfigurationError for a function that
    wants anything else.
    """

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.identity = name
        self._function = function
        self._wanted = _wanted(name, function)

    async def judge(self, request: JudgeRequest) -> Verdict:
        """Ask the function. Raises JudgeError when it raises or gives no verdict."""
        arguments = {name: _offer(request, name) for name in self._wanted}
        try:
            if inspect.iscoroutinefunction(self._function):
                found = await self._function(**arguments)
            else:
                found = await asyncio.to_thread(self._function, **arguments)
                if inspect.isawaitable(found):
                    found = await found
        except JudgeError:
            raise
        except Exception as error:
            raise JudgeError(f"could not be judged: {self.identity} raised {type(error).__name__}: {error}") from error
        try:
            return self._verdict(found, request)
        except Unreadable as error:
            raise JudgeError(f"could not be judged: {self.identity} gave no verdict: {error}") from None

    def _verdict(self, found: Any, request: JudgeRequest) -> Verdict:
        if isinstance(found, Verdict):
            return found
        if found is None:
            raise Unreadable("it returned None")
        found = self._as_mapping(found, request)
        try:
            text = found if isinstance(found, str) else json.dumps(found)
        except (TypeError, ValueError) as error:
            raise Unreadable(f"it returned what is no JSON: {error}") from None
        value, reason, reasons = read_verdict(text, request.scale)
        return Verdict(value=value, reason=reason, reasons=reasons, judge=self.identity)

    def _as_mapping(self, found: Any, request: JudgeRequest) -> Any:
        """A bare value in the form of a verdict; anything else as it is."""
        reason = f"judged by {self.identity}"
        if isinstance(found, (bool, int, float)):
            return {"reason": reason, "passed" if request.scale.kind == "passed" else "score": found}
        if isinstance(found, str) and found in request.scale.labels:
            return {"reason": reason, "label": found}
        if isinstance(found, (list, tuple)) and request.scale.kind == "rules":
            return {"verdicts": [{"rule": n, "reason": reason, "met": met} for n, met in enumerate(found, 1)]}
        return dict(found) if isinstance(found, Mapping) else found


def _wanted(name: str, function: Callable[..., Any]) -> tuple[str, ...]:
    """What the function takes of what is offered. Raises ConfigurationError."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise ConfigurationError(f"the judge {name!r} does not say what it takes: wrap it in a function") from None
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return OFFERED
    by_name = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    required = [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
    unknown = [one for one in required if one not in OFFERED or one not in by_name]
    if unknown:
        raise ConfigurationError(
            f"the judge {name!r} requires {', '.join(map(repr, unknown))}; it can take by name {', '.join(OFFERED)}"
        )
    return tuple(one for one in by_name if one in OFFERED)


def _offer(request: JudgeRequest, name: str) -> Any:
    if name == "request":
        return request
    if name == "expected":
        return request.expected[0] if request.expected else None
    return getattr(request, name)
