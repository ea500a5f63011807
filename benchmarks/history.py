"""What it takes to list the runs that are kept: `evalsuite history` over 1,000 of them, its start included."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from _measure import Command, Row, in_turn, median, script
from _suites import eval_pytest, prepare, questions, write_yaml

READ = """
import json, os
folder = ".evalsuite/runs"
print(len([json.loads(open(f"{folder}/{name}/run.json", "rb").read()) for name in os.listdir(folder)]))
"""


def keep(folder: Path, sample: dict[str, Any], number: int) -> None:
    """Keep one more run that left what the sample did."""
    day, second = divmod(number, 86_400)
    started = f"2026-01-{day + 1:02}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    run_id = f"{started.replace('-', '').replace(':', '')}Z-{number:08x}"
    path = folder / ".evalsuite" / "runs" / run_id
    path.mkdir(parents=True)
    content = {**sample, "id": run_id, "name": f"nightly {number}", "started_at": f"{started}.000Z"}
    (path / "run.json").write_text(json.dumps(content, indent=2), encoding="utf-8")


def measure(quick: bool) -> list[Row]:
    """Wall of the whole process; beside it a bare loop that parses the same files."""
    count, rounds = (50, 1) if quick else (1_000, 7)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        for number in range(3):
            write_yaml(folder / f"set{number}.eval.yaml", questions(20, wrong_every=10))
        run = eval_pytest(folder, "--eval-agent", "instant", "--eval-json", "run.json", expected=(1,))
        in_turn({"sample": run}, 1)
        (path,) = (folder / ".evalsuite" / "runs").glob("*/run.json")
        sample = json.loads(path.read_text(encoding="utf-8"))
        for number in range(count - 1):
            keep(folder, sample, number)
        command = [sys.executable, "-m", "pytest_evalsuite", "history"]
        costs = in_turn(
            {
                "all": Command([*command, "--limit", "0"], folder),
                "latest": Command([*command, "--limit", "1", "--search", "nightly", "--sort", "pass-rate"], folder),
                "bare": Command([sys.executable, "-c", READ], folder),
                "start": Command([sys.executable, "-c", "pass"], folder),
            },
            rounds,
        )
    if f"{count:,} runs" not in costs["all"][0].output:
        raise RuntimeError("not all runs were listed")
    beside = f"{median(costs['bare'], 'wall'):.2f} s bare, {median(costs['start'], 'wall'):.2f} s empty"
    rows = []
    for what, name in (("listed", "all"), ("searched and sorted", "latest")):
        wall = median(costs[name], "wall")
        whole = f"{count:,} runs {what} by `evalsuite history`: wall of the whole process"
        rows.append(Row(whole, f"{wall:.2f} s", beside, f"{wall:.2f} s", "≤ 0.5 s", wall <= 0.5))
    return rows


if __name__ == "__main__":
    script(measure)
