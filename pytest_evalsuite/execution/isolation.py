"""An agent each call of which runs in a process of its own, so that a crash or an endless loop ends that case only."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.agents.attachment import Attachment
from pytest_evalsuite.agents.calling import Agent, Request
from pytest_evalsuite.agents.command import CommandAgent
from pytest_evalsuite.agents.process import Process, to_stderr
from pytest_evalsuite.errors import ConfigurationError, RemoteError
from pytest_evalsuite.redaction import current
from pytest_evalsuite.tracing.capture import is_on

__all__ = ["CASE_FIELDS", "IsolatedAgent", "isolated"]

CASE_FIELDS: Final = (
    *("id", "name", "question", "inputs", "expected_responses", "expected"),
    *("rationale", "order", "tags", "metadata"),
)
"""What the process of an agent is told of a case."""

PATIENCE: Final = 1.0
"""Seconds that the process has to end by itself when it has answered."""

START: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from pytest_evalsuite.execution.child import main; main()"
)


def isolated(agent: Agent, target: Any, *, folder: Path | None = None) -> Agent:
    """Make an agent that does the same in a process of its own for each call.

    ``target`` is what the agent was made of: a text that names it, or a function or class that its module gives by
    name. ``folder`` is where commands run. Raises ConfigurationError for what cannot be named so. A command stays what
    it is: it has its own process.
    """
    if isinstance(agent, IsolatedAgent) or isinstance(agent.function, CommandAgent):
        return agent
    if isinstance(target, str):
        return IsolatedAgent(agent, {"text": target, "folder": None if folder is None else str(folder)})
    name = _name_of(target)
    if name is None:
        raise ConfigurationError(
            f"agent {agent.name!r}: isolation needs an agent that another process can import, and this "
            f"{_what(target)} cannot be; name it as module:callable, or a function or class that stands at the top of "
            "its module, or set `isolation: none`"
        )
    return IsolatedAgent(agent, name)


class IsolatedAgent(Agent):
    """Puts each request to its agent in a new process. Calls overlap as those of the agent itself would."""

    def __init__(self, agent: Agent, target: Mapping[str, Any]) -> None:
        super().__init__(agent.name, agent.function, is_async=True)
        self._inner = agent
        self._target = target

    @property
    def overlaps(self) -> bool:
        """As for the agent itself: one that is made for one call at a time may share files with itself."""
        return self._inner.overlaps

    @property
    def eval_close(self) -> None:
        """Nothing is kept."""
        return

    @property
    def reset(self) -> None:
        """Nothing is known from one call to the next: a conversation's `history` has to tell it."""
        return

    def check_conversation(self, request: Request) -> None:
        """Raise ConfigurationError when only a process that lives on could know what was said before."""
        try:
            super().check_conversation(request)
        except ConfigurationError:
            raise ConfigurationError(
                f"agent {self.name!r} cannot hold a conversation, for each process forgets what was said: let it take "
                "`history`, or set `isolation: none`"
            ) from None

    def __call__(self, request: Request) -> Any:
        """Start the call: an awaitable for the reply as JSON values."""
        self.check(request)
        return self._ask(request)

    def _job(self, request: Request) -> dict[str, Any]:
        said = {"name": self.name, "target": self._target, "traces": is_on(), "secrets": current().as_json()}
        return {**said, **_request_json(request)}

    async def _ask(self, request: Request) -> Any:
        process = await Process.start(
            [sys.executable, "-c", START, json.dumps([str(path) for path in sys.path])],
            name=f"the process of agent {self.name!r}",
            on_stderr=to_stderr(),
        )
        try:
            process.write(json.dumps(self._job(request)).encode())
            process.close_stdin()
            answer = json.loads(await process.read_line())
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(process.ended.wait(), PATIENCE)
        finally:
            await process.end()
        if "error" in answer:
            raise RemoteError(answer["error"])
        return answer["reply"]


def _request_json(request: Request) -> dict[str, Any]:
    case = request.case
    return {
        "question": request.question,
        "session_id": request.session_id,
        "inputs": dict(request.inputs),
        "metadata": dict(request.metadata),
        "history": [dict(turn) for turn in request.history],
        "files": [_file_json(file) for file in request.files],
        "case": None if case is None else {field: getattr(case, field) for field in CASE_FIELDS},
    }


def _file_json(file: Attachment) -> dict[str, Any]:
    path = None if file.path is None else str(file.path)
    return {"url": file.url, "mime_type": file.mime_type, "path": path}


def _name_of(target: Any) -> dict[str, Any] | None:
    """Module, qualified name and file of a function or class; None when its module does not give it by this name."""
    if not inspect.isroutine(target) and not inspect.isclass(target):
        return None
    module, path = sys.modules.get(target.__module__ or ""), target.__qualname__
    with contextlib.suppress(AttributeError):  # a lambda or a closure, or one that was replaced
        if module is not None and functools.reduce(getattr, path.split("."), module) == target:
            return {"module": module.__name__, "path": path, "file": getattr(module, "__file__", None)}
    return None


def _what(target: Any) -> str:
    if inspect.isroutine(target):
        return f"{'lambda' if target.__name__ == '<lambda>' else 'function'} ({target.__qualname__})"
    return f"class ({target.__qualname__})" if inspect.isclass(target) else f"{type(target).__name__} object"
