"""An agent that is a command: JSON in on stdin, JSON or text out on stdout."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

from pytest_evalsuite.agents.attachment import Attachment
from pytest_evalsuite.agents.calling import Request
from pytest_evalsuite.agents.process import Process, to_stderr
from pytest_evalsuite.agents.replies import read_reply
from pytest_evalsuite.agents.reply import AgentReply
from pytest_evalsuite.errors import AgentError, ConfigurationError, ReplyError
from pytest_evalsuite.redaction import redact

__all__ = ["CommandAgent", "read_answer", "request_json"]

PATIENCE: Final = 0.5
"""Seconds that kept processes have to end by themselves when their stdin is closed."""


class CommandAgent:
    """A program that answers: each call gives it a request as JSON on stdin and reads the answer from its stdout.

    ``argv`` is the program and its arguments; a text is split into words as a shell does, and no shell runs it.
    ``cwd`` is the folder that it runs in (default: the current one), ``env`` are variables beside those of this
    process.

    Each call has a process of its own, whose stdin is closed after the request. What it writes is the answer: JSON
    where the whole of it is a JSON object, array or string, else text without the line ends at its end; with ``text``
    it is text always.

    With ``keep_alive`` a process answers one call after the other: a request is one line of JSON with an ``id``, the
    answer one line with a JSON object that has the same ``id`` beside the answer, or beside ``error`` with what went
    wrong. At most ``processes`` of them run at once, and as many calls overlap. One that ends, is too late or answers
    out of turn costs its own call; the next call has a fresh one.

    Raises ConfigurationError when there is no such program.
    """

    def __init__(
        self,
        argv: Sequence[str] | str,
        *,
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        text: bool = False,
        keep_alive: bool = False,
        processes: int = 1,
    ) -> None:
        self.argv = _words(argv)
        self.cwd = cwd
        self.name = f"command {shlex.join(self.argv)[:200]!r}"
        self._env = {**os.environ, **env} if env else None
        self._text = text
        self._keep_alive = keep_alive
        self.eval_concurrency = processes if keep_alive else None
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, _Pool] = WeakKeyDictionary()
        if keep_alive and text:
            raise ConfigurationError(
                f"{self.name}: text=True and keep_alive=True exclude each other (answers are JSON)"
            )
        if processes < 1:
            raise ConfigurationError(f"{self.name}: expected processes of 1 or more, got {processes!r}")
        self._check_program()

    def __repr__(self) -> str:
        return f"CommandAgent({shlex.join(self.argv)!r})"

    @property
    def eval_version(self) -> str:
        """A digest (8 hex digits) of the command, and of the files that it names."""
        digest = blake2b(json.dumps(self.argv).encode(), digest_size=4)
        for word in self.argv:
            path = Path(self.cwd or "") / word
            if (os.sep in word or "." in word) and path.is_file():
                digest.update(path.read_bytes())
        return digest.hexdigest()

    async def __call__(
        self,
        *,
        session_id: str,
        question: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        history: Sequence[Mapping[str, str]] = (),
        metadata: Mapping[str, Any] | None = None,
        files: Sequence[Attachment] = (),
    ) -> AgentReply:
        """Answer one request, as `eval_ask` does."""
        request = Request(
            question=question,
            session_id=session_id,
            inputs=inputs or {},
            history=history,
            metadata=metadata or {},
            files=files,
        )
        return await self.eval_ask(request)

    async def eval_ask(self, request: Request) -> AgentReply:
        """Answer one request. Raises AgentError when the command breaks, ReplyError for what is no answer."""
        asked = request_json(request)
        if self._keep_alive:
            return await self._ask_kept(asked)
        process = await self._start()
        try:
            process.write(json.dumps(asked).encode())
            process.close_stdin()
            await process.ended.wait()
        finally:
            await process.end()
        process.check()
        return _with_stderr(read_answer(process.stdout, text=self._text), process.stderr)

    async def eval_close(self) -> None:
        """End the kept processes: their stdin is closed, and they are killed if they go on."""
        pool = self._pools.pop(asyncio.get_running_loop(), None)
        idle = [] if pool is None else pool.idle
        for process in idle:
            process.close_stdin()
        waiting = [asyncio.create_task(process.ended.wait()) for process in idle]
        if waiting:
            await asyncio.wait(waiting, timeout=PATIENCE)
        for process in idle:
            await process.end()

    async def _start(self) -> Process:
        return await Process.start(self.argv, name=self.name, cwd=self.cwd, env=self._env, on_stderr=to_stderr())

    async def _ask_kept(self, request: dict[str, Any]) -> AgentReply:
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            pool = self._pools[loop] = _Pool(self.eval_concurrency or 1)
        async with pool.places:
            process = pool.take() or await self._start()
            try:
                answer = await self._converse(process, {"id": pool.next_id(), **request})
            except BaseException:
                await process.end()
                raise
            pool.idle.append(process)
        if answer.keys() == {"error"}:
            raise AgentError(f"{self.name} says: {answer['error']}")
        return _with_stderr(read_reply(answer), process.stderr)

    async def _converse(self, process: Process, request: dict[str, Any]) -> dict[str, Any]:
        process.on_stderr, process.stderr = to_stderr(), ""
        process.write(json.dumps(request).encode() + b"\n")
        return self._answer(await process.read_line(), request["id"])

    def _answer(self, line: bytes, wanted: int) -> dict[str, Any]:
        shown = redact(line[:2_000].decode("utf-8", "replace"))[:80]
        try:
            answer = json.loads(line.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise ReplyError(
                f"{self.name} wrote the line {shown!r} to stdout; expected a JSON object with the request's id "
                "(what is no answer belongs on stderr)"
            )
        if answer.pop("id", None) != wanted:
            raise ReplyError(f"{self.name} answered out of turn: expected the id {wanted}, got the line {shown!r}")
        if not answer:
            raise ReplyError(f'{self.name} answered {shown!r}; expected an answer beside the id, such as "output"')
        return answer

    def _check_program(self) -> None:
        program = self.argv[0]
        place = Path(self.cwd or "").absolute() / program
        named = place if os.sep in program else program
        if shutil.which(named, path=None if self._env is None else self._env.get("PATH")) is None:
            what = "cannot be executed" if place.is_file() else "is not found"
            raise ConfigurationError(f"{self.name}: the program {program!r} {what}")


class _Pool:
    """The kept processes of one event loop that have nothing to do, and how many calls may have one."""

    def __init__(self, processes: int) -> None:
        self.idle: list[Process] = []
        self.places = asyncio.Semaphore(processes)
        self._last_id = 0

    def take(self) -> Process | None:
        """A process that still runs."""
        while self.idle:
            process = self.idle.pop()
            if process.returncode is None:
                return process
        return None

    def next_id(self) -> int:
        """A number that no earlier request had."""
        self._last_id += 1
        return self._last_id


class _Said(AgentError):
    """What a kept command answered instead of an answer; it goes on."""


def request_json(request: Request) -> dict[str, Any]:
    """A request as JSON values; what is not there is left out."""
    values = {
        "question": request.question,
        "inputs": dict(request.inputs),
        "history": [dict(turn) for turn in request.history],
        "session_id": request.session_id,
        "metadata": dict(request.metadata),
        "files": [_file_json(file) for file in request.files],
    }
    return {name: value for name, value in values.items() if value or (name == "question" and value is not None)}


def _file_json(file: Attachment) -> dict[str, str]:
    where = {"url": file.url} if file.path is None else {"path": str(file.path)}
    return {"name": file.name, "mime_type": file.mime_type, **where}


def _words(argv: Sequence[str] | str) -> list[str]:
    if isinstance(argv, str):
        try:
            argv = shlex.split(argv)
        except ValueError as error:
            raise ConfigurationError(f"command {argv[:200]!r}: {error}") from None
    if not argv or not argv[0]:
        raise ConfigurationError("a command needs a program: expected such as 'command:python bot.py'")
    return [os.fspath(word) for word in argv]


def read_answer(written: bytes | bytearray, *, text: bool) -> AgentReply:
    """Read what a command wrote. Raises ReplyError when it is no answer."""
    answer = written.decode("utf-8", "replace")
    if not text and answer.lstrip()[:1] in ("{", "[", '"'):
        with contextlib.suppress(ValueError, RecursionError):  # it is text that begins like JSON
            return read_reply(json.loads(answer))
    if not answer.strip():
        raise ReplyError("the command wrote no answer to stdout")
    return read_reply(answer.rstrip("\r\n"))


def _with_stderr(reply: AgentReply, stderr: str) -> AgentReply:
    if not stderr:
        return reply
    return dataclasses.replace(reply, metadata={"stderr": stderr, **reply.metadata})
