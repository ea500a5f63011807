"""What asking over HTTP costs: 1,000 cases to a service that takes 20 ms, fifty at once, against a bare httpx loop."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from _measure import Command, Row, in_turn, median, ratio, script
from _service import serving
from _suites import eval_pytest, plain_pytest, prepare, waits, write_yaml

AT_ONCE = 50

BARE = """
import asyncio, os, sys, time, httpx, yaml

async def main(path):
    with open(path, encoding="utf-8") as file:
        questions = [case["question"] for case in yaml.load(file, Loader=yaml.CSafeLoader)["cases"]]
    limit = asyncio.Semaphore(int(sys.argv[2]))
    async with httpx.AsyncClient(timeout=60) as client:

        async def ask(number, question):
            async with limit:
                asked = {"question": question, "session_id": number}
                response = await client.post(os.environ["BENCH_URL"], json=asked)
            response.raise_for_status()
            return response.json()["answer"]

        answers = await asyncio.gather(*(ask(str(number), question) for number, question in enumerate(questions)))
    assert set(answers) == {"done"}

start = time.perf_counter()
asyncio.run(main(sys.argv[1]))
print(time.perf_counter() - start)
"""


@contextmanager
def service() -> Iterator[None]:
    """A service that answers after 20 ms, in a process of its own, which this process's children find."""
    with serving({"answer": "done"}, 0.02) as address:
        os.environ["BENCH_URL"] = f"{address}/"
        yield


def measure(quick: bool) -> list[Row]:
    """Wall seconds of the whole run against the whole process of a bare loop, and of what is above an empty run."""
    count, rounds = (50, 1) if quick else (1_000, 5)
    with tempfile.TemporaryDirectory() as name, service():
        folder = Path(name)
        prepare(folder)
        (folder / "bare.py").write_text(BARE, encoding="utf-8")
        write_yaml(folder / "asked.eval.yaml", waits([0.0] * count))
        options = ("--eval-concurrency", str(AT_ONCE), "--eval-agent", os.environ["BENCH_URL"])
        costs = in_turn(
            {
                "empty": plain_pytest(folder, "test_trivial.py"),
                "bare": Command([sys.executable, "bare.py", "asked.eval.yaml", str(AT_ONCE)], folder),
                "ours": eval_pytest(folder, *options, "asked.eval.yaml"),
            },
            rounds,
        )

    rounds_of = list(zip(costs["ours"], costs["empty"], costs["bare"], strict=True))
    above = statistics.median((ours.wall - empty.wall) / bare.said for ours, empty, bare in rounds_of)
    whole = ratio(costs["ours"], costs["bare"], "wall")
    what = f"{count:,} cases over HTTP, {AT_ONCE} at once, each in 20 ms"
    ours, bare = (f"{median(costs[name], 'wall'):.2f} s" for name in ("ours", "bare"))
    seconds = statistics.median(one.wall - empty.wall for one, empty, _ in rounds_of)
    loop = statistics.median(cost.said for cost in costs["bare"])
    return [
        Row(f"{what}: wall, against a bare httpx loop", ours, bare, f"{whole:.2f}", "≤ 1.5", whole <= 1.5),
        Row(
            f"{what}: wall above an empty run, against the loop alone",
            f"{seconds:.2f} s",
            f"{loop:.2f} s",
            f"{above:.2f}",
        ),
    ]


if __name__ == "__main__":
    script(measure)
