"""Conversations: each turn is asked once, in order, in one session, whatever pytest selects, reorders or repeats."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from typing import Any

import processes
import pytest
from jsonschema import Draft202012Validator
from model_server import ModelServer, verdict
from suites import Suite, without_varying

from pytest_evalsuite.cli.main import main
from pytest_evalsuite.runs.schema import artifact_schema

AGENTS = """
    import asyncio, json, os, threading, time

    def note(**what):
        with open("calls.txt", "a", encoding="utf-8") as calls:
            calls.write(json.dumps({**what, "pid": os.getpid()}) + "\\n")

    def answer(question, history):
        if question.startswith("break"):
            raise ValueError("no idea")
        return f"{len(history) // 2 + 1}. {question}"

    def talk(question, history, session_id):
        note(question=question, history=list(history), session=session_id)
        return answer(question, history)

    async def atalk(question, history, session_id):
        note(question=question, history=list(history), session=session_id)
        await asyncio.sleep(0)
        return answer(question, history)

    def echo(question):
        return question

    class Counter:
        made = 0

        def __init__(self):
            Counter.made += 1
            self.number = Counter.made
            self.turns = 0

        def __call__(self, question):
            self.turns += 1
            note(question=question, instance=self.number)
            return f"{self.turns}. {question}"

    class AsyncCounter(Counter):
        async def __call__(self, question):
            await asyncio.sleep(0)
            return super().__call__(question)

    class Resettable(Counter):
        def reset(self):
            note(question="reset")
            self.turns = 0

    class AsyncResettable(AsyncCounter):
        async def reset(self):
            await asyncio.sleep(0)
            note(question="reset")
            self.turns = 0

    counter = Resettable()
    async_counter = AsyncResettable()
"""

SET = """
    defaults: {test_method: exact_match}
    conversations:
      - id: one
        turns:
          - {id: a, question: hello, expected_response: 1. hello}
          - {id: b, question: again, expected_response: 2. again}
          - {id: c, question: bye, expected_response: 3. bye}
      - id: two
        turns:
          - {id: a, question: hi, expected_response: 1. hi}
          - {id: b, question: more, expected_response: 2. more}
          - {id: c, question: end, expected_response: 3. end}
