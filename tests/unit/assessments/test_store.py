from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from assessed import keep_answers, trace_of
from records import error, passed, record

from pytest_evalsuite.assessments import Assessments, Wish
from pytest_evalsuite.assessments.answers import answer_digest
from pytest_evalsuite.errors import AssessmentError, StoreError

TRACE = "0123456789abcdef0123456789abcdef"
SPAN = "00000000000000aa"


@pytest.fixture
def assessments(tmp_path: Path) -> Assessments:
    attempts = [
        {"number": number, "status": "passed", "score": 1.0, "checks": [], "execution_time_ms": 1.0, **answer}
        for number, answer in enumerate([{"actual_response": "Paris"}, {"actual_response": "Pariss"}], 1)
    ]
    records = [
        passed(trace_id=TRACE),
        record(),
        error(),
        passed(attempts=attempts, statistics={"scored": 2, "passed": 2, "attempts": 2}, pass_rule="all"),
        record(status="skipped", score=None, cause={"kind": "skip", "message": "no"}, execution_time_ms=...),
    ]
    folder = keep_answers(tmp_path, *records, agents=("echo", "other"))
    spans = [
        {"span_id": "00000000000000a0", "parent_id": None, "name": "invoke_agent echo", "status": "ok"},
        {"span_id": SPAN, "parent_id": "00000000000000a0", "name": "retrieve", "status": "ok"},
        {"span_id": "00000000000000ab", "parent_id": "00000000000000a0", "name": "ask", "status": "ok"},
        {"span_id": "00000000000000ac", "parent_id": "00000000000000a0", "name": "ask", "status": "ok"},
    ]
    (folder / "spans-main.jsonl").write_text(json.dumps({"trace_id": TRACE, "spans": spans}) + "\n")
    return Assessments(folder)


def test_an_answer_is_assessed_by_its_root_span(assessments: Assessments) -> None:
    made = assessments.create(TRACE, rating=4, comment="good", by="ann")
    assert (made.trace_id, made.span_id) == (TRACE, "00000000000000a0")
    assert made.created_at == made.updated_at
    assert assessments.list() == [made]
    assert assessments.get(made.assessment_id[:6]) == made
    assert Assessments(assessments.folder).list(trace_id=TRACE, assessment_type="rating", author="ann") == [made]
    assert not assessments.list(assessment_type="comment")
    assert not assessments.list(author="bob")
    assert not assessments.list(span_id=SPAN)


def test_a_span_is_named_by_its_id_or_by_a_name_that_it_alone_has(assessments: Assessments) -> None:
    assert assessments.create(TRACE, span_id=SPAN, comment="slow", by="ann").span_id == SPAN
    assert assessments.create(TRACE, span_id="retrieve", comment="slow", by="ann").span_id == SPAN
    with pytest.raises(AssessmentError, match="has 2 spans named 'ask': give the id of one"):
        assessments.create(TRACE, span_id="ask", comment="slow", by="ann")
    with pytest.raises(AssessmentError, match=r"has no span 'x': it has 00000000000000a0 \(invoke_agent echo\), "):
        assessments.create(TRACE, span_id="x", comment="slow", by="ann")
    assert len(assessments.list(span_id=SPAN)) == 2


def test_what_is_not_there_is_an_error_that_says_what_is(assessments: Assessments) -> None:
    with pytest.raises(AssessmentError, match=rf"has no trace 'x': it has {TRACE} \(case-0\), .* and 5 more"):
        assessments.create("x", rating=4, by="ann")
    with pytest.raises(AssessmentError, match=r"there is no assessment '0123'; `evalsuite assess list` lists them"):
        assessments.get("0123")
    with pytest.raises(AssessmentError, match="assessment_type: expected comment, rating"):
        assessments.list(assessment_type="stars")
    assert not (assessments.folder / "assessments.jsonl").exists() or not assessments.list()


def test_every_attempt_of_every_agent_has_a_trace_and_one_that_was_not_made_has_none(assessments: Assessments) -> None:
    traces = [answer.trace_id for answer in assessments.answers]
    assert len(traces) == len(set(traces)) == 2 * 5
    assert traces == [answer.trace_id for answer in Assessments(assessments.folder).answers]
    numbers = [answer.number for answer in assessments.answers if answer.key.case_id == "case-3"]
    assert numbers == [1, 2, 1, 2]
    assert not [answer for answer in assessments.answers if answer.key.case_id == "case-4"]


def test_a_span_has_one_overwrite_whoever_made_it(assessments: Assessments) -> None:
    first = assessments.create(TRACE, overwrite="Paris, France", by="ann")
    with pytest.raises(AssessmentError, match=rf"has an overwrite already, {first.assessment_id} by ann: a span has"):
        assessments.create(TRACE, overwrite={"city": "Paris"}, by="bob")
    assessments.create(TRACE, span_id=SPAN, overwrite=["a"], by="bob")
    assessments.update(first.assessment_id, overwrite="Paris", by="ann")
    assessments.delete(first.assessment_id, by="ann")
    assert assessments.create(TRACE, overwrite={"city": "Paris"}, by="bob").value == {"city": "Paris"}


