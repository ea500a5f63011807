"""The fixture eval_judge: what a conftest.py gives as judge of the checks that name none."""

from __future__ import annotations

import pytest
from model_server import ModelServer, verdict
from suites import Suite


def judged(suite: Suite, *cases: str, name: str = "set.eval.yaml") -> None:
    """A test set of cases that are judged."""
    path = suite.cases(*cases, name=name)
    path.write_text(path.read_text(encoding="utf-8").replace("exact_match", "semantic_quality"), encoding="utf-8")


def gives(suite: Suite, what: str, *, scope: str = "function", name: str = "conftest.py") -> None:
    """A conftest.py whose fixture gives this judge, and counts in ``made.txt`` how often it does."""
    suite.write(
        name,
        f"""
        import pytest
        from pytest_evalsuite.judges import Verdict

        def strict(answer, expected):
            return {{"reason": f"{{answer}} is not {{expected}}", "score": float(answer == expected)}}

        class House:
            identity = "the house, version 2"

            async def judge(self, request):
                return Verdict(value=0.8, reason="fine", judge=self.identity)

        @pytest.fixture(scope={scope!r})
        def eval_judge():
            with open("made.txt", "a", encoding="utf-8") as made:
                made.write("x")
            return {what}

        def pytest_evalsuite_judges():
            return {{"of the hook": strict}}
        """,
    )


def made(suite: Suite) -> int:
    path = suite.path / "made.txt"
    return len(path.read_text(encoding="utf-8")) if path.exists() else 0


@pytest.mark.parametrize(
    ("what", "identity", "score"),
    [
        ("strict", "fixture eval_judge of conftest.py", 1.0),
        ("lambda: 1", "fixture eval_judge of conftest.py", 1.0),
        ("House()", "the house, version 2", 0.8),
        ("'of the hook'", "of the hook", 1.0),
        ("'embedded'", "embedded", 1.0),
    ],
)
def test_a_fixture_gives_the_judge(suite: Suite, what: str, identity: str, score: float) -> None:
    gives(suite, what)
    judged(suite, "a: one -> one")
    suite.run("--eval-json=run.json").assert_outcomes(passed=1)
    (check,) = suite.results()["a"]["checks"]
    assert (check["judge"], check["score"]) == (identity, score)


@pytest.mark.parametrize(("scope", "times"), [("function", 3), ("module", 2), ("session", 1)])
def test_it_is_set_up_as_its_scope_says(suite: Suite, scope: str, times: int) -> None:
    gives(suite, "strict", scope=scope)
    judged(suite, "a: one -> one", "b: one -> two", name="a.eval.yaml")
    judged(suite, "c: one -> one", name="b.eval.yaml")
    suite.run("--eval-json=run.json").assert_outcomes(passed=2, failed=1)
    assert suite.results()["b"]["reasoning"] == "one is not two"
    assert made(suite) == times


def test_only_checks_that_name_no_judge_ask_it(suite: Suite) -> None:
    gives(suite, "House()")
    suite.write(
        "set.eval.yaml",
        """
        cases:
          - {id: no judge, question: one, expected_response: one, test_method: exact_match}
          - {id: named, question: one, expected_response: one, judge: of the hook}
          - {id: default, question: one, expected_response: one}
          - id: both
            question: one
            expected_response: one
            checks: [{method: semantic_quality, judge: of the hook}, {method: semantic_quality}]
        """,
    )
    suite.run("--eval-json=run.json").assert_outcomes(passed=4)
    asked = {key: [check.get("judge") for check in found["checks"]] for key, found in suite.results().items()}
    assert asked == {
        "no judge": [None],
        "named": ["of the hook"],
        "default": ["the house, version 2"],
        "both": ["of the hook", "the house, version 2"],
    }
    assert made(suite) == 2


def test_where_no_check_asks_a_judge_it_is_not_set_up(suite: Suite) -> None:
    gives(suite, "strict", scope="session")
    suite.cases("a: one -> one")
    suite.run().assert_outcomes(passed=1)
    assert made(suite) == 0


def test_it_speaks_for_its_folder_only_and_wins_over_what_is_configured(suite: Suite, model: ModelServer) -> None:
    model.replies(verdict(score=0.2))
    gives(suite, "House()", name="kind/conftest.py")
    judged(suite, "a: one -> one", name="kind/set.eval.yaml")
    judged(suite, "b: one -> one", name="set.eval.yaml")
    suite.run("--eval-judge=openai:m").assert_outcomes(passed=1, failed=1)
    assert len(model.requests) == 1


def test_a_model_that_it_names_is_asked(suite: Suite, model: ModelServer) -> None:
    model.replies(verdict(score=0.9))
    gives(suite, "'openai:tiny'", scope="session")
    judged(suite, "a: one -> one", "b: one -> one")
    suite.run("--eval-json=run.json").assert_outcomes(passed=2)
    assert [asked["model"] for asked in model.requests] == ["tiny", "tiny"]
    assert suite.results()["a"]["checks"][0]["judge"].startswith("openai:tiny prompts:")


