"""An exception as the record of a case keeps it: what broke, where, in bounded text."""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Any, Final

from pytest_evalsuite.agents.replies import clean_text
from pytest_evalsuite.errors import CaseError, RemoteError
from pytest_evalsuite.redaction import redact

__all__ = ["describe_error", "message_of"]

MAX_MESSAGE: Final = 2_000
MAX_TRACEBACK: Final = 20_000
OWN_PACKAGE: Final = __name__.partition(".")[0]


def describe_error(error: BaseException) -> dict[str, Any]:
    """Kind, type, message and traceback of an exception that kept a case from being scored.

    ``kind`` is ``agent`` for whatever an agent raised, else that of the `CaseError`. The traceback begins at the
    agent's own code. Never raises, whatever the exception does when it is asked for its text.
    """
    if isinstance(error, RemoteError):
        return dict(error.description)
    own = isinstance(error, CaseError)
    shown = error.__cause__ if own and error.__cause__ is not None else error
    description: dict[str, Any] = {
        "kind": error.kind if isinstance(error, CaseError) else "agent",
        "type": type(error).__name__,
        "message": message_of(error),
    }
    text = "" if own and shown is error else _traceback(shown)
    if text:
        description["traceback"] = text
    return description


def message_of(error: BaseException) -> str:
    """The exception's own text, at most about 2,000 characters of it; its type's name when it has none."""
    try:
        return _shortened(clean_text(str(error)), MAX_MESSAGE) or type(error).__name__
    except Exception as broken:
        return f"<str() of the exception raised {type(broken).__name__}>"


def _traceback(error: BaseException) -> str:
    try:
        lines = traceback.TracebackException(
            type(error), error, _beyond_own_frames(error.__traceback__), limit=-20, compact=True
        ).format()
        return _shortened(clean_text("".join(lines)).rstrip(), MAX_TRACEBACK)
    except Exception as broken:
        return f"<the traceback could not be written: {type(broken).__name__}>"


def _beyond_own_frames(frames: TracebackType | None) -> TracebackType | None:
    while frames is not None and _is_own(frames):
        frames = frames.tb_next
    return frames


def _is_own(frames: TracebackType) -> bool:
    module = str(frames.tb_frame.f_globals.get("__name__", ""))
    return module.partition(".")[0] in (OWN_PACKAGE, "asyncio", "_pytest", "pluggy")


def _shortened(text: str, limit: int) -> str:
    text = redact(text)
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]}\n... ({len(text) - limit:,} characters left out)\n{text[-limit // 2 :]}"