"""
TURNS = ["one/a", "one/b", "one/c", "two/a", "two/b", "two/c"]
ASKED = ["hello", "again", "bye", "hi", "more", "end"]
ALL_PASSED = dict.fromkeys(TURNS, "passed")


@pytest.fixture
def talks(suite: Suite) -> Suite:
    """Two conversations of three turns with a synchronous agent."""
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("bot = agents:talk",))
    suite.write("set.eval.yaml", SET)
    return suite


@pytest.fixture(params=["talk", "atalk"])
def both(talks: Suite, request: pytest.FixtureRequest) -> Suite:
    """The same, with a synchronous and with an asynchronous agent."""
    talks.configure(agents=(f"bot = agents:{request.param}",))
    return talks


def calls(suite: Suite) -> list[dict[str, Any]]:
    return [json.loads(line) for line in suite.calls()]


def asked(suite: Suite) -> list[str]:
    """Every question that the agent got, in any process."""
    return [call["question"] for call in calls(suite)]


def by_session(suite: Suite) -> list[list[str]]:
    """The questions of each session, as they came."""
    sessions: dict[str, list[str]] = {}
    for call in calls(suite):
        sessions.setdefault(call["session"], []).append(call["question"])
    return list(sessions.values())


def forget_calls(suite: Suite) -> None:
    (suite.path / "calls.txt").unlink(missing_ok=True)


def with_turn(text: str, question: str, instead: str) -> str:
    assert f"question: {question}," in text
    return text.replace(f"question: {question},", f"question: {instead},")


# What the agent sees


def test_the_agent_sees_what_was_said_and_one_session_for_each_conversation(both: Suite) -> None:
    both.run("--eval-json=run.json").assert_outcomes(passed=6)
    seen = {call["question"]: call for call in calls(both)}
    assert seen["hello"]["history"] == seen["hi"]["history"] == []
    assert seen["bye"]["history"] == [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "1. hello"},
        {"role": "user", "content": "again"},
        {"role": "assistant", "content": "2. again"},
    ]
    assert sorted(by_session(both)) == [ASKED[:3], ASKED[3:]]


def test_inputs_and_data_are_part_of_what_was_said(talks: Suite) -> None:
    talks.write(
        "agents.py",
        """
        import json

        def talk(inputs, history):
            return {"before": [message["content"] for message in history]}
        """,
    )
    talks.write(
        "set.eval.yaml",
        """
        mode: scenario
        cases:
          - {id: a, inputs: {city: Bern}, expected: {before: []}, test_method: json_match}
          - id: b
            inputs: {city: Rom}
            test_method: json_match
            expected: {before: ['{"city": "Bern"}', '{"before": []}']}
        """,
    )
    talks.run().assert_outcomes(passed=2)


@pytest.mark.parametrize("table", ["csv", "jsonl"])
def test_rows_that_name_their_conversation_are_its_turns(talks: Suite, table: str) -> None:
    rows = [("one", "hello", "1. hello"), ("two", "hi", "1. hi"), ("one", "again", "2. again"), ("two", "hi", "2. hi")]
    if table == "csv":
        lines = ["conversation,question,expected_response", *(",".join(row) for row in rows)]
    else:
        names = ("conversation", "question", "expected_response")
        lines = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
    talks.write(f"turns.{table}", "\n".join(lines))
    talks.write(
        "set.eval.yaml", f"mode: scenario\ndefaults: {{test_method: exact_match}}\ncases_from: turns.{table}\n"
    )
    talks.run().assert_outcomes(passed=4)
    assert by_session(talks) == [["hello", "again"], ["hi", "hi"]]


# Each turn once


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["-k", "one and c"], ASKED[:3]),
        (["-k", "b"], ["hello", "again", "hi", "more"]),
        (["set.eval.yaml::two/b"], ["hi", "more"]),
        (["--deselect=set.eval.yaml::one/b"], ASKED),
        (["set.eval.yaml::one/c", "set.eval.yaml::one/a", "set.eval.yaml::two/c"], ASKED),
        (["--eval-concurrency=1"], ASKED),
        (["--eval-concurrency=8"], ASKED),
        (["--eval-concurrency=2", "--eval-timeout=30"], ASKED),
        (["-p", "no:terminal"], ASKED),
    ],
    ids=str,
)
def test_each_turn_is_asked_once_whatever_is_selected(both: Suite, options: list[str], expected: list[str]) -> None:
    assert both.run(*options).ret == 0
    assert Counter(asked(both)) == Counter(expected)
    assert all(questions in (ASKED[: len(questions)], ASKED[3 : 3 + len(questions)]) for questions in by_session(both))


@pytest.mark.parametrize("seed", range(3))
def test_each_turn_is_asked_once_in_order_when_tests_are_shuffled(talks: Suite, seed: int) -> None:
    talks.configure(agents=(f"bot = agents:{'atalk' if seed else 'talk'}",))
    code, _ = processes.run(talks, f"--randomly-seed={seed}", "--eval-json=run.json", beside="randomly")
    assert code == 0
    assert sorted(by_session(talks)) == [ASKED[:3], ASKED[3:]]
    assert talks.statuses() == ALL_PASSED


def test_a_failed_turn_is_run_again_with_those_before_it(both: Suite) -> None:
    both.write("set.eval.yaml", SET.replace("2. more", "3. more"))
    both.run().assert_outcomes(passed=5, failed=1)
    forget_calls(both)
    both.run("--lf").assert_outcomes(failed=1)
    assert asked(both) == ["hi", "more"]


def test_a_turn_that_is_rerun_keeps_its_answer(both: Suite) -> None:
    both.write("set.eval.yaml", SET.replace("2. again", "3. again"))
    code, _ = processes.run(both, "--reruns=2", "--eval-json=run.json", beside="rerunfailures")
    assert code == 1
    assert sorted(by_session(both)) == [ASKED[:3], ASKED[3:]]
    assert both.statuses() == {**ALL_PASSED, "one/b": "failed"}


def test_a_run_that_stops_early_asks_no_later_turn(both: Suite) -> None:
    both.write("set.eval.yaml", SET.replace("2. again", "3. again"))
    both.run("-x", "--eval-concurrency=1").assert_outcomes(passed=1, failed=1)
    assert asked(both) == ["hello", "again"]


@pytest.mark.parametrize("agent", ["talk", "atalk"])
def test_no_turn_is_begun_while_the_run_ends(talks: Suite, agent: str) -> None:
    talks.write(
        "agents.py",
        """
        import asyncio, threading, time
        from agents_noted import note

        failed = threading.Event()

        def talk(question, history):
            note(question)
            if question == "hi":
                failed.wait()
                time.sleep(0.2)
            return question

        async def atalk(question, history):
            note(question)
            if question == "hi":
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    return "cancelled"
            return question
        """,
    )
    talks.write(
        "agents_noted.py",
        """
        def note(question):
            with open("calls.txt", "a", encoding="utf-8") as calls:
                calls.write(question + "\\n")
        """,
    )
    talks.write(
        "conftest.py",
        """
        import agents

        def pytest_sessionfinish():
            agents.failed.set()
        """,
    )
    talks.configure(agents=(f"bot = agents:{agent}",))
    code, _ = processes.run(talks, "-x", "--eval-concurrency=2")
    assert code == 1
    assert "more" not in talks.calls(), "the turn before it was cancelled"


@pytest.mark.parametrize(
    ("options", "processes_of_a_file"),
    [(["--dist=loadscope"], 1), (["--dist=loadfile"], 1), (["--dist=load"], 2)],
    ids=["loadscope", "loadfile", "load"],
)
def test_each_worker_asks_what_it_needs_once(talks: Suite, options: list[str], processes_of_a_file: int) -> None:
    code, _ = processes.run(talks, "-n2", *options, "--eval-json=run.json", beside="xdist")
    assert code == 0
    assert talks.statuses() == ALL_PASSED
    by_worker: dict[int, list[str]] = {}
    for call in calls(talks):
        by_worker.setdefault(call["pid"], []).append(call["question"])
    assert len(by_worker) <= processes_of_a_file
    for questions in by_worker.values():
        assert max(Counter(questions).values()) == 1
        assert [question for question in questions if question in ASKED[:3]] in [ASKED[:n] for n in range(4)]
    if processes_of_a_file == 1:
        assert Counter(asked(talks)) == Counter(ASKED)


def test_conversations_overlap_and_their_turns_do_not(talks: Suite) -> None:
    """The first turns meet each other, which they could not were they asked one after another."""
    talks.write(
        "agents.py",
        """
        import asyncio, threading

        together = threading.Barrier(2, timeout=30)
        meeting = [0, None]
        in_flight = {}
        lock = threading.Lock()

        def talk(question, history, session_id):
            with lock:
                in_flight[session_id] = in_flight.get(session_id, 0) + 1
            if not history:
                together.wait()
            with lock:
                most = in_flight[session_id]
                in_flight[session_id] -= 1
            return f"{most} at once"

        async def atalk(question, history, session_id):
            in_flight[session_id] = in_flight.get(session_id, 0) + 1
            if not history:
                meeting[1] = meeting[1] or asyncio.Event()
                meeting[0] += 1
                if meeting[0] == 2:
                    meeting[1].set()
                await asyncio.wait_for(meeting[1].wait(), 30)
            await asyncio.sleep(0)
            most = in_flight[session_id]
            in_flight[session_id] -= 1
            return f"{most} at once"
        """,
    )
    talks.write("set.eval.yaml", re.sub(r"expected_response: [^}]*", "expected_response: 1 at once", SET))
    for agent in ("talk", "atalk"):
        talks.configure(agents=(f"bot = agents:{agent}",))
        talks.run("--eval-concurrency=2").assert_outcomes(passed=6)


# Turns that break


def test_turns_after_an_error_are_skipped_with_the_reason(both: Suite) -> None:
    both.write("set.eval.yaml", with_turn(SET, "again", "break it"))
    result = both.run("--eval-json=run.json", "--junitxml=junit.xml", "-rs")
    result.assert_outcomes(passed=4, errors=1, skipped=1)
    assert "bye" not in asked(both)
    assert not list(Draft202012Validator(artifact_schema()).iter_errors(both.artifact()))
    reason = "turn 2 (one/b) got no answer: ValueError: no idea"
    assert both.results()["one/c"]["cause"] == {"kind": "turn", "type": "TurnBroken", "message": reason}
    assert both.statuses() == {**ALL_PASSED, "one/b": "error", "one/c": "skipped"}
    assert reason in result.stdout.str()
    skipped = ET.parse(both.path / "junit.xml").find(".//testcase[@name='one/c']/skipped")
    assert skipped is not None
    assert reason in skipped.attrib["message"]


def test_turns_after_an_error_are_asked_where_the_test_set_says_so(both: Suite) -> None:
    text = with_turn(SET, "again", "break it").replace("- id: one\n", "- id: one\n        on_turn_error: continue\n")
    both.write("set.eval.yaml", text.replace("3. bye", "2. bye"))
    both.run("--eval-json=run.json").assert_outcomes(passed=5, errors=1)
    (bye,) = [call for call in calls(both) if call["question"] == "bye"]
    assert [message["content"] for message in bye["history"]] == ["hello", "1. hello", "break it"]
    assert both.results()["one/c"]["history"] == bye["history"]


@pytest.mark.parametrize("agent", ["slow", "aslow"])
def test_a_turn_that_takes_too_long_breaks_its_conversation_off(talks: Suite, agent: str) -> None:
    talks.write(
        "agents.py",
        """
        import asyncio, time

        def slow(question, history):
            if question == "again":
                time.sleep(30)
            return f"{len(history) // 2 + 1}. {question}"

        async def aslow(question, history):
            if question == "again":
                await asyncio.sleep(30)
            return f"{len(history) // 2 + 1}. {question}"
        """,
    )
    talks.configure(agents=(f"bot = agents:{agent}",))
    talks.write("set.eval.yaml", SET.replace("id: b, question: again", "id: b, timeout: 0.05, question: again"))
    talks.run("--eval-json=run.json").assert_outcomes(passed=4, errors=1, skipped=1)
    assert talks.results()["one/b"]["cause"]["kind"] == "timeout"
    assert "CaseTimeout" in talks.results()["one/c"]["cause"]["message"]


def test_an_interrupt_in_a_turn_ends_the_run_and_loses_nothing(both: Suite) -> None:
    agents = AGENTS.replace("def answer(question, history):", "def answer(question, history):\n        stop(question)")
    both.write(
        "agents.py",
        agents
        + """
    def stop(question):
        if question == "more":
            raise KeyboardInterrupt
