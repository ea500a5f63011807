"""The artifact keeps its schema, whatever came of the cases, and depends on the suite alone."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import processes
import pytest
from suites import Suite

import pytest_evalsuite
from pytest_evalsuite.cli.main import main
from pytest_evalsuite.errors import CaseError
from pytest_evalsuite.runs.artifact import VARYING
from pytest_evalsuite.runs.schema import Artifact, artifact_schema

AGENTS = """
    import asyncio
    import pytest
    from pytest_evalsuite import AgentReply, ToolCall, Usage

    class Unprintable(Exception):
        def __str__(self):
            raise RuntimeError

    count = 0

    def motley(question=None, inputs=None):
        global count
        if inputs:
            return {"category": "billing", "words": len(inputs["text"].split())}
        if question == "raise":
            raise KeyError("42")
        if question == "unprintable":
            raise Unprintable
        if question == "exit":
            raise SystemExit(0)
        if question == "none":
            return None
        if question == "nan":
            return float("nan")
        if question == "deep":
            return eval("[" * 150 + "]" * 150)
        if question == "skip":
            pytest.skip("not today \\x1b[2J")
        if question == "surrogate":
            return "a\\ud800b"
        if question == "control":
            return "\\x00\\x1b]52;c;x\\x07\\r\\u202e::error::"
        if question == "tools":
            calls = [ToolCall(name="look", arguments={"id": 1}, result=[1]), ToolCall(name="fail", error="no")]
            return AgentReply("done", calls, Usage(input_tokens=7), 0.25, "trace-1", {"model": "tiny"})
        if question == "sometimes":
            count += 1
            return "yes" if count % 2 else "no"
        if question == "sometimes raises":
            count += 1
            if count % 2:
                raise ValueError("odd")
            return "yes"
        return question

    async def overlapping(question):
        await asyncio.sleep(0.001 * (len(question) % 3))
        if "raise" in question:
            raise KeyError(question)
        return question.upper()
"""
CONFTEST = """
    import pytest
    from pytest_evalsuite import Score

    def odd(actual):
        return Score(0.5, "odd evidence", raw=float("nan"), evidence={"bad": [float("inf"), object(), "\\ud800"]})

    def broken(actual):
        raise ZeroDivisionError("no")

    def pytest_evalsuite_methods(config):
        return {"odd": odd, "broken": broken}

    @pytest.fixture(autouse=True)
    def luck(request):
        if request.node.get_closest_marker("unlucky"):
            raise OSError("no luck")
"""
MOTLEY = r"""
    name: Everything that can come of a case
    description: One of each
    tags: [all]
    metadata: {owner: nobody, since: 2026}
    defaults: {test_method: exact_match}
    cases:
      - {id: passed, question: hello, expected_response: hello, name: Greeting, tags: [a, b], metadata: {level: 1}}
      - {id: failed, question: hello, expected_response: [goodbye, adieu], rationale: politeness}
      - {id: raise, question: raise, expected_response: x}
      - {id: unprintable, question: unprintable, expected_response: x}
      - {id: exit, question: exit, expected_response: x}
      - {id: none, question: none, expected_response: x}
      - {id: nan, question: nan, expected_response: x}
      - {id: deep, question: deep, expected_response: x}
      - {id: skipped by mark, question: hello, expected_response: hello, skip: later}
      - {id: skipped by agent, question: skip, expected_response: x}
      - {id: surrogate, question: surrogate, expected_response: x}
      - {id: control, question: control, expected_response: x}
      - {id: tools, question: tools, expected_response: done}
      - {id: known failure, question: hello, expected_response: x, xfail: never mind}
      - {id: several, question: sometimes, expected_response: "yes", iterations: 3}
      - id: several raise
        question: sometimes raises
        expected_response: "yes"
        iterations: 2
        pass_rule: {at_least: 2}
      - {id: structured, inputs: {text: refund}, expected: {category: billing}, test_method: json_match, mode: subset}
      - {id: structured failed, inputs: {text: a b c}, expected: {words: 2}, test_method: json_match}
      - id: checks
        question: hello world
        require: score
        passing_score: 0.6
        checks:
          - {method: contains, expected_response: hello, weight: 2}
          - {method: contains, expected_response: world, not: true, name: no world}
      - {id: evidence, question: hello, test_method: odd, passing_score: 0.4}
      - {id: broken method, question: hello, test_method: broken}
      - {id: broken fixture, question: hello, expected_response: hello, marks: [unlucky]}
