"""What judging costs: 1,000 answers to a model that takes 50 ms, fifty at once, against a bare loop of its client."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from _measure import Command, Row, in_turn, median, script
from _service import serving
from _suites import eval_pytest, plain_pytest, prepare, waits

AT_ONCE = 50

VERDICT = json.dumps({"reason": "The answer says what was expected.", "score": 0.9})
COMPLETION = {
    "id": "x",
    "object": "chat.completion",
    "created": 0,
    "model": "m",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": VERDICT}},
    ],
    "usage": {"prompt_tokens": 400, "completion_tokens": 20, "total_tokens": 420},
}

BARE = """
import time
start = time.perf_counter()
import asyncio, json, sys, openai, yaml

SYSTEM = (
    "You grade the answer of an assistant against the answer that was expected. Take the expected answer as right. "
    "Grade meaning, completeness, relevance and restraint, from 0 to 1. " * 4
    + 'Reply with one JSON object and nothing else: {"reason": "<why>", "score": <number from 0 to 1>}'
)

async def main(path):
    with open(path, encoding="utf-8") as file:
        cases = yaml.load(file, Loader=yaml.CSafeLoader)["cases"]
    limit = asyncio.Semaphore(int(sys.argv[2]))
    client = openai.AsyncOpenAI(max_retries=4, timeout=60)

    async def judge(case):
        content = f"Question: {case['question']}\\nExpected: {case['expected_response']}\\nAnswer: done"
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": content}]
        async with limit:
            reply = await client.chat.completions.create(model="m", messages=messages, temperature=0.0)
        return json.loads(reply.choices[0].message.content)["score"]

    scores = await asyncio.gather(*map(judge, cases))
    assert min(scores) == 0.9

asyncio.run(main(sys.argv[1]))
print(time.perf_counter() - start)
"""


@contextmanager
def model() -> Iterator[None]:
    """A model that answers after 50 ms, in a process of its own, which this process's children find."""
    with serving(COMPLETION, 0.05) as address:
        os.environ["OPENAI_BASE_URL"] = f"{address}/v1"
        os.environ["OPENAI_API_KEY"] = "none"
        yield


def measure(quick: bool) -> list[Row]:
    """Wall seconds above an empty run, against all that a bare loop takes, its imports too."""
    count, rounds = (50, 1) if quick else (1_000, 5)
    with tempfile.TemporaryDirectory() as name, model():
        folder = Path(name)
        prepare(folder)
        (folder / "bare.py").write_text(BARE, encoding="utf-8")
        lines = ["cases:"]
        for number, (question, expected) in enumerate(waits([0.0] * count)):
            lines += [f"  - {{id: c{number}, question: '{question}', expected_response: {expected}}}"]
        (folder / "judged.eval.yaml").write_text("\n".join(lines), encoding="utf-8")
        options = ("--eval-concurrency", str(AT_ONCE), "--eval-judge", "openai:m", "judged.eval.yaml")
        costs = in_turn(
            {
                "empty": plain_pytest(folder, "test_trivial.py"),
                "bare": Command([sys.executable, "bare.py", "judged.eval.yaml", str(AT_ONCE)], folder),
                "async": eval_pytest(folder, "--eval-agent", "async_wait", *options),
            },
            rounds,
        )

    rounds_of = zip(costs["async"], costs["empty"], costs["bare"], strict=True)
    ratios = [(ours.wall - empty.wall) / bare.said for ours, empty, bare in rounds_of]
    ours = statistics.median(one.wall - empty.wall for one, empty in zip(costs["async"], costs["empty"], strict=True))
    bare = statistics.median(cost.said for cost in costs["bare"])
    measured = statistics.median(ratios)
    what = f"{count:,} answers judged, {AT_ONCE} at once, each in 50 ms: wall above an empty run, against a bare loop"
    beside = f"{bare:.2f} s bare, {median(costs['empty'], 'wall'):.2f} s empty"
    return [Row(what, f"{ours:.2f} s", beside, f"{measured:.2f}", "≤ 1.3", measured <= 1.3)]


if __name__ == "__main__":
    script(measure)
