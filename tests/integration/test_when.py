"""Checks with conditions: what does not apply costs nothing, counts for nothing, and is told with its reason."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import jsonschema
import pytest
from suites import Suite

from pytest_evalsuite.runs.schema import Artifact, artifact_schema

AGENTS = """
    import itertools
    import json

    def triage(text, tier=None):
        with open("calls.txt", "a") as calls:
            calls.write(text + "\\n")
        return {"category": "refund" if "money" in text else "other", "amount": {"value": len(text)}}

    def as_text(text, tier=None):
        return f"```json\\n{json.dumps(triage(text))}\\n```"

    KINDS = itertools.cycle(["refund", "other", "refund"])

    def moody(question):
        return {"category": next(KINDS), "text": question}

    turns = itertools.count()

    def unlucky(question):
        if next(turns) == 1:
            raise RuntimeError("overloaded")
        return {"category": "refund"}
"""

CONFTEST = """
    def no_one(actual): return 0.0
    def everyone(actual): return 1.0

    def asked(answer):
        with open("judged.txt", "a") as judged:
            judged.write(answer + "\\n")
        return 1.0

    def pytest_evalsuite_methods():
        return {"no_one": no_one, "everyone": everyone}

    def pytest_evalsuite_judges(config):
        return {"asked": asked}