""",
    )
    code, _ = processes.run(both, "--eval-json=run.json")
    assert code == pytest.ExitCode.INTERRUPTED
    assert both.statuses() == {
        **dict.fromkeys(TURNS[:4], "passed"),
        "two/b": "not_run",
        "two/c": "not_run",
    }
    assert "end" not in asked(both)


# Iterations


def test_a_conversation_is_held_as_often_as_it_is_asked_for(both: Suite) -> None:
    both.run("--eval-iterations=3", "--eval-json=run.json").assert_outcomes(passed=6)
    assert sorted(by_session(both)) == [*[ASKED[:3]] * 3, *[ASKED[3:]] * 3]
    assert [one["number"] for one in both.results()["two/c"]["attempts"]] == [1, 2, 3]
    assert [len(one["history"]) for one in both.results()["two/c"]["attempts"]] == [4, 4, 4]


def test_an_attempt_that_an_earlier_turn_broke_is_not_averaged_away(both: Suite) -> None:
    agents = AGENTS.replace('question.startswith("break")', 'question == "again" and once()')
    both.write(
        "agents.py",
        agents
        + """
    broken = []

    def once():
        broken.append(1)
        return len(broken) == 1
""",
    )
    both.run("--eval-iterations=2", "--eval-json=run.json")
    results = both.results()
    assert results["one/a"]["status"] == "passed"
    assert [one["status"] for one in results["one/b"]["attempts"]] == ["error", "passed"]
    assert [one["status"] for one in results["one/c"]["attempts"]] == ["skipped", "passed"]
    assert (results["one/b"]["status"], results["one/c"]["status"]) == ("error", "error")


# Agents that remember


@pytest.mark.parametrize("agent", ["Counter", "AsyncCounter"])
@pytest.mark.parametrize("options", [[], ["--eval-concurrency=4"], ["--eval-iterations=2"]], ids=str)
def test_a_class_has_an_instance_for_each_conversation(talks: Suite, agent: str, options: list[str]) -> None:
    talks.configure(agents=(f"bot = agents:{agent}",))
    talks.run(*options).assert_outcomes(passed=6)
    instances: dict[int, list[str]] = {}
    for call in calls(talks):
        instances.setdefault(call["instance"], []).append(call["question"])
    times = 2 if "--eval-iterations=2" in options else 1
    assert sorted(instances.values()) == [*[ASKED[:3]] * times, *[ASKED[3:]] * times]


@pytest.mark.parametrize("options", [[], ["--eval-concurrency=4"]], ids=str)
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_an_instance_that_cannot_be_made_is_the_error_of_its_own_turn(
    talks: Suite, options: list[str], kind: str
) -> None:
    talks.write(
        "agents.py",
        f"""
        class Bot:
            made = 0

            def __init__(self):
                Bot.made += 1
                if Bot.made == 3:
                    raise OSError("no more rooms")
                self.turns = 0

            {kind} __call__(self, question):
                self.turns += 1
                return f"{{self.turns}}. {{question}}"
        """,
    )
    talks.configure(agents=("bot = agents:Bot",))
    talks.run("--eval-json=run.json", *options).assert_outcomes(passed=3, errors=1, skipped=2)
    (broken,) = [one for one in talks.results().values() if one["status"] == "error"]
    assert broken["cause"]["message"] == "no more rooms"
    assert broken["conversation"]["turn"] == 1


@pytest.mark.parametrize("agent", ["counter", "async_counter"])
@pytest.mark.parametrize("options", [[], ["--eval-concurrency=4"], ["--eval-iterations=2"], ["-k", "b"]], ids=str)
def test_an_object_that_can_be_reset_holds_one_conversation_after_another(
    talks: Suite, agent: str, options: list[str]
) -> None:
    talks.configure(agents=(f"bot = agents:{agent}",))
    assert talks.run(*options).ret == 0
    times = 2 if "--eval-iterations=2" in options else 1
    last = 2 if "-k" in options else 3
    assert asked(talks) == [*["reset", *ASKED[:last]] * times, *["reset", *ASKED[3 : 3 + last]] * times]


@pytest.mark.parametrize("agent", ["counter", "async_counter", "Counter", "talk", "atalk"])
def test_what_a_turn_prints_is_its_own_case_s(talks: Suite, agent: str) -> None:
    talks.write(
        "agents.py", AGENTS.replace("def note(**what):", "def note(**what):\n        print('note', what['question'])")
    )
    talks.configure(agents=(f"bot = agents:{agent}",))
    talks.write("set.eval.yaml", SET.replace("expected_response: ", "expected_response: not "))
    out = talks.run().stdout.str()
    sections = dict(re.findall(r"_ case (\w+/\w) _+\n(.*?)(?=\n_+ case|\n==)", out, re.DOTALL))
    printed = {turn: re.findall(r"^note (\w+)$", text, re.MULTILINE) for turn, text in sections.items()}
    for said in printed.values():
        if "reset" in said:
            said.remove("reset")
    assert printed == {turn: [question] for turn, question in zip(TURNS, ASKED, strict=True)}


def test_what_agents_keep_is_closed_once_for_each_of_them(talks: Suite) -> None:
    talks.write(
        "agents.py",
        AGENTS.replace(
            "class AsyncCounter(Counter):",
            """class AsyncCounter(Counter):
        def __init__(self):
            super().__init__()
            time.sleep(0.05)  # the run is stopped meanwhile
            if type(self) is AsyncCounter:
                note(question="made", instance=self.number)

        async def eval_close(self):
            note(question="close", instance=self.number)
