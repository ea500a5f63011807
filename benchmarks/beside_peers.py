"""The same work by other tools: figures to peers/figures.json, tables to peers/RESULTS.md, plots for the docs.

`python benchmarks/run.py peers` runs it. The first time installs each tool, which takes some minutes and a network.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from peers.figures import Session
from peers.report import caption, parts, plots, rounds, versions
from peers.session import measure

HERE = Path(__file__).parent
FIGURES = HERE / "peers" / "figures.json"
TABLES = HERE / "peers" / "RESULTS.md"
PLOTS = HERE.parent / "docs" / "explanation" / "plots"

HEAD = """# Beside other tools

Written by `run.py peers`. Each tool has an environment of its own and does the same work: a question to an agent,
the answer compared with what is expected. Ours writes its journal and its JSON artifact meanwhile. They run in
turn, each in its own process; a figure is the median over the rounds. In brackets is the ratio to ours; where
calls wait, to a bare loop. A tool that did not count as many passed and failed as there are is void. *Floors* are
in italics. A tool that takes long did fewer cases, or one round; its seconds are scaled up where all made the same
calls.

"""


def document(session: Session) -> str:
    """All tables."""
    text = HEAD + f"Measured {caption(session)}. {versions(session)}. Rounds: {rounds(session)}.\n"
    for title, table in parts(session).items():
        text += f"\n## {title}\n\n{table}\n"
    return text


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write unless it is only a quick look."""
    parser = argparse.ArgumentParser(prog="run.py peers")
    parser.add_argument("--quick", action="store_true", help="few cases, one round, nothing written")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="WORKLOAD", help="measure these anew, keep the others"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each does the work (default: 3)")
    parser.add_argument("--draw", action="store_true", help="measure nothing: tables and plots of what is there")
    options = parser.parse_args(arguments)
    session = Session() if options.quick else Session.load(FIGURES)
    keep = (lambda: None) if options.quick else (lambda: session.save(FIGURES))
    times = 1 if options.quick else options.rounds
    if not options.draw:
        for workload in measure(session, options.quick, times, tuple(options.only), keep):
            print(f"measured: {workload}", flush=True)
    print(document(session))
    if not options.quick:
        TABLES.write_text(document(session), encoding="utf-8")
        plots(session, PLOTS)


if __name__ == "__main__":
    main()
