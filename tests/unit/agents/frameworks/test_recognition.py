"""Nothing of a framework is imported for agents and answers that are not of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import ChainMap
from typing import Any

import pytest

from pytest_evalsuite.agents import adapt, read_reply
from pytest_evalsuite.agents.frameworks import read_result, recognise

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
