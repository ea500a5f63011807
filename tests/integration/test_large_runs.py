"""What a run keeps while it goes on: no more than is wanted again, and not all of that in memory."""

from __future__ import annotations

import pytest
from suites import Suite


@pytest.mark.parametrize(("options", "most"), [([], 2), (["--durations=0"], 20)])
def test_reports_that_say_nothing_do_not_fill_the_memory(suite: Suite, options: list[str], most: int) -> None:
    suite.cases(*(f"c{number}: q -> q" for number in range(10)))
    suite.write(
        "conftest.py",
        """
        def pytest_runtest_logfinish(nodeid):
            with open("kept.txt", "a", encoding="utf-8") as file:
                file.write(f"{len(reporter.stats.get('', ()))}\\n")

        def pytest_sessionstart(session):
            global reporter
            reporter = session.config.pluginmanager.getplugin("terminalreporter")
        """,
    )
    suite.run(*options).assert_outcomes(passed=10)
    kept = [int(line) for line in (suite.path / "kept.txt").read_text(encoding="utf-8").splitlines()]
    assert max(kept) == most


def test_a_run_of_more_results_than_are_held_in_memory_loses_none(suite: Suite) -> None:
    suite.write("agents.py", "def long(question):\n    return question * 200_000\n")
    suite.configure(agents=("long = agents:long",))
    suite.cases(*(f"c{number}: {number} -> {str(number) * 200_000}" for number in range(8)))
    suite.run("--eval-json=run.json").assert_outcomes(passed=8)
    assert {case: one["actual_response"] for case, one in suite.results().items()} == {
        f"c{number}": str(number) * 200_000 for number in range(8)
    }
