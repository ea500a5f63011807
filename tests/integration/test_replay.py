"""What agents and judges said is kept once, and said again without asking anybody."""

from __future__ import annotations

import json
from typing import Any

import pytest
from model_server import Canned, ModelServer, verdict
from suites import Suite

AGENTS = """
    import asyncio, random
    from pytest_evalsuite import AgentReply, ToolCall, Usage

    def note(question):
        with open("calls.txt", "a", encoding="utf-8") as calls:
            calls.write(question + "\\n")

    async def talk(question, history=()):
        note(question)
        await asyncio.sleep(random.random() / 100)
        if question == "break":
            raise LookupError(f"no {question}")
        luck = f"{len(history)} {question} {random.random()}"
        calls = [ToolCall(name="look", arguments={"luck": random.random()})]
        return AgentReply(luck, calls, Usage(input_tokens=len(question), output_tokens=7), random.random(), "trace")

    def plain(question):
        note(question)
        return {"luck": random.random(), "said": question}
"""

JUDGED = """
    defaults: {test_method: semantic_quality, iterations: 2}
    cases:
      - {id: one, question: once, expected_response: one}
      - {id: two, question: twice, checks: [{method: agent_as_judge, criteria: calm}, {method: contains, text: twice}]}
      - {id: three, question: break, expected_response: three}
"""

TALK = """
    defaults: {test_method: contains}
    conversations:
      - id: order
        turns:
          - {id: ask, question: order, expected_response: "0 order"}
          - {id: yes, question: "yes", expected_response: "2 yes"}
          - {id: break, question: break, expected_response: x}
          - {id: bye, question: bye, expected_response: x}
"""


@pytest.fixture
def recorded(suite: Suite, model: ModelServer) -> Suite:
    """A suite with answers and verdicts that no second run would give, of which a run is recorded."""
    suite.write("agents.py", AGENTS)
    suite.configure("evalsuite_judge = openai:judge", agents=("talk = agents:talk",))
    suite.write("judged.eval.yaml", JUDGED.replace("text: twice", "expected_response: twice"))
    suite.write("talk.eval.yaml", TALK)
    verdicts = iter(range(1000))
    model.reply = lambda asked: verdict(score=next(verdicts) % 7 / 7, passed=True)
    suite.run("--eval-record", "--eval-json=first.json")
    assert suite.statuses("first.json")["order/bye"] == "skipped"
    return suite


def unplugged(suite: Suite, model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is there any more: no agent, no model, no key."""
    suite.write("agents.py", "raise SystemExit('the agent was loaded')")
    (suite.path / "calls.txt").unlink(missing_ok=True)
    model.requests.clear()
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def compared(artifact: dict[str, Any]) -> str:
    """What is to be the same to the byte, times of answers too: all but the run's own id and clock."""
    for evaluation in artifact["evaluations"]:
        del evaluation["created_at"]
    return json.dumps({key: value for key, value in artifact.items() if key != "run"})


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "xdist"])
def test_a_replay_is_the_recorded_run_to_the_byte_and_asks_nobody(
    recorded: Suite, model: ModelServer, monkeypatch: pytest.MonkeyPatch, workers: tuple[str, ...]
) -> None:
    unplugged(recorded, model, monkeypatch)
    result = recorded.run_subprocess("--eval-replay=latest", "--eval-json=run.json", *workers)
    first, again = (json.loads((recorded.path / name).read_bytes()) for name in ("first.json", "run.json"))
    assert again["run"]["replay"] == {"from": first["run"]["id"]}
    assert compared(again) == compared(first)
    assert recorded.calls() == []
    assert model.requests == []
    result.stdout.fnmatch_lines(["*replayed: the answers of run *; no agent and no judge was asked"])


def test_a_run_of_xdist_is_recorded_by_its_workers(recorded: Suite, model: ModelServer) -> None:
    recorded.run_subprocess("--eval-record", "--eval-json=first.json", "-n2", "--dist=loadscope")
    model.requests.clear()
    (recorded.path / "calls.txt").unlink()
    recorded.run("--eval-replay=latest", "--eval-json=run.json")
    assert recorded.results("run.json") == recorded.results("first.json")
    assert (recorded.calls(), model.requests) == ([], [])


