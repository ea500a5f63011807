"""Brings the figures in the README and docs up to those that were measured; `make bench` and `make soak` run it.

Between the two ``benchmarks`` marks of the README, rows of RESULTS.md have ``what``, ``measured`` and ``asked`` alone.
To show another one, copy what it is called into a row there. The page on performance has whole tables.
"""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
RESULTS = Path(__file__).with_name("RESULTS.md")
PERFORMANCE = README.parent / "docs" / "explanation" / "performance.md"
TABLES = {
    "peers": Path(__file__).parent / "peers" / "RESULTS.md",
    "soak": Path(__file__).parent / "soak" / "RESULTS.md",
}


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
    page = PERFORMANCE.read_text(encoding="utf-8")
    for mark, source in TABLES.items():
        if source.exists():
            page = _between(page, mark, _tables(source.read_text(encoding="utf-8")))
    PERFORMANCE.write_text(page, encoding="utf-8")


def _tables(results: str) -> str:
    """From where it was measured on, each heading a level deeper."""
    text = results[results.index("Measured ") :]
    return re.sub(r"^#", "##", text, flags=re.MULTILINE).strip()


def _between(page: str, mark: str, text: str) -> str:
    return re.sub(
        rf"(<!-- {mark}:[^\n]*-->\n).*(<!-- /{mark})",
        lambda part: f"{part[1]}\n{text}\n\n{part[2]}",
        page,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    main()
