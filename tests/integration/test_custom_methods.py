"""A method of the user's own: a function, from a conftest.py or from an installed package."""

from __future__ import annotations

import pytest
from suites import Suite

METHODS = """
    import asyncio
    import sys

    from pytest_evalsuite import Score

    def is_short(actual): return len(actual) < 10
    def share(actual, expected): return 0.8
    def scored(actual): return Score(0.9, reason="nearly", raw=9, evidence={"of": 10})
    async def awaited(actual):
        await asyncio.sleep(0)
        return 1.0
    def at_least(actual, length: int = 3): return len(actual) >= length
    def nan(actual): return float("nan")
    def eleven(actual): return 11
    def nothing(actual): pass
    def text(actual): return "x"
    def raises(actual): raise RuntimeError("cannot tell")
    def quits(actual): sys.exit(0)
    async def raises_later(actual): raise RuntimeError("cannot tell later")
    def forgets(actual): return awaited(actual)

    GIVEN = [is_short, share, scored, awaited, at_least, nan, eleven, nothing, text, raises, quits, raises_later,
             forgets]

    def pytest_evalsuite_methods(config):
        return {function.__name__: function for function in GIVEN}
"""


def run(suite: Suite, *methods: str) -> pytest.RunResult:
    lines = [f"  - {{id: {m}, question: fine, expected_response: good, test_method: {m}}}" for m in methods]
    suite.write("conftest.py", METHODS)
    suite.write("set.eval.yaml", "cases:\n" + "\n".join(lines))
    return suite.run("--eval-json=run.json")


def test_a_function_gives_a_bool_a_number_or_a_score(suite: Suite) -> None:
    run(suite, "is_short", "share", "scored", "awaited", "at_least").assert_outcomes(passed=5)
    records = suite.results()
    scores = {name: record["score"] for name, record in records.items()}
    assert scores == {"is_short": 1.0, "share": 0.8, "scored": 0.9, "awaited": 1.0, "at_least": 1.0}
    (check,) = records["scored"]["checks"]
    assert (check["raw_score"], check["reason"], check["evidence"]) == (9, "nearly", {"of": 10})


ERRORS = {
    "nan": "returned nan; expected True or False, a number in 0..1, or a Score",
    "eleven": "returned 11, which is not in 0..1",
    "nothing": "returned None",
    "text": "returned a str",
    "raises": "raised RuntimeError: cannot tell",
    "quits": "raised SystemExit: 0",
    "raises_later": "raised RuntimeError: cannot tell later",
    "forgets": "returned a coroutine: declare its function with async def",
}


def test_what_is_no_score_is_an_error_of_the_case_with_the_answer_kept(suite: Suite) -> None:
    run(suite, *ERRORS, "is_short").assert_outcomes(errors=len(ERRORS), passed=1)
    records = suite.results()
    for name, message in ERRORS.items():
        cause = records[name]["cause"]
        assert (cause["kind"], records[name]["score"]) == ("method", None)
        assert f"method '{name}' {message}" in cause["message"]
        assert records[name]["actual_response"] == "fine"


def test_a_method_has_options(suite: Suite) -> None:
    suite.write("conftest.py", METHODS)
    suite.write(
        "set.eval.yaml",
        """
        cases:
          - {id: a, question: fine, test_method: at_least, length: 4}
          - {id: b, question: fine, test_method: at_least, length: 5}
        """,
    )
    suite.run().assert_outcomes(passed=1, failed=1)


def test_an_option_of_another_type_is_a_mistake_in_the_file(suite: Suite) -> None:
    suite.write("conftest.py", METHODS)
    suite.write("set.eval.yaml", "cases:\n  - {id: a, question: fine, test_method: at_least, length: many}\n")
    result = suite.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*set.eval.yaml:2:*length*expected a whole number, not 'many'*"])


@pytest.fixture
def package(suite: Suite) -> Suite:
    """A package that offers a method, as pip would have installed it."""
    suite.write("site/tone_methods.py", "def calm(actual, loud: str = '!'):\n    return loud not in actual\n")
    suite.write("site/tone-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tone\nVersion: 1.0\n")
    suite.write(
        "site/tone-1.0.dist-info/entry_points.txt",
        """
        [pytest_evalsuite.methods]
        calm = tone_methods:calm
        lost = tone_methods:nowhere
        """,
    )
    suite.configure(agents=("echo = agents:echo",))
    ini = suite.path / "pytest.ini"
    ini.write_text(ini.read_text().replace("pythonpath = .", "pythonpath = . site"))
    return suite


def test_an_installed_package_offers_a_method(package: Suite) -> None:
    package.write(
        "set.eval.yaml",
        """
        cases:
          - {id: a, question: fine, test_method: calm}
          - {id: b, question: FINE!, test_method: calm}
        """,
    )
    package.run("--eval-json=run.json").assert_outcomes(passed=1, failed=1)
    assert package.statuses() == {"a": "passed", "b": "failed"}


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("lost", "*method 'lost' cannot be loaded from tone_methods:nowhere: AttributeError*"),
        ("clam", "*unknown method 'clam'; did you mean 'calm'*"),
    ],
)
def test_a_method_that_cannot_be_loaded_is_told_at_its_line(package: Suite, method: str, message: str) -> None:
    package.write("set.eval.yaml", f"cases:\n  - {{id: a, question: fine, test_method: {method}}}\n")
    result = package.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*set.eval.yaml:2:*{message}"])


def test_a_conftest_speaks_for_its_own_folder(suite: Suite) -> None:
    suite.write("here/conftest.py", METHODS)
    suite.write("here/set.eval.yaml", "cases:\n  - {id: a, question: fine, test_method: is_short}\n")
    suite.run().assert_outcomes(passed=1)