def test_what_was_not_recorded_is_an_error_that_names_the_case(recorded: Suite) -> None:
    recorded.write(
        "judged.eval.yaml",
        """
        defaults: {test_method: semantic_quality, iterations: 2}
        cases:
          - {id: one, question: another, expected_response: one}
          - {id: new, question: new, expected_response: new}
          - {id: two, question: twice, expected_response: another expectation}
        """,
    )
    (recorded.path / "calls.txt").unlink()
    result = recorded.run("--eval-replay=latest", "--eval-json=run.json", "judged.eval.yaml")
    causes = {name: record["cause"] for name, record in recorded.results().items()}
    assert recorded.statuses() == dict.fromkeys(("one", "new", "two"), "error")
    assert {cause["kind"] for cause in causes.values()} == {"answer"}
    assert "the question of case 'one' has changed since run" in causes["one"]["message"]
    assert "has no answer to case 'new' (attempt 1)" in causes["new"]["message"]
    assert "has no verdict of openai:judge" in causes["two"]["message"]
    assert recorded.calls() == []
    assert result.ret == 1


def test_more_attempts_than_were_recorded_are_an_error(recorded: Suite) -> None:
    recorded.run("--eval-replay=latest", "--eval-iterations=3", "--eval-json=run.json", "judged.eval.yaml")
    assert "(attempt 3)" in recorded.results()["one"]["attempts"][2]["cause"]["message"]


def test_a_case_of_another_name_is_found_by_what_it_is(recorded: Suite) -> None:
    text = (recorded.path / "talk.eval.yaml").read_text(encoding="utf-8")
    recorded.write("talk.eval.yaml", text.replace("id: ask,", "id: asked,"))
    recorded.run("--eval-replay=latest", "--eval-json=run.json", "talk.eval.yaml")
    first, again = recorded.results("first.json")["order/ask"], recorded.results()["order/asked"]
    assert again["actual_response"] == first["actual_response"]


def test_a_judge_that_failed_fails_again(suite: Suite, model: ModelServer) -> None:
    suite.configure("evalsuite_judge = openai:judge")
    path = suite.cases("one: once -> one")
    path.write_text(path.read_text(encoding="utf-8").replace("exact_match", "semantic_quality"), encoding="utf-8")
    model.reply = lambda asked: Canned(400)
    suite.run("--eval-record", "--eval-json=first.json")
    model.reply = lambda asked: verdict(score=1.0)
    model.requests.clear()
    suite.run("--eval-replay=latest", "--eval-json=run.json")
    assert suite.results("first.json")["one"]["cause"]["kind"] == "judge"
    assert suite.results() == suite.results("first.json")
    assert model.requests == []


@pytest.mark.parametrize("check", ["latency, max_seconds: 60", "cost, max_usd: 1000", "performance, max_seconds: 60"])
def test_no_replayed_answer_satisfies_a_check_of_time_or_cost(suite: Suite, check: str) -> None:
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("talk = agents:talk",))
    suite.write("set.eval.yaml", f"cases:\n  - {{id: one, question: once, checks: [{{method: {check}}}]}}\n")
    suite.run("--eval-record", "--eval-json=run.json")
    assert suite.statuses() == {"one": "passed"}
    suite.run("--eval-replay=latest", "--eval-json=run.json")
    assert suite.statuses() == {"one": "error"}
    assert suite.results()["one"]["cause"]["kind"] == "method"


