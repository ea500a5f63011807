from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reference" / "robustness.md"
NAMED = re.compile(r"`((?:unit|integration)/[\w/]+\.py)(?:::(\w+))?`")


def functions(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)}


def test_every_test_that_the_page_names_is_there() -> None:
    named = NAMED.findall(PAGE.read_text("utf-8"))
    assert len(named) > 100
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not (TESTS / file).is_file() or (test and test not in functions(TESTS / file))
    ]
    assert missing == []


def test_every_line_names_a_test_or_says_why_not() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ") and "Shown by" not in line]
    assert len(rows) >= 80
    without = [row for row in rows if not NAMED.search(row)]
    assert all(row.endswith(" | - |") for row in without)
    assert len(without) <= 3
