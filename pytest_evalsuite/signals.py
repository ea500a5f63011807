"""Signals that end a run: each as Ctrl-C does, so that what was finished is kept and said."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

__all__ = ["held", "interrupting"]

NAMES: Final = ("SIGTERM", "SIGHUP")
"""What CI systems and closed terminals send; not every platform has both."""


@contextmanager
def interrupting() -> Iterator[None]:
    """Inside, the signals raise KeyboardInterrupt in the main thread; one that is handled or ignored already stays."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [number for number in _numbers() if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def held() -> Iterator[None]:
    """Inside, the signals and Ctrl-C wait: for what must be done whole, and does not take long."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *_numbers())}
    for number in before:
        signal.signal(number, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # one that was not set from Python
                signal.signal(number, handler)
    if came and sys.exc_info()[0] is None:
        raise KeyboardInterrupt(signal.Signals(came[0]).name)


def _numbers() -> list[int]:
    return [getattr(signal, name) for name in NAMES if hasattr(signal, name)]


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
