"""What writing the artifact costs: a whole run put together and written, against parsing two such files."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from _measure import Command, Row, compared, in_turn, inner, run, script
from _suites import eval_pytest, prepare, questions, write_yaml

WRITE = """
import json, sys, time
from pathlib import Path
from pytest_evalsuite.runs.artifact import write_artifact
from pytest_evalsuite.runs.encoding import encode
from pytest_evalsuite.runs.run import PlannedCase, PlannedEvaluation, Results, assemble

source, target, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
sample = json.loads(Path(source).read_text(encoding="utf-8"))["evaluations"][0]["results"]
results = Results()
plan = PlannedEvaluation("large.eval.yaml", sample[0]["agent"], "Large", count)
for number in range(count):
    record = sample[number % len(sample)]
    record |= {"test_set": plan.test_set, "case_id": f"case-{number:06}", "position": number}
    names = dict.fromkeys(("case_id", "node_name"), record["case_id"])
    plan.cases.append(PlannedCase(**names, position=number, line=number, fingerprint="0" * 44))
    results.add(encode(record))
info = {"id": "benchmark", "status": "succeeded", "error_message": None}
wall, cpu = time.perf_counter(), time.process_time()
write_artifact(assemble(info, [plan], results, {}), Path(target))
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))
"""

PARSE = """
import json, sys, time, orjson
wall, cpu = time.perf_counter(), time.process_time()
documents = []
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        documents.append(orjson.loads(file.read()))
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))
"""


def measure(quick: bool) -> list[Row]:
    """CPU and wall of writing, the records being there already, as text: each was encoded when its case finished."""
    count, rounds = (5_000, 1) if quick else (100_000, 5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        write_yaml(folder / "sample.eval.yaml", questions(100, wrong_every=10))
        options = ("--eval-agent", "instant", "--eval-json", "sample.json", "sample.eval.yaml")
        run(eval_pytest(folder, *options, expected=(1,)))
        write = Command([sys.executable, "-c", WRITE, "sample.json", "run.json", str(count)], folder)
        parse = Command([sys.executable, "-c", PARSE, "run.json", "run.json"], folder)
        costs = in_turn({"write": write, "parse": parse}, rounds)
    ours, parser = map(inner, costs.values())
    what = f"{count:,} results written, against orjson.loads of two such files"
    return [compared(f"{what}: {unit}", ours, parser, unit, 0.3) for unit in ("cpu", "wall")]


if __name__ == "__main__":
    script(measure)
