"""A suite of a user's, small enough to be read beside the test that needs it."""

from __future__ import annotations

import json
import pkgutil
import textwrap
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import pytest_evalsuite
from pytest_evalsuite.runs.artifact import VARYING

# What a run in this process imports, pytester forgets afterwards, and half of it would come twice.
for transport in ("httpcore", "httpcore2"):  # whose errors the clients know by their class
    with suppress(ModuleNotFoundError):
        import_module(transport)
for module in pkgutil.walk_packages(pytest_evalsuite.__path__, "pytest_evalsuite."):
    if not module.name.endswith("__main__"):
        import_module(module.name)

PLUGINS = {"-n": "xdist", "--reruns": "rerunfailures", "--timeout": "timeout"}
"""Plugins by the options that want them; loading all that are installed takes a second."""

AGENTS = """
    import asyncio

    def echo(question):
        return question

    async def async_echo(question):
        await asyncio.sleep(0)
        return question

    def noted(question):
        with open("calls.txt", "a", encoding="utf-8") as calls:
            calls.write(question + "\\n")
        return question
"""


class Suite:
    """Writes files into pytester's folder and runs pytest there."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        self.write("agents.py", AGENTS)
        self.configure()

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file; texts are dedented."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            path.write_bytes(text)
        else:
            path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def configure(self, *lines: str, agents: tuple[str, ...] = ("echo = agents:echo",)) -> None:
        """Write pytest.ini: the agents, the folder on the path, and further lines."""
        listed = "".join(f"\n    {agent}" for agent in agents)
        more = "".join(f"{line}\n" for line in lines)
        self.write("pytest.ini", f"[pytest]\npythonpath = .\nevalsuite_agents ={listed}\n{more}")

    def cases(self, *cases: str, name: str = "set.eval.yaml", head: str = "") -> Path:
        """Write a test set of exact_match cases, each given as ``id: question -> expected``."""
        lines = [head, "defaults: {test_method: exact_match}", "cases:"]
        for case in cases:
            case_id, _, rest = case.partition(": ")
            question, _, expected = rest.partition(" -> ")
            lines.append(f"  - {{id: {case_id}, question: {question!r}, expected_response: {expected!r}}}")
        return self.write(name, "\n".join(filter(None, lines)) + "\n")

    def run(self, *arguments: Any) -> pytest.RunResult:
        """Run ``pytest --eval-suite`` in this process, with no other plugin than ours."""
        return self.run_idle("--eval-suite", *arguments)

    def run_idle(self, *arguments: Any) -> pytest.RunResult:
        """Run ``pytest`` in this process, with no other plugin than ours."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
            return self.pytester.runpytest_inprocess("-pevalsuite", *arguments)

    def run_subprocess(self, *arguments: Any) -> pytest.RunResult:
        """Run ``pytest --eval-suite`` in a process of its own, with our plugin and those whose options are given."""
        given = tuple(map(str, arguments))
        others = [name for option, name in PLUGINS.items() if any(text.startswith(option) for text in given)]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
            plugins = (f"-p{name}" for name in ("evalsuite", *others))
            return self.pytester.runpytest_subprocess(*plugins, "--eval-suite", *given)

    def artifact(self, name: str = "run.json") -> dict[str, Any]:
        """The artifact that a run wrote."""
        artifact: dict[str, Any] = json.loads((self.path / name).read_text(encoding="utf-8"))
        return artifact

    def results(self, name: str = "run.json") -> dict[str, Any]:
        """The records of an artifact that a run wrote, by case id."""
        artifact = self.artifact(name)
        return {r["case_id"]: r for evaluation in artifact["evaluations"] for r in evaluation["results"]}

    def statuses(self, name: str = "run.json") -> dict[str, str]:
        """The statuses in an artifact that a run wrote, by case id."""
        return {case_id: record["status"] for case_id, record in self.results(name).items()}

    def calls(self) -> list[str]:
        """The questions that the agent ``noted`` was asked, in any process."""
        path = self.path / "calls.txt"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def without_varying(artifact: dict[str, Any]) -> dict[str, Any]:
    """The artifact without what depends on the clock."""

    def drop(value: Any, steps: list[str]) -> None:
        if isinstance(value, list):
            for one in value:
                drop(one, steps)
        elif isinstance(value, dict):
            name = steps[0].removesuffix("[]")
            if len(steps) == 1:
                value.pop(name, None)
            elif name in value:
                drop(value[name], steps[1:])

    for path in VARYING:
        drop(artifact, path[1:].split("."))
    return artifact
