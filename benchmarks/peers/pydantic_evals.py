"""pydantic-evals: a Dataset with EqualsExpected."""

from __future__ import annotations

from peers.contender import Contender, script
from peers.environments import Environment

PROGRAM = """
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected
from work import *

async def task(question: str) -> str:
    return await AGENT(question)

cases = [Case(name=case["id"], inputs=case["question"], expected_output=case["expected"]) for case in CASES]
dataset = Dataset(name="work", cases=cases, evaluators=[EqualsExpected()])
report = dataset.evaluate_sync(task if IS_ASYNC else AGENT, max_concurrency=AT_ONCE, progress=False)
passed = sum(all(one.value for one in case.assertions.values()) for case in report.cases)
say(passed, len(report.cases) + len(report.failures))
"""

CONTENDERS = [
    Contender(
        "pydantic-evals",
        "pydantic-evals",
        Environment(("pydantic-evals==2.62.0",)),
        script,
        {"contender.py": PROGRAM},
        note="keeps results in memory only",
    )
]
