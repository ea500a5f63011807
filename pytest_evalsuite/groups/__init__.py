"""Evaluation groups: several evaluations, joined row by row and seen side by side."""

from __future__ import annotations

from pytest_evalsuite.groups.evaluations import Evaluated, Library, evaluation_id
from pytest_evalsuite.groups.model import Group, Member
from pytest_evalsuite.groups.report import GroupReport, Wanted, group_report
from pytest_evalsuite.groups.store import GroupStore

__all__ = [
    "Evaluated",
    "Group",
    "GroupReport",
    "GroupStore",
    "Library",
    "Member",
    "Wanted",
    "evaluation_id",
    "group_report",
]