def test_only_its_author_changes_or_deletes_it(assessments: Assessments) -> None:
    made = assessments.create(TRACE, approval="approved", expires="2999-01-01", by="ann")
    for act in (assessments.update, assessments.delete):
        with pytest.raises(AssessmentError, match=f"{made.assessment_id} is by ann: nobody else changes or deletes"):
            act(made.assessment_id, by="bob")
    changed = assessments.update(made.assessment_id, approval="rejected", expires=None, comment="no", by="ann")
    assert (changed.value, changed.comment, changed.content.expires) == ("rejected", "no", None)
    assert (changed.created_at, changed.assessment_id) == (made.created_at, made.assessment_id)
    with pytest.raises(AssessmentError, match="rating: an assessment says one thing, and this one has approval"):
        assessments.update(made.assessment_id, rating=3, by="ann")
    with pytest.raises(AssessmentError, match="approval: an assessment of this type needs it"):
        assessments.update(made.assessment_id, approval=None, by="ann")
    assert assessments.delete(made.assessment_id, by="ann") == changed
    with pytest.raises(AssessmentError, match="has been deleted"):
        assessments.delete(made.assessment_id, by="ann")
    assert not assessments.list()
    assert [event.kind for event in assessments.history(made.assessment_id)] == ["created", "updated", "deleted"]
    assert [event.assessment for event in assessments.history()] == [made, changed, changed]


def test_saying_the_same_again_changes_nothing(assessments: Assessments) -> None:
    made = assessments.create(TRACE, rating=4, by="ann")
    assert assessments.update(made.assessment_id, rating=4, by="ann") == made
    with pytest.raises(AssessmentError, match="nobody else changes"):
        assessments.update(made.assessment_id, rating=4, by="bob")
    assert len(assessments.history()) == 1


def test_several_are_made_or_none(assessments: Assessments) -> None:
    wishes = [Wish(TRACE, None, {"rating": 4}, "ann"), Wish(TRACE, None, {"rating": 9}, "ann")]
    with pytest.raises(AssessmentError, match="rating"):
        assessments.create_all(wishes)
    twice = [Wish(TRACE, None, {"overwrite": "a"}, "ann"), Wish(TRACE, None, {"overwrite": "b"}, "bob")]
    with pytest.raises(AssessmentError, match="has an overwrite already"):
        assessments.create_all(twice)
    assert not assessments.history()
    assert len(assessments.create_all(wishes[:1] * 3)) == len(assessments.list()) == 3


def test_the_author_is_whom_the_environment_names_or_git_or_the_account(
    assessments: Assessments, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EVALSUITE_AUTHOR", " cid ")
    assert assessments.create(TRACE, rating=4).created_by == "cid"
    monkeypatch.delenv("EVALSUITE_AUTHOR")
    config = tmp_path / "gitconfig"
    config.write_text("[user]\nemail = dora@example.org\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    assert assessments.create(TRACE, rating=4).created_by == "dora@example.org"
    config.write_text("")
    monkeypatch.setenv("LOGNAME", "emil")
    assert assessments.create(TRACE, rating=4).created_by == "emil"
    monkeypatch.setenv("PATH", str(tmp_path))  # no git
    assert assessments.create(TRACE, rating=4).created_by == "emil"
    with pytest.raises(AssessmentError, match="author: expected the name or the address of a person"):
        assessments.create(TRACE, rating=4, by=" ")


def test_what_others_wrote_is_data(assessments: Assessments) -> None:
    hostile = "\x1b]52;c;eA==\x07\n::error::no\n##[error] \u202e </script> =cmd|' /C calc'!A0 \u2028"
    fields: list[dict[str, Any]] = [
        {"comment": hostile},
        {"rubric": {hostile: hostile}},
        {"metadata": {hostile: [hostile]}},
        {"overwrite": hostile},
    ]
    made = [assessments.create(TRACE, by=hostile, **one) for one in fields]
    assert Assessments(assessments.folder).list() == made
    assert [one.value for one in made] == [next(iter(one.values())) for one in fields]


def test_what_is_no_kept_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"holds no run \(no run\.json\)"):
        Assessments(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(StoreError, match="is an artifact, which is not written to: name a run that is kept"):
        Assessments(tmp_path / "run.json")


def test_the_same_answer_is_known_by_its_text_or_structure() -> None:
    assert answer_digest({"actual_response": "a", "cost": 1}) == answer_digest({"actual_response": "a"})
    one = {"actual_response": "x", "actual_output": {"a": 1, "b": 2}}
    assert answer_digest(one) == answer_digest({"actual_output": {"b": 2, "a": 1}, "actual_response": "y"})
    assert answer_digest({"actual_response": '{"a": 1}'}) != answer_digest({"actual_output": {"a": 1}})
    assert answer_digest({"actual_response": "\ud800"}) != answer_digest({"actual_response": "\ud801"})
    assert answer_digest({}) is None


def test_answers_that_share_a_trace_are_told_apart(tmp_path: Path) -> None:
    folder = keep_answers(tmp_path, passed(trace_id="always"), passed(trace_id="always"))
    assessments = Assessments(folder)
    first, second = (trace_of(assessments, case) for case in (0, 1))
    assert first == "always" != second
    assert assessments.create(second, rating=4, by="ann").trace_id == second
