"""Spans: every one comes up to the root, and is JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_evalsuite.runs.encoding import decode, encode
from pytest_evalsuite.tracing.span import (
    MAX_VALUE_CHARS,
    Span,
    Trace,
    Traced,
    below,
    mended,
    plain,
    root_span,
    span_id,
)

IDS = st.sampled_from("abcdef")


@given(st.lists(st.tuples(IDS, st.none() | IDS | st.just("elsewhere")), unique_by=lambda pair: pair[0]))
def test_every_span_comes_up_to_the_root_and_none_is_lost(pairs: list[tuple[str, str | None]]) -> None:
    spans = [Span(name, span_id=name, parent_id=parent) for name, parent in pairs]
    known = {name for name, _ in pairs}
    kept = below("root", spans)
    assert [span.name for span in kept] == [name for name, _ in pairs]
    by_id = {span.span_id: span for span in kept}
    for span in kept:
        at, steps = span, 0
        while at.parent_id != "root":
            at, steps = by_id[at.parent_id or ""], steps + 1
            assert steps <= len(kept)
    given_parents = dict(pairs)
    moved = [span for span in kept if span.parent_id == "root" and given_parents[span.span_id] in known]
    for span in moved:  # only what stood in a circle was moved, one span of each circle
        above = given_parents[span.span_id]
        while above != span.span_id:
            above = given_parents[above or ""]


def test_a_long_chain_takes_no_long_time() -> None:
    chain = [Span(str(n), span_id=str(n), parent_id=str(n + 1)) for n in range(10_000)]
    assert [span.parent_id for span in below("root", chain)][-1] == "root"


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=[]))
    | st.binary()
    | st.builds(object),
    lambda part: st.lists(part) | st.dictionaries(st.text() | st.integers(), part) | st.sets(st.integers()),
)


@given(ANYTHING)
def test_any_value_becomes_json_that_reads_back_the_same(value: Any) -> None:
    made = plain(value)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert decode(encode(made)) == made
    assert plain(made) == made


def test_a_text_is_cut_and_says_so() -> None:
    cut = plain({"page": "x" * (MAX_VALUE_CHARS + 1)})["page"]
    assert cut.endswith("… (100,001 characters)")


def test_what_is_nested_too_deep_is_told_as_text() -> None:
    deep: Any = "end"
    for _ in range(200):
        deep = [deep]
    assert "end" in json.dumps(plain(deep))


SPANS = st.builds(
    Span,
    name=st.text(min_size=1),
    kind=st.sampled_from(["", "llm", "tool"]),
    input=st.none() | st.dictionaries(st.text(), st.integers()),
    output=st.none() | st.text(),
    status=st.sampled_from(["ok", "error", "unfinished"]),
    message=st.none() | st.text(),
    started_at=st.none() | st.floats(0, 1e10).map(lambda moment: round(moment, 6)),
    ended_at=st.none() | st.floats(0, 1e10).map(lambda moment: round(moment, 6)),
    attributes=st.dictionaries(st.text(alphabet="abc"), st.integers() | st.text()),
)


@given(st.lists(SPANS, max_size=5), st.integers(0, 3))
def test_a_trace_is_the_same_after_it_was_kept(spans: list[Span], dropped: int) -> None:
    root = root_span("bot", span_id("t"), asked="why", answer=42, error=None, started_at=1.5, seconds=0.25)
    trace = Trace("t", [root, *below(root.span_id, spans)], "set", "case", "bot", 2, dropped)
    assert Trace.from_json(decode(encode(trace.as_json()))) == trace
    traced = trace.traced()
    assert Traced.from_json(decode(encode(traced.as_json()))) == traced


@pytest.mark.parametrize(
    "values",
    [
        {"spans": []},
        {"trace_id": "t", "spans": []},
        {"trace_id": "t", "spans": [{"name": "a", "status": "fine"}]},
        {"trace_id": "t", "spans": [{"name": "a", "color": "red"}]},
        {"trace_id": "t", "spans": [{"name": 7}]},
        {"trace_id": "t", "spans": 7},
        {"trace_id": "t", "spans": ["name"]},
        {"trace_id": "t", "spans": [{"name": "a"}], "number": "1"},
        {"spans": [{"name": "a"}]},
        *(
            {"trace_id": "t", "spans": [{"name": "a", **field}]}
            for field in ({"started_at": ""}, {"attributes": "x"}, {"events": [1]}, {"message": 7}, {"span_id": None})
        ),
    ],
)
def test_what_is_no_trace_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Trace.from_json(values)


def test_ids() -> None:
    assert span_id("t", "00000000000000ab") == "00000000000000ab"
    assert span_id("t", "a") == span_id("t", "a") != span_id("t", "b")
    assert len(span_id("t", "\ud800")) == 16
    assert Traced("t").root_id == span_id("t")
    assert Traced().trace_id != Traced().trace_id


def test_how_long_a_span_took() -> None:
    assert Span("a", started_at=2.0, ended_at=2.5).seconds == 0.5
    assert Span("a", started_at=2.0, ended_at=1.0).seconds == 0.0  # the clock was set back
    assert Span("a", started_at=2.0).seconds is None


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"name": 5, "kind": None}, {"name": "5", "kind": ""}),
        ({"status": "gone"}, {"status": "ok", "message": None}),
        ({"status": "gone", "message": 404}, {"status": "error", "message": "404"}),
        ({"started_at": 1.7e12, "ended_at": "now"}, {"started_at": None, "ended_at": None}),
        ({"attributes": ["a"], "parent_id": 7}, {"attributes": {}, "parent_id": None}),
        ({"attributes": {1: {2}}, "message": 1}, {"attributes": {"1": [2]}, "message": "1"}),
        ({"events": "again"}, {"events": [{"name": "again"}]}),
        ({"events": ["retry", {"name": "again"}, None]}, {"events": [{"name": "retry"}, {"name": "again"}]}),
    ],
)
def test_a_span_that_was_told_anything_is_mended_and_can_be_read_again(
    told: dict[str, Any], kept: dict[str, Any]
) -> None:
    fields: dict[str, Any] = {"name": "look", **told}
    span = mended(Span(**fields))
    assert {name: getattr(span, name) for name in kept} == kept
    assert Span.from_json(json.loads(json.dumps(span.as_json()))) == span


def test_an_id_that_is_none_is_another_one() -> None:
    fields: dict[str, Any] = {"name": "look", "span_id": ["1"]}
    assert len(mended(Span(**fields)).span_id) == 16