def test_fresh_trials_are_recorded_too(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        import itertools
        turns = itertools.count()
        def moody(question):
            with open("calls.txt", "a", encoding="utf-8") as calls:
                calls.write(question + "\\n")
            return f"{question} {next(turns)}"
        """,
    )
    suite.configure(agents=("moody = agents:moody",))
    suite.cases("one: once -> once 0", "two: twice -> twice 1")
    suite.run("--eval-json=base.json")
    suite.write("agents.py", (suite.path / "agents.py").read_text(encoding="utf-8").replace("count()", "count(5)"))
    options = ("--eval-baseline=base.json", "--eval-fail-on=regression")
    suite.run_subprocess(*options, "--eval-record", "--eval-json=first.json")
    trials = {name: record.get("confirmation") for name, record in suite.results("first.json").items()}
    assert any(trials.values())
    (suite.path / "calls.txt").unlink()
    suite.run_subprocess(*options, "--eval-replay=latest", "--eval-json=run.json")
    assert {name: record.get("confirmation") for name, record in suite.results().items()} == trials
    assert suite.calls() == []


def test_fixtures_of_agent_and_judge_are_not_set_up_for_a_replay(suite: Suite) -> None:
    suite.write(
        "conftest.py",
        """
        import os, pytest

        @pytest.fixture
        def eval_agent():
            assert "OFFLINE" not in os.environ
            return lambda question: question.upper()

        @pytest.fixture
        def eval_judge():
            assert "OFFLINE" not in os.environ
            return lambda answer: 1.0
        """,
    )
    suite.configure(agents=())
    path = suite.cases("one: once -> one")
    path.write_text(path.read_text(encoding="utf-8").replace("exact_match", "semantic_quality"), encoding="utf-8")
    suite.run_subprocess("--eval-record", "--eval-json=first.json")
    suite.pytester._monkeypatch.setenv("OFFLINE", "1")
    result = suite.run_subprocess("--eval-replay=latest", "--eval-json=run.json")
    assert suite.results() == suite.results("first.json")
    assert (
        suite.artifact()["evaluations"][0]["agent_version"]
        == (suite.artifact("first.json")["evaluations"][0]["agent_version"])
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--eval-replay=latest",), "*--eval-replay: * has no recorded answers: record them with --eval-record"),
        (("--eval-replay=nothing",), "*--eval-replay: there is no run 'nothing'*"),
        (("--eval-replay=latest", "--eval-record"), "*--eval-replay and --eval-record: *keep one"),
        (("--eval-replay=latest", "--eval-resume=latest"), "*--eval-replay and --eval-resume: *keep one"),
        (("--eval-replay=latest", "--eval-regrade=latest"), "*--eval-replay and --eval-regrade: *keep one"),
    ],
)
def test_what_cannot_be_replayed_is_told_at_once(suite: Suite, options: tuple[str, ...], message: str) -> None:
    suite.cases("one: once -> once")
    suite.run()
    result = suite.run(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


@pytest.mark.parametrize("option", ["--eval-record", "--eval-replay=latest"])
def test_the_options_do_nothing_by_themselves(suite: Suite, option: str) -> None:
    result = suite.run_idle(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{option.partition('=')[0]} does nothing without --eval-suite"])


def test_a_recording_of_a_run_that_was_killed_is_read_up_to_there(suite: Suite) -> None:
    suite.cases("one: once -> once", "two: twice -> twice")
    suite.run("--eval-record")
    (path,) = (suite.path / ".evalsuite" / "runs").glob("*/recording-main.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]) + lines[-1][: len(lines[-1]) // 2])
    suite.run("--eval-replay=latest", "--eval-json=run.json")
    assert suite.statuses() == {"one": "passed", "two": "error"}


def test_a_recording_that_is_damaged_says_where(suite: Suite) -> None:
    suite.cases("one: once -> once")
    suite.run("--eval-record")
    (path,) = (suite.path / ".evalsuite" / "runs").glob("*/recording-main.jsonl")
    path.write_bytes(b"{]\n" + path.read_bytes())
    result = suite.run("--eval-replay=latest")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*recording-main.jsonl:1: no recorded answer: *"])


def test_a_recorded_answer_of_another_form_is_an_error_of_its_case_alone(suite: Suite) -> None:
    suite.cases("one: once -> once", "two: twice -> twice")
    suite.run("--eval-record")
    (path,) = (suite.path / ".evalsuite" / "runs").glob("*/recording-main.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    changed = [{**line, "usage": {"input_tokens": "many"}} if line.get("case_id") == "one" else line for line in lines]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in changed), encoding="utf-8")
    suite.run("--eval-replay=latest", "--eval-json=run.json")
    assert suite.statuses() == {"one": "error", "two": "passed"}
    cause = suite.results()["one"]["cause"]
    assert cause["kind"] == "answer"
    assert cause["message"].startswith("what was recorded is no answer: ReplyError: the reply's token counts must be")


ODD = """
    import time

    from pytest_evalsuite import span
    from pytest_evalsuite.judges import Verdict

    def odd(question):
        with span("look") as step:
            step.status, step.message, step.kind = "ok", 404, "tool"
            step.events = ["retry", {"name": "again"}]
            step.started_at = time.time() * 1000
            step.input, step.output = {"q": 1}, ["x" * 100_000] * 11
        return question

    class Silent:
        identity = "silent"

        async def judge(self, request):
            return Verdict(value=0.9, reason=None, judge=None)
"""


@pytest.mark.parametrize("again", ["--eval-replay=latest", "--eval-regrade=latest"])
def test_whatever_agents_and_judges_may_say_is_given_again(suite: Suite, again: str) -> None:
    suite.configure("evalsuite_judge = silent", agents=("odd = odd:odd",))
    suite.write("odd.py", ODD)
    suite.write("conftest.py", "import odd\ndef pytest_evalsuite_judges():\n    return {'silent': odd.Silent()}\n")
    suite.write(
        "set.eval.yaml",
        """
        cases:
          - id: one
            question: once
            expected_response: once
            checks:
              - test_method: semantic_quality
              - {test_method: span, query: look}
              - {test_method: reliability, expected_tool_calls: [look]}
        """,
    )
    suite.run("--eval-record", "--eval-json=first.json")
    first = suite.results("first.json")["one"]
    assert first["status"] == "passed"
    suite.run(again, "--eval-json=run.json")
    told = suite.results()["one"]
    assert (told["status"], told["tool_calls"], told["trace_id"]) == ("passed", first["tool_calls"], first["trace_id"])


def test_nothing_is_recorded_unless_it_is_asked_for(suite: Suite) -> None:
    suite.cases("one: once -> once")
    suite.run()
    assert not list((suite.path / ".evalsuite").rglob("recording-*"))


def test_a_copy_of_the_run_in_the_repository_is_replayed(suite: Suite) -> None:
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("plain = agents:plain",))
    suite.cases("one: once -> once")
    suite.run("--eval-record", "--eval-json=first.json")
    (run,) = (suite.path / ".evalsuite" / "runs").iterdir()
    run.rename(suite.path / "recorded")
    (suite.path / "calls.txt").unlink()
    suite.run("--eval-replay=recorded", "--eval-json=run.json")
    assert suite.results() == suite.results("first.json")
    assert suite.calls() == []


def test_a_case_that_lacked_what_its_agent_requires_is_skipped_again(suite: Suite) -> None:
    suite.write("agents.py", "def tiers(text, tier):\n    return {'said': f'{text} {tier}'}\n")
    suite.configure(agents=("tiers = agents:tiers",))
    suite.write(
        "set.eval.yaml",
        """
        mapping: {inputs: {text: text, tier: tier}, outputs: {said: said}}
        cases:
          - {id: whole, inputs: {text: hi, tier: gold}, expected: {said: hi gold}}
          - {id: lacking, inputs: {text: hi}, expected: {said: hi gold}}
        """,
    )
    suite.run("--eval-record", "--eval-json=first.json")
    assert suite.statuses("first.json") == {"whole": "passed", "lacking": "skipped"}
    suite.write("agents.py", "raise SystemExit('the agent was loaded')")
    suite.run("--eval-replay=latest", "--eval-json=run.json")
    assert suite.results() == suite.results("first.json")
