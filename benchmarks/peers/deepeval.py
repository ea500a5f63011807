"""deepeval: ExactMatchMetric under evaluate() and under assert_test() in pytest.

Both take answers that are there: for evaluate() the agent is asked before, in a loop of our own.
"""

from __future__ import annotations

from peers.contender import PYTEST, Contender, pytest_run, script, summed_up
from peers.environments import Environment

PROGRAM = """
from concurrent.futures import ThreadPoolExecutor
from deepeval import evaluate
from deepeval.evaluate import AsyncConfig, CacheConfig, DisplayConfig
from deepeval.metrics import ExactMatchMetric
from deepeval.test_case import LLMTestCase
from work import *

async def answers():
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(case):
        async with limit:
            return await AGENT(case["question"])

    return await asyncio.gather(*map(one, CASES))

if IS_ASYNC:
    told = asyncio.run(answers())
else:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(AGENT, [case["question"] for case in CASES]))
cases = [
    LLMTestCase(input=case["question"], actual_output=answer, expected_output=case["expected"])
    for case, answer in zip(CASES, told)
]
result = evaluate(
    cases, [ExactMatchMetric()],
    async_config=AsyncConfig(max_concurrent=max(20, AT_ONCE)),
    display_config=DisplayConfig(show_indicator=False, print_results=False, inspect_after_run=False),
    cache_config=CacheConfig(write_cache=False),
)
say(sum(one.success for one in result.test_results), len(result.test_results))
"""

MODULE = """
import pytest
from deepeval import assert_test
from deepeval.metrics import ExactMatchMetric
from deepeval.test_case import LLMTestCase
from work import CASES, ask

@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(case):
    answer = ask(case["question"])
    known = LLMTestCase(input=case["question"], actual_output=answer, expected_output=case["expected"])
    assert_test(known, [ExactMatchMetric()], run_async=False)
"""

HERE = Environment((PYTEST, "deepeval==4.3.1"))
OFF = {"DEEPEVAL_TELEMETRY_OPT_OUT": "1", "DEEPEVAL_UPDATE_WARNING_OPT_IN": "0", "ERROR_REPORTING": "0"}

CONTENDERS = [
    Contender(
        "deepeval evaluate",
        "deepeval",
        HERE,
        script,
        {"contender.py": PROGRAM},
        variables=OFF,
        slow=True,
        note="the agent is asked in a loop of our own",
    ),
    Contender(
        "deepeval assert_test",
        "deepeval",
        HERE,
        pytest_run("test_work.py"),
        {"test_work.py": MODULE, "pytest.ini": "[pytest]\npythonpath = .\n"},
        counted=summed_up,
        variables=OFF,
        most=2_000,
        slow=True,
        plugin=True,
        overlaps=False,
    ),
]
