"""Slot mappings: what goes to which parameter of the agent, and which field of its output is compared with what."""

from __future__ import annotations

import json

import pytest
from suites import Suite

from pytest_evalsuite.runs.schema import Artifact

AGENTS = """
    import json, re

    def note(**given):
        with open("calls.txt", "a", encoding="utf-8") as calls:
            calls.write(json.dumps(given, sort_keys=True) + "\\n")

    def extract(text, currency="EUR"):
        note(text=text, currency=currency)
        number = re.search(r"no\\. (\\d+)", text)
        total = re.search(r"total (\\d+)", text)
        return {
            "invoice": {"number": number and number[1]},
            "total": {"amount": total and int(total[1]), "currency": currency},
            "summary": text[:20],
            "confidence": 0.9,
        }

    def as_text(text, currency):
        return "```json\\n" + json.dumps(extract(text, currency)) + "\\n```"

    def anything(**fields):
        note(**fields)
        return fields

    def prose(text):
        return "It is invoice 17."

    def listing(text):
        return [1, 2]
"""

HEAD = """
    agent: extract
    mapping:
      inputs: {text: mail.body, currency: currency}
      outputs:
        invoice.number: number
        total.amount: {slot: amount, method: numeric, absolute: 1, weight: 3}
        summary: {slot: summary, method: similarity, passing_score: 0.5, required: false}
    cases:
"""


@pytest.fixture
def slots(suite: Suite) -> Suite:
    """A suite with agents that take texts apart."""
    suite.write("agents.py", AGENTS)
    names = ("extract", "as_text", "anything", "prose", "listing")
    suite.configure(agents=tuple(f"{name} = agents:{name}" for name in names))
    return suite


def write(suite: Suite, *cases: str, head: str = HEAD) -> None:
    suite.write("set.eval.yaml", head + "".join(f"      - {case}\n" for case in cases))


GOOD = '{id: good, inputs: {mail: {body: "no. 17 total 90"}}, expected: {number: "17", amount: 90}}'


def test_mapped_values_reach_the_agent_and_slots_are_compared_one_by_one(slots: Suite) -> None:
    write(
        slots,
        GOOD,
        '{id: mean, inputs: {mail: {body: "no. 17 total 90"}, currency: USD}, expected: {number: "18", amount: 91}}',
    )
    result = slots.run("--eval-json=run.json")
    result.assert_outcomes(passed=1, failed=1)
    assert list(map(json.loads, slots.calls())) == [
        {"currency": "EUR", "text": "no. 17 total 90"},
        {"currency": "USD", "text": "no. 17 total 90"},
    ]
    records = slots.results()
    good, mean = records["good"], records["mean"]
    assert good["mapped_input"] == {"text": "no. 17 total 90"}
    assert good["inputs"] == {"mail": {"body": "no. 17 total 90"}}
    assert good["actual_output"]["invoice"] == {"number": "17"}
    assert [(check["slot"], check["case_field"], check["passed"]) for check in good["checks"]] == [
        ("invoice.number", "number", True),
        ("total.amount", "amount", True),
    ]
    assert mean["mapped_input"] == {"text": "no. 17 total 90", "currency": "USD"}
    assert [check["score"] for check in mean["checks"]] == [0.0, 1.0]
    assert mean["score"] == 0.75
    assert mean["status"] == "failed"
    Artifact.model_validate(slots.artifact())


def test_a_case_that_lacks_a_required_slot_is_skipped_and_counted(slots: Suite) -> None:
    write(
        slots,
        GOOD,
        '{id: nothing-in, inputs: {currency: USD}, expected: {number: "17", amount: 90}}',
        '{id: nothing-out, inputs: {mail: {body: "no. 17"}}, expected: {amount: 90}}',
    )
    slots.run("--eval-json=run.json").assert_outcomes(passed=1, skipped=2)
    assert len(slots.calls()) == 1
    records = slots.results()
    assert records["nothing-in"]["cause"] == {"kind": "skip", "message": "lacks the required input 'mail.body'"}
    assert records["nothing-out"]["cause"]["message"] == "lacks the required expected output 'number'"
    totals = slots.artifact()["totals"]
    assert (totals["passed"], totals["skipped"], totals["error"]) == (1, 2, 0)
