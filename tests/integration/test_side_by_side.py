"""Several agents in one run are shown side by side: in the terminal, in the artifact, as Markdown, and later again."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from suites import Suite

from pytest_evalsuite.cli.main import main
from pytest_evalsuite.runs.schema import artifact_schema

AGENTS = """
    def careful(question):
        if question == "raise":
            raise KeyError("no such order")
        return question

    def hasty(question):
        return question.upper() if question in ("two", "four") else question
"""


@pytest.fixture
def project(suite: Suite) -> Suite:
    """A test set whose second and fourth case one agent gets wrong, and whose third one breaks the other."""
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("careful = agents:careful", "hasty = agents:hasty"))
    suite.cases("a: one -> one", "b: two -> two", "c: raise -> raise", "d: four -> four", "e: five -> five")
    return suite


BOTH = ("--eval-agent=hasty", "--eval-agent=careful")


def test_cases_by_agents_with_the_winner_of_each(project: Suite) -> None:
    result = project.run(*BOTH)
    lines = result.outlines
    start = next(number for number, line in enumerate(lines) if " eval agents " in line)
    assert lines[start + 1] == "side by side: 5 cases put to 2 agents, 3 differ"
    assert [line.split() for line in lines[start + 2 : start + 6]] == [
        ["case", "hasty", "careful", "winner"],
        ["b", "failed", "0.00", "passed", "1.00", "careful"],
        ["d", "failed", "0.00", "passed", "1.00", "careful"],
        ["c", "passed", "1.00", "error", "-"],
    ]
    assert lines[start + 6 : start + 9] == [
        "  wins: hasty 0, careful 2; 2 ties, 1 undecided",
        "  without a verdict, which is no loss: careful 1",
        "  careful against hasty, 4 pairs:",
    ]
    assert lines[start + 9].startswith("    pass rate +50.0 points (95 % interval ")
    assert lines[start + 10].startswith("    mean score +50.0 points (95 % interval ")


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_the_artifact_has_them_whoever_ran_the_cases(project: Suite, workers: tuple[str, ...]) -> None:
    run = project.run_subprocess if workers else project.run
    run(*BOTH, *workers, "--eval-json=run.json")
    artifact = project.artifact()
    jsonschema.validate(artifact, artifact_schema())
    (found,) = artifact["groups"]
    assert (found["kind"], found["agents"], found["reference"]) == ("side_by_side", ["hasty", "careful"], "hasty")
    assert (found["cases"], found["same"], found["wins"]) == (5, 2, {"hasty": 0, "careful": 2})
    assert [(row["case_id"], row["winners"]) for row in found["rows"]] == [
        ("b", ["careful"]),
        ("d", ["careful"]),
        ("c", []),
    ]
    assert found["differences"][0]["pass_rate"]["change"] == 0.5


def test_one_agent_has_nothing_beside_it(project: Suite) -> None:
    result = project.run("--eval-agent=hasty", "--eval-json=run.json")
    assert not any("eval agents" in line for line in result.outlines)
    assert "groups" not in project.artifact()


def test_markdown_has_them(project: Suite) -> None:
    project.run(*BOTH, "--eval-markdown=run.md")
    text = (project.path / "run.md").read_text()
    assert "<code>side by side&#58; 5 cases put to 2 agents&#44; 3 differ</code>" in text
    assert (
        "| <code>b</code> | <code>failed 0&#46;00</code> | <code>passed 1&#46;00</code> | <code>careful</code> |"
        in text
    )


def test_long_tables_are_bounded_unless_all_is_asked_for(project: Suite) -> None:
    project.cases(*(f"case-{number:02}: two -> two" for number in range(15)))
    lines = project.run(*BOTH).outlines
    assert "  ... and 5 more" in lines
    lines = project.run(*BOTH, "-vv").outlines
    assert "  ... and 5 more" not in lines
    assert any(line.split()[:1] == ["case-14"] and line.endswith("careful") for line in lines)


@pytest.fixture
def evalsuite(project: Suite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command, run in the project: its exit code, what it printed, its errors."""
    monkeypatch.chdir(project.path)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        return (main(("group", "show", *arguments)), *capsys.readouterr())

    return run


@pytest.mark.parametrize("reference", ["latest", "both", "run.json"])
def test_a_kept_run_is_shown_again_with_the_same_reference(project: Suite, evalsuite: Any, reference: str) -> None:
    project.run(*BOTH, "--eval-run-name=both", "--eval-json=run.json")
    code, out, _ = evalsuite(reference)
    assert code == 0
    assert out.splitlines()[1].split() == ["case", "hasty", "careful", "winner"]
    assert len(out.splitlines()) == 12
    code, out, _ = evalsuite(reference, "--format", "json", "--against", "careful")
    found = json.loads(out)
    assert (found["agents"], found["differences"][0]["pass_rate"]["change"]) == (["careful", "hasty"], -0.5)
    assert [line.split(",")[0] for line in evalsuite(reference, "--format", "csv")[1].splitlines()] == [
        '"case"',
        *('"b"', '"d"', '"c"', '"a"', '"e"'),
    ]
    assert evalsuite(reference, "--format", "markdown")[1].startswith("### <code>side by side")
    assert "  ... and 2 more" in evalsuite(reference, "--limit", "1")[1].splitlines()


def test_shards_are_put_side_by_side_as_one_run(project: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.path)
    for number in (1, 2):
        project.run(*BOTH, f"--eval-shard={number}/2", f"--eval-json={number}.json")
    assert main(["merge", "1.json", "2.json", "--output", "merged.json"]) == 1
    project.run(*BOTH, "--eval-json=whole.json")
    assert project.artifact("merged.json")["groups"] == project.artifact("whole.json")["groups"]


def test_what_cannot_be_shown_side_by_side_is_told(project: Suite, evalsuite: Any) -> None:
    project.run("--eval-agent=hasty", "--eval-run-name=alone")
    code, _, err = evalsuite("alone")
    assert code == 1
    assert err.endswith(" put no case to several agents: there is nothing to show side by side\n")
    project.run(*BOTH)
    assert evalsuite("latest", "--against", "x")[2] == "the run has no agent 'x' (it has hasty, careful)\n"
    assert evalsuite("nothing") == (1, "", "there is no group 'nothing': none is kept (nor is there such a run)\n")


@pytest.mark.parametrize("groups", [3, [3], [{"kind": "side_by_side"}], [{"agents": [1, "x"]}]])
def test_an_artifact_that_others_wrote_breaks_nothing(project: Suite, evalsuite: Any, groups: Any) -> None:
    project.run(*BOTH, "--eval-json=run.json")
    project.write("run.json", json.dumps({**project.artifact(), "groups": groups}))
    code, out, _ = evalsuite("run.json")
    assert (code, out.splitlines()[1].split()) == (0, ["case", "careful", "hasty", "winner"])


def test_results_of_another_form_are_told(project: Suite, evalsuite: Any) -> None:
    project.run(*BOTH, "--eval-json=run.json")
    artifact = project.artifact()
    artifact["evaluations"][0]["results"][0]["statistics"] = 3
    project.write("run.json", json.dumps(artifact))
    code, _, err = evalsuite("run.json")
    assert (code, err.count("\n")) == (1, 1)
    assert "run.json: a result of set.eval.yaml is not as an artifact has it" in err


def test_hostile_agents_and_ids_are_escaped(project: Suite) -> None:
    project.cases("'a|b`@you': two -> two")
    result = project.run(*BOTH, "--eval-markdown=run.md")
    assert any("a|b`@you" in line for line in result.outlines)
    assert "@you" not in (project.path / "run.md").read_text()
