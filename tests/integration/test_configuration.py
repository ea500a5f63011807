"""Agents, fixtures, options and ini values: what is configured holds, and what cannot be is said before any call."""

from __future__ import annotations

import json

import pytest
from suites import Suite

MINE = "mine = mine:agent"


def with_agent(suite: Suite, source: str, *lines: str) -> None:
    """Configure one agent, ``mine``, from this source."""
    suite.write("mine.py", source)
    suite.configure(*lines, agents=(MINE,))


def is_usage_error(result: pytest.RunResult, *messages: str) -> None:
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(list(messages))
    assert "Traceback" not in str(result.stdout) + str(result.stderr)


# Agents


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import no_such_module", "*agent 'mine': cannot import 'mine': No module named 'no_such_module'*"),
        ("1 / 0", "*agent 'mine': importing 'mine' failed: ZeroDivisionError: division by zero"),
        ("def agant(question): return question", "*'mine:agent' has no attribute 'agent'; did you mean 'agant'[?]"),
        ("agent = 3", "*agent 'mine' is a int, which cannot be called and has none of arun, ainvoke, run, *"),
        ("def agent(question, tenant): return question", "*agent 'mine' requires 'tenant', which the case does not*"),
        ("def agent(): return 'x'", "*agent 'mine' takes neither the question nor any input of the case*"),
        ("class agent:\n    def __init__(self, key): pass", "*agent 'mine': agent() failed: TypeError: *"),
        ("raise SystemExit(3)", "*agent 'mine': importing 'mine' failed: SystemExit: 3"),
        ("def agent(:", "*agent 'mine': importing 'mine' failed: SyntaxError: *"),
    ],
)
def test_an_agent_that_cannot_be_used_is_a_usage_error(suite: Suite, source: str, message: str) -> None:
    with_agent(suite, source + "\n")
    suite.cases("a: a -> a")
    suite.write("conftest.py", "def pytest_runtest_setup(): raise AssertionError('something ran')")
    result = suite.run("--eval-json=run.json")
    is_usage_error(result, message)
    assert "something ran" not in str(result.stdout)
    assert not (suite.path / "run.json").exists()
    assert not (suite.path / ".evalsuite").exists()


@pytest.mark.parametrize(
    ("agents", "head", "options", "message"),
    [
        ((), "", [], "*set.eval.yaml:3: no agent to put the cases to: set `evalsuite_agents =*"),
        (("a = agents:echo", "b = agents:echo"), "", [], "*set.eval.yaml:3: no agent to put*: name one of a, b *"),
        (("echo = agents:echo",), "agent: ecko", [], "*set.eval.yaml:4: agent 'ecko' is not*did you mean 'echo'[?]*"),
        (("echo = agents:echo",), "", ["--eval-agent=ecko"], "*--eval-agent: agent 'ecko' is not*you mean 'echo'[?]*"),
        (("echo = agents:echo",), "", ["--eval-agent=agents:ecko"], "*no attribute 'ecko'; did you mean 'echo'[?]"),
        (("echo = agents",), "", [], "*agent 'echo': expected 'module:callable', got 'agents'"),
        (("echo agents:echo",), "", [], "*evalsuite_agents: expected 'name = module:callable', got*"),
        (("e = agents:echo", "e = agents:echo"), "", [], "*evalsuite_agents: agent 'e' is configured twice"),
        (("my agent = agents:echo",), "", [], "*evalsuite_agents: 'my agent' is no agent name*"),
        (("echo = agents:echo",), "", ["--eval-agent="], "*--eval-agent*"),
    ],
)  # fmt: skip
def test_an_agent_that_is_not_there_is_a_usage_error(
    suite: Suite, agents: tuple[str, ...], head: str, options: list[str], message: str
) -> None:
    suite.configure(agents=agents)
    suite.cases("a: a -> a", **({"head": head} if head else {}))
    is_usage_error(suite.run(*options), message)


