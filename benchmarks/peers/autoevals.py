"""autoevals: its scorer ExactMatch in a plain loop of asyncio; it has no runner of its own."""

from __future__ import annotations

from peers.contender import Contender, script
from peers.environments import Environment

PROGRAM = """
from autoevals import ExactMatch
from work import *

async def main():
    limit, scorer = asyncio.Semaphore(AT_ONCE), ExactMatch()

    async def check(case):
        async with limit:
            answer = await ask_async(case["question"])
        return (await scorer.eval_async(answer, case["expected"])).score == 1

    results = await asyncio.gather(*map(check, CASES))
    say(sum(results), len(results))

asyncio.run(main())
"""

CONTENDERS = [
    Contender(
        "autoevals, in a loop",
        "autoevals",
        Environment(("autoevals==0.4.1",)),
        script,
        {"contender.py": PROGRAM},
        variables={"BRAINTRUST_API_KEY": None},
        note="a scorer without a runner: nothing reported or kept",
    )
]