""",
        ),
    )
    for agent, closed in (("AsyncCounter", 2), ("async_counter", 1)):
        talks.configure(agents=(f"bot = agents:{agent}",))
        forget_calls(talks)
        talks.run().assert_outcomes(passed=6)
        instances = [call["instance"] for call in calls(talks) if call["question"] == "close"]
        assert len(instances) == len(set(instances)) == closed


def test_an_instance_that_was_never_asked_is_not_closed(talks: Suite) -> None:
    talks.configure(agents=("bot = agents:AsyncCounter",))
    talks.write(
        "agents.py",
        AGENTS.replace(
            "class AsyncCounter(Counter):",
            """class AsyncCounter(Counter):
        def __init__(self):
            super().__init__()
            time.sleep(0.05)  # the run is stopped meanwhile
            if type(self) is AsyncCounter:
                note(question="made", instance=self.number)

        async def eval_close(self):
            note(question="close", instance=self.number)
""",
        ),
    )
    more = "".join(f"  - {{conversation: c{number}, question: q, expected_response: no}}\n" for number in range(6))
    talks.write("set.eval.yaml", f"mode: scenario\ndefaults: {{test_method: exact_match}}\ncases:\n{more}")
    talks.run("-x", "--eval-concurrency=2").assert_outcomes(failed=1)
    noted = calls(talks)
    closed = {call["instance"] for call in noted if call["question"] == "close"}
    looked_at, *made = (call["instance"] for call in noted if call["question"] == "made")
    assert closed == {*made}
    assert looked_at not in closed


def test_a_reset_that_fails_is_the_error_of_the_first_turn(talks: Suite) -> None:
    talks.write("agents.py", AGENTS.replace('note(question="reset")', 'raise OSError("stuck")'))
    for agent in ("counter", "async_counter"):
        talks.configure(agents=(f"bot = agents:{agent}",))
        talks.run("--eval-json=run.json").assert_outcomes(errors=2, skipped=4)
        assert talks.results()["one/a"]["cause"]["message"] == "stuck"
    assert asked(talks) == []


@pytest.mark.parametrize("agent", ["counter", "async_counter"])
def test_what_was_said_is_forgotten_before_a_conversation_whose_first_turn_is_scripted(
    talks: Suite, agent: str
) -> None:
    talks.configure(agents=(f"bot = agents:{agent}",))
    scripted = "id: a, question: hi, actual_response: 1. hi, expected"
    talks.write("set.eval.yaml", SET.replace("id: a, question: hi, expected", scripted).replace("2. more", "1. more"))
    talks.run().assert_outcomes(passed=5, failed=1)
    assert asked(talks) == ["reset", *ASKED[:3], "reset", "more", "end"]


@pytest.mark.parametrize("agent", ["counter", "async_counter"])
def test_after_a_reset_that_fails_the_next_turn_that_is_asked_is_reset(talks: Suite, agent: str) -> None:
    stuck = """note(question="reset")
            resets.append(self)
            if len(resets) == 2:
                raise OSError("stuck")"""
    talks.write("agents.py", "\n    resets = []" + AGENTS.replace('note(question="reset")', stuck))
    talks.configure(agents=(f"bot = agents:{agent}",))
    talks.write("set.eval.yaml", "\n    on_turn_error: continue" + SET)
    talks.run("--eval-json=run.json")
    assert asked(talks) == ["reset", *ASKED[:3], "reset", "reset", "more", "end"]
    assert talks.results()["two/b"]["actual_response"] == "1. more"


def test_an_object_is_closed_that_was_only_asked_first_turns(talks: Suite) -> None:
    closing = """class AsyncResettable(AsyncCounter):
        async def eval_close(self):
            note(question="close")
