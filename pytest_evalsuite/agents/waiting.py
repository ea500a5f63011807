"""How long to wait: before a request is tried again, and so that a service is not asked too often."""

from __future__ import annotations

import asyncio
import random
import re
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Final

from pytest_evalsuite.errors import ConfigurationError

__all__ = ["MAX_WAIT", "RateLimit", "backoff_of", "retry_after"]

MAX_WAIT: Final = 60.0
"""Seconds: no service and no backoff makes a call wait longer than this at once."""

_RATE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*(s|second|min|minute)")


def backoff_of(attempt: int, first: float) -> float:
    """Seconds to wait after so many attempts: twice as long each time, less up to a half of it at random."""
    return float(min(MAX_WAIT, first * 2.0 ** min(attempt - 1, 30)) * random.uniform(0.5, 1.0))  # noqa: S311 - no secret


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a Retry-After header asks for, in seconds or as a date; at most `MAX_WAIT`. None without one."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return min(MAX_WAIT, float(value))
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=timezone.utc)
    return min(MAX_WAIT, max(0.0, (date - datetime.now(timezone.utc)).total_seconds()))


class RateLimit:
    """Spaces requests evenly: ``10/s`` or ``300/min``. Raises ConfigurationError for another text."""

    def __init__(self, text: str) -> None:
        match = _RATE.fullmatch(str(text).strip())
        if match is None or float(match[1]) == 0:
            raise ConfigurationError(
                f"rate_limit: expected requests per second or minute ('10/s', '300/min'), got {text!r}"
            )
        self._interval = (1.0 if match[2].startswith("s") else 60.0) / float(match[1])
        self._next = 0.0
        self._lock = threading.Lock()

    async def turn(self) -> None:
        """Wait for this request's turn."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._interval
        if turn > now:
            await asyncio.sleep(turn - now)
