"""What a process takes while it runs: memory now and then, beside how many cases it has finished."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Watch:
    """Samples of (seconds, cases finished, resident bytes)."""

    samples: list[tuple[float, int, int]] = field(default_factory=list)
    code: int = 0
    output: str = ""

    @property
    def seconds(self) -> float:
        """How long it ran."""
        return self.samples[-1][0]

    @property
    def peak(self) -> int:
        """The most that it held, in bytes."""
        return max(held for _, _, held in self.samples)

    def slope(self) -> float:
        """Bytes more for each case finished, while there were cases to run."""
        most = self.samples[-1][1]
        middle = [(done, held) for _, done, held in self.samples if 0.1 * most <= done < 0.98 * most]
        if len({done for done, _ in middle}) < 3:
            return 0.0
        done, held = zip(*middle, strict=True)
        return statistics.linear_regression(done, held).slope


def watched(
    arguments: Sequence[str],
    folder: Path,
    variables: dict[str, str],
    every: float,
    also: Callable[[int], None] = lambda pid: None,
) -> Watch:
    """Run a command to its end, sampling ``every`` so many seconds; ``also`` is called then, with its process id."""
    watch, counting = Watch(), Finished(folder)
    with (folder / "output.txt").open("w+", encoding="utf-8", errors="replace") as output:
        start = time.monotonic()
        process = subprocess.Popen(
            arguments, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        while process.poll() is None:
            held = resident(process.pid)
            if held:
                watch.samples.append((time.monotonic() - start, counting.now(), held))
            also(process.pid)
            time.sleep(every)
        watch.code = process.returncode
        output.seek(0)
        watch.output = output.read()
    return watch


def resident(pid: int) -> int:
    """Resident memory in bytes; 0 when the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    found = next((line for line in lines if line.startswith("VmRSS:")), None)
    return int(found.split()[1]) * 1024 if found else 0


class Finished:
    """Counts the finished cases in the journals of all runs of a folder; reads only what is new."""

    def __init__(self, folder: Path) -> None:
        self._runs = folder / ".evalsuite" / "runs"
        self._read: dict[Path, int] = {}
        self._count = 0

    def now(self) -> int:
        """How many there are."""
        for path in self._runs.glob("*/results-*.jsonl"):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                new = file.read()
            self._count += new.count(b"\n")
            self._read[path] = self._read.get(path, 0) + len(new)
        return self._count
