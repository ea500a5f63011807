"""Conversations side by side: their turns follow each other, so that the longest conversation is the ideal."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from _measure import Row, in_turn, median, script
from _suites import eval_pytest, plain_pytest, prepare, write_empty

AT_ONCE = 50
SECONDS = 0.05
MOST = 1.2

AGENTS = f"""
import asyncio, time

def sync_talk(question, history):
    time.sleep({SECONDS})
    return f"{{len(history)}} messages before"

async def async_talk(question, history):
    await asyncio.sleep({SECONDS})
    return f"{{len(history)}} messages before"
"""


def measure(quick: bool) -> list[Row]:
    """Wall of 50 conversations of 10 turns, against the ideal and an empty run of pytest together."""
    conversations, turns, rounds = (5, 4, 1) if quick else (AT_ONCE, 10, 5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        (folder / "talk_agent.py").write_text(AGENTS, encoding="utf-8")
        write_empty(folder / "test_many.py", conversations * turns)
        _write(folder / "talks.eval.yaml", conversations, turns)
        _write(folder / "one.eval.yaml", 1, 1)

        def ours(agent: str, file: str) -> tuple[str, ...]:
            return ("--eval-agent", f"talk_agent:{agent}_talk", "--eval-concurrency", str(AT_ONCE), file)

        commands = {
            "empty": plain_pytest(folder, "test_trivial.py"),
            "bare tests": plain_pytest(folder, "test_many.py"),
            "one turn": eval_pytest(folder, *ours("async", "one.eval.yaml")),
            **{agent: eval_pytest(folder, *ours(agent, "talks.eval.yaml")) for agent in ("async", "sync")},
        }
        costs = in_turn(commands, rounds)
    ideal = turns * SECONDS
    empty = f"{ideal:.1f} s ideal, {median(costs['empty'], 'wall'):.2f} s empty"

    def row(agent: str) -> Row:
        pairs = zip(costs[agent], costs["empty"], strict=True)
        ratio = statistics.median(mine.wall / (ideal + floor.wall) for mine, floor in pairs)
        what = f"{conversations} conversations of {turns} turns of {SECONDS * 1000:.0f} ms, {AT_ONCE} at once, {agent}"
        wall = f"{median(costs[agent], 'wall'):.2f} s"
        return Row(
            f"{what}: wall, against ideal and empty run", wall, empty, f"{ratio:.2f}", f"≤ {MOST:g}", ratio <= MOST
        )

    def beside(contender: str, what: str) -> Row:
        pairs = zip(costs["async"], costs[contender], strict=True)
        above = statistics.median(mine.wall - other.wall for mine, other in pairs)
        shown = f"{median(costs[contender], 'wall'):.2f} s {contender}"
        return Row(f"the same, async: wall above {what}", f"{above:.2f} s", shown, f"{above:.2f} s")

    return [
        row("async"),
        row("sync"),
        beside("one turn", "our own run of one turn"),
        beside("bare tests", "pytest with as many tests that do nothing"),
    ]


def _write(path: Path, conversations: int, turns: int) -> None:
    lines = ["name: Talks", "defaults: {test_method: exact_match}", "conversations:"]
    for conversation in range(conversations):
        lines += [f"  - id: talk-{conversation:02}", "    turns:"]
        for turn in range(turns):
            lines += [
                f"      - id: turn-{turn:02}",
                f"        question: This is sentence {turn} of customer {conversation}.",
                f"        expected_response: {2 * turn} messages before",
            ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    script(measure)
