"""A function as judge: anybody's own rules, model or person."""

from __future__ import annotations

import asyncio
import inspect
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
    "inputs",
    "language",
    "question",
    "request",
)


class CallableJudge:
    """Asks a function or a coroutine function, which takes by name what it wants of an answer.

    It may take ``question``, ``inputs``, ``answer``, ``expected`` (the first expected response, or None),
    ``criteria``, ``guidelines``, ``context``, ``language`` and ``request`` (the whole `JudgeRequest`). It returns a
    `Verdict`; or the bare value that the scale asks for; or a mapping or JSON text in the form of a verdict. A plain
    function runs in a thread. Raises ConfigurationError for a function that wants anything else.
    """

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.identity = name
        self._function = function
        parameters = inspect.signature(function).parameters.values()
        wanted = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        unknown = [p.name for p in parameters if p.name in wanted and p.name not in OFFERED and p.default is p.empty]
        if unknown:
            raise ConfigurationError(
                f"the judge {name!r} requires {', '.join(map(repr, unknown))}; it can take {', '.join(OFFERED)}"
            )
        takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters)
        self._wanted = OFFERED if takes_all else tuple(name for name in wanted if name in OFFERED)

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
        import json

        if isinstance(found, Verdict):
            return found
        if isinstance(found, (bool, int, float)):
            key = "passed" if request.scale.kind == "passed" else "score"
            found = {"reason": f"judged by {self.identity}", key: found}
        elif isinstance(found, str) and found in request.scale.labels:
            found = {"reason": f"judged by {self.identity}", "label": found}
        try:
            text = json.dumps(found) if isinstance(found, Mapping) else str(found)
        except (TypeError, ValueError) as error:
            raise Unreadable(f"it returned a mapping that is no JSON: {error}") from None
        value, reason, reasons = read_verdict(text, request.scale)
        return Verdict(value=value, reason=reason, reasons=reasons, judge=self.identity)


def _offer(request: JudgeRequest, name: str) -> Any:
    if name == "request":
        return request
    if name == "expected":
        return request.expected[0] if request.expected else None
    return getattr(request, name)