def test_it_may_wrap_the_configured_judge(suite: Suite) -> None:
    suite.write(
        "conftest.py",
        """
        import dataclasses
        import pytest

        class Doubting:
            def __init__(self, judge):
                self.identity = f"doubting {judge.identity}"
                self._judge = judge

            async def judge(self, request):
                verdict = await self._judge.judge(request)
                return dataclasses.replace(verdict, value=verdict.value / 2, judge=self.identity)

        @pytest.fixture
        def eval_judge(eval_judge):
            return Doubting(eval_judge)
        """,
    )
    judged(suite, "a: one -> one")
    suite.run("--eval-judge=embedded", "--eval-json=run.json").assert_outcomes(failed=1)
    (check,) = suite.results()["a"]["checks"]
    assert (check["judge"], check["score"]) == ("doubting embedded", 0.5)
    result = suite.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*no judge is configured*"])


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("None", "*the judge 'fixture eval_judge of conftest.py' is None; expected a function, or an object with*"),
        ("House", "*the judge 'fixture eval_judge of conftest.py' is the class House; name an instance of it*"),
        ("'ebedded'", "*unknown judge 'ebedded'; did you mean embedded?*"),
        ("lambda tenant: 1", "*the judge 'fixture eval_judge of conftest.py' requires 'tenant'*"),
        ("1 / 0", "*ZeroDivisionError*"),
    ],
)
@pytest.mark.parametrize("scope", ["function", "session"])
def test_a_fixture_that_gives_no_judge_is_an_error_of_each_case(
    suite: Suite, what: str, message: str, scope: str
) -> None:
    gives(suite, what, scope=scope)
    suite.configure(agents=("echo = agents:async_echo",))
    judged(suite, "a: one -> one", "b: one -> one")
    result = suite.run("--eval-json=run.json")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines([message])
    assert suite.statuses() == {"a": "error", "b": "error"}


def test_a_judge_of_a_session_fixture_judges_ahead(suite: Suite) -> None:
    suite.configure(agents=("echo = agents:async_echo",))
    suite.write(
        "conftest.py",
        """
        import asyncio
        import pytest

        @pytest.fixture(scope="session")
        def eval_judge():
            waiting = []

            async def judge(question):
                waiting.append(question)
                while len(waiting) < 3:
                    await asyncio.sleep(0.001)
                return 1.0

            return judge
        """,
    )
    judged(suite, "a: x -> x", "b: y -> y", "c: z -> z")
    suite.run_subprocess("--eval-timeout=20", "--timeout=60").assert_outcomes(passed=3)


@pytest.mark.parametrize("scope", ["function", "session"])
def test_answers_that_wait_for_their_judge_keep_no_other_from_being_judged(suite: Suite, scope: str) -> None:
    suite.configure("evalsuite_judge = embedded", agents=("late = agents:late",))
    suite.write(
        "agents.py",
        """
        import asyncio

        async def late(question):
            await asyncio.sleep(0.3 if question == "first" else 0)
            return question
        """,
    )
    judged(suite, "first: first -> first", name="a/set.eval.yaml")
    gives(suite, "strict", scope=scope, name="b/conftest.py")
    judged(suite, *[f"c{number}: x -> x" for number in range(6)], name="b/set.eval.yaml")
    suite.run_subprocess("--eval-concurrency=2", "--timeout=60").assert_outcomes(passed=7)


def test_each_attempt_and_each_rerun_is_judged_by_what_the_fixture_gives_then(suite: Suite) -> None:
    suite.write(
        "conftest.py",
        """
        import pytest

        scores = iter([0.0, 1.0])

        @pytest.fixture
        def eval_judge():
            score = next(scores)
            return lambda: score
        """,
    )
    judged(suite, "a: one -> one")
    result = suite.run_subprocess("--eval-iterations=3", "--reruns=1", "--eval-json=run.json")
    result.assert_outcomes(passed=1)
    assert [attempt["score"] for attempt in suite.results()["a"]["attempts"]] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("scope", ["function", "session"])
def test_workers_have_it_too(suite: Suite, scope: str) -> None:
    gives(suite, "House()", scope=scope)
    judged(suite, *[f"c{number}: one -> one" for number in range(6)])
    suite.run_subprocess("-n2", "--eval-json=run.json").assert_outcomes(passed=6)
    assert {found["checks"][0]["judge"] for found in suite.results().values()} == {"the house, version 2"}


def test_both_fixtures_may_be_overridden(suite: Suite) -> None:
    suite.configure(agents=())
    gives(suite, "strict", scope="session")
    conftest = suite.path / "conftest.py"
    agent = "\n@pytest.fixture\ndef eval_agent():\n    return str.upper\n"
    conftest.write_text(conftest.read_text(encoding="utf-8") + agent, encoding="utf-8")
    judged(suite, "a: one -> ONE", "b: one -> one")
    suite.run("--eval-json=run.json").assert_outcomes(passed=1, failed=1)


def test_a_judge_of_a_fixture_is_another_definition(suite: Suite) -> None:
    def fingerprint() -> str:
        suite.run("--eval-judge=embedded", "--eval-json=run.json")
        found: str = suite.results()["a"]["fingerprint"]
        return found

    judged(suite, "a: one -> one", name="kind/set.eval.yaml")
    configured = fingerprint()
    gives(suite, "House()")
    of_the_root = fingerprint()
    assert fingerprint() == of_the_root
    gives(suite, "House()", name="kind/conftest.py")
    assert len({configured, of_the_root, fingerprint()}) == 3


def test_a_test_function_has_no_judge(suite: Suite) -> None:
    suite.write("test_plain.py", "def test_plain(eval_judge): pass")
    suite.cases("a: one -> one")
    result = suite.run()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the fixture eval_judge is for cases of test sets*"])
