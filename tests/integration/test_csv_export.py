"""Results as CSV: columns that people know, texts that stay texts, numbers that stay numbers."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from suites import Suite

AGENTS = r"""
    ANSWERS = {
        "formula": "=cmd|' /C calc'!A0",
        "quotes": 'say "hi", or\r\nnot;',
        "nul": "a\x00b",
        "number": "-5",
        "unicode": "日本語 🙂 é",
    }

    def answering(question):
        if question == "raise":
            raise RuntimeError("+no")
        return ANSWERS[question]
"""


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8"), newline=""), strict=True))


@pytest.fixture
def exported(suite: Suite) -> dict[str, dict[str, str]]:
    """The rows of an export, by case id."""
    suite.write("agents.py", AGENTS)
    suite.configure(agents=("answering = agents:answering",))
    names = ("formula", "quotes", "nul", "number", "unicode", "raise")
    suite.cases(*(f"{name}: {name} -> =1+1" for name in names))
    suite.run("--eval-csv=run.csv")
    return {row["case_id"]: row for row in rows(suite.path / "run.csv")}


def test_every_result_is_a_row_in_the_order_of_the_test_set(exported: dict[str, dict[str, str]]) -> None:
    assert list(exported) == ["formula", "quotes", "nul", "number", "unicode", "raise"]
    assert list(exported["formula"])[:8] == [
        "question",
        "expected_response",
        "actual_response",
        "status",
        "score",
        "reasoning",
        "execution_time_ms",
        "error",
    ]


def test_no_answer_becomes_a_formula(exported: dict[str, dict[str, str]]) -> None:
    assert exported["formula"]["actual_response"] == "'=cmd|' /C calc'!A0"
    assert exported["formula"]["expected_response"] == "'=1+1"
    assert exported["raise"]["error"] == "'+no"


def test_texts_and_numbers_survive(exported: dict[str, dict[str, str]]) -> None:
    assert exported["quotes"]["actual_response"] == 'say "hi", or\r\nnot;'
    assert exported["unicode"]["actual_response"] == "日本語 🙂 é"
    assert exported["nul"]["actual_response"] == "a\u2400b"
    assert exported["number"]["actual_response"] == "-5"


def test_what_is_not_known_is_empty(exported: dict[str, dict[str, str]]) -> None:
    broken = exported["raise"]
    assert (broken["status"], broken["actual_response"], broken["score"]) == ("error", "", "")
    assert (exported["number"]["score"], exported["number"]["error"]) == ("0.0", "")
    assert float(exported["number"]["execution_time_ms"]) >= 0


def test_the_export_can_be_evaluated_again_as_a_test_set(suite: Suite) -> None:
    suite.cases("a: one -> one", "b: two, and -> two, and")
    suite.run("--eval-csv=run.csv")
    columns = ("question", "expected_response", "test_method")
    kept = [{name: row[name] for name in columns} for row in rows(suite.path / "run.csv")]
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns)
    writer.writeheader()
    writer.writerows(kept)
    suite.write("again.eval.csv", buffer.getvalue())
    suite.run("again.eval.csv").assert_outcomes(passed=2)
