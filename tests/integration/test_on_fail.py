"""A conftest hears of each failed case."""

from __future__ import annotations

import pytest
from suites import Suite

HEARS = """
    def pytest_evalsuite_on_fail(record):
        with open("failed.txt", "a", encoding="utf-8") as file:
            file.write(f"{record['case_id']} {record['score']} {record['actual_response']}\\n")
        record.clear()
"""


def heard(suite: Suite) -> list[str]:
    path = suite.path / "failed.txt"
    return sorted(path.read_text(encoding="utf-8").splitlines()) if path.exists() else []


@pytest.fixture
def mixed(suite: Suite) -> Suite:
    """A suite of two failures, and one case each that passes, fails as expected, breaks, is skipped."""
    suite.write(
        "agents.py",
        "def echo(question):\n    if question == 'broken': raise KeyError(question)\n    return question\n",
    )
    suite.write("conftest.py", HEARS)
    suite.write(
        "set.eval.yaml",
        """
        defaults: {test_method: exact_match}
        cases:
          - {id: good, question: one, expected_response: one}
          - {id: bad, question: one, expected_response: two}
          - {id: worse, question: one, expected_response: three}
          - {id: known, question: one, expected_response: two, xfail: not yet}
          - {id: broken, question: broken, expected_response: one}
          - {id: skipped, question: one, expected_response: two, skip: not today}
        """,
    )
    return suite


def test_it_is_called_once_for_each_failure_and_nothing_else(mixed: Suite) -> None:
    result = mixed.run("--eval-json=run.json")
    result.assert_outcomes(passed=1, failed=2, xfailed=1, errors=1, skipped=1)
    assert heard(mixed) == ["bad 0.0 one", "worse 0.0 one"]
    assert mixed.results()["bad"]["actual_response"] == "one", "the hook has a record of its own"


def test_it_is_called_where_results_are_reported(mixed: Suite) -> None:
    mixed.run_subprocess("-n2").assert_outcomes(passed=1, failed=2, xfailed=1, errors=1, skipped=1)
    assert heard(mixed) == ["bad 0.0 one", "worse 0.0 one"]


@pytest.mark.parametrize("options", [(), ("-W", "error")])
def test_what_it_raises_is_a_warning(mixed: Suite, options: tuple[str, ...]) -> None:
    mixed.write("conftest.py", "def pytest_evalsuite_on_fail(record):\n    raise OSError('no network')\n")
    result = mixed.run(*options)
    result.assert_outcomes(passed=1, failed=2, xfailed=1, errors=1, skipped=1, warnings=2)
    result.stdout.fnmatch_lines(["set.eval.yaml::bad", "*pytest_evalsuite_on_fail raised OSError: no network"])


def test_it_is_idle_without_the_option(mixed: Suite) -> None:
    assert mixed.run_idle("--eval-json=run.json").ret == pytest.ExitCode.USAGE_ERROR
    assert heard(mixed) == []