def test_an_input_that_the_agent_would_ignore_is_a_usage_error(suite: Suite) -> None:
    with_agent(suite, "def agent(question): return question\n")
    suite.write(
        "set.eval.yaml",
        """
        defaults: {test_method: exact_match}
        cases: [{id: a, question: q, inputs: {tier: gold}, expected_response: q}]
        """,
    )
    is_usage_error(suite.run(), "*set.eval.yaml:2: case 'a': agent 'mine' does not take the input 'tier'*")


def test_every_missing_agent_is_told_at_once(suite: Suite) -> None:
    suite.cases("a: a -> a", head="agent: one")
    suite.cases("a: a -> a", head="agent: two", name="b.eval.yaml")
    is_usage_error(suite.run(), "*agent 'two' is not configured*", "*agent 'one' is not configured*")


def test_the_default_agent_is_the_only_one(suite: Suite) -> None:
    suite.cases("a: a -> a")
    suite.run("--eval-json=run.json").assert_outcomes(passed=1)
    assert suite.results()["a"]["agent"] == "echo"


@pytest.mark.parametrize(
    ("ini", "head", "options", "agent"),
    [
        (["evalsuite_agent = b"], "", [], "b"),
        (["evalsuite_agent = b"], "agent: a", [], "a"),
        (["evalsuite_agent = b"], "agent: a", ["--eval-agent=c"], "c"),
        ([], "agent: c", [], "c"),
        ([], "", ["--eval-agent=agents:echo"], "agents:echo"),
    ],
)
def test_the_nearest_word_names_the_agent(
    suite: Suite, ini: list[str], head: str, options: list[str], agent: str
) -> None:
    suite.configure(*ini, agents=("a = agents:echo", "b = agents:echo", "c = agents:echo"))
    suite.cases("one: x -> x", head=head)
    suite.run(*options, "--eval-json=run.json").assert_outcomes(passed=1)
    assert suite.results()["one"]["agent"] == agent


def test_a_case_may_name_its_own_agent(suite: Suite) -> None:
    suite.write("shout.py", "def shout(question): return question.upper()")
    suite.configure(agents=("echo = agents:echo", "shout = shout:shout"))
    suite.write(
        "set.eval.yaml",
        """
        agent: echo
        defaults: {test_method: exact_match}
        cases:
          - {id: a, question: q, expected_response: q}
          - {id: b, question: q, expected_response: Q, agent: shout}
        """,
    )
    suite.run().assert_outcomes(passed=2)


def test_a_conftest_names_agents_for_its_folder(suite: Suite) -> None:
    suite.configure(agents=("bot = agents:echo",))
    suite.write("loud/conftest.py", "def pytest_evalsuite_agents(): return {'bot': lambda question: question.upper()}")
    suite.cases("a: x -> X", name="loud/set.eval.yaml")
    suite.cases("a: x -> x", name="calm/set.eval.yaml")
    suite.run().assert_outcomes(passed=2)


# The fixture eval_agent and other fixtures


@pytest.mark.parametrize("scope", ["function", "module", "session"])
def test_a_fixture_gives_the_agent(suite: Suite, scope: str) -> None:
    suite.configure(agents=())
    suite.write(
        "conftest.py",
        f"""
        import pytest

        made = 0

        @pytest.fixture(scope={scope!r})
        def eval_agent():
            global made
            made += 1
            return lambda question: f"{{question}} by agent {{made}}"
        """,
    )
    made = {"function": (1, 2, 3), "module": (1, 1, 2), "session": (1, 1, 1)}[scope]
    suite.cases(f"a: x -> x by agent {made[0]}", f"b: y -> y by agent {made[1]}", name="a.eval.yaml")
    suite.cases(f"c: z -> z by agent {made[2]}", name="b.eval.yaml")
    suite.run("--eval-json=run.json").assert_outcomes(passed=3)
    assert {record["agent"] for record in suite.results().values()} == {"eval_agent"}


