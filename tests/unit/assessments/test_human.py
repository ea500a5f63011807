from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from assessed import keep_answers, trace_of
from kept import FIRST, SECOND
from records import error, passed, record

from pytest_evalsuite.assessments import Assessments
from pytest_evalsuite.assessments.human import People
from pytest_evalsuite.runs.summary import brief, gate_status, tally

TODAY = date(2026, 6, 15)


def verdict(root: Path, one: dict[str, Any], today: date = TODAY) -> dict[str, Any] | None:
    people = People.read(root)
    assert People.from_text(people.as_text()).verdict(one, today) == people.verdict(one, today)
    return people.verdict(one, today)


def attempts_of(*told: str) -> list[dict[str, Any]]:
    """Attempts, each given as ``status: answer``."""
    pairs = (one.split(": ") for one in told)
    return [
        {"number": number, "status": status, "actual_response": answer, "checks": [], "execution_time_ms": 1.0}
        for number, (status, answer) in enumerate(pairs, 1)
    ]


@pytest.fixture
def assessments(tmp_path: Path) -> Assessments:
    return Assessments(keep_answers(tmp_path, record(), passed()))


def test_the_same_answer_to_the_same_case_by_the_same_agent_has_the_verdict(
    assessments: Assessments, tmp_path: Path
) -> None:
    made = assessments.create(trace_of(assessments), approval="approved", comment="fine", by="ann")
    told = {"approval": "approved", "by": "ann", "comment": "fine"}
    assert verdict(tmp_path, record(case_id="renamed")) == {
        **told,
        "assessment_id": made.assessment_id,
        "run": FIRST,
        "expires": None,
    }
    for other in (
        record(fingerprint="11234567-89abcdef-01234567-89abcdef-01234567"),
        record(agent="other"),
        record(actual_response="pariss"),
        record(actual_output=["Pariss"]),
        error(actual_response="Pariss"),
        record(status="skipped"),
    ):
        assert verdict(tmp_path, other) is None
    assessments.delete(made.assessment_id, by="ann")
    assert verdict(tmp_path, record()) is None


def test_only_approvals_of_the_answer_itself_count(assessments: Assessments, tmp_path: Path) -> None:
    assessments.create(trace_of(assessments), rating=5, by="ann")
    assessments.create(trace_of(assessments), comment="approved", by="ann")
    assert verdict(tmp_path, record()) is None


def test_the_latest_of_a_person_counts_in_whichever_run(assessments: Assessments, tmp_path: Path) -> None:
    other = Assessments(keep_answers(tmp_path, record(), run_id=SECOND))
    other.create(trace_of(other), approval="rejected", by="ann")
    time.sleep(0.002)  # times are told in milliseconds
    first = assessments.create(trace_of(assessments), approval="approved", by="ann")
    found = verdict(tmp_path, record())
    assert found is not None
    assert (found["approval"], found["run"], found["assessment_id"]) == ("approved", FIRST, first.assessment_id)


def test_people_who_disagree_are_told_of_and_not_counted(assessments: Assessments, tmp_path: Path) -> None:
    assessments.create(trace_of(assessments), approval="approved", by="ann")
    assessments.create(trace_of(assessments), approval="rejected", by="bob")
    found = verdict(tmp_path, record())
    assert found is not None
    assert found["not_counted"] == "people disagree: approved by ann, rejected by bob"
    assert gate_status(record(human_verdict=found)) == "failed"


def test_a_waiver_counts_to_its_last_day_and_its_end_is_told(assessments: Assessments, tmp_path: Path) -> None:
    assessments.create(trace_of(assessments), approval="approved", expires="2026-06-15", by="ann")
    found = verdict(tmp_path, record())
    assert found is not None
    assert found["expires"] == "2026-06-15"
    assert "not_counted" not in found
    late = verdict(tmp_path, record(), date(2026, 6, 16))
    assert late is not None
    assert late["not_counted"] == "the approval by ann has expired on 2026-06-15"
    assessments.create(trace_of(assessments), approval="rejected", by="bob")
    both = verdict(tmp_path, record(), date(2026, 6, 16))
    assert both is not None
    assert both["approval"] == "rejected"
    assert "not_counted" not in both


