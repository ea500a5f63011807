"""What an evaluation keeps of both sides, and how far it says that it has come."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
from records import error, passed, record, run_of

from pytest_evalsuite.agents.version import described
from pytest_evalsuite.runs.artifact import evaluation_head, evaluation_status
from pytest_evalsuite.runs.configuration import agent_configuration, configuration_of
from pytest_evalsuite.runs.recorder import CI_USERS, Recorder
from pytest_evalsuite.testsets import load_test_set

NOT_RUN = record(status="not_run", score=None, cause={"kind": "stopped", "message": "m"}, started_at=...)


@pytest.mark.parametrize(
    ("of_run", "records", "status"),
    [
        ("succeeded", [passed(), error(), record()], "succeeded"),
        ("failed", [passed()], "succeeded"),
        ("running", [NOT_RUN, NOT_RUN], "pending"),
        ("running", [passed(), NOT_RUN], "running"),
        ("running", [passed(), passed()], "succeeded"),
        ("cancelled", [passed(), NOT_RUN], "cancelled"),
        ("interrupted", [passed(), NOT_RUN], "failed"),
        ("failed", [NOT_RUN], "failed"),
    ],
)
def test_an_evaluation_says_how_far_it_has_come(of_run: str, records: list[dict[str, Any]], status: str) -> None:
    run = run_of(("a", "x", records), status=of_run, error_message="why")
    (evaluation,) = run.evaluations
    assert evaluation_status(run, evaluation) == status
    head = evaluation_head(run, evaluation)
    assert head["error_message"] == (None if status == "succeeded" else "why")
    assert (head["completed_at"] is None) == (status in ("pending", "running") or NOT_RUN in records[:1])


def test_an_evaluation_lasts_from_its_first_question_to_its_last_answer() -> None:
    times = [
        ("2026-01-02T03:04:09.000Z", "2026-01-02T03:04:10.000Z"),
        ("2026-01-02T03:04:05.000Z", "2026-01-02T03:04:06.000Z"),
    ]
    records = [passed(started_at=start, completed_at=end) for start, end in times]
    run = run_of(("a", "x", records), ("b", "x", [passed(started_at=..., completed_at=...)]))
    first, second = (evaluation_head(run, evaluation) for evaluation in run.evaluations)
    assert (first["started_at"], first["completed_at"]) == (times[1][0], times[0][1])
    assert (second["started_at"], second["completed_at"]) == (None, None)


@pytest.mark.parametrize("target", ["https://me:secret@host/agent", {"key": "secret"}, None, "python -c secret"])
def test_a_target_that_is_no_name_of_code_is_not_kept(target: Any) -> None:
    kept = agent_configuration("bot", target, "support.bot:Bot", "1")
    assert kept["target"] == "support.bot:Bot"
    assert "secret" not in str(kept)
    assert agent_configuration("bot", "a.b:c.d", "x:y", None)["target"] == "a.b:c.d"


def test_an_agent_is_described_by_its_definition() -> None:
    class Bot:
        def run(self) -> None: ...

    here = f"{__name__}:test_an_agent_is_described_by_its_definition.<locals>.Bot"
    assert described(Bot) == described(Bot()) == here
    assert described(Bot().run) == f"{here}.run"
    assert described(functools.partial(Bot)) == here
    assert described(len).endswith(":builtin_function_or_method")


def test_what_is_kept_of_a_method_is_what_its_checks_share(tmp_path: Path) -> None:
    path = tmp_path / "t.eval.yaml"
    path.write_text(
        """
language: de
cases:
- {question: a, test_method: keyword_match, keywords: [x], passing_score: 0.5}
- {question: b, test_method: keyword_match, keywords: [y], passing_score: 0.6}
- {question: c, expected_response: c, test_method: exact_match}
"""
    )
    kept = configuration_of(load_test_set(path))
    assert kept["evaluator"]["type"] == ["exact_match", "keyword_match"]
    shared = kept["evaluator"]["config"]
    assert shared["exact_match"] == {"options": {"normalize": ["strip"]}, "passing_score": 1.0}
    assert "keywords" not in shared["keyword_match"]["options"]
    assert shared["keyword_match"]["passing_score"] is None
    assert (kept["mapping_type"], kept["mapping"]) == (None, None)
    assert (kept["test_set"]["cases"], kept["test_set"]["language"]) == (3, "de")


def test_a_run_is_created_by_whom_the_ci_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CI_USERS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOGNAME", "me")
    assert Recorder(tmp_path, name=None, versions={}).settle([]).info["created_by"] == "me"
    monkeypatch.setenv("GITHUB_ACTOR", "them")
    assert Recorder(tmp_path, name=None, versions={}).settle([]).info["created_by"] == "them"
