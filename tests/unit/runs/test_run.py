from __future__ import annotations

from records import passed, record, run_of

from pytest_evalsuite.runs.encoding import encode
from pytest_evalsuite.runs.plan import Plan
from pytest_evalsuite.runs.run import CaseKey, PlannedCase, PlannedEvaluation, Results, assemble

CAUSE = {"kind": "stopped", "message": "interrupted"}
FINGERPRINT = "01234567-89abcdef-01234567-89abcdef-01234567"


def planned(test_set: str, agent: str, *case_ids: str) -> PlannedEvaluation:
    cases = [PlannedCase(case_id, n, n + 3, FINGERPRINT, case_id) for n, case_id in enumerate(case_ids)]
    return PlannedEvaluation(test_set, agent, test_set, len(cases), cases)


def test_results_come_in_the_order_of_the_test_set_whatever_order_they_came_in() -> None:
    results = Results()
    for test_set, case_id in (("b", "two"), ("a", "one"), ("b", "one")):
        results.add(encode(passed(test_set=test_set, case_id=case_id, agent="x")))
    plans = [planned("b", "x", "one", "two"), planned("a", "x", "one")]
    for plan in plans:
        plan.cases.reverse()
    run = assemble({}, plans, results, CAUSE)
    assert [(key.test_set, key.case_id) for e in run.evaluations for key in e.keys] == [
        ("a", "one"),
        ("b", "one"),
        ("b", "two"),
    ]


def test_a_case_without_a_result_has_not_run_and_says_why() -> None:
    run = assemble({}, [planned("a", "x", "one")], Results(), CAUSE)
    (missing,) = run.records(run.evaluations[0])
    assert (missing["status"], missing["cause"], missing["score"]) == ("not_run", CAUSE, None)
    assert (missing["line"], missing["fingerprint"]) == (3, FINGERPRINT)
    assert run.evaluations[0].status == "cancelled"


def test_the_last_result_of_a_case_counts() -> None:
    results = Results()
    results.add(encode(record()))
    results.add(encode(passed()))
    key = CaseKey("set.eval.yaml", "a", "echo")
    assert len(results) == 1
    assert results.brief(key).status == "passed"
    assert list(results.keys()) == [key]


def test_verdicts_do_not_make_an_evaluation_incomplete() -> None:
    assert run_of(("set", "echo", [record(), passed()])).evaluations[0].status == "succeeded"


def test_a_plan_comes_back_as_it_was_written() -> None:
    plan = Plan([planned("a", "x", "one", "two"), planned("b", "y", "one")])
    back = Plan.from_json(encode(plan.as_json()).encode())
    assert back.evaluations == plan.evaluations
    assert len(back) == 3
    assert len(Plan.from_json(None)) == 0


def test_a_case_is_found_by_its_node_id_also_in_a_group_of_xdist() -> None:
    plan = Plan([planned("dir/a", "x", "one")])
    for node_id in ("dir/a::one", "dir/a::one@group"):
        found = plan.find(node_id)
        assert found is not None
        assert found[0] == CaseKey("dir/a", "one", "x")
    assert plan.find("dir/a::other") is None
    assert plan.find("other::one") is None
