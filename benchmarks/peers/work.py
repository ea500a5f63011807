"""The work that all contenders do: cases with a question and what is expected, an agent, so many calls at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from _suites import AGENT, write_yaml

HELPER = """
import asyncio, inspect, json, os, bench_agent
from concurrent.futures import ThreadPoolExecutor

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases.json"), encoding="utf-8") as file:
    CASES = json.load(file)
AGENT = getattr(bench_agent, os.environ["BENCH_AGENT"])
AT_ONCE = int(os.environ["BENCH_AT_ONCE"])
IS_ASYNC = inspect.iscoroutinefunction(AGENT)
POOL = ThreadPoolExecutor(AT_ONCE)

def ask(question):
    return asyncio.run(AGENT(question)) if IS_ASYNC else AGENT(question)

async def ask_async(question):
    if IS_ASYNC:
        return await AGENT(question)
    if AGENT is bench_agent.instant:
        return AGENT(question)
    return await asyncio.get_running_loop().run_in_executor(POOL, AGENT, question)

def say(passed, total):
    print()
    print(json.dumps([passed, total - passed]))
"""


@dataclass(frozen=True)
class Work:
    """What is to be done: pairs of question and expected response; how many of them are to fail."""

    pairs: tuple[tuple[str, str], ...]
    agent: str = "instant"
    at_once: int = 1
    failing: int = 0

    @property
    def outcome(self) -> tuple[int, int]:
        """How many pass and how many fail, if the work is done."""
        return len(self.pairs) - self.failing, self.failing

    @property
    def variables(self) -> dict[str, str]:
        """What tells a contender's program about it."""
        return {"BENCH_AGENT": self.agent, "BENCH_AT_ONCE": str(self.at_once)}

    def write(self, folder: Path) -> None:
        """Put agent, cases and a helper for programs in Python into a folder."""
        (folder / "bench_agent.py").write_text(AGENT, encoding="utf-8")
        (folder / "work.py").write_text(HELPER, encoding="utf-8")
        cases = [
            {"id": f"case-{number:06}", "question": question, "expected": expected}
            for number, (question, expected) in enumerate(self.pairs)
        ]
        (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
        write_yaml(folder / "work.eval.yaml", self.pairs)
