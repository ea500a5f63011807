"""The suites that the benchmarks run: written to a folder, with an agent and a configuration."""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from _measure import Command

AGENT = """
import asyncio, time

def instant(question):
    return "The answer to: " + question

def sync_wait(question):
    time.sleep(float(question.split()[1]))
    return "done"

async def async_wait(question):
    await asyncio.sleep(float(question.split()[1]))
    return "done"
"""

CONFIGURATION = """
[pytest]
pythonpath = .
evalsuite_agents =
    instant = bench_agent:instant
    sync_wait = bench_agent:sync_wait
    async_wait = bench_agent:async_wait
"""

PARAMETRIZED = """
import pytest, yaml
from bench_agent import instant

with open("{file}", encoding="utf-8") as file:
    CASES = yaml.load(file, Loader=yaml.CSafeLoader)["cases"]

@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(case):
    assert instant(case["question"]) == case["expected_response"]
"""

EMPTY = """
import pytest

@pytest.mark.parametrize("number", range({}))
def test_nothing(number):
    pass
"""

TOPICS = ["orders", "refunds", "delivery", "invoices", "accounts", "passwords", "warranty", "exchange", "vouchers"]


def prepare(folder: Path) -> None:
    """Put the agents and the configuration into a folder."""
    (folder / "bench_agent.py").write_text(AGENT, encoding="utf-8")
    (folder / "pytest.ini").write_text(CONFIGURATION, encoding="utf-8")
    (folder / "test_trivial.py").write_text("def test_nothing():\n    pass\n", encoding="utf-8")


def questions(count: int, *, wrong_every: int = 0) -> list[tuple[str, str]]:
    """Pairs of question and expected response; one in ``wrong_every`` expects what `instant` does not say."""
    pairs = []
    for number in range(count):
        topic = TOPICS[number % len(TOPICS)]
        question = f"Customer {number} writes about {topic}: what does our policy say, and what should they do next?"
        wrong = wrong_every and number % wrong_every == 0
        pairs.append((question, "Something else" if wrong else "The answer to: " + question))
    return pairs


def waits(seconds: Iterable[float]) -> list[tuple[str, str]]:
    """Pairs for the agents that wait: each question says for how long."""
    return [(f"wait {second:.4f} seconds, number {number}", "done") for number, second in enumerate(seconds)]


def log_normal(count: int, mean: float) -> list[float]:
    """Latencies with a heavy tail: log-normal with sigma 1, the same ones each time, in seconds."""
    source = random.Random(20)  # noqa: S311 - a figure, not a secret
    return [source.lognormvariate(math.log(mean) - 0.5, 1) for _ in range(count)]


def write_yaml(path: Path, pairs: Sequence[tuple[str, str]]) -> None:
    """Write a test set as a person would: block style, plain or quoted scalars, tags and a note on each case."""
    lines = ["name: Customer service", "defaults:", "  test_method: exact_match", "  passing_score: 1.0", "cases:"]
    for number, (question, expected) in enumerate(pairs):
        lines += [
            f"  - id: case-{number:06}",
            f"    question: {json.dumps(question)}",
            f"    expected_response: {json.dumps(expected)}",
            f"    tags: [{TOPICS[number % len(TOPICS)]}, generated]",
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_parametrized(path: Path, yaml_file: str) -> None:
    """Write the module that a person would write by hand over the same YAML file."""
    path.write_text(PARAMETRIZED.format(file=yaml_file), encoding="utf-8")


def write_empty(path: Path, count: int) -> None:
    """Write a module of so many tests that do nothing."""
    path.write_text(EMPTY.format(count), encoding="utf-8")


def plain_pytest(folder: Path, *arguments: str) -> Command:
    """Pytest without any plugin but its own."""
    return Command([sys.executable, "-m", "pytest", "-q", *arguments], folder)


def eval_pytest(folder: Path, *arguments: str, expected: tuple[int, ...] = (0,)) -> Command:
    """Pytest with our plugin, evaluating."""
    command = [sys.executable, "-m", "pytest", "-p", "pytest_evalsuite.plugin", "-q", "--eval-suite", *arguments]
    return Command(command, folder, expected)