def test_a_fixture_may_wrap_the_configured_agent(suite: Suite) -> None:
    suite.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture
        def eval_agent(eval_agent):
            return lambda question: eval_agent(question).upper()
        """,
    )
    suite.cases("a: x -> X")
    suite.run("--eval-json=run.json").assert_outcomes(passed=1)
    assert suite.results()["a"]["agent"] == "echo"


def test_a_fixture_speaks_for_its_folder_only(suite: Suite) -> None:
    suite.write("loud/conftest.py", "import pytest\n@pytest.fixture\ndef eval_agent(): return str.upper\n")
    suite.cases("a: x -> X", name="loud/set.eval.yaml")
    suite.cases("a: x -> x", name="calm/set.eval.yaml")
    suite.run().assert_outcomes(passed=2)


def test_an_asynchronous_agent_of_a_session_fixture_runs_ahead(suite: Suite) -> None:
    suite.configure(agents=())
    suite.write(
        "conftest.py",
        """
        import asyncio
        import pytest

        @pytest.fixture(scope="session")
        def eval_agent():
            waiting = []

            async def agent(question):
                waiting.append(question)
                while len(waiting) < 3:
                    await asyncio.sleep(0.001)
                return question

            return agent
        """,
    )
    suite.cases("a: x -> x", "b: y -> y", "c: z -> z")
    suite.run("--eval-timeout=20").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 3", "*agent 'eval_agent' is a int, which cannot be called*"),
        ("raise OSError('no line')", "*OSError: no line*"),
        ("return lambda question, tenant: question", "*requires 'tenant'*"),
    ],
)
def test_a_fixture_that_gives_no_agent_is_an_error_of_the_case(suite: Suite, body: str, message: str) -> None:
    suite.configure(agents=())
    suite.write("conftest.py", f"import pytest\n@pytest.fixture\ndef eval_agent():\n    {body}\n")
    suite.cases("a: x -> x", "b: x -> x")
    result = suite.run("--eval-json=run.json")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines([message])
    assert suite.statuses() == {"a": "error", "b": "error"}


def test_fixtures_are_set_up_around_cases_as_around_tests(suite: Suite) -> None:
    suite.configure("usefixtures = asked_for")
    suite.write(
        "conftest.py",
        """
        import pytest

        log = []

        def fixture(name, scope, **more):
            @pytest.fixture(name=name, scope=scope, **more)
            def recorded():
                log.append(f"+{name}")
                yield name
                log.append(f"-{name}")
            return recorded

        whole = fixture("whole", "session", autouse=True)
        file = fixture("file", "module", autouse=True)
        each = fixture("each", "function", autouse=True)
        asked_for = fixture("asked_for", "function")
        never = fixture("never", "function")

        def pytest_unconfigure():
            with open("log.txt", "w") as out:
                out.write(" ".join(log))
        """,
    )
    suite.cases("a: x -> x", "b: x -> x", name="one.eval.yaml")
    suite.cases("a: x -> x", name="two.eval.yaml")
    suite.run().assert_outcomes(passed=3)
    each = "+asked_for +each -each -asked_for"
    log = (suite.path / "log.txt").read_text(encoding="utf-8")
    assert log in {
        f"+whole +file {first} {first} -file +file {first} -file -whole"
        for first in (each, "+each +asked_for -asked_for -each")
    }


def test_an_agent_fixture_may_use_other_fixtures(suite: Suite) -> None:
    suite.configure(agents=())
    suite.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture(scope="session")
        def corpus(tmp_path_factory):
            path = tmp_path_factory.mktemp("corpus") / "answers.txt"
            path.write_text("forty-two")
            return path

        @pytest.fixture
        def eval_agent(corpus, monkeypatch, request):
            monkeypatch.setenv("TENANT", request.node.name)
            import os
            return lambda question: f"{corpus.read_text()} for {os.environ['TENANT']}"
        """,
    )
    suite.cases("a: x -> forty-two for a", "b: x -> forty-two for b")
    suite.run().assert_outcomes(passed=2)


