"""Verdicts that are kept when they are given, and given again without asking anybody."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any, Final

from pytest_evalsuite.agents.reply import Usage
from pytest_evalsuite.errors import AnswerMissing, JudgeError
from pytest_evalsuite.judges._base import Judge, JudgeRequest, Verdict
from pytest_evalsuite.redaction import redact_values

__all__ = ["Keep", "Lookup", "RecordingJudge", "ReplayingJudge", "asking_for"]

Keep = Callable[[Mapping[str, Any]], None]
"""Takes what a judge said about an answer, as JSON values."""

Lookup = Callable[[str], Mapping[str, Any] | None]
"""Gives what was kept for a key, or None; what was kept several times is given in its order."""

_place: Final[ContextVar[str]] = ContextVar("evalsuite_judged", default="")


@contextmanager
def asking_for(place: str) -> Iterator[None]:
    """Inside, judges are asked about the answer that ``place`` names: case, agent, attempt and check."""
    token = _place.set(place)
    try:
        yield
    finally:
        _place.reset(token)


@dataclass(frozen=True, slots=True)
class RecordingJudge:
    """Asks another judge and keeps what it says, a JudgeError too."""

    judge_asked: Judge
    keep: Keep

    @property
    def identity(self) -> str:
        """The other judge's."""
        return self.judge_asked.identity

    async def judge(self, request: JudgeRequest) -> Verdict:
        """Ask. Raises what the other judge raises."""
        said: dict[str, Any] = {"key": key_of(request)}
        try:
            verdict = await self.judge_asked.judge(request)
        except JudgeError as error:
            self.keep({**said, "error": str(error)})
            raise
        if isinstance(verdict, Verdict):
            self.keep({**said, "verdict": asdict(verdict)})
        return verdict


@dataclass(frozen=True, slots=True)
class ReplayingJudge:
    """Says what a judge said in another run; asks nobody."""

    identity: str
    find: Lookup
    run_id: str

    async def judge(self, request: JudgeRequest) -> Verdict:
        """Give the verdict. Raises AnswerMissing where the answer was not judged so, JudgeError where that failed."""
        said = self.find(key_of(request))
        if said is None:
            raise AnswerMissing(f"run {self.run_id} has no verdict of {self.identity} on this answer")
        if "error" in said:
            raise JudgeError(said["error"])
        try:
            return _verdict(said["verdict"])
        except (KeyError, TypeError, ValueError) as error:
            raise AnswerMissing(f"run {self.run_id}: what was recorded is no verdict: {error!s:.300}") from None


def key_of(request: JudgeRequest) -> str:
    """Name what is asked: the place of the answer, and a digest of the whole request, without secrets."""
    content = json.dumps(redact_values(dataclasses.asdict(request)), sort_keys=True, default=str)
    digest = blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{_place.get()} {digest}"


def _verdict(said: Mapping[str, Any]) -> Verdict:
    value, usage = said["value"], said["usage"]
    return Verdict(
        **{
            **said,
            "value": tuple(value) if isinstance(value, list) else value,
            "reasons": tuple(said["reasons"]),
            "notes": tuple(said["notes"]),
            "usage": None if usage is None else Usage(**usage),
        }
    )
