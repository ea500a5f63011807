"""What was said in a conversation before a turn, as its record tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pytest_evalsuite.reporting import numbers

__all__ = ["said_before"]

SPEAKERS: Final = {"user": "user", "assistant": "agent"}


def said_before(record: Mapping[str, Any], answered: Mapping[str, Any] | None = None) -> Iterator[tuple[str, str]]:
    """Who said what, first how many earlier turns are left out; nothing for a case that stands alone.

    ``answered`` is one of several attempts, where the conversation was held several times.
    """
    history = (record if answered is None else answered).get("history")
    if not history:
        return
    shown = [message for message in history if message["role"] == "user"]
    left_out = record["conversation"]["turn"] - 1 - len(shown)
    if left_out > 0:
        yield "...", numbers.count(left_out, "earlier turn")
    for message in history:
        yield SPEAKERS[message["role"]], message["content"]