def test_what_the_agent_prints_and_logs_is_captured_with_its_case(suite: Suite) -> None:
    with_agent(
        suite,
        """
        import logging, sys

        def agent(question):
            print("out of", question)
            print("err of", question, file=sys.stderr)
            logging.getLogger("shop").warning("log of %s", question)
            return question
        """,
    )
    suite.cases("a: apple -> apple", "b: pear -> plum")
    result = suite.run()
    shown = str(result.stdout)
    result.stdout.fnmatch_lines(["*Captured stdout setup*", "out of pear", "*Captured stderr setup*", "err of pear"])
    result.stdout.fnmatch_lines(["*Captured log setup*", "WARNING*shop*log of pear"])
    assert "out of apple" not in shown


def test_capsys_and_caplog_work_in_a_fixture_of_a_case(suite: Suite) -> None:
    with_agent(
        suite,
        """
        import logging

        def agent(question):
            print("secret", question)
            logging.getLogger("shop").warning("log of %s", question)
            return question
        """,
    )
    suite.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture(autouse=True)
        def quiet(capsys, caplog):
            yield
            assert capsys.readouterr().out == "secret apple\\n"
            assert [r.getMessage() for r in caplog.get_records("setup")] == ["log of apple"]
        """,
    )
    suite.cases("a: apple -> apple")
    suite.run().assert_outcomes(passed=1)


def test_asking_for_the_agent_in_a_test_function_says_why_not(suite: Suite) -> None:
    suite.cases("a: x -> x")
    suite.write("test_plain.py", "def test_plain(eval_agent): pass")
    result = suite.run()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the fixture eval_agent is for cases of test sets*"])


# Options and ini values


@pytest.mark.parametrize(
    "option",
    ["--eval-agent=echo", "--eval-concurrency=2", "--eval-iterations=2", "--eval-timeout=3", "--eval-json=a.json",
     "--eval-csv=a.csv", "--eval-run-name=night", "--eval-resume", "--eval-regrade=latest", "--eval-shard=1/2",
     "--eval-baseline=latest", "--eval-baseline-missing=fail", "--eval-fail-on=any", "--eval-confirm=0",
     "--eval-markdown=a.md", "--eval-github=summary"],
)  # fmt: skip
def test_an_option_without_eval_suite_is_a_usage_error(suite: Suite, option: str) -> None:
    suite.write("test_plain.py", "def test_plain(): pass")
    result = suite.run_idle(option)
    is_usage_error(result, f"*{option.partition('=')[0]} does nothing without --eval-suite*")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--eval-concurrency=0", "*--eval-concurrency*expected 1 or more, got 0"),
        ("--eval-concurrency=many", "*--eval-concurrency*expected a whole number, 1 or more, got 'many'"),
        ("--eval-iterations=101", "*--eval-iterations*expected 1..100, got 101"),
        ("--eval-timeout=nan", "*--eval-timeout*expected seconds, more than 0, got 'nan'"),
        ("--eval-timeout=-1", "*--eval-timeout*expected seconds, more than 0, got '-1'"),
    ],
)
def test_an_option_that_cannot_be_is_a_usage_error(suite: Suite, option: str, message: str) -> None:
    suite.cases("a: x -> x")
    is_usage_error(suite.run(option), message)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("evalsuite_concurrency = 0", "*evalsuite_concurrency: expected a whole number, 1 or more, got '0'"),
        ("evalsuite_iterations = 1000", "*evalsuite_iterations: expected a whole number in 1..100, got '1000'"),
        ("evalsuite_timeout = soon", "*evalsuite_timeout: expected seconds, more than 0, got 'soon'"),
        ("evalsuite_pass_rule = most", "*evalsuite_pass_rule: expected mean, all, any, majority or a number*'most'"),
        ("evalsuite_mode = chaotic", "*evalsuite_mode: expected independent or scenario, got 'chaotic'"),
        ("evalsuite_agent = ecko", "*evalsuite_agent: agent 'ecko' is not configured; did you mean 'echo'[?]*"),
        ("evalsuite_files =", "*evalsuite_files: *"),
    ],
)
def test_an_ini_value_that_cannot_be_is_a_usage_error(suite: Suite, line: str, message: str) -> None:
    suite.configure(line)
    suite.cases("a: x -> x")
    is_usage_error(suite.run(), message)


def test_an_ini_value_of_another_type_is_a_usage_error(suite: Suite) -> None:
    (suite.path / "pytest.ini").unlink()
    suite.write("pyproject.toml", '[tool.pytest.ini_options]\nevalsuite_agents = 3\npythonpath = ["."]\n')
    suite.cases("a: x -> x")
    result = suite.run()
    assert result.ret not in {0, pytest.ExitCode.INTERNAL_ERROR}
    assert "evalsuite_agents" in str(result.stderr)


def test_a_misspelt_default_method_is_a_mistake_of_the_case_that_takes_it(suite: Suite) -> None:
    suite.configure("evalsuite_test_method = exact_mtach")
    suite.write("set.eval.yaml", "cases: [{id: a, question: x, expected_response: x}]")
    result = suite.run()
    result.assert_outcomes(errors=1)
    result.stdout.re_match_lines([r"set\.eval\.yaml:1:.*exact_mtach.*did you mean 'exact_match'\?"])


def test_ini_values_hold_and_options_win(suite: Suite) -> None:
    suite.configure("evalsuite_iterations = 2", "evalsuite_pass_rule = all", "evalsuite_test_method = exact_match")
    suite.write("set.eval.yaml", "cases: [{id: a, question: x, expected_response: x}]")
    suite.run("--eval-json=run.json", "--eval-run-name=night").assert_outcomes(passed=1)
    record = suite.results()["a"]
    assert (len(record["attempts"]), record["pass_rule"], record["test_method"]) == (2, "all", "exact_match")
    assert json.loads((suite.path / "run.json").read_text(encoding="utf-8"))["run"]["name"] == "night"
    suite.run("--eval-json=run.json", "--eval-iterations=3").assert_outcomes(passed=1)
    assert len(suite.results()["a"]["attempts"]) == 3


def test_configuration_in_pyproject_is_the_same(suite: Suite) -> None:
    (suite.path / "pytest.ini").unlink()
    suite.write(
        "pyproject.toml",
        """
        [tool.pytest.ini_options]
        pythonpath = ["."]
        evalsuite_agents = ["echo = agents:echo"]
        evalsuite_files = ["*.eval.yaml"]
        evalsuite_iterations = "2"
        """,
    )
    suite.cases("a: x -> x")
    suite.run("--eval-json=run.json").assert_outcomes(passed=1)
    assert len(suite.results()["a"]["attempts"]) == 2


def test_a_path_is_meant_from_where_pytest_was_called(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.cases("a: x -> x", name="deep/set.eval.yaml")
    monkeypatch.chdir(suite.path / "deep")
    suite.run("--eval-json=out/run.json").assert_outcomes(passed=1)
    assert (suite.path / "deep" / "out" / "run.json").exists()
    assert (suite.path / ".evalsuite").exists()


def test_the_help_names_every_option_and_ini_value(suite: Suite) -> None:
    text = str(suite.run_idle("--help").stdout)
    options = ("suite", "agent", "concurrency", "iterations", "timeout", "json", "csv", "run-name")
    assert [name for name in options if f"--eval-{name}" not in text] == []
    values = ("agents", "agent", "files", "concurrency", "iterations", "timeout", "pass_rule", "test_method", "mode")
    assert [name for name in values if f"evalsuite_{name} (" not in text] == []


def test_the_marker_is_listed(suite: Suite) -> None:
    suite.run("--markers").stdout.fnmatch_lines(["@pytest.mark.evalsuite(method, test_set): *"])