"""
    talks.write("agents.py", AGENTS.replace("class AsyncResettable(AsyncCounter):", closing))
    talks.configure(agents=("bot = agents:async_counter",))
    talks.run("set.eval.yaml::one/a", "set.eval.yaml::two/a").assert_outcomes(passed=2)
    assert asked(talks) == ["reset", "hello", "reset", "hi", "close"]


def test_cases_that_stand_alone_do_not_disturb_a_conversation(talks: Suite) -> None:
    """They are put to the same object, ahead of their turn, but never while it holds a conversation."""
    talks.configure(agents=("bot = agents:async_counter",))
    talks.write(
        "agents.py",
        AGENTS.replace(
            "await asyncio.sleep(0)\n            return super", "await asyncio.sleep(0.01)\n            return super"
        ),
    )
    for name in ("a", "z"):
        talks.cases(*(f"{number}: alone -> x" for number in range(10)), name=f"{name}.eval.yaml")
    talks.run("--eval-concurrency=2")
    found = asked(talks)
    for turns in (ASKED[:3], ASKED[3:]):
        start = found.index(turns[0])
        assert found[start - 1 : start + 3] == ["reset", *turns]


@pytest.mark.parametrize("agent", ["echo", "talk", "Counter", "counter"])
def test_an_agent_that_cannot_hold_a_conversation_is_refused(talks: Suite, agent: str) -> None:
    talks.configure(agents=(f"bot = agents:{agent}",))
    result = talks.run()
    if agent != "echo":
        assert result.ret == 0
        return
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*set.eval.yaml:*: case 'one/a': agent 'bot' cannot hold a conversation: let it take*"]
    )
    assert asked(talks) == []


@pytest.mark.parametrize("agent", ["talk", "atalk"])
def test_an_isolated_agent_is_told_what_was_said(talks: Suite, agent: str) -> None:
    talks.configure(agents=(f"bot = agents:{agent}",))
    talks.run("--eval-isolation=process").assert_outcomes(passed=6)
    assert sorted(by_session(talks)) == [ASKED[:3], ASKED[3:]]
    assert len({call["pid"] for call in calls(talks)}) == 6


@pytest.mark.parametrize("agent", ["Counter", "counter"])
def test_an_isolated_agent_that_would_forget_is_refused(talks: Suite, agent: str) -> None:
    talks.configure(agents=(f"bot = agents:{agent}",))
    result = talks.run("--eval-isolation=process")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*: case 'one/a': agent 'bot' *each process forgets what was said: let it take `history`*"]
    )
    assert asked(talks) == []


@pytest.mark.parametrize(("scope", "code"), [("function", 4), ("class", 4), ("module", 0), ("session", 0)])
def test_a_fixture_must_last_as_long_as_a_conversation(talks: Suite, scope: str, code: int) -> None:
    talks.write(
        "conftest.py",
        f"""
        import pytest
        from agents import atalk

        @pytest.fixture(scope="{scope}")
        def eval_agent():
            return atalk
        """,
    )
    result = talks.run()
    assert result.ret == code
    if code:
        result.stderr.fnmatch_lines([f"*fixture eval_agent of conftest.py has the scope '{scope}'*scope='module'*"])
    else:
        assert sorted(by_session(talks)) == [ASKED[:3], ASKED[3:]]


def test_a_fixture_s_agent_that_cannot_hold_a_conversation_is_an_error(talks: Suite) -> None:
    talks.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture(scope="session")
        def eval_agent():
            return lambda question: question
        """,
    )
    result = talks.run("--eval-json=run.json")
    result.assert_outcomes(errors=6)
    assert "cannot hold a conversation" in talks.results()["one/a"]["cause"]["message"]


