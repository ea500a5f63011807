"""A command that runs: what is written to it, what it wrote, and an end that leaves nothing behind."""

from __future__ import annotations

import asyncio
import atexit
import codecs
import contextlib
import contextvars
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.agents.replies import clean_text
from pytest_evalsuite.errors import AgentError, ConfigurationError
from pytest_evalsuite.redaction import redact

__all__ = ["MAX_OUTPUT_BYTES", "MAX_STDERR_CHARS", "Process", "to_stderr"]

MAX_OUTPUT_BYTES: Final = 10_000_000
"""A command that writes more for one answer is ended."""

MAX_STDERR_CHARS: Final = 10_000
"""How much is kept of what a command writes to stderr: the last of it."""

GRACE: Final = 0.5
"""Seconds in which output may still come when the command has ended and something of its own holds its pipes."""

_running: set[Process] = set()


class Process(asyncio.SubprocessProtocol):
    """A command in a process group of its own, on the event loop that started it.

    ``stdout`` is what it wrote and nobody took, ``stderr`` the last of what it wrote there. Each piece of stderr is
    given to ``on_stderr`` too, as it comes. When the command ends, however it ends, what it started ends with it.
    """

    def __init__(self, name: str, on_stderr: Callable[[str], object]) -> None:
        self.name = name
        self.on_stderr = on_stderr
        self.stdout = bytearray()
        self.stderr = ""
        self.returncode: int | None = None
        self.starter = os.getpid()
        self.ended = asyncio.Event()
        self._wrote_too_much = False
        self._news = asyncio.Event()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._transport: Any = None
        self._end_of_grace: asyncio.TimerHandle | None = None

    @classmethod
    async def start(
        cls,
        argv: Sequence[str],
        *,
        name: str,
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        on_stderr: Callable[[str], object] = lambda text: None,
    ) -> Process:
        """Start the command. Raises ConfigurationError when there is no such program, or it cannot be run."""
        loop = asyncio.get_running_loop()
        try:
            _, process = await loop.subprocess_exec(
                lambda: cls(name, on_stderr), *argv, cwd=cwd, env=env, start_new_session=True
            )
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{name} cannot be started: {error}") from error
        return process

    # What asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It has started."""
        self._transport = transport
        _running.add(self)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """It has written something."""
        if fd == 2:
            text = clean_text(self._decoder.decode(data))
            self.stderr = (self.stderr + text)[-MAX_STDERR_CHARS:]
            self.on_stderr(text)
            return
        if self._wrote_too_much:
            return
        self.stdout += data
        self._news.set()
        if len(self.stdout) > MAX_OUTPUT_BYTES:
            self._wrote_too_much = True
            self.kill()

    def process_exited(self) -> None:
        """It has ended; a process that left the group may hold its pipes, and is not waited for for long."""
        self._kill_group()
        _running.discard(self)
        self.returncode = self._transport.get_returncode()
        self._end_of_grace = asyncio.get_running_loop().call_later(GRACE, self._transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended, and all that it wrote is here."""
        if self._end_of_grace is not None:
            self._end_of_grace.cancel()
        self._transport.close()
        self.ended.set()
        self._news.set()

    # What its user does

    def write(self, data: bytes) -> None:
        """Write to its stdin, without waiting; what it does not read is lost."""
        self._transport.get_pipe_transport(0).write(data)

    def close_stdin(self) -> None:
        """Let it read the end of its input."""
        self._transport.get_pipe_transport(0).close()

    async def read_line(self) -> bytes:
        """Take the next line of its output. Raises AgentError when it ends before there is one."""
        while (end := self.stdout.find(b"\n")) < 0:
            if self.ended.is_set():
                self.check(when=" before it answered")
            self._news.clear()
            await self._news.wait()
        line = bytes(self.stdout[:end])
        del self.stdout[: end + 1]
        return line

    def kill(self) -> None:
        """End it and whatever it started, at once."""
        if self.returncode is None:
            self._kill_group()

    async def end(self) -> None:
        """End it, and wait until it is gone."""
        self.kill()
        await self.ended.wait()

    def check(self, *, when: str = "") -> None:
        """Raise AgentError unless it ended by itself, with code 0; in any case if it ended ``when`` it must not."""
        if self._wrote_too_much:
            raise AgentError(f"{self.name} wrote more than {MAX_OUTPUT_BYTES:,} bytes to stdout, and was ended")
        if self.returncode or when:
            tail = redact(self.stderr.strip())[-1_000:]
            said = f"; stderr: {tail}" if tail else "; nothing on stderr"
            raise AgentError(f"{self.name} {_how_it_ended(self.returncode or 0)}{when}{said}")

    def _kill_group(self) -> None:
        if os.name == "nt":
            self._transport.kill()
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left; macOS on one not yet reaped
            os.killpg(self._transport.get_pid(), signal.SIGKILL)


def _how_it_ended(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):  # a signal that this Python has no name for
            return f"was ended by {signal.Signals(-code).name}"
        return f"was ended by signal {-code}"
    return f"exited with code {code}"


def to_stderr() -> Callable[[str], object]:
    """What prints to this process's stderr as the caller does, so that it lands in the output of its case."""
    context = contextvars.copy_context()
    return lambda text: context.run(lambda: sys.stderr.write(text))


@atexit.register
def _kill_all() -> None:
    """End what a left-behind loop has not: nothing may outlive the interpreter."""
    for process in _running:
        if process.starter == os.getpid():
            process.kill()
