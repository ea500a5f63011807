from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from records import error, passed, record, run_of

from pytest_evalsuite.comparison.sides import outcome_of, side_of_artifact, side_of_run
from pytest_evalsuite.runs.artifact import write_artifact

RECORDS = [passed(), record(), error()]


@pytest.mark.parametrize("status", ["succeeded", "cancelled"])
@pytest.mark.parametrize("collected", [0, 3, 4])
@pytest.mark.parametrize("last", [record(), record(status="not_run", score=None)], ids=["failed", "not run"])
def test_an_artifact_says_what_its_run_says(status: str, collected: int, last: dict[str, Any], tmp_path: Path) -> None:
    run = run_of(("set", "echo", [*RECORDS[:2], last]), id="1", name="nightly", status=status)
    run.evaluations[0].plan.collected = collected
    run.evaluations[0].plan.agent_version = "v1"
    run.verdicts = {"gate": {"verdict": "passed"}}
    write_artifact(run, tmp_path / "run.json")
    ours, theirs = side_of_run(run, "x"), side_of_artifact(tmp_path / "run.json", "x")
    assert theirs.outcomes == ours.outcomes
    assert theirs.info.complete == ours.info.complete == run.is_whole
    for name in ("run_id", "name", "agent_versions", "test_sets", "gate"):
        assert getattr(theirs.info, name) == getattr(ours.info, name)
    wanted = [outcome.key for outcome in ours.outcomes[1:]]
    assert theirs.records(wanted) == ours.records(wanted)
    assert theirs.records([]) == {}


@pytest.mark.parametrize(
    ("one", "counts"),
    [
        (passed(), (1, 1)),
        (record(), (0, 1)),
        (error(), (0, 0)),
        (record(statistics={"passed": 2, "scored": 5}), (2, 5)),
        (error(statistics={"passed": 2, "scored": 5}), (0, 0)),
    ],
)
def test_passes_are_counted_over_scored_attempts(one: dict[str, Any], counts: tuple[int, int]) -> None:
    outcome = outcome_of(one)
    assert (outcome.passes, outcome.attempts) == counts


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (None, None),
        ({"input_tokens": 3, "output_tokens": 4}, 7),
        ({"input_tokens": 3, "output_tokens": None}, 3),
        ({"input_tokens": None, "output_tokens": None}, None),
    ],
)
def test_tokens_that_nobody_told_are_not_none_at_all(usage: dict[str, Any] | None, tokens: int | None) -> None:
    assert outcome_of(passed(usage=usage)).tokens == tokens


def test_a_column_is_metadata_then_input_then_a_field() -> None:
    one = passed(metadata={"topic": "x"}, inputs={"topic": "y", "size": 3})
    assert [outcome_of(one, key=key).joined_by for key in ("topic", "size", "status", "nothing")] == [
        *("x", "3", "passed"),
        None,
    ]
    assert outcome_of(one).joined_by == one["case_id"]
    assert outcome_of(one, group="size").group == "3"