# Runs that go on, are graded anew, confirmed, shared out


def test_a_resumed_run_asks_a_broken_conversation_anew_and_keeps_the_whole_ones(both: Suite) -> None:
    both.write("agents.py", AGENTS.replace('question.startswith("break")', 'question == os.environ.get("BREAKS_AT")'))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BREAKS_AT", "more")
        both.run().assert_outcomes(passed=4, errors=1, skipped=1)
    forget_calls(both)
    both.run("--eval-resume", "--eval-json=run.json").assert_outcomes(passed=6)
    assert by_session(both) == [ASKED[3:]]
    resume = both.artifact()["run"]["resume"]
    assert (resume["reused"], resume["asked"]) == (
        3,
        {"another turn of its conversation is asked": 1, "was an error": 1, "was skipped": 1},
    )
    forget_calls(both)
    both.run("--eval-resume").assert_outcomes(passed=6)
    assert calls(both) == []


def test_a_changed_turn_changes_those_after_it_and_no_others(both: Suite) -> None:
    both.run("--eval-json=first.json")
    both.write("set.eval.yaml", with_turn(SET, "again", "once more").replace("2. again", "2. once more"))
    both.run("--eval-json=second.json")
    first, second = both.results("first.json"), both.results("second.json")
    changed = [turn for turn in TURNS if first[turn]["fingerprint"] != second[turn]["fingerprint"]]
    assert changed == ["one/b", "one/c"]