"""


@pytest.fixture
def motley(suite: Suite) -> Suite:
    """A suite in which everything happens that can."""
    suite.write("agents.py", AGENTS)
    suite.write("conftest.py", CONFTEST)
    suite.write("motley.eval.yaml", MOTLEY)
    suite.configure("markers = unlucky: has a fixture that breaks", agents=("motley = agents:motley",))
    return suite


def read(path: Path) -> dict[str, Any]:
    """The artifact, as a strict parser has it, held to its schema and its models."""
    text = path.read_bytes().decode("utf-8")
    artifact: dict[str, Any] = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    json.dumps(artifact, ensure_ascii=False).encode("utf-8")
    jsonschema.Draft202012Validator(artifact_schema()).validate(artifact)
    Artifact.model_validate_json(text)
    return artifact


def without(artifact: Any, path: list[str]) -> None:
    """Drop what a path such as ``.evaluations[].latency`` names."""
    key, *rest = path
    if not rest:
        artifact.pop(key, None)
    elif key.endswith("[]"):
        for one in artifact.get(key[:-2], []):
            without(one, rest)
    else:
        without(artifact[key], rest)


def unvarying(path: Path) -> str:
    artifact = read(path)
    for field in VARYING:
        without(artifact, field[1:].split("."))
    return json.dumps(artifact, ensure_ascii=False)


def test_whatever_comes_of_a_case_keeps_to_the_schema(motley: Suite) -> None:
    motley.run("--eval-json", "run.json")
    artifact = read(motley.path / "run.json")
    assert motley.statuses() == {
        "passed": "passed",
        "failed": "failed",
        "raise": "error",
        "unprintable": "error",
        "exit": "error",
        "none": "error",
        "nan": "error",
        "deep": "error",
        "skipped by mark": "skipped",
        "skipped by agent": "skipped",
        "surrogate": "failed",
        "control": "failed",
        "tools": "passed",
        "known failure": "failed",
        "several": "failed",
        "several raise": "error",
        "structured": "passed",
        "structured failed": "failed",
        "checks": "passed",
        "evidence": "passed",
        "broken method": "error",
        "broken fixture": "error",
    }
    totals = artifact["totals"]
    assert {status: totals[status] for status in ("passed", "failed", "error", "skipped")} == {
        **Counter(motley.statuses().values())
    }
    assert totals["total"] == 22
    assert artifact["run"]["status"] == "succeeded"


def test_a_record_holds_all_that_is_known_of_its_case(motley: Suite) -> None:
    motley.run("--eval-json", "run.json")
    results = motley.results()
    tools = results["tools"]
    assert tools["tool_calls"] == [
        {"name": "look", "arguments": {"id": 1}, "result": [1]},
        {"name": "fail", "arguments": {}, "error": "no"},
    ]
    assert tools["usage"] == {"input_tokens": 7, "output_tokens": None}
    assert (tools["cost"], tools["trace_id"], tools["reply_metadata"]) == (0.25, "trace-1", {"model": "tiny"})
    assert results["passed"]["metadata"] == {"level": 1}
    assert results["structured"]["actual_output"] == {"category": "billing", "words": 1}
    assert [attempt["status"] for attempt in results["several"]["attempts"]] == ["passed", "failed", "passed"]
    assert results["several"]["statistics"]["pass_at_k"] == {"1": 0.666667, "2": 1.0, "3": 1.0}
    assert results["raise"]["cause"]["kind"] == "agent"
    assert results["raise"]["cause"]["traceback"].endswith("KeyError: '42'")
    assert results["broken fixture"]["cause"]["kind"] == "setup"
    assert results["surrogate"]["actual_response"] == "a\ufffdb"
    assert results["known failure"]["known_failure"] == "never mind"


def test_the_run_says_what_it_was(motley: Suite) -> None:
    motley.run("--eval-json", "run.json", "--eval-run-name", "nightly \U0001f319")
    run = read(motley.path / "run.json")["run"]
    assert run["name"] == "nightly \U0001f319"
    assert run["process"] == os.getpid()
    assert run["versions"] == {
        "pytest-evalsuite": pytest_evalsuite.__version__,
        "pytest": pytest.__version__,
        "python": ".".join(map(str, sys.version_info[:3])),
    }


def test_a_run_that_stops_early_lists_what_it_did_not_do(motley: Suite) -> None:
    motley.run("--eval-json", "run.json", "-x")
    artifact = read(motley.path / "run.json")
    assert (artifact["run"]["status"], artifact["run"]["error_message"]) == ("cancelled", "stopping after 1 failures")
    statuses = [result["status"] for result in artifact["evaluations"][0]["results"]]
    assert statuses == ["passed", "failed"] + ["not_run"] * 20
    assert artifact["evaluations"][0]["status"] == "cancelled"


def test_a_selection_says_how_many_cases_there_were(motley: Suite) -> None:
    motley.run("--eval-json", "run.json", "-k", "tools")
    (evaluation,) = read(motley.path / "run.json")["evaluations"]
    assert (evaluation["total"], evaluation["cases_in_test_set"]) == (1, 22)


def test_a_case_from_another_file_says_from_which(suite: Suite) -> None:
    suite.write("set.eval.yaml", "cases_from: list.csv\n")
    rows = ("id,question,expected_response,test_method", "a,one,one,exact_match", "b,two,zwei,exact_match")
    suite.write("list.csv", "\n".join(rows))
    suite.run("--eval-json=run.json", "-x", "--deselect", "set.eval.yaml::a")
    read(suite.path / "run.json")
    failed = suite.results()["b"]
    assert (failed["file"], failed["line"], failed["test_set"]) == ("list.csv", 3, "set.eval.yaml")


def test_an_empty_selection_leaves_an_artifact_that_says_so(motley: Suite) -> None:
    result = motley.run("--eval-json", "run.json", "-k", "nothing_is_called_this")
    artifact = read(motley.path / "run.json")
    assert (artifact["run"]["status"], artifact["evaluations"]) == ("failed", [])
    assert result.ret != 0


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_a_file_that_cannot_be_collected_is_named_in_the_artifact(suite: Suite, workers: list[str]) -> None:
    suite.cases("a: one -> one")
    suite.write("bad.eval.yaml", "cases: [{id: a, question: b, expected_respons: c}]")
    code, output = processes.run(suite, "--eval-json", "run.json", *workers, beside="xdist")
    artifact = read(suite.path / "run.json")
    assert (artifact["run"]["status"], artifact["evaluations"]) == ("failed", [])
    assert "bad.eval.yaml:1:" in artifact["run"]["error_message"]
    assert code != 0
    assert "INTERNALERROR" not in output


def test_whatever_a_run_builds_on_keeps_to_the_schema(suite: Suite) -> None:
    suite.cases("a: one -> one", "b: two -> two", head="gate: {pass_rate: 0.5, max_regressions: 1}")
    suite.run("--eval-json=base.json")
    assert read(suite.path / "base.json")["gate"]["bars"][0]["passed"] is True
    suite.run("--eval-resume", "--eval-json=resumed.json")
    assert read(suite.path / "resumed.json")["run"]["resume"]["reused"] == 2
    suite.run("--eval-regrade=latest", "--eval-json=regraded.json")
    assert read(suite.path / "regraded.json")["run"]["regrade"] is not None
    suite.run("--eval-shard=1/1", "--eval-json=shard.json")
    assert read(suite.path / "shard.json")["run"]["shard"]["of"] == 1


@pytest.mark.parametrize("fail_on", ["any", "regression", "gate", "never"])
def test_a_comparison_and_a_verdict_keep_to_the_schema(suite: Suite, fail_on: str) -> None:
    suite.cases("a: one -> one", "b: two -> two", head="gate: {pass_rate: 0.5, max_regressions: 1}")
    suite.run("--eval-json=base.json")
    suite.write("agents.py", "def echo(question):\n    return 'one'\n")
    suite.run("--eval-baseline=base.json", f"--eval-fail-on={fail_on}", "--eval-json=run.json")
    artifact = read(suite.path / "run.json")
    assert artifact["gate"]["fail_on"] == fail_on
    assert artifact["comparison"]["paired"] == 2
    failed = suite.results()["b"]
    assert ("confirmation" in failed, "tolerated" in failed) == (fail_on == "regression", fail_on in ("gate", "never"))


def test_the_schema_is_printed_and_published(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--artifact"]) == 0
    assert json.loads(capsys.readouterr().out) == artifact_schema()
    published = Path(__file__).parents[2] / "docs" / "reference" / "artifact.schema.json"
    assert json.loads(published.read_text()) == artifact_schema(), (
        "write it anew: evalsuite schema --artifact > docs/reference/artifact.schema.json"
    )


def test_the_schema_refuses_what_is_not_written(motley: Suite) -> None:
    jsonschema.Draft202012Validator.check_schema(artifact_schema())
    motley.run("--eval-json", "run.json", "-k", "passed")
    artifact = read(motley.path / "run.json")
    result = artifact["evaluations"][0]["results"][0]
    for changes in ({"score": 1.5}, {"status": "good"}, {"scor": 1.0}, {"checks": None}, {"status": "error"}):
        broken = {**artifact, "evaluations": [{**artifact["evaluations"][0], "results": [{**result, **changes}]}]}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, artifact_schema())


def test_every_kind_of_error_is_a_cause() -> None:
    errors: list[type[CaseError]] = [CaseError, *CaseError.__subclasses__()]
    kinds = {error.kind for error in errors}
    assert kinds <= set(artifact_schema()["$defs"]["Cause"]["properties"]["kind"]["enum"])


def test_the_reference_page_names_every_field() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "artifact.md").read_text()
    models = artifact_schema()["$defs"].values()
    fields = {name for model in models for name in model.get("properties", {})}
    assert {name for name in fields if f"`{name}`" not in page} == set()
    assert [field for field in VARYING if f"`{field}`" not in page] == []


def deterministic(suite: Suite) -> None:
    suite.write("agents.py", AGENTS)
    suite.write("conftest.py", CONFTEST)
    cases = "\n".join(
        f"  - {{id: case {n}, question: {'raise' if n % 5 == 4 else 'q'} {n}, expected_response: Q {n}, "
        f"tags: [odd, even, third], metadata: {{n: {n}}}{', xfail: known' if n == 7 else ''}}}"
        for n in range(12)
    )
    suite.write("one.eval.yaml", f"defaults: {{test_method: similarity, iterations: 2}}\ncases:\n{cases}\n")
    suite.write("two.eval.yaml", f"defaults: {{test_method: exact_match}}\ncases:\n{cases}\n")
    suite.configure(agents=("overlapping = agents:overlapping", "again = agents:overlapping"))


def test_equal_runs_leave_equal_artifacts(suite: Suite) -> None:
    deterministic(suite)
    ways = {
        "plain": ([], ""),
        "workers": (["-n2"], "xdist"),
        "shuffled, one by one": (["--eval-concurrency=1", "-s"], "randomly"),
        "shuffled workers": (["-n2", "--dist=worksteal"], "xdist randomly"),
    }
    agents = ["--eval-agent=overlapping", "--eval-agent=again"]
    for seed, (name, (options, beside)) in enumerate(ways.items()):
        processes.run(suite, *agents, *options, f"--eval-json={name}.json", beside=beside, PYTHONHASHSEED=str(seed))
    texts = {name: unvarying(suite.path / f"{name}.json") for name in ways}
    assert {name for name, text in texts.items() if text != texts["plain"]} == set()
    assert len(json.loads(texts["plain"])["evaluations"]) == 4


def test_an_artifact_has_a_result_on_each_line(suite: Suite) -> None:
    suite.cases("a: one -> one", "b: two -> two")
    suite.run("--eval-json", "run.json")
    lines = (suite.path / "run.json").read_text().split("\n")
    assert [
        json.loads(line.rstrip(","))["case_id"] for line in lines if re.match(r'\{"test_set".*"case_id"', line)
    ] == [
        "a",
        "b",
    ]
