"""The trials of `make soak`, made small: nothing is lost, whatever agents do and whoever is killed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from soak.trials import bereaved, endured, interrupted

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_every_case_of_a_run_with_a_hostile_agent_is_accounted_for(tmp_path: Path) -> None:
    assert endured(tmp_path, 100).faults == []


def test_workers_that_are_killed_cost_the_case_that_they_were_at_and_no_other(tmp_path: Path) -> None:
    told = bereaved(tmp_path, 100, 2)
    assert told.faults == []
    assert told.figures["workers killed"] == "2"


def test_a_run_that_is_killed_and_resumed_leaves_the_artifact_of_one_that_was_left_alone(tmp_path: Path) -> None:
    told = interrupted(tmp_path, 60, 2)
    assert told.faults == []
    assert int(told.figures["killed"]) > 0
