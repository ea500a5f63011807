"""langsmith, without its service: evaluate() that uploads nothing, and its plugin of pytest that tracks nothing."""

from __future__ import annotations

from peers.contender import PYTEST, Contender, pytest_run, script, summed_up
from peers.environments import Environment

PROGRAM = """
import uuid
from datetime import datetime, timezone
from langsmith import Client, aevaluate, evaluate
from langsmith.schemas import Example
from work import *

now, dataset = datetime.now(timezone.utc), uuid.uuid4()
examples = [
    Example(
        id=uuid.uuid4(), dataset_id=dataset, created_at=now,
        inputs={"question": case["question"]}, outputs={"answer": case["expected"]},
    )
    for case in CASES
]
client = Client(api_key="none", api_url="http://127.0.0.1:9", auto_batch_tracing=False)
options = {
    "data": examples, "evaluators": [lambda outputs, reference_outputs: outputs == reference_outputs],
    "max_concurrency": AT_ONCE, "upload_results": False, "client": client,
}

def counted(rows):
    say(sum(row["evaluation_results"]["results"][0].score for row in rows), len(rows))

async def target_async(inputs):
    return {"answer": await AGENT(inputs["question"])}

def target(inputs):
    return {"answer": AGENT(inputs["question"])}

async def main():
    counted([row async for row in await aevaluate(target_async, **options)])

asyncio.run(main()) if IS_ASYNC else counted(list(evaluate(target, **options)))
"""

MODULE = """
import pytest
from langsmith import testing
from work import CASES, ask

@pytest.mark.langsmith
@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(case):
    answer = ask(case["question"])
    testing.log_outputs({"answer": answer})
    assert answer == case["expected"]
"""

HERE = Environment((PYTEST, "langsmith[pytest]==0.15.1"))
OFF = {"LANGSMITH_TRACING": "false", "LANGSMITH_TEST_TRACKING": "false", "LANGSMITH_API_KEY": None}

CONTENDERS = [
    Contender(
        "langsmith evaluate",
        "langsmith",
        HERE,
        script,
        {"contender.py": PROGRAM},
        variables=OFF,
        note="keeps results in memory only",
    ),
    Contender(
        "langsmith pytest",
        "langsmith",
        HERE,
        pytest_run("test_work.py"),
        {"test_work.py": MODULE, "pytest.ini": "[pytest]\npythonpath = .\n"},
        counted=summed_up,
        variables=OFF,
        plugin=True,
        overlaps=False,
    ),
]
