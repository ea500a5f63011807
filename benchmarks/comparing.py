"""What comparing costs: two artifacts from the disk to the verdict, against parsing them; and what a journal costs."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from _measure import Command, Row, compared, in_turn, inner, median, run, script
from _suites import eval_pytest, prepare, questions, write_yaml
from artifact import PARSE, WRITE

COMPARE = """
import json, sys, time
wall, cpu = time.perf_counter(), time.process_time()
from pathlib import Path
from pytest_evalsuite.comparison.compare import compare
from pytest_evalsuite.comparison.document import comparison_json
from pytest_evalsuite.comparison.reference import load_side
from pytest_evalsuite.garbage import not_looking
with not_looking():
    comparison_json(compare(*(load_side(path, Path()) for path in sys.argv[1:])))
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))
"""

JOURNAL = """
import json, sys, time
from pathlib import Path
from pytest_evalsuite.runs.store import Journal
line, count = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()[0], int(sys.argv[2])
journal = Journal(Path("journal.jsonl"))
wall, cpu = time.perf_counter(), time.process_time()
for _ in range(count):
    journal.append(line)
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))
journal.close()
"""


def measure(quick: bool) -> list[Row]:
    """CPU, wall and memory of comparing; CPU of appending a finished case to the journal."""
    count, rounds = (5_000, 1) if quick else (100_000, 5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        write_yaml(folder / "sample.eval.yaml", questions(100, wrong_every=10))
        options = ("--eval-agent", "instant", "--eval-json", "sample.json", "sample.eval.yaml")
        run(eval_pytest(folder, *options, expected=(1,)))
        for side in ("a.json", "b.json"):
            run(Command([sys.executable, "-c", WRITE, "sample.json", side, str(count)], folder))
        compare = Command([sys.executable, "-c", COMPARE, "a.json", "b.json"], folder)
        parse = Command([sys.executable, "-c", PARSE, "a.json", "b.json"], folder)
        costs = in_turn({"compare": compare, "parse": parse}, rounds)
        kept = next((folder / ".evalsuite" / "runs").glob("*/results-main.jsonl"))
        append = Command([sys.executable, "-c", JOURNAL, str(kept), str(count)], folder)
        appended = inner(in_turn({"append": append}, rounds)["append"])
    what = f"two artifacts of {count:,} results compared, against orjson.loads of both"
    ours, theirs = costs["compare"], costs["parse"]
    microseconds = median(appended, "cpu") / count * 1e6
    return [
        compared(f"{what}: CPU", inner(ours), inner(theirs), "cpu", 1.5),
        compared(f"{what}: wall", inner(ours), inner(theirs), "wall", 1.5),
        compared(f"{what}: peak memory", ours, theirs, "peak", 1.0),
        Row(
            "a finished case appended to the journal: CPU",
            f"{microseconds:.1f} µs",
            "",
            f"{microseconds:.1f} µs",
            "≤ 25 µs",
            microseconds <= 25,
        ),
    ]


if __name__ == "__main__":
    script(measure)
