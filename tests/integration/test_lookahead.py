"""Agents that wait are asked ahead, in order, so many at once, and only about cases that will run."""

from __future__ import annotations

import pytest
from suites import Suite

AGENT = """
    import asyncio
    import threading
    import time

    in_flight = most = 0
    lock = threading.Lock()

    def note(name, text):
        with open(name, "a") as file:
            file.write(str(text) + "\\n")

    def enter(question):
        global in_flight, most
        with lock:
            note("calls.txt", question)
            in_flight += 1
            if in_flight > most:
                most = in_flight
                note("most.txt", most)

    def leave():
        global in_flight
        with lock:
            in_flight -= 1

    async def later(question):
        enter(question)
        try:
            await asyncio.sleep(0.01)
            return question
        finally:
            leave()

    async def other(question):
        return await later(question)

    def sync(question):
        enter(question)
        try:
            assert threading.current_thread() is threading.main_thread()
            return question
        finally:
            leave()

    def threaded(question):
        enter(question)
        try:
            assert threading.current_thread() is not threading.main_thread()
            time.sleep(0.002)
            return question
        finally:
            leave()
"""


@pytest.fixture
def numbered(suite: Suite) -> Suite:
    """Thirty cases, each asking its own number."""
    suite.write("agents.py", AGENT)
    suite.cases(*(f"c{number:02}: q{number:02} -> q{number:02}" for number in range(30)))
    return suite


QUESTIONS = [f"q{number:02}" for number in range(30)]


def most(suite: Suite) -> int:
    """How many calls were in flight at once, at most."""
    return int((suite.path / "most.txt").read_text().split()[-1])


def reported(result: pytest.RunResult) -> list[str]:
    """The cases in the order of their reports."""
    return [line.partition("::")[2].split()[0] for line in result.outlines if "::c" in line and "%]" in line]


def test_async_agents_overlap_and_reports_come_in_order(numbered: Suite) -> None:
    result = numbered.run("-v", "--eval-agent=agents:later")
    result.assert_outcomes(passed=30)
    assert numbered.calls() == QUESTIONS
    assert reported(result) == [f"c{number:02}" for number in range(30)]
    assert most(numbered) == 16


@pytest.mark.parametrize(("agent", "concurrency"), [("later", 1), ("later", 5), ("threaded", 5), ("threaded", 40)])
def test_never_more_are_in_flight_than_asked_for(numbered: Suite, agent: str, concurrency: int) -> None:
    if agent == "threaded" and concurrency == 40:
        numbered.configure("evalsuite_concurrency = 40")
        options: list[str] = []
    else:
        options = [f"--eval-concurrency={concurrency}"]
    numbered.run(f"--eval-agent=agents:{agent}", *options).assert_outcomes(passed=30)
    assert sorted(numbered.calls()) == QUESTIONS
    assert most(numbered) == min(concurrency, 30) if agent == "later" else 1 < most(numbered) <= concurrency


def test_sync_agents_are_asked_one_at_a_time_in_the_main_thread(numbered: Suite) -> None:
    numbered.run("--eval-agent=agents:sync").assert_outcomes(passed=30)
    assert numbered.calls() == QUESTIONS
    assert most(numbered) == 1


@pytest.mark.parametrize("options", [["-x"], ["--maxfail=1"], ["--sw"]])
@pytest.mark.parametrize("agent", ["later", "threaded"])
def test_a_run_that_may_stop_asks_no_further_than_its_concurrency(
    numbered: Suite, options: list[str], agent: str
) -> None:
    cases = [f"c{number:02}: q{number:02} -> q{number:02}" for number in range(30)]
    cases[3] = "c03: q03 -> something else"
    numbered.cases(*cases)
    result = numbered.run(*options, f"--eval-agent=agents:{agent}", "--eval-concurrency=4", "--eval-json=run.json")
    result.assert_outcomes(passed=3, failed=1)
    assert sorted(numbered.calls()) == QUESTIONS[: len(numbered.calls())]
    assert 4 <= len(numbered.calls()) <= 8
    assert list(numbered.statuses().values()) == ["passed"] * 3 + ["failed"] + ["not_run"] * 26


