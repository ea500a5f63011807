"""What reading a test set costs, with every check of it: against the bare parsers of the same files."""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path

from _measure import Command, Row, compared, in_turn, inner, script
from _suites import TOPICS, prepare, questions, write_yaml

OURS = """
from pathlib import Path
from pytest_evalsuite.testsets import load_test_set
def load(path):
    return len(load_test_set(Path(path)).cases)
"""

YAML = """
import yaml
def load(path):
    with open(path, encoding="utf-8") as file:
        return len(yaml.load(file, Loader=yaml.CSafeLoader)["cases"])
"""

CSV = """
import csv
def load(path):
    with open(path, encoding="utf-8", newline="") as file:
        return len(list(csv.reader(file))) - 1
"""

TIMED = """
import json, sys, time
wall, cpu = time.perf_counter(), time.process_time()
count = load(sys.argv[1])
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu, count]))
"""


def write_csv(path: Path, count: int) -> None:
    """Write a test set with the six columns that every one has, and ids."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "expected_response", "test_method", "keywords", "passing_score", "order", "id"])
        for number, (question, expected) in enumerate(questions(count)):
            writer.writerow(
                [question, expected, "exact_match", "", "1.0", number, f"{TOPICS[number % len(TOPICS)]}-{number}"]
            )


def measure(quick: bool) -> list[Row]:
    """CPU and memory, YAML and CSV."""
    cases, lines, rounds = (500, 5_000, 1) if quick else (10_000, 100_000, 5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        write_yaml(folder / "large.eval.yaml", questions(cases))
        write_csv(folder / "large.eval.csv", lines)

        def command(code: str, file: str) -> Command:
            return Command([sys.executable, "-c", code + TIMED, file], folder)

        costs = in_turn(
            {
                "yaml": command(OURS, "large.eval.yaml"),
                "CSafeLoader": command(YAML, "large.eval.yaml"),
                "csv": command(OURS, "large.eval.csv"),
                "csv.reader": command(CSV, "large.eval.csv"),
            },
            rounds,
        )
    for one, other in [("yaml", "CSafeLoader"), ("csv", "csv.reader")]:
        if costs[one][0].said[2] != costs[other][0].said[2]:
            raise RuntimeError(f"{one} and {other} did not read the same number of cases")
    yaml, safe, ours, reader = map(inner, costs.values())
    return [
        compared(f"{cases:,} cases of YAML, against CSafeLoader: CPU", yaml, safe, "cpu", 0.5),
        compared(f"{cases:,} cases of YAML, against CSafeLoader: peak memory", yaml, safe, "peak", 1.2),
        compared(f"{lines:,} rows of CSV, against csv.reader: CPU", ours, reader, "cpu", 3.0),
    ]


if __name__ == "__main__":
    script(measure)