"""


@pytest.fixture
def shop(suite: Suite) -> Suite:
    suite.configure(agents=("triage = agents:triage",))
    suite.write("agents.py", AGENTS)
    suite.write("conftest.py", CONFTEST)
    return suite


def checked(suite: Suite, *checks: str, case: str = "inputs: {text: money, tier: silver}", head: str = "") -> None:
    """Write a test set of one case, ``a``, with these checks."""
    listed = "".join(f"      - {{{check}}}\n" for check in checks)
    suite.write("set.eval.yaml", f"{head}\ncases:\n  - id: a\n    {case}\n    checks:\n{listed}")


def test_a_skipped_check_counts_neither_in_the_score_nor_in_what_is_required(shop: Suite) -> None:
    skipped = "method: no_one, name: gold only, weight: 9, when: {inputs.tier: gold}"
    for require, other, status, score in [
        ("all", "everyone", "passed", 1.0),
        ("any", "no_one", "failed", 0.0),
        ("score, passing_score: 0.9", "everyone", "passed", 1.0),
    ]:
        fields = f"require: {require}".replace(", ", "\n    ")
        case = f"inputs: {{text: money, tier: silver}}\n    {fields}"
        checked(shop, skipped, f"method: {other}, name: all tiers, when: {{inputs.tier: [gold, silver]}}", case=case)
        shop.run("--eval-json=run.json", "--tb=no")
        record = shop.results()["a"]
        assert (record["status"], record["score"]) == (status, score), require
        assert record["checks"][0] == {
            "name": "gold only",
            "method": "no_one",
            "skipped": True,
            "reason": "inputs.tier is 'silver', wanted 'gold'",
        }
        assert record["checks"][1]["name"] == "all tiers"


def test_what_is_skipped_is_told_with_a_failure(shop: Suite) -> None:
    checked(
        shop,
        "method: no_one, name: bad",
        "method: no_one, when: {inputs.tier: gold}",
        "method: everyone, when: {output.category: refund}",
        "method: json_match, expected: {}, when: {output.amount.value: {gt: 5}}",
    )
    result = shop.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "1 of 4 checks failed: bad, 2 skipped (score 0.50)",
            "check     FAILED bad 0.00 < 0.70",
            "check     skipped no_one: inputs.tier is 'silver', wanted 'gold'",
            "check     passed everyone 1.00 >= 0.70",
            "check     skipped json_match: output.amount.value is 5, wanted > 5",
        ]
    )


@pytest.mark.parametrize("agent", ["triage", "as_text"])
def test_an_answer_has_fields_as_data_or_as_json_text(shop: Suite, agent: str) -> None:
    checked(
        shop,
        "method: everyone, when: {output.category: refund, output.amount.value: {ge: 5, lt: 6}}",
        "method: no_one, when: {output.category: {ne: refund}}",
    )
    shop.run(f"--eval-agent=agents:{agent}", "--eval-json=run.json").assert_outcomes(passed=1)
    assert [check.get("skipped", False) for check in shop.results()["a"]["checks"]] == [False, True]


def test_tags_language_and_agent_are_those_in_force(shop: Suite) -> None:
    checked(
        shop,
        "method: everyone, name: set, when: {tags: money, language: de}",
        "method: everyone, name: case, when: {tags: [urgent, vip]}",
        "method: no_one, name: absent, when: {tags: slow}",
        "method: no_one, name: other, when: {agent: other}",
        case="inputs: {text: money}\n    tags: [vip]",
        head="tags: [money]\nlanguage: de",
    )
    shop.configure(agents=("triage = agents:triage", "other = agents:triage"))
    shop.run("--eval-agent=triage", "--eval-agent=other", "--eval-json=run.json", "--tb=no").assert_outcomes(
        passed=1, failed=1
    )
    names = {
        evaluation["agent"]: [check["name"] for check in evaluation["results"][0]["checks"] if "skipped" not in check]
        for evaluation in shop.artifact()["evaluations"]
    }
    assert names == {"triage": ["set", "case"], "other": ["set", "case", "other"]}


def test_a_case_whose_checks_are_all_skipped_is_skipped(shop: Suite) -> None:
    checked(shop, "method: no_one, when: {inputs.tier: gold}", "method: everyone, when: {output.x: 1}, name: x")
    result = shop.run("-rs", "--eval-json=run.json", "--eval-csv=run.csv", "--junitxml=junit.xml")
    result.assert_outcomes(skipped=1)
    assert result.ret == pytest.ExitCode.OK
    reason = "no check applies: no_one: inputs.tier is 'silver', wanted 'gold'; x: output.x is absent, wanted 1"
    result.stdout.fnmatch_lines([f"SKIPPED [[]1] set.eval.yaml:2: {reason}"])
    record = shop.results()["a"]
    assert (record["status"], record["score"]) == ("skipped", None)
    assert record["cause"] == {"kind": "skip", "message": reason}
    assert [check["skipped"] for check in record["checks"]] == [True, True]
    assert record["actual_output"]["category"] == "refund"
    totals = shop.artifact()["totals"]
    assert (totals["skipped"], totals["judged"], totals["pass_rate"]) == (1, 0, None)
    jsonschema.Draft202012Validator(artifact_schema()).validate(shop.artifact())
    Artifact.model_validate(shop.artifact())
    assert reason.replace('"', '""') in (shop.path / "run.csv").read_text()
    assert ET.parse(shop.path / "junit.xml").find(".//skipped") is not None


def test_a_known_failure_that_does_not_apply_is_skipped_too(shop: Suite) -> None:
    checked(shop, "method: no_one, when: {tags: gold}", case="inputs: {text: money}\n    xfail: it cannot do this yet")
    shop.run("--eval-json=run.json").assert_outcomes(skipped=1)
    assert shop.statuses() == {"a": "skipped"}


@pytest.mark.parametrize("arguments", [(), ("--eval-concurrency=4",), ("--eval-iterations=2",)])
def test_nobody_judges_what_is_skipped(shop: Suite, arguments: tuple[str, ...]) -> None:
    judge = "method: semantic_quality, expected_response: refund"
    checked(
        shop,
        f"{judge}, name: one, when: {{output.category: other}}",
        f"{judge}, name: two, when: {{tags: gold}}",
        "method: everyone",
    )
    shop.run("--eval-judge=asked", *arguments).assert_outcomes(passed=1)
    assert not (shop.path / "judged.txt").exists()
    checked(shop, f"{judge}, when: {{output.category: refund}}")
    shop.run("--eval-judge=asked", *arguments).assert_outcomes(passed=1)
    assert len((shop.path / "judged.txt").read_text().splitlines()) == len(shop.calls()) / 2


def test_attempts_are_skipped_one_by_one(shop: Suite) -> None:
    refund = "method: everyone, name: refund, when: {output.category: refund}"
    other = "method: no_one, name: other, when: {output.category: other}"
    run = ("--eval-agent=agents:moody", "--eval-iterations=3", "--eval-json=run.json", "--tb=no")
    checked(shop, refund, case="question: q")
    shop.run(*run).assert_outcomes(passed=1)
    record = shop.results()["a"]
    assert [attempt["status"] for attempt in record["attempts"]] == ["passed", "skipped", "passed"]
    assert (record["score"], record["statistics"]["scored"]) == (1.0, 2)
    jsonschema.Draft202012Validator(artifact_schema()).validate(shop.artifact())
    checked(shop, refund, other, case="question: q")
    shop.run(*run).assert_outcomes(failed=1)
    assert [attempt["score"] for attempt in shop.results()["a"]["attempts"]] == [1.0, 0.0, 1.0]
    assert [check["name"] for check in shop.results()["a"]["checks"] if "skipped" not in check] == ["other"]
    checked(shop, refund.replace("refund}", "greeting}"), case="question: q")
    shop.run(*run).assert_outcomes(skipped=1)
    assert "passed" not in str(shop.results()["a"]["attempts"])


def test_a_check_that_no_attempt_is_held_to_does_not_turn_an_error_into_doubt(shop: Suite) -> None:
    applies = "method: everyone, passing_score: 0.5"
    run = ("--eval-agent=agents:unlucky", "--eval-iterations=2", "--eval-json=run.json")
    checked(shop, applies, "method: everyone, name: gold, when: {tags: gold}", case="question: q")
    shop.run(*run).assert_outcomes(passed=1)
    checked(shop, applies, "method: everyone, name: other, when: {output.category: other}", case="question: q")
    shop.run(*run).assert_outcomes(errors=1)


def test_a_mistake_is_told_before_anything_is_asked(shop: Suite) -> None:
    checked(shop, "method: everyone, when: {input.tier: gold}", "method: everyone, when: {inputs.teir: {gte: 1}}")
    result = shop.run()
    result.stdout.fnmatch_lines(
        [
            "set.eval.yaml:5:47: checks[[]0].when.input.tier: unknown field 'input.tier'; did you mean 'inputs.tier'?",
            "set.eval.yaml:6:54: checks[[]1].when.inputs.teir.gte: unknown operator 'gte'; did you mean 'ge'?",
        ]
    )
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert shop.calls() == []


def test_what_an_agent_says_cannot_drive_the_terminal(shop: Suite) -> None:
    shop.write("agents.py", AGENTS + "\n    def rude(text, tier): return {'x': '\\x1b[31m\\n::error::'}\n")
    checked(shop, "method: everyone, when: {output.x: y}")
    result = shop.run("-rs", "--eval-agent=agents:rude")
    result.assert_outcomes(skipped=1)
    assert "\x1b[31m" not in str(result.stdout)
    assert not any(line.startswith("::error") for line in result.outlines)


def test_workers_skip_alike(shop: Suite) -> None:
    checked(shop, "method: no_one, when: {inputs.tier: gold}")
    result = shop.run_subprocess("-n2", "-rs", "--eval-json=run.json")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*set.eval.yaml:2: no check applies: inputs.tier is 'silver', wanted 'gold'"])
    assert shop.statuses() == {"a": "skipped"}
