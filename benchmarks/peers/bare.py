"""No tool at all: what the same calls and comparisons take in a loop, on an event loop and in threads."""

from __future__ import annotations

from peers.contender import Contender, script
from peers.environments import Environment

ASYNCIO = """
from work import *

async def main():
    limit = asyncio.Semaphore(AT_ONCE)

    async def check(case):
        async with limit:
            return await ask_async(case["question"]) == case["expected"]

    results = await asyncio.gather(*map(check, CASES))
    say(sum(results), len(results))

asyncio.run(main())
"""

THREADS = """
from concurrent.futures import ThreadPoolExecutor
from work import *

with ThreadPoolExecutor(AT_ONCE) as pool:
    answers = list(pool.map(ask, [case["question"] for case in CASES]))
say(sum(answer == case["expected"] for answer, case in zip(answers, CASES)), len(CASES))
"""

CONTENDERS = [
    Contender("bare asyncio", "", Environment(), script, {"contender.py": ASYNCIO}, agents=("instant", "async_wait")),
    Contender("bare threads", "", Environment(), script, {"contender.py": THREADS}, agents=("instant", "sync_wait")),
]
