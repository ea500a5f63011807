"""Lines that are kept on the disk until they are wanted again."""

from __future__ import annotations

import resource
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.runs.spool import BUFFER, Spool

lines = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=40)


@given(st.lists(st.tuples(lines, st.integers(0, 30)), max_size=40), st.integers(0, 200))
def test_every_line_can_be_read_at_any_time(kept: list[tuple[str, int]], in_memory: int) -> None:
    spool = Spool(in_memory=in_memory)
    places = []
    for line, look_back in kept:
        places.append(spool.append(line))
        at = max(0, len(places) - 1 - look_back)
        assert spool.read(places[at]) == kept[at][0]
    assert [spool.read(place) for place in reversed(places)] == [line for line, _ in reversed(kept)]


def test_a_line_may_be_longer_than_what_is_read_at_once() -> None:
    spool = Spool(in_memory=0)
    long = "x" * (3 * BUFFER)
    places = [spool.append(line) for line in ("a", long, "b")]
    assert [spool.read(place) for place in places] == ["a", long, "b"]


def test_what_the_disk_does_not_take_stays_in_memory() -> None:
    spool = Spool(in_memory=1_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    kept = [f"{number:0100}" for number in range(200)]
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, before[1]))  # a write takes a part, and the next one nothing
    try:
        places = [spool.append(line) for line in kept]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [spool.read(place) for place in places] == kept


def test_without_a_place_for_temporary_files_all_stays_in_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    spool = Spool(in_memory=0)
    places = [spool.append(line) for line in ("a", "b")]
    assert [spool.read(place) for place in places] == ["a", "b"]
