"""A case that measures its agent is alone with it, whatever runs ahead otherwise."""

from __future__ import annotations

import fnmatch

import pytest
from suites import Suite

AGENTS = """
    import asyncio, pathlib, threading, time

    busy = 0
    lock = threading.Lock()

    def note(question, change):
        global busy
        with lock:
            busy += change
            if change > 0:
                with pathlib.Path("calls.txt").open("a") as file:
                    file.write(f"{question} {busy}\\n")

    async def waits(question):
        note(question, 1)
        await asyncio.sleep(0.01)
        note(question, -1)
        return question

    def blocks(question):
        note(question, 1)
        time.sleep(0.01)
        note(question, -1)
        return question
"""

SET = """
    defaults: {test_method: exact_match}
    cases:
      - {id: a, question: a, expected_response: a}
      - {id: b, question: b, expected_response: b}
      - id: measured
        question: measured
        expected_response: measured
        checks:
          - {method: exact_match}
          - {method: performance, warmup_runs: 1, num_iterations: 3, max_seconds: 60.0, max_mib: 500.0}
      - {id: c, question: c, expected_response: c}
      - {id: d, question: d, expected_response: d}
"""


@pytest.mark.parametrize("agent", ["waits", "blocks"])
@pytest.mark.parametrize("options", [(), ("--eval-concurrency=4",), ("--eval-timeout=30",)])
def test_it_is_alone_with_the_agent(suite: Suite, agent: str, options: tuple[str, ...]) -> None:
    suite.write("agents.py", AGENTS)
    suite.configure(agents=(f"agent = agents:{agent}",))
    suite.write("set.eval.yaml", SET)
    result = suite.run(*options)
    result.assert_outcomes(passed=5)
    calls = (suite.path / "calls.txt").read_text().split("\n")[:-1]
    measured = [line for line in calls if line.startswith("measured")]
    assert measured == ["measured 1"] * (1 + 1 + 3 + 3)
    assert sorted(line.split()[0] for line in calls if line not in measured) == ["a", "b", "c", "d"]


def test_a_limit_that_is_broken_fails_the_case(suite: Suite) -> None:
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("agent = agents:waits",))
    suite.write(
        "set.eval.yaml",
        """
        cases:
          - {id: slow, question: q, test_method: performance, num_iterations: 2, max_seconds: {median: 0.001}}
        """,
    )
    result = suite.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["score 0.00 < 1.00 (performance)", "*median 0.01* s, at most 0.001 s allowed*"])


def test_a_call_that_breaks_while_measuring_is_an_error(suite: Suite) -> None:
    suite.write(
        "agents.py",
        """
        calls = 0

        def agent(question):
            global calls
            calls += 1
            if calls == 3:
                raise RuntimeError("third time unlucky")
            return question
        """,
    )
    suite.configure(agents=("agent = agents:agent",))
    suite.write(
        "set.eval.yaml",
        "cases: [{id: a, question: q, test_method: performance, num_iterations: 5, max_seconds: 9.0}]\n",
    )
    result = suite.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*third time unlucky*"])


AGAINST_BASELINE = """
    cases:
      - id: measured
        question: measured
        checks: [{method: performance, num_iterations: 3, max_slowdown: 3.0, max_memory_growth: 3.0}]
"""


def measured(suite: Suite, seconds: float, mib: int) -> None:
    """An agent that takes so long and so much."""
    suite.write(
        "agents.py",
        f"""
        import time

        def agent(question):
            held = bytearray({mib} * 1024 * 1024)
            time.sleep({seconds})
            return question
        """,
    )


@pytest.mark.parametrize("baseline", ["base.json", "latest"])
@pytest.mark.parametrize(
    ("seconds", "mib", "score", "told"),
    [
        (0.001, 4, 1.0, "*at most 3 times the * s of the baseline allowed; *at most 3 times the * MiB of the base*"),
        (0.5, 4, 0.5, "median 0.5* s, at most 3 times the * s of the baseline allowed"),
        (0.001, 40, 0.5, "median 4* MiB, at most 3 times the 4* MiB of the baseline allowed"),
    ],
)
def test_limits_may_be_those_of_the_baseline_run(
    suite: Suite, baseline: str, seconds: float, mib: int, score: float, told: str
) -> None:
    suite.configure(agents=("agent = agents:agent",))
    suite.write("set.eval.yaml", AGAINST_BASELINE)
    measured(suite, 0.1, 4)
    suite.run_subprocess("--eval-json=base.json")
    measured(suite, seconds, mib)
    suite.run_subprocess(f"--eval-baseline={baseline}", "--eval-json=run.json")
    record = suite.results()["measured"]
    assert (record["score"], record["status"]) == (score, "passed" if score == 1.0 else "failed")
    assert fnmatch.fnmatch(record["reasoning"], told), record["reasoning"]


def test_without_figures_in_the_baseline_the_reason_says_so(suite: Suite) -> None:
    suite.configure(agents=("agent = agents:agent",))
    suite.write("set.eval.yaml", AGAINST_BASELINE)
    measured(suite, 0.001, 1)
    suite.run_subprocess("--eval-json=base.json")
    record = suite.results("base.json")["measured"]
    assert record["status"] == "passed"
    assert record["reasoning"].endswith("not compared: there is no baseline run with figures of this case")
    suite.write("set.eval.yaml", AGAINST_BASELINE.replace("question: measured", "question: another"))
    suite.run_subprocess("--eval-baseline=base.json", "--eval-json=run.json")
    assert suite.results()["measured"]["reasoning"].endswith("no baseline run with figures of this case")
