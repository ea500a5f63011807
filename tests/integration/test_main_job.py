"""The main job, in one test: a test set is evaluated and the session ends as it should."""

from __future__ import annotations

from suites import Suite


def test_a_suite_of_passing_cases_is_green(suite: Suite) -> None:
    suite.cases("a: one -> one", "b: two -> two")
    result = suite.run()
    result.assert_outcomes(passed=2)
    assert result.ret == 0
