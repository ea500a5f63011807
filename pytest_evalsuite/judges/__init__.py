"""Judges: a model, a function or a vote of several is asked for a verdict on an answer."""

from __future__ import annotations

from pytest_evalsuite.judges._base import CAN_NOT_SEE, EMBEDDED, Judge, JudgeRequest, Scale, Verdict
from pytest_evalsuite.judges._bench import Bench

__all__ = ["CAN_NOT_SEE", "EMBEDDED", "Bench", "Judge", "JudgeRequest", "Scale", "Verdict"]
