"""Nothing of a framework is imported for agents and answers that are not of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import ChainMap
from pathlib import Path
from typing import Any

import pytest

from pytest_evalsuite.agents import adapt, load_agent, read_reply
from pytest_evalsuite.agents.frameworks import read_result, recognise
from pytest_evalsuite.agents.version import version_of

FOREIGN = """
import json, sys

from pytest_evalsuite.agents import adapt, read_reply


class Agent:
    def run(self, question):
        return {"messages": [question]}


adapt(Agent(), "mine")
read_reply({"messages": ["Hi"]})
read_reply(["Hi"])
print(json.dumps(sorted(sys.modules)))
"""
PACKAGES = {"agents", "agno", "langchain_core", "langgraph", "llama_index", "pydantic_ai"}


def test_no_framework_is_imported_for_an_agent_of_another_shape() -> None:
    done = subprocess.run([sys.executable, "-c", FOREIGN], capture_output=True, text=True, check=True, timeout=60)
    modules = set(json.loads(done.stdout))
    assert not {name.partition(".")[0] for name in modules} & PACKAGES
    assert not {name for name in modules if name.startswith("pytest_evalsuite.agents.frameworks.")}


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_a_class_that_only_shares_a_package_is_asked_as_any_other_object(package: str) -> None:
    class Helper:
        def run(self, question: str) -> str:
            return question

    Helper.__module__ = f"{package}.helper"
    assert recognise(Helper()) is None
    assert adapt(Helper(), "mine").function.__name__ == "run"
    assert read_result(Helper()) is None


@pytest.mark.parametrize("raw", [None, 1, b"x", object(), [1], {"messages": ["Hi"]}, ChainMap({"a": 1})])
def test_what_is_no_result_of_a_framework_is_left_alone(raw: Any) -> None:
    assert read_result(raw) is None


def test_a_mapping_with_messages_stays_structured_output() -> None:
    assert read_reply({"messages": ["Hi"], "other": 1}).output == {"messages": ["Hi"], "other": 1}


CHAIN = """
from langchain_core.runnables import RunnableLambda


class Own(RunnableLambda):
    pass


chain = RunnableLambda(lambda question: question)
own = Own(lambda question: question)
named = Own(lambda question: question)
named.eval_version = "7"
"""


def test_the_version_of_an_object_is_that_of_the_file_that_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    versions = []
    for number in (1, 2):
        (tmp_path / f"chains{number}.py").write_text(f"{CHAIN}# {number}\n", encoding="utf-8")
        agents = [load_agent(f"chains{number}:{name}", {}) for name in ("chain", "own", "named")]
        versions.append([version_of(agent.function) for agent in agents])
        monkeypatch.delitem(sys.modules, f"chains{number}")
    (chain, own, named), (other_chain, other_own, _) = versions
    assert chain == own != other_chain == other_own
    assert named == "7"
