"""What waiting costs: agents that take their time, fifty calls at once, against an empty run and bare asyncio."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from _measure import Command, Cost, Row, in_turn, median, script
from _suites import eval_pytest, log_normal, plain_pytest, prepare, waits, write_yaml

AT_ONCE = 50

BARE = """
import asyncio, sys, time, bench_agent, yaml

async def main(path):
    with open(path, encoding="utf-8") as file:
        questions = [case["question"] for case in yaml.load(file, Loader=yaml.CSafeLoader)["cases"]]
    limit = asyncio.Semaphore(int(sys.argv[2]))

    async def ask(question):
        async with limit:
            return await bench_agent.async_wait(question)

    start = time.perf_counter()
    await asyncio.gather(*map(ask, questions))
    print(time.perf_counter() - start)

asyncio.run(main(sys.argv[1]))
"""


def measure(quick: bool) -> list[Row]:
    """Wall seconds above an empty run, for even and for uneven latencies."""
    count, rounds = (50, 1) if quick else (500, 3)
    even = [0.1] * count
    suites = {
        "even": even,
        "lognormal": log_normal(count, 0.1),
        "straggler": [1.0 if number % 50 == 0 else 0.1 for number in range(count)],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        (folder / "bare.py").write_text(BARE, encoding="utf-8")
        commands = {
            "empty": plain_pytest(folder, "test_trivial.py"),
            "one case": eval_pytest(folder, "--eval-agent", "async_wait", "one.eval.yaml"),
        }
        write_yaml(folder / "one.eval.yaml", waits([0.0]))
        for suite, seconds in suites.items():
            write_yaml(folder / f"{suite}.eval.yaml", waits(seconds))
            commands[f"bare {suite}"] = Command(
                [sys.executable, "bare.py", f"{suite}.eval.yaml", str(AT_ONCE)], folder
            )
        for agent, suite in [("async", "even"), ("sync", "even"), ("async", "lognormal"), ("async", "straggler")]:
            options = ("--eval-agent", f"{agent}_wait", "--eval-concurrency", str(AT_ONCE))
            commands[f"{agent} {suite}"] = eval_pytest(folder, *options, f"{suite}.eval.yaml")
        costs = in_turn(commands, rounds)

    def above(contender: str, floor: str) -> list[float]:
        pairs = zip(costs[contender], costs[floor], strict=True)
        return [one.wall - empty.wall for one, empty in pairs]

    def above_empty(contender: str) -> list[float]:
        return above(contender, "empty")

    def even_row(agent: str) -> Row:
        seconds = statistics.median(above_empty(f"{agent} even"))
        most = 1.15 if not quick else 0.25
        what = f"{count} calls of 100 ms, {AT_ONCE} at once, {agent} agent: wall above an empty run"
        beside = f"{median(costs['empty'], 'wall'):.2f} s empty, {count / AT_ONCE * 0.1:.1f} s ideal"
        return Row(what, f"{seconds:.2f} s", beside, f"{seconds:.2f} s", f"≤ {most:g} s", seconds <= most)

    def uneven_row(suite: str, what: str, most: float) -> Row:
        bare: list[Cost] = costs[f"bare {suite}"]
        ratios = [ours / other.said for ours, other in zip(above_empty(f"async {suite}"), bare, strict=True)]
        measured = statistics.median(ratios)
        ours = f"{statistics.median(above_empty(f'async {suite}')):.2f} s"
        beside = f"{statistics.median(cost.said for cost in bare):.2f} s"
        return Row(f"{what}, against bare asyncio", ours, beside, f"{measured:.2f}", f"≤ {most:g}", measured <= most)

    start = statistics.median(above("one case", "empty"))
    waiting = statistics.median(above("async even", "one case"))
    one_case = f"{median(costs['one case'], 'wall'):.2f} s one case"
    return [
        even_row("async"),
        even_row("sync"),
        Row("the same, async: wall above our own run of one case", f"{waiting:.2f} s", one_case, f"{waiting:.2f} s"),
        Row("our run of one case: wall above an empty run", f"{start:.2f} s", one_case, f"{start:.2f} s"),
        uneven_row("lognormal", "log-normal latencies, sigma 1", 1.25),
        uneven_row("straggler", "one call in fifty ten times slower", 1.2),
    ]


if __name__ == "__main__":
    script(measure)
