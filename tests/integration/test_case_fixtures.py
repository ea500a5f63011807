"""What surrounds a case: fixtures that set up and tear down, and a case that no agent can change."""

from __future__ import annotations

import pytest
from suites import Suite, without_varying

CONFTEST = """
    import pytest

    def note(line):
        with open("notes.txt", "a") as notes:
            notes.write(line + "\\n")

    @pytest.fixture(autouse=True)
    def prepared(request):
        note(f"{request.node.case.id}: set up for {request.node.case.question}")
        yield
        note(f"{request.node.case.id}: torn down")

    def scored(actual, expected):
        note(f"scored {actual}")
        return actual == expected

    def pytest_evalsuite_methods():
        return {"noting": scored}
"""

AGENT = """
    import asyncio
    from conftest import note

    def answer(question):
        note(f"asked {question}")
        if question == "break":
            raise LookupError("broken")
        return question

    async def later(question):
        await asyncio.sleep(0)
        return answer(question)
"""


@pytest.mark.parametrize("agent", ["answer", "later"])
def test_fixtures_surround_the_call_and_the_scoring(suite: Suite, agent: str) -> None:
    suite.write("conftest.py", CONFTEST)
    suite.write("bot.py", AGENT)
    suite.configure("evalsuite_test_method = noting", agents=(f"bot = bot:{agent}",))
    suite.write(
        "set.eval.yaml",
        """
        cases:
          - {id: fine, question: one, expected_response: one}
          - {id: low, question: two, expected_response: other}
          - {id: broken, question: break, expected_response: x}
        """,
    )
    result = suite.run("--eval-concurrency", "8")
    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(["calls do not overlap: fixture * of conftest.py is set up for each case"])
    notes = (suite.path / "notes.txt").read_text().splitlines()
    fine = ["fine: set up for one", "asked one", "scored one", "fine: torn down"]
    low = ["low: set up for two", "asked two", "scored two", "low: torn down"]
    broken = ["broken: set up for break", "asked break", "broken: torn down"]
    assert notes == [*fine, *low, *broken]


def test_fixtures_of_a_wider_scope_leave_calls_to_overlap(suite: Suite) -> None:
    wider = CONFTEST.replace("autouse=True", 'autouse=True, scope="module"').replace(".case.id", ".name")
    suite.write("conftest.py", wider.replace(" for {request.node.case.question}", ""))
    suite.write("bot.py", AGENT)
    suite.configure("evalsuite_test_method = noting", agents=("bot = bot:later",))
    suite.cases("a: one -> one", "b: two -> two")
    result = suite.run()
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("calls do not overlap*")
    notes = (suite.path / "notes.txt").read_text().splitlines()
    assert notes == ["set.eval.yaml: set up", "asked one", "asked two", "set.eval.yaml: torn down"]


VANDAL = """
    def meek(question, inputs, metadata, case, history, files, order):
        return f"{inputs['order']['lines']} {order} {metadata} {case.expected} {case.checks[0].method.path}"

    def vandal(question, inputs, metadata, case, history, files, order):
        answer = meek(question, inputs, metadata, case, history, files, order)
        order["lines"].append("stolen")
        inputs["order"]["lines"].clear()
        inputs.clear()
        metadata["owner"].append("me")
        case.inputs["order"]["lines"].clear()
        case.metadata.clear()
        case.expected["a"].append(1)
        case.checks[0].method.keywords.append("nothing")
        case.checks[0].passing_score = 0.0
        case.checks[0].expected_responses = ()
        case.question = case.id = "changed"
        return answer
"""


def test_an_agent_cannot_change_its_case(suite: Suite) -> None:
    suite.write("bot.py", VANDAL.replace("{case.checks[0].method.path}", "{case.checks[0].method.keywords}"))
    suite.write(
        "set.eval.yaml",
        """
        cases:
          - id: a
            question: why?
            inputs: {order: {lines: [1, 2]}}
            metadata: {owner: [them]}
            expected: {a: [0]}
            checks: [{method: keyword_match, keywords: ["[1, 2] {'lines': [1, 2]} {'owner': ['them']} {'a': [0]}"]}]
        """,
    )
    artifacts = []
    for agent in ("meek", "vandal"):
        suite.configure(agents=(f"bot = bot:{agent}",))
        suite.run("--eval-iterations", "3", "--eval-json", "run.json").assert_outcomes(passed=1)
        artifacts.append(without_varying(suite.artifact()))
        artifacts[-1]["evaluations"][0].pop("agent_version")
        artifacts[-1]["evaluations"][0]["configuration"].pop("agent")
    assert artifacts[0]["evaluations"] == artifacts[1]["evaluations"]
