"""`make soak`: the three trials at full size. ``--cases`` and ``--kills`` make them smaller."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from soak.trials import Told, bereaved, endured, interrupted

RESULTS = Path(__file__).with_name("RESULTS.md")
TITLES = {"endured": "One long run", "bereaved": "`-n 2`, workers killed", "interrupted": "Killed and resumed"}


def main() -> int:
    """Run them, print what they found, and keep it where they were at full size."""
    parser = argparse.ArgumentParser(prog="python -m soak")
    parser.add_argument("--cases", type=int, default=50_000, help="cases, each put to two agents (default: 50000)")
    parser.add_argument("--kills", type=int, default=50, help="how often workers and runs are killed (default: 50)")
    parser.add_argument("--only", choices=sorted(TITLES), nargs="+", default=list(TITLES))
    parser.add_argument("--keep", action="store_true", help="write RESULTS.md")
    options = parser.parse_args()
    text = f"Measured {datetime.now(timezone.utc):%Y-%m-%d}.\n"
    sound = True
    with tempfile.TemporaryDirectory() as name:
        trials: dict[str, Callable[[], Told]] = {
            "endured": lambda: endured(Path(name) / "endured", options.cases),
            "bereaved": lambda: bereaved(Path(name) / "bereaved", options.cases, options.kills),
            "interrupted": lambda: interrupted(Path(name) / "interrupted", options.cases // 25, options.kills),
        }
        for trial in options.only:
            told = trials[trial]()
            sound = sound and not told.faults
            text += _section(TITLES[trial], told)
            print(_section(TITLES[trial], told), flush=True)
    if options.keep:
        RESULTS.write_text(f"# Soak\n\nWritten by `make soak`. {text}", encoding="utf-8")
    return 0 if sound else 1


def _section(title: str, told: Told) -> str:
    lines = [f"| {what} | {figure} |" for what, figure in told.figures.items()]
    lines += [f"| **fault** | {fault[:500]} |" for fault in told.faults] or ["| faults | none |"]
    return f"\n## {title}\n\n| | |\n|---|---|\n" + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
