"""A day of assessments by two people, as the example suite `assessed` tells it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import processes
import pytest
from suites import Suite

from pytest_evalsuite.cli.main import main

ROOT = Path(__file__).parents[2]
FOLDER = "example_suites/assessed"


@pytest.fixture
def library(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A copy of the example suite, below the configuration of this checkout."""
    (suite.path / "pytest.ini").unlink()
    shutil.copy(ROOT / "pyproject.toml", suite.path)
    shutil.copytree(ROOT / FOLDER, suite.path / FOLDER, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(suite.path)
    return suite


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """What `evalsuite assess` prints, as JSON where that is asked for."""

    def run(*arguments: str) -> Any:
        capsys.readouterr()
        assert main(["assess", *arguments]) == 0
        written = capsys.readouterr().out
        return json.loads(written) if "--json" in arguments else written

    return run


def test_two_people_assess_a_run_and_what_they_say_becomes_what_is_expected(
    library: Suite, told: Callable[..., Any]
) -> None:
    code, written = processes.run(library, FOLDER, "-q")
    assert code == 0
    assert "7 passed, 2 xfailed" in written
    told("export", "latest", "--to", "sheet.csv")
    assert len(Path("sheet.csv").read_text(encoding="utf-8-sig").splitlines()) == 1 + 9

    for name, count in (("ann", 19), ("ben", 15)):
        sheet = ("import", "latest", f"{FOLDER}/{name}.csv", "--by", name, "--json")
        assert told(*sheet) == {"created": count, "updated": 0, "unchanged": 0, "mistakes": []}
        assert told(*sheet) == {"created": 0, "updated": 0, "unchanged": count, "mistakes": []}

    found = told("agreement", "latest", "--json")
    assert found["overall"]["counts"] == {"yes_yes": 5, "yes_no": 1, "no_yes": 1, "no_no": 1}
    assert found["overall"]["kappa"] == pytest.approx(1 / 3, abs=1e-6)
    assert {one["case_id"] for one in found["differences"]} == {"printing", "lost-book"}
    assert [one["case_id"] for one in found["divided"]] == ["reserve"]
    assert [(one["authors"], one["n"]) for one in found["people"]] == [(["ann", "ben"], 8)]

    code, written = processes.run(library, FOLDER, "-q", "--eval-human-verdicts")
    assert code == 1
    assert "6 passed, 2 xfailed" in written
    assert "rejected by ben: wrong" in written

    test_set = library.path / FOLDER / "desk.eval.yaml"
    before = test_set.read_text(encoding="utf-8").splitlines()
    for case in ("lost-book", "printing"):
        assert "+  - {id: " in told("promote", "latest~1", case)
    after = test_set.read_text(encoding="utf-8").splitlines()
    assert [old.split(",")[0].strip() for old, new in zip(before, after, strict=True) if old != new] == [
        "- {id: printing",
        "- {id: lost-book",
    ]
    code, written = processes.run(library, FOLDER, "-q")
    assert code == 1
    assert "XPASS(strict)" in written  # its xfail can go
    assert "lost-book" in written