def test_graded_anew_the_dialogue_is_there_and_nobody_is_called(both: Suite) -> None:
    both.run("--eval-json=first.json")
    forget_calls(both)
    both.write("set.eval.yaml", SET.replace("3. bye", "4. bye"))
    result = both.run("--eval-regrade=latest", "--eval-json=run.json")
    result.assert_outcomes(passed=5, failed=1)
    assert calls(both) == []
    assert both.results()["one/c"]["history"] == both.results("first.json")["one/c"]["history"]
    result.stdout.fnmatch_lines(["user      again", "agent     2. again", "question  bye"])


def test_a_failure_is_confirmed_in_a_conversation_held_anew(both: Suite) -> None:
    both.run("--eval-run-name=base").assert_outcomes(passed=6)
    agents = AGENTS.replace(
        "def answer(question, history):", "def answer(question, history):\n        question = worse(question)"
    )
    both.write(
        "agents.py",
        agents
        + """
    def worse(question):
        return "less" if question == "more" else question
""",
    )
    forget_calls(both)
    both.run("--eval-baseline=base", "--eval-fail-on=regression", "--eval-json=run.json")
    confirmation = both.results()["two/b"]["confirmation"]
    trials = confirmation["trials"]
    assert (confirmation["passed"], confirmation["stands"]) == (0, True)
    assert sorted(by_session(both)) == [ASKED[:3], *[["hi", "more"]] * trials, ASKED[3:]]


@pytest.mark.parametrize("count", [2, 3])
def test_shards_have_whole_conversations(both: Suite, count: int) -> None:
    asked_twice = [(f"talk {number // 2}", f"q{number}", number % 2 + 1) for number in range(16)]
    more = "".join(
        f"  - {{conversation: {name}, question: {question}, expected_response: {turn}. {question}}}\n"
        for name, question, turn in asked_twice
    )
    both.write("more.eval.yaml", f"mode: scenario\ndefaults: {{test_method: exact_match}}\ncases:\n{more}")
    names = [f"{number}.json" for number in range(1, count + 1)]
    for number, name in enumerate(names, 1):
        both.run(f"--eval-shard={number}/{count}", f"--eval-json={name}")
    assert len(by_session(both)) == 10, "each conversation was held once"
    for one, other in ((one, other) for one in names for other in names if one < other):
        shared = {turn.rpartition("/")[0] for turn in both.statuses(one)} & {
            turn.rpartition("/")[0] for turn in both.statuses(other)
        }
        assert not shared
    both.run("--eval-json=whole.json")
    assert main(["merge", *names, "--output", "merged.json"]) == 0
    assert without_varying(both.artifact("merged.json")) == without_varying(both.artifact("whole.json"))


# Who judges sees it, and who reads


def test_a_judge_sees_what_was_said_before_the_question(both: Suite, model: ModelServer) -> None:
    model.reply = lambda _: verdict(score=1.0)
    both.write("set.eval.yaml", SET.replace("exact_match", "semantic_quality"))
    both.run("--eval-judge=openai:m").assert_outcomes(passed=6)
    (prompt,) = [text for text in map(model.prompt, range(6)) if "3. bye" in text]
    assert prompt.index("user: hello\n\nassistant: 1. hello\n\nuser: again\n\nassistant: 2. again") < prompt.index(
        "bye"
    )
    assert "conversation before the question" in prompt
    assert sum("conversation before the question" in model.prompt(number) for number in range(6)) == 4


