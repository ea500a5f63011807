"""Brings the figures in the README up to those in RESULTS.md; `make bench` runs it at its end.

Between the two ``benchmarks`` marks of the README, rows of RESULTS.md have ``what``, ``measured`` and ``asked`` alone.
To show another one, copy what it is called into a row there.
"""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
RESULTS = Path(__file__).with_name("RESULTS.md")


def cells(line: str) -> list[str]:
    """The cells of a row of a Markdown table; none for any other line."""
    return [cell.strip() for cell in line.strip("| ").split(" | ")] if line.startswith("|") else []


def main() -> None:
    """Rewrite the rows. A row that RESULTS.md does not have is a KeyError."""
    rows = [cells(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]
    figures = {row[0]: (row[3], row[4]) for row in rows if len(row) == 6}

    def renewed(part: re.Match[str]) -> str:
        lines = part[0].split("\n")
        for number, line in enumerate(lines):
            what = next(iter(cells(line)), "")
            if what and what != "what" and not what.startswith("---"):
                lines[number] = f"| {what} | {' | '.join(figures[what])} |"
        return "\n".join(lines)

    text = README.read_text(encoding="utf-8")
    README.write_text(re.sub(r"<!-- benchmarks.*<!-- /benchmarks", renewed, text, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
