"""`make fuzz`: every reader, given what a fuzzer makes of our own files, which looks for new ways through our code.

``python benchmarks/fuzz.py [--minutes 60] [READER ...]`` shares the time among the readers. An input after which a
reader raises what is no exception of ours, takes 20 seconds or 1.5 GB is kept beside the corpus, in ``.fuzz``.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
KEPT = ROOT / ".fuzz"
LIMITS = ("-timeout=20", "-rss_limit_mb=1500", "-print_final_stats=1")
READERS = (
    "yaml",
    "csv",
    "jsonl",
    "group",
    "artifact",
    "baseline",
    "info",
    "plan",
    "journal",
    "recording",
    "spans",
    "log",
    "sheet",
    "reply",
)


def main() -> int:
    """Give each reader its share of the time; say what came of it."""
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"one of {', '.join(READERS)} (default: all)")
    parser.add_argument("--minutes", type=float, default=60, help="for all of them together (default: 60)")
    parser.add_argument("--seconds", type=int, help=argparse.SUPPRESS)  # for one reader, in this process
    options = parser.parse_args()
    if unknown := {*options.readers} - {*READERS}:
        parser.error(f"no reader {', '.join(sorted(unknown))}: expected {', '.join(READERS)}")
    if options.seconds is not None:
        fuzz(options.readers[0], options.seconds)
    readers = options.readers or READERS
    print("| reader | inputs | peak MB | found |\n|---|---|---|---|")
    found = 0
    for reader in readers:
        command = [sys.executable, __file__, reader, "--seconds", str(round(options.minutes * 60 / len(readers)))]
        ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        log = ended.stdout + ended.stderr
        inputs, peak = (_figure(name, log) for name in ("number_of_executed_units", "peak_rss_mb"))
        print(f"| {reader} | {inputs} | {peak} | {_what(log) if ended.returncode else 'nothing'} |", flush=True)
        found += ended.returncode != 0
    return 1 if found else 0


def _figure(name: str, log: str) -> str:
    told = re.findall(rf"^stat::{name}: *(\d+)", log, flags=re.MULTILINE)
    return f"{int(told[-1]):,}" if told else "-"


def _what(log: str) -> str:
    kept = re.findall(r"Test unit written to (\S+)", log)
    raised = re.findall(r"^\w[\w.]*(?:Error|Exception)\b.*", log, flags=re.MULTILINE)
    return "; ".join([*kept[-1:], *raised[-1:]]) or log[-300:].replace("\n", " ")


def fuzz(reader: str, seconds: int) -> None:
    """Feed one reader; the process ends here."""
    import atheris

    sys.path.insert(0, str(ROOT / "tests"))
    with atheris.instrument_imports(include=["pytest_evalsuite"]):
        import fuzz_readers
    corpus = KEPT / reader
    corpus.mkdir(parents=True, exist_ok=True)
    seeds = list(fuzz_readers.seeds(reader))
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    longest = 2 * max(map(len, seeds))
    with tempfile.TemporaryDirectory() as folder:
        limits = [*LIMITS, f"-max_len={longest}", f"-max_total_time={seconds}", f"-artifact_prefix={KEPT}/{reader}-"]
        read = fuzz_readers.reader(reader, Path(folder))

        def read_one(data: bytes) -> None:
            read(data)

        atheris.Setup([sys.argv[0], str(corpus), *limits], read_one)
        atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
