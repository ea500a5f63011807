"""What a group costs: five evaluations joined by a column and aggregated, against pandas doing the same.

Both give the outer join on the text of the identifier with score and status of each evaluation, and count, mean, min,
max, standard deviation and four percentiles of five columns of each. Ours also looks for keys that are there twice and
counts passes. `ready`: the columns are lists here and a DataFrame there, made before the clock starts. `records`: the
columns are first taken out of the records of the cases, Python dicts in memory, by both. Imports do not count.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from _measure import Command, Row, compared, in_turn, inner, script

RECORDS = """
import gc, json, random, sys, time
count, mode = int(sys.argv[1]), sys.argv[2]
chance = random.Random(7)

def evaluation(number):
    customers = [f"customer-{one:06}" for one in range(number * count // 10, number * count // 10 + count)]
    chance.shuffle(customers)
    return [
        {
            "test_set": f"set-{number}.eval.yaml", "case_id": f"case-{place:06}", "agent": "support",
            "position": place, "line": place + 3, "fingerprint": "01234567-89abcdef-01234567-89abcdef-01234567",
            "metadata": {"customer": customer, "amount": chance.uniform(0, 500)},
            "status": chance.choice(["passed", "passed", "passed", "failed"]),
            "score": round(chance.random(), 6), "execution_time_ms": round(chance.expovariate(0.01), 3),
            "usage": {"input_tokens": chance.randrange(2000), "output_tokens": chance.randrange(300)},
            "cost": round(chance.random() / 100, 6),
        }
        for place, customer in enumerate(customers)
    ]

evaluations = [evaluation(number) for number in range(5)]
gc.collect()
gc.freeze()
"""

OURS = (
    RECORDS
    + """
from pytest_evalsuite.groups.columns import Rows
from pytest_evalsuite.groups.evaluations import Evaluated
from pytest_evalsuite.groups.report import Wanted, group_report
COLUMNS = ("score", "duration", "cost", "tokens", "metadata.amount")

def work(every):
    wanted = [
        Wanted(Evaluated(f"run/{n}[a]", "run", f"{n}.eval.yaml", "a", str(n), (), None, rows), "metadata.customer")
        for n, rows in enumerate(every)
    ]
    report = group_report({"name": "benchmark"}, wanted, columns=COLUMNS)
    table = [
        report.joined.column(n, column)
        for n, side in enumerate(report.sides)
        for column in (side.evaluation.rows.column("score"), side.evaluation.rows.column("status"))
    ]
    figures = [report.aggregates_of(side, name).as_json() for side in report.sides for name in report.figures]
    return len(table[0]), figures[0]["mean"], [side.passes.rate for side in report.sides]

every = [Rows(records) for records in evaluations]
if mode == "ready":
    for rows in every:
        for name in (*COLUMNS, "status", "metadata.customer"):
            rows.column(name)
wall, cpu = time.perf_counter(), time.process_time()
rows, mean, _ = work(every)
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu, rows, round(mean, 9)]))
"""
)

PANDAS = (
    RECORDS
    + """
import functools
import pandas as pd
COLUMNS = ["score", "duration", "cost", "tokens", "amount"]

def frame(number, records):
    return pd.DataFrame({
        "evaluation": number,
        "key": [one["metadata"]["customer"] for one in records],
        "status": [one["status"] for one in records],
        "score": [one["score"] for one in records],
        "duration": [one["execution_time_ms"] / 1000 for one in records],
        "cost": [one["cost"] for one in records],
        "tokens": [one["usage"]["input_tokens"] + one["usage"]["output_tokens"] for one in records],
        "amount": [one["metadata"]["amount"] for one in records],
    })

def work(frames):
    parts = [
        part[["key", "score", "status"]].rename(columns={"score": f"score-{n}", "status": f"status-{n}"})
        for n, part in enumerate(frames)
    ]
    table = functools.reduce(lambda one, other: one.merge(other, on="key", how="outer"), parts)
    groups = pd.concat(frames).groupby("evaluation")[COLUMNS]
    figures = groups.agg(["count", "mean", "min", "max", "std"])
    percentiles = groups.quantile([0.5, 0.9, 0.95, 0.99])
    return len(table), figures["score"]["mean"].iloc[0], percentiles

frames = [frame(*one) for one in enumerate(evaluations)] if mode == "ready" else None
wall, cpu = time.perf_counter(), time.process_time()
rows, mean, _ = work(frames or [frame(*one) for one in enumerate(evaluations)])
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu, rows, round(mean, 9)]))
"""
)


def measure(quick: bool) -> list[Row]:
    """CPU and wall of both, with columns ready and from records. Raises RuntimeError where they do not agree."""
    count, rounds = (1_000, 1) if quick else (20_000, 9)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for mode in ("ready", "records"):
            contenders = {
                who: Command([sys.executable, "-c", code, str(count), mode], folder)
                for who, code in (("ours", OURS), ("pandas", PANDAS))
            }
            costs = in_turn(contenders, rounds)
            found = {tuple(cost.said[2:]) for every in costs.values() for cost in every}
            if len(found) != 1:
                raise RuntimeError(f"the contenders do not agree: {found}")
            ours, pandas = (inner(costs[who]) for who in ("ours", "pandas"))
            what = f"5 evaluations x {count:,} rows joined and aggregated, {mode}, against pandas"
            rows += [compared(f"{what}: {unit}", ours, pandas, unit, 2.0) for unit in ("cpu", "wall")]
    return rows


if __name__ == "__main__":
    script(measure)
