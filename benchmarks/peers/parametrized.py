"""Plain pytest: the test function that a person writes by hand over the same YAML file; and pytest-xdist with it."""

from __future__ import annotations

from peers.contender import PYTEST, Contender, pytest_run, summed_up
from peers.environments import Environment

BY_HAND = """
import pytest, yaml
from work import ask

with open("work.eval.yaml", encoding="utf-8") as file:
    CASES = yaml.load(file, Loader=yaml.CSafeLoader)["cases"]

@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(case):
    assert ask(case["question"]) == case["expected_response"]
"""

FILES = {"test_work.py": BY_HAND, "pytest.ini": "[pytest]\npythonpath = .\n"}

CONTENDERS = [
    Contender(
        "pytest, parametrize by hand",
        "pytest",
        Environment((PYTEST, "pyyaml")),
        pytest_run("test_work.py"),
        FILES,
        counted=summed_up,
        overlaps=False,
    ),
    Contender(
        "pytest-xdist -n 2",
        "pytest-xdist",
        Environment((PYTEST, "pyyaml", "pytest-xdist==3.8.0")),
        pytest_run("-n2", "test_work.py"),
        FILES,
        counted=summed_up,
        overlaps=False,
        plugin=True,
    ),
]