def test_a_function_that_judges_may_take_the_history(both: Suite) -> None:
    both.write("set.eval.yaml", SET.replace("exact_match", "semantic_quality"))
    both.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture(scope="session")
        def eval_judge():
            return lambda answer, history: {"score": 1.0, "reason": f"after {len(history)} messages"}
        """,
    )
    both.run("--eval-json=run.json").assert_outcomes(passed=6)
    assert [both.results()[turn]["reasoning"] for turn in TURNS[:3]] == [f"after {n} messages" for n in (0, 2, 4)]


def test_a_method_of_one_s_own_may_take_the_history(talks: Suite) -> None:
    talks.write("set.eval.yaml", SET.replace("exact_match", "says_more"))
    talks.write(
        "conftest.py",
        """
        def says_more(actual: str, history: list) -> bool:
            return all(actual != message["content"] for message in history)

        def pytest_evalsuite_methods():
            return {"says_more": says_more}
        """,
    )
    talks.run().assert_outcomes(passed=6)


def test_a_failed_turn_is_told_with_what_was_said_before(both: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    both.write("set.eval.yaml", SET.replace("3. bye", "4. bye"))
    result = both.run("--eval-markdown=report.md", "--junitxml=junit.xml")
    told = ["user      hello", "agent     1. hello", "user      again", "agent     2. again", "question  bye"]
    result.stdout.fnmatch_lines(told)
    report = (both.path / "report.md").read_text(encoding="utf-8")
    assert "said before\n\n```text\nuser: hello\nagent: 1. hello\nuser: again\nagent: 2. again\n```" in report
    junit = ET.parse(both.path / "junit.xml").findtext(".//testcase[@name='one/c']/failure")
    assert junit is not None
    assert "\n".join(told) in junit
    capsys.readouterr()
    assert main(["show", "latest", "--case", "one/c"]) == 0
    assert "\n".join(told) in capsys.readouterr().out
    assert main(["show", "latest", "--case", "two/b"]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"user +hi\nagent +1\. hi\nquestion +more", shown)


def test_hostile_texts_that_were_said_stay_texts(talks: Suite) -> None:
    talks.write(
        "agents.py", 'def talk(question, history):\n    return "\\x1b[31mred\\u202e\\x07\\n::error::x @all ```"\n'
    )
    talks.write("set.eval.yaml", with_turn(SET, "hello", r'"\x1b]0;title\x07 </details>"'))
    result = talks.run("--eval-markdown=report.md", "--junitxml=junit.xml", "--eval-json=run.json", "-vv")
    result.assert_outcomes(failed=6)
    report = (talks.path / "report.md").read_text(encoding="utf-8")
    ET.parse(talks.path / "junit.xml")
    for text in (result.stdout.str(), report, (talks.path / "junit.xml").read_text(encoding="utf-8")):
        assert not set(text) & set("\x1b\x07\u202e")
    assert "\n::error::" not in result.stdout.str()
    assert talks.results()["one/b"]["history"][1]["content"].startswith("\x1b[31mred")


def test_two_hundred_turns_are_one_conversation(both: Suite) -> None:
    turns = "".join(
        f"  - {{question: q{number}, expected_response: {number}. q{number}}}\n" for number in range(1, 201)
    )
    both.write("set.eval.yaml", f"mode: scenario\ndefaults: {{test_method: exact_match}}\ncases:\n{turns}")
    both.run("--eval-json=run.json").assert_outcomes(passed=200)
    (session,) = by_session(both)
    assert session == [f"q{number}" for number in range(1, 201)]
    artifact = both.artifact()
    assert not list(Draft202012Validator(artifact_schema()).iter_errors(artifact))
    last = artifact["evaluations"][0]["results"][-1]
    assert last["conversation"] == {"id": "", "turn": 200, "turns": 200}
    assert [message["content"] for message in last["history"][:2]] == ["q190", "190. q190"]
    assert len(last["history"]) == 20
    forget_calls(both)
    both.run("--eval-resume").assert_outcomes(passed=200)
    assert calls(both) == []


def test_the_command_knows_conversations(talks: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "set.eval.yaml"]) == 0
    assert "6" in capsys.readouterr().out
    assert main(["list", "--root", "."]) == 0
    assert "set" in capsys.readouterr().out
    talks.write("set.eval.yaml", SET.replace("id: two", "id: one"))
    assert main(["validate", "set.eval.yaml"]) != 0
    captured = capsys.readouterr()
    assert "is the id of conversation 1 too" in captured.out + captured.err


@pytest.mark.parametrize("options", [[], ["--eval-concurrency=4"]], ids=str)
def test_two_agents_hold_conversations_of_their_own(talks: Suite, options: list[str]) -> None:
    agents = ["--eval-agent=agents:talk", "--eval-agent=agents:atalk", "--eval-agent=agents:counter"]
    talks.run(*agents, *options).assert_outcomes(passed=18)
    noted = [call for call in calls(talks) if "session" in call]
    sessions = {call["session"] for call in noted}
    assert (len(noted), len(sessions)) == (12, 4)
    assert Counter(asked(talks)) == Counter({**dict.fromkeys(ASKED, 3), "reset": 2})
