from __future__ import annotations

from typing import Any

import pytest
from records import passed, record, run_of

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.artifact import artifact_parts
from pytest_evalsuite.runs.merging import merge_shards
from pytest_evalsuite.runs.run import Run

SUITE = "0123456789abcdef"


def shard(number: Any, of: Any, *sets: str, **info: Any) -> Run:
    """A shard with two cases of each of the test sets."""
    told = {
        "id": f"run-{number}",
        "name": "nightly",
        "status": "succeeded",
        "started_at": f"2026-01-02T03:04:0{number}.000Z",
        "completed_at": f"2026-01-02T03:05:0{number}.000Z",
        "duration_seconds": 60 + number if isinstance(number, int) else 60,
        "shard": {"number": number, "of": of, "suite": SUITE},
        **info,
    }
    return run_of(*((name, "echo", [passed(), record()]) for name in sets), **told)


def test_the_whole_lasts_from_the_first_start_to_the_last_end() -> None:
    merged = merge_shards([shard(2, 2, "b"), shard(1, 2, "a")])
    assert [evaluation.plan.name for evaluation in merged.evaluations] == ["a", "b"]
    info = merged.info
    assert info["id"] not in ("run-1", "run-2")
    assert (info["name"], info["status"], info["shard"], info["duration_seconds"]) == (
        "nightly",
        "succeeded",
        None,
        62,
    )
    assert (info["started_at"], info["completed_at"]) == ("2026-01-02T03:04:01.000Z", "2026-01-02T03:05:02.000Z")


def test_the_shards_stay_as_they_were() -> None:
    shards = [shard(1, 2, "a"), shard(2, 2, "b")]
    before = ["".join(artifact_parts(one)) for one in shards]
    for _ in range(2):
        merge_shards(shards)
    assert ["".join(artifact_parts(one)) for one in shards] == before
    assert [len(one.evaluations[0].plan.cases) for one in shards] == [2, 2]


def test_shards_of_different_names_have_none_together() -> None:
    assert merge_shards([shard(1, 2, "a", name="one"), shard(2, 2, "b", name="two")]).info["name"] is None


@pytest.mark.parametrize(
    ("shards", "message"),
    [
        ([shard(1, 2, "a"), shard(2, 2, "a")], "case 'case-0' of a.eval.yaml is in two shards"),
        ([shard(1, 2), shard(2, 3)], "these are shards of different suites, or of different numbers of parts"),
        ([shard(1, 2), shard(2, 2, status="cancelled")], "run run-2 is cancelled: go on with it before it is merged"),
        ([shard(1, 1, shard=None)], "run run-1 is no shard: it was not made with --eval-shard"),
        ([shard(5, 3), shard(1, 3), shard(2, 3)], "run run-5 does not say which shard it is, or when it ran"),
        ([shard("1", 1)], "run run-1 does not say which shard it is, or when it ran"),
        ([shard(1, 1, shard=[1])], "run run-1 does not say which shard it is, or when it ran"),
        ([shard(1, 1, completed_at=None)], "run run-1 does not say which shard it is, or when it ran"),
        ([shard(2, 10**15)], "shard 1, 3, 4, 5, 6, ... of 1000000000000000 is missing"),
    ],
)
def test_what_makes_no_whole_is_refused(shards: list[Run], message: str) -> None:
    with pytest.raises(StoreError) as raised:
        merge_shards(shards)
    assert str(raised.value) == message


def test_shards_that_count_a_test_set_differently_are_refused() -> None:
    one, two = shard(1, 2, "a"), shard(2, 2, "a")
    two.evaluations[0].plan.collected = 7
    with pytest.raises(StoreError, match=r"^the shards do not agree on how many cases a\.eval\.yaml has$"):
        merge_shards([one, two])
