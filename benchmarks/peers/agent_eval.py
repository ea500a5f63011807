"""pytest-agent-eval: a YAML file for each case, an answer that contains what is expected."""

from __future__ import annotations

import json
from pathlib import Path

from peers.contender import PYTEST, Contender, pytest_run, summed_up
from peers.environments import Environment
from peers.work import Work

CONFTEST = """
import pytest
from work import ask_async

@pytest.fixture
def llm_eval_agent():
    async def agent(messages):
        return await ask_async(messages[-1]["content"]), []
    return agent
"""

PROJECT = """
[tool.pytest.ini_options]
pythonpath = ["."]

[tool.agent_eval]
runs = 1
threshold = 1.0
live = true
yaml_dirs = ["evals"]
"""


def _write(folder: Path, work: Work) -> None:
    (folder / "evals").mkdir()
    for number, (question, expected) in enumerate(work.pairs):
        turn = f"  - user: {json.dumps(question)}\n    expect:\n      reply_contains_all: [{json.dumps(expected)}]\n"
        text = f"id: case-{number:06}\nturns:\n{turn}"
        (folder / "evals" / f"case-{number:06}.yaml").write_text(text, encoding="utf-8")


CONTENDERS = [
    Contender(
        "pytest-agent-eval",
        "pytest-agent-eval",
        Environment((PYTEST, "pytest-agent-eval==0.3.0")),
        pytest_run("--agent-eval-live", "evals"),
        {"conftest.py": CONFTEST, "pyproject.toml": PROJECT},
        _write,
        counted=summed_up,
        slow=True,
        overlaps=False,
        plugin=True,
        note="one file for each case; contains, not equals",
    )
]
