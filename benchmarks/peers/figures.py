"""What was measured, and the ratios that are read from it."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from _measure import Unit


@dataclass
class Figures:
    """One contender at one workload: wall and CPU seconds and peak bytes of each round, or why there are none.

    ``count`` is how many cases it did, where others may have done more.
    """

    count: int
    rounds: list[dict[Unit, float]] = field(default_factory=list)
    void: str = ""

    def median(self, unit: Unit) -> float:
        """The median over the rounds."""
        return statistics.median(costs[unit] for costs in self.rounds)


@dataclass
class Session:
    """All that was measured: where and when, and the figures by workload and contender."""

    machine: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    figures: dict[str, dict[str, Figures]] = field(default_factory=dict)

    def of(self, workload: str, contender: str) -> Figures | None:
        """The figures, if that was measured and was not void."""
        figures = self.figures.get(workload, {}).get(contender)
        return figures if figures is not None and not figures.void and figures.rounds else None

    def each(self, workload: str, contender: str, unit: Unit, base: str = "one") -> float | None:
        """Seconds for each case, above a run of one case."""
        figures, one = self.of(workload, contender), self.of(base, contender)
        if figures is None or one is None or figures.count <= 1:
            return None
        return max(figures.median(unit) - one.median(unit), 0.0) / (figures.count - 1)

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Session:
        """Read what `save` wrote; nothing where there is no file."""
        if not path.exists():
            return cls()
        document = json.loads(path.read_text(encoding="utf-8"))
        figures: Mapping[str, Mapping[str, dict[str, object]]] = document["figures"]
        read = {
            workload: {name: Figures(**one) for name, one in by_name.items()}  # type: ignore[arg-type]
            for workload, by_name in figures.items()
        }
        return cls(document["machine"], document["versions"], read)
