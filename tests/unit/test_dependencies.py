"""docs/reference/dependencies.md speaks of every dependency that pyproject.toml names, and of no other."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "dependencies.md").read_text(encoding="utf-8")
PROJECT: dict[str, Any] = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli").loads(
    (ROOT / "pyproject.toml").read_text(encoding="utf-8")
)["project"]


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~\[; ]", requirement)[0] for requirement in requirements}


def rows(heading: str) -> list[list[str]]:
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| `.*", section, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_what_is_always_installed() -> None:
    assert {row[0].strip("`") for row in rows("Always")} == names(PROJECT["dependencies"])


def test_what_an_extra_brings() -> None:
    told = {row[0].strip("`"): set(re.findall("`(.+?)`", row[1])) for row in rows("With an extra")}
    brought: dict[str, set[str]] = {}
    for extra, requirements in PROJECT["optional-dependencies"].items():
        for name in names(requirements):
            brought.setdefault(name, set()).add(extra)
    assert told == brought
