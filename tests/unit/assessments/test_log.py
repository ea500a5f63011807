"""The log of assessments: what comes out is what a plain model of it says, whatever happens to its file."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_evalsuite.assessments.log import Event, Log
from pytest_evalsuite.assessments.model import Assessment, now, read_content
from pytest_evalsuite.errors import AssessmentError, StoreError

FIRST = "00000000000000a1"


def assessment(key: str = FIRST, *, by: str = "ann", span: str = "root", **content: Any) -> Assessment:
    at = now()
    return Assessment(key, "t", span, read_content(content or {"rating": 4}), by, at, at)


def created(one: Assessment) -> Event:
    return Event("created", now(), one.created_by, one)


def add(log: Log, *events: Event) -> None:
    with log.writing() as (state, writer):
        for event in events:
            state.take(event)
        writer.append(events)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["created", "updated", "deleted"]),
        st.integers(0, 4),  # which assessment
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(["s1", "s2"]),
        st.sampled_from(["rating", "overwrite"]),
        st.integers(1, 5),
    ),
    max_size=15,
)


@settings(max_examples=30, deadline=None)
@given(ACTIONS)
def test_any_order_of_events_comes_to_what_a_model_says(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[Any, int, str, str, str, int]]
) -> None:
    log = Log(tmp_path_factory.mktemp("log") / "assessments.jsonl")
    model: dict[str, tuple[str, str, str, int]] = {}
    ever: set[str] = set()
    happened = 0
    for kind, number, by, span, content, value in actions:
        key = f"{number:016x}"
        old = model.get(key)
        if kind == "created":
            taken = content == "overwrite" and any(one[1:3] == (span, "overwrite") for one in model.values())
            allowed = key not in ever and not taken
            told = (by, span, content, value)
        else:
            allowed = old is not None and old[0] == by
            told = (*(old or (by, span, content, value))[:3], value)
        one = assessment(key, by=told[0], span=told[1], **{told[2]: told[3]})
        if old is not None and kind != "created":
            before = log.read().live[key]
            one = before.changed({before.assessment_type: value}) if kind == "updated" else before
        event = Event(kind, now(), by, one)
        if not allowed:
            with pytest.raises(AssessmentError):
                add(log, event)
            continue
        add(log, event)
        happened += 1
        ever.add(key)
        if kind == "deleted":
            del model[key]
        else:
            model[key] = told
    state = log.read()
    found = {key: (one.created_by, one.span_id, one.assessment_type, one.value) for key, one in state.live.items()}
    assert found == model
    assert len(state.events) == happened
    assert not state.problems


def test_there_is_nothing_before_something_is_said(tmp_path: Path) -> None:
    log = Log(tmp_path / "assessments.jsonl")
    assert not log.read().events
    assert not log.path.exists()
    add(log, created(assessment()))
    if os.name == "posix":
        assert stat.S_IMODE(log.path.stat().st_mode) == 0o600
    assert log.path.read_bytes().count(b"\n") == 1


@pytest.mark.parametrize("kept", [1, 40, -2])
def test_a_line_that_was_cut_off_is_told_and_nothing_else_is_lost(tmp_path: Path, kept: int) -> None:
    log = Log(tmp_path / "assessments.jsonl")
    add(log, created(assessment()))
    whole = log.path.read_bytes()
    log.path.write_bytes(whole + whole[:kept].replace(b"a1", b"b2"))
    assert log.read().problems == ["assessments.jsonl:2: this line cannot be used: it was cut off"]
    add(log, created(assessment("00000000000000c3")))
    state = log.read()
    assert list(state.live) == [FIRST, "00000000000000c3"]
    (problem,) = state.problems
    assert problem.startswith("assessments.jsonl:2: this line cannot be used: ")


def test_a_last_line_that_lacks_only_its_end_counts(tmp_path: Path) -> None:
    log = Log(tmp_path / "assessments.jsonl")
    add(log, created(assessment()))
    log.path.write_bytes(log.path.read_bytes().rstrip(b"\n"))
    add(log, created(assessment("00000000000000c3")))
    assert list(log.read().live) == [FIRST, "00000000000000c3"]


def _without(name: str) -> bytes:
    event = created(assessment("00000000000000b2")).as_json()
    del event[name]
    return json.dumps(event).encode()


def _with(**changes: Any) -> bytes:
    return json.dumps({**created(assessment("00000000000000b2")).as_json(), **changes}).encode()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", ""),
        (b"\xff\xfe", ""),
        (b"[1]", "it is no event"),
        (b"[" * 100_000, ""),
        (_without("by"), "it does not say who did what when"),
        (_without("assessment"), "this is no assessment"),
        (_with(event="praised"), "it is no event"),
        (_with(by="bob"), "assessment 00000000000000b2 was made by ann"),
        (_with(event="updated"), "there is no assessment 00000000000000b2"),
        (_with(assessment={**assessment().as_json(), "rating": 9}), "rating: expected a whole number in 1..5, got 9"),
        (json.dumps(created(assessment()).as_json()).encode(), f"assessment {FIRST} is there already"),
        (
            json.dumps(Event("deleted", now(), "bob", assessment()).as_json()).encode(),
            f"assessment {FIRST} is by ann: nobody else changes or deletes it",
        ),
        (
            json.dumps(Event("updated", now(), "ann", assessment(comment="x")).as_json()).encode(),
            f"assessment_type of assessment {FIRST} cannot change",
        ),
    ],
)
def test_a_line_that_is_no_event_is_told_and_passed_over(tmp_path: Path, line: bytes, reason: str) -> None:
    log = Log(tmp_path / "assessments.jsonl")
    add(log, created(assessment()))
    log.path.write_bytes(log.path.read_bytes() + line + b"\n\n")
    add(log, created(assessment("00000000000000c3")))
    state = log.read()
    assert list(state.live) == [FIRST, "00000000000000c3"]
    (problem,) = state.problems
    assert re.match(r"assessments\.jsonl:2: this line cannot be used: .", problem)
    assert reason in problem


def test_nothing_stays_of_what_a_full_disk_has_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log(tmp_path / "assessments.jsonl")
    add(log, created(assessment()))
    before = log.path.read_bytes()
    write, room = os.write, [30]

    def full(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        taken, room[0] = min(len(data), room[0]), 0
        return write(descriptor, data[:taken])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreError, match=r"cannot write .*assessments\.jsonl: No space left on device"):
        add(log, created(assessment("00000000000000b2")), created(assessment("00000000000000c3")))
    monkeypatch.undo()
    assert log.path.read_bytes() == before


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot write .*gone.assessments\.jsonl: No such file"):
        add(Log(tmp_path / "gone" / "assessments.jsonl"), created(assessment()))
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match=r"cannot read .*folder"):
        Log(tmp_path / "folder").read()


WRITER = """
import sys
from pathlib import Path
from pytest_evalsuite.assessments.log import Event, Log
from pytest_evalsuite.assessments.model import Assessment, now, read_content
from pytest_evalsuite.errors import AssessmentError

path, by, first = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
log, won = Log(path), 0
sys.stdin.readline()
for number in range(first, first + 60):
    at = now()
    overwrite = number % 1000 % 3 == 0
    content = read_content({"overwrite": by} if overwrite else {"comment": "x" * 5000})
    one = Assessment(f"{number:016x}", "t", f"span {number % 1000}", content, by, at, at)
    with log.writing() as (state, writer):
        try:
            state.take(Event("created", at, by, one))
        except AssessmentError:
            continue
        writer.append([Event("created", at, by, one)])
        won += 1
print(won)
"""


def test_two_processes_that_write_at_once_lose_nothing_and_a_span_has_one_overwrite(tmp_path: Path) -> None:
    path = tmp_path / "assessments.jsonl"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), by, str(first)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for by, first in (("ann", 0), ("bob", 1000))
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    won = sum(int(writer.communicate(timeout=60)[0]) for writer in writers)
    state = Log(path).read()
    assert not state.problems
    assert won == len(state.events) == 2 * 40 + 20
    overwrites = [one.span_id for one in state.live.values() if one.assessment_type == "overwrite"]
    assert sorted(overwrites) == sorted(f"span {number}" for number in range(0, 60, 3))
