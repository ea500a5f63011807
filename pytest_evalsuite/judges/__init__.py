"""Judges: a model, a function or a vote of several is asked for a verdict on an answer."""

from __future__ import annotations

from pytest_evalsuite.judges._base import CAN_NOT_SEE, EMBEDDED, Judge, JudgeRequest, Scale, Verdict
from pytest_evalsuite.judges._bench import Bench
from pytest_evalsuite.judges._recording import Keep, RecordingJudge, ReplayingJudge, asking_for

__all__ = [
    "CAN_NOT_SEE",
    "EMBEDDED",
    "Bench",
    "Judge",
    "JudgeRequest",
    "Keep",
    "RecordingJudge",
    "ReplayingJudge",
    "Scale",
    "Verdict",
    "asking_for",
]