def test_a_broken_log_or_run_is_told_of(assessments: Assessments, tmp_path: Path) -> None:
    assessments.create(trace_of(assessments), approval="approved", by="ann")
    with (assessments.folder / "assessments.jsonl").open("a") as log:
        log.write("{")
    broken = keep_answers(tmp_path, record(), run_id=SECOND)
    (broken / "run.json").write_text("{")
    (broken / "assessments.jsonl").write_bytes((assessments.folder / "assessments.jsonl").read_bytes())
    people = People.read(tmp_path)
    assert people.verdict(record(), TODAY) is not None
    assert people.problems[0] == f"run {FIRST}: assessments.jsonl:2: this line cannot be used: it was cut off"
    assert people.problems[1].startswith(f"what people have said of run {SECOND} cannot be read: ")


@pytest.mark.parametrize(
    ("rule", "attempts", "said", "status", "passes"),
    [
        ("majority", ["passed: a", "failed: b", "failed: b"], {"b": "approved"}, "passed", 3),
        ("all", ["passed: a", "failed: b"], {"b": "approved"}, "passed", 2),
        ("all", ["passed: a", "failed: b", "failed: c"], {"b": "approved"}, "failed", None),
        ("any", ["failed: a", "failed: b"], {"b": "approved"}, "passed", 1),
        ({"at_least": 2}, ["passed: a", "passed: a"], {"a": "rejected"}, "failed", 0),
        ("majority", ["passed: a", "passed: b", "failed: c"], {"a": "rejected"}, "failed", 1),
        ("any", ["failed: a", "error: b"], {"a": "approved"}, "passed", 1),
        ("all", ["failed: a", "error: b"], {"a": "approved"}, "failed", None),
        ("mean", ["failed: a", "failed: b"], {"a": "approved"}, "failed", None),
        ("mean", ["failed: a", "passed: b"], {"a": "approved", "b": "approved"}, "passed", 2),
        ("mean", ["failed: a", "passed: b"], {"a": "approved", "b": "rejected"}, "failed", None),
    ],
)
def test_attempts_are_judged_one_by_one_and_the_rule_of_the_case_decides(
    tmp_path: Path, rule: Any, attempts: list[str], said: dict[str, str], status: str, passes: int | None
) -> None:
    flipped = passes is not None
    machine = status if not flipped else {"passed": "failed", "failed": "passed"}[status]
    case = record(status=machine, pass_rule=rule, attempts=attempts_of(*attempts))
    assessments = Assessments(keep_answers(tmp_path, case))
    for answer in list(assessments.answers):
        approval = said.get(answer.told["actual_response"])
        if approval is not None:
            assessments.create(answer.trace_id, approval=approval, by="ann")
    found = verdict(tmp_path, case)
    assert gate_status({**case, "human_verdict": found}) == status
    assert (None if found is None else found.get("passed_attempts")) == passes


@pytest.mark.parametrize("status", ["passed", "failed", "error", "skipped", "cancelled", "not_run"])
@pytest.mark.parametrize("approval", ["approved", "rejected"])
@pytest.mark.parametrize("counts", [True, False])
def test_a_person_makes_of_a_verdict_the_other_one_and_of_nothing_else_anything(
    status: str, approval: str, counts: bool
) -> None:
    said = {"approval": approval, "by": "ann"} | ({} if counts else {"not_counted": "no"})
    one = record(status=status, human_verdict=said)
    wanted = "passed" if approval == "approved" else "failed"
    assert gate_status(one) == (wanted if counts and status in ("passed", "failed") else status)
    told = tally([brief(one)])
    assert told.counts[status] == 1
    assert (told.approved_failures, told.rejected_passes) == (
        int(counts and (status, wanted) == ("failed", "passed")),
        int(counts and (status, wanted) == ("passed", "failed")),
    )
    assert told.blamed == int(gate_status(one) == "failed")
    assert tally([brief({**one, "known_failure": "bug"})]).blamed <= 0
