"""Without ``--eval-suite`` the plugin costs nothing and leaves nothing; a plain import loads nothing either."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from suites import Suite

LISTED = """
    import json, sys

    def pytest_unconfigure(config):
        with open("modules.json", "w", encoding="utf-8") as out:
            json.dump(sorted(sys.modules), out)
"""
OURS = {"pytest_evalsuite", "pytest_evalsuite.plugin", "pytest_evalsuite.hookspecs"}
ALONE = ("-p", "pytest_evalsuite.plugin")


@pytest.fixture
def idle(suite: Suite) -> Suite:
    """A suite with a test file and a broken test set."""
    suite.write("conftest.py", LISTED)
    suite.write("test_plain.py", "def test_plain(): pass")
    suite.write("broken.eval.yaml", "cases: [")
    (suite.path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return suite


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pytest loads no plugin that is not named."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def modules(suite: Suite, *options: Any) -> set[str]:
    """What is imported at the end of a run of the plain test in a process of its own."""
    result = suite.pytester.runpytest_subprocess("-p", "no:cacheprovider", *options)
    result.assert_outcomes(passed=1)
    return set(json.loads((suite.path / "modules.json").read_text(encoding="utf-8")))


def python(code: str) -> str:
    """What a new interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


@pytest.mark.usefixtures("bare")
def test_no_other_module_is_imported(idle: Suite) -> None:
    without = modules(idle)
    assert modules(idle, *ALONE) - without == OURS


@pytest.mark.usefixtures("bare")
def test_a_run_that_needs_it_imports_the_rest(idle: Suite) -> None:
    """So that the test above would notice."""
    idle.write("broken.eval.yaml", "cases: [{question: a, expected_response: a, test_method: exact_match}]")
    run = idle.pytester.runpytest_subprocess(*ALONE, "--eval-suite", "--eval-agent=agents:echo", "-p", "no:randomly")
    run.assert_outcomes(passed=2)
    loaded = set(json.loads((idle.path / "modules.json").read_text(encoding="utf-8")))
    assert {"yaml", "pydantic_core", "pytest_evalsuite.session"} <= loaded


def test_nothing_is_printed_or_written_and_no_test_set_is_read(idle: Suite) -> None:
    def run(*options: Any) -> list[str]:
        result = idle.run_idle("-p", "no:cacheprovider", *options)
        result.assert_outcomes(passed=1)
        return [line.rpartition(" in ")[0] if " passed in " in line else line for line in result.outlines]

    before = sorted(idle.path.rglob("*"))
    outlines = run("-v")
    assert "evalsuite" not in "\n".join(line for line in outlines if not line.startswith(("plugins:", "metadata:")))
    left = {path for path in idle.path.rglob("*") if "__pycache__" not in path.parts} - set(before)
    assert {path.name for path in left} == {"modules.json"}


def test_ini_values_are_no_mistake_when_idle(idle: Suite) -> None:
    (idle.path / "pytest.ini").write_text(
        "[pytest]\nevalsuite_agents = a = no.such:thing\nevalsuite_timeout = soon\n", encoding="utf-8"
    )
    idle.run_idle("--strict-config", "--strict-markers").assert_outcomes(passed=1)


def test_hooks_in_a_conftest_are_no_mistake_when_idle(idle: Suite) -> None:
    idle.write("conftest.py", "def pytest_evalsuite_agents(config): raise AssertionError\n")
    idle.run_idle().assert_outcomes(passed=1)


def test_a_fixture_called_eval_agent_is_the_users_own_when_idle(idle: Suite) -> None:
    idle.write("test_plain.py", "def test_plain(eval_agent): pass")
    result = idle.run_idle()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'eval_agent' not found*"])


def test_a_plain_import_loads_nothing_but_the_package() -> None:
    code = "import sys; before = set(sys.modules); import pytest_evalsuite; print(*(set(sys.modules) - before))"
    loaded = set(python(code).split())
    assert {name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names} == {"pytest_evalsuite"}
    assert not {"asyncio", "concurrent.futures", "json", "inspect"} & loaded


def test_every_public_name_is_there_when_asked_for() -> None:
    import pytest_evalsuite

    for name in pytest_evalsuite.__all__:
        assert getattr(pytest_evalsuite, name) is getattr(pytest_evalsuite, name)
    assert set(pytest_evalsuite.__all__) <= set(dir(pytest_evalsuite))


def test_a_name_that_is_not_there_is_said_so() -> None:
    import pytest_evalsuite

    with pytest.raises(AttributeError, match="module 'pytest_evalsuite' has no attribute 'AgentRepyl'"):
        _ = pytest_evalsuite.AgentRepyl
    with pytest.raises(ImportError, match="cannot import name 'AgentRepyl'"):
        exec("from pytest_evalsuite import AgentRepyl")


def test_an_agent_module_needs_no_pytest() -> None:
    code = (
        "import sys; from pytest_evalsuite import AgentReply, ToolCall, Usage; "
        "print(AgentReply('hi').output, any(name.partition('.')[0] in {'pytest', '_pytest', 'pluggy'} "
        "for name in sys.modules))"
    )
    assert python(code).split() == ["hi", "False"]


def test_types_are_shipped() -> None:
    import pytest_evalsuite

    assert (Path(pytest_evalsuite.__file__).parent / "py.typed").exists()