def test_stopping_cancels_what_is_in_flight(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        import asyncio

        async def later(question):
            if question == "bad":
                return "worse"
            try:
                await asyncio.sleep(1e6)
            except asyncio.CancelledError:
                open("calls.txt", "a").write(question + "\\n")
                raise
        """,
    )
    suite.cases("a: bad -> good", "b: slow -> slow", "c: slower -> slower")
    suite.run("-x", "--eval-agent=agents:later").assert_outcomes(failed=1)
    assert sorted(suite.calls()) == ["slow", "slower"]


def test_only_cases_that_will_run_are_asked(numbered: Suite) -> None:
    numbered.write(
        "set.eval.yaml",
        """
        defaults: {test_method: exact_match}
        cases:
          - {id: a, question: a, expected_response: a}
          - {id: b, question: b, expected_response: b, skip: not today}
          - {id: c, question: c, expected_response: c, tags: [slow]}
          - {id: d, question: d, expected_response: other, xfail: known}
          - {id: e, question: e, expected_response: e}
        """,
    )
    result = numbered.run("--eval-agent=agents:later", "-k", "not slow", "--deselect=set.eval.yaml::e")
    result.assert_outcomes(passed=1, skipped=1, xfailed=1, deselected=2)
    assert numbered.calls() == ["a", "d"]


def test_the_last_failed_are_asked_alone(numbered: Suite) -> None:
    numbered.cases("a: a -> a", "b: b -> other", "c: c -> c", "d: d -> other")
    numbered.run("--eval-agent=agents:later").assert_outcomes(passed=2, failed=2)
    (numbered.path / "calls.txt").unlink()
    numbered.run("--eval-agent=agents:later", "--lf").assert_outcomes(failed=2, deselected=0)
    assert numbered.calls() == ["b", "d"]


@pytest.mark.parametrize("option", ["--collect-only", "--setup-only", "--setup-plan"])
def test_looking_asks_nobody(numbered: Suite, option: str) -> None:
    numbered.run("--eval-agent=agents:later", option)
    assert numbered.calls() == []


def test_a_rerun_asks_afresh(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        import asyncio
        from collections import Counter

        asked = Counter()

        async def later(question):
            await asyncio.sleep(0)
            asked[question] += 1
            open("calls.txt", "a").write(question + "\\n")
            return f"{question} {asked[question]}"
        """,
    )
    suite.cases("a: a -> a 1", "b: b -> b 3", "c: c -> c 1")
    result = suite.run_subprocess("--eval-agent=agents:later", "--reruns=3", "-p", "rerunfailures")
    result.assert_outcomes(passed=3, failed=0)
    result.stdout.fnmatch_lines(["*3 passed, 2 rerun*"])
    assert sorted(suite.calls()) == ["a", "b", "b", "b", "c"]


def test_workers_of_xdist_ask_each_case_once(numbered: Suite) -> None:
    result = numbered.run_subprocess("-n2", "--eval-agent=agents:later", "--eval-agent=agents:sync")
    result.assert_outcomes(passed=60)
    assert sorted(numbered.calls()) == sorted(QUESTIONS * 2)


def test_several_agents_each_have_their_own_calls_in_flight(numbered: Suite) -> None:
    result = numbered.run(
        "--eval-agent=agents:later", "--eval-agent=agents:other", "--eval-concurrency=3", "--eval-json=run.json"
    )
    result.assert_outcomes(passed=60)
    assert sorted(numbered.calls()) == sorted(QUESTIONS * 2)
    assert 3 < most(numbered) <= 6


@pytest.mark.parametrize(("scope", "together"), [('scope="session"', 16), ('scope="module"', 1), ("", 1)])
def test_the_agent_of_a_fixture_is_asked_ahead_when_it_is_there_for_the_whole_session(
    numbered: Suite, scope: str, together: int
) -> None:
    numbered.write(
        "conftest.py",
        f"""
        import pytest
        from agents import later

        @pytest.fixture({scope})
        def eval_agent():
            async def bot(question):
                return await later(question)
            return bot
        """,
    )
    numbered.configure(agents=())
    numbered.run().assert_outcomes(passed=30)
    assert numbered.calls() == QUESTIONS
    assert most(numbered) == together


def test_cases_of_several_files_run_ahead_together(numbered: Suite) -> None:
    numbered.cases("a: other -> other", name="other.eval.yaml")
    numbered.write("test_between.py", "def test_ordinary():\n    pass\n")
    numbered.run("--eval-agent=agents:later").assert_outcomes(passed=32)
    assert sorted(numbered.calls()) == sorted([*QUESTIONS, "other"])
    assert numbered.calls()[:2] == ["other", "q00"]


def test_agents_use_one_event_loop_for_all_calls(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        import asyncio

        loops = set()

        async def bot(question):
            loops.add(id(asyncio.get_running_loop()))
            assert len(loops) == 1
            return question
        """,
    )
    suite.cases("a: a -> a", "b: b -> b")
    suite.cases("c: c -> c", name="other.eval.yaml")
    suite.run("--eval-agent=agents:bot").assert_outcomes(passed=3)


def test_what_an_agent_sets_in_its_context_stays_there(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        import contextvars

        who = contextvars.ContextVar("who", default=None)

        def bot(question):
            assert who.get() is None
            who.set(question)
            return question

        async def later(question):
            return bot(question)
        """,
    )
    suite.cases(*(f"c{number}: q -> q" for number in range(40)))
    suite.run("--eval-agent=agents:later").assert_outcomes(passed=40)
    suite.run("--eval-agent=agents:bot", "--eval-concurrency=3").assert_outcomes(passed=40)
