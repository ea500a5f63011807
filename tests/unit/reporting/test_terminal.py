from __future__ import annotations

from typing import Any

import pytest
from records import error, passed, record, run_of

from pytest_evalsuite.reporting.difference import cell_width
from pytest_evalsuite.reporting.terminal import summary_lines
from pytest_evalsuite.runs.run import Run

SKIPPED = record(status="skipped", score=None, checks=..., actual_response=..., execution_time_ms=...)


def lines_of(run: Run, *, width: int = 80, verbosity: int = 0, **more: Any) -> list[str]:
    return [line for line, _ in summary_lines(run, verbosity=verbosity, width=width, **more)]


def test_one_test_set_is_one_line_under_its_headings() -> None:
    run = run_of(("Refunds", "shop", [passed(), passed(), record(), error(execution_time_ms=...)]))
    assert lines_of(run)[:2] == [
        "test set  cases      passed  failed  errors  mean score     p50     p95",
        "Refunds       4  0.50 (2/4)       1       1   0.67 of 3  1.5 ms  1.5 ms",
    ]


def test_several_test_sets_have_a_total() -> None:
    lines = lines_of(run_of(("One", "shop", [passed()]), ("Two", "shop", [record(), passed()])))
    assert [line.split()[:3] for line in lines[1:4]] == [
        ["One", "1", "1.00"],
        ["Two", "2", "0.50"],
        ["total", "3", "0.67"],
    ]


def test_several_agents_have_a_column_and_one_is_named_below() -> None:
    several = lines_of(run_of(("One", "fast", [passed()]), ("One", "slow", [passed()])))
    assert several[0].split()[:3] == ["test", "set", "agent"]
    assert [line.split()[1] for line in several[1:3]] == ["fast", "slow"]
    assert lines_of(run_of(("One", "fast", [passed()])))[-1] == "run 20260102T030405Z-01234567, agent fast"


def test_known_failures_are_told_from_others() -> None:
    lines = lines_of(run_of(("One", "shop", [record(known_failure="typo"), record(), passed()])))
    assert "2 (1 known)" in lines[1]
    assert sum("score 0.00" in line for line in lines) == 1


def test_columns_that_have_nothing_to_say_are_not_there() -> None:
    plain = lines_of(run_of(("One", "shop", [passed()])))[0]
    full = lines_of(run_of(("One", "shop", [passed(usage={"input_tokens": 1200}, cost=0.5), SKIPPED])), width=120)
    assert not {"skipped", "tokens", "cost", "not run"} & set(plain.replace("not run", "not_run").split())
    assert full[0].split()[-2:] == ["tokens", "cost"]
    assert full[1].split()[-3:] == ["1,200", "in", "$0.50"]
    assert "skipped" in full[0]
    assert full[2] == "tokens 1,200 in, cost $0.50"


def test_an_error_has_no_score_and_counts_against_the_pass_rate() -> None:
    line = lines_of(run_of(("One", "shop", [passed(), error()])))[1]
    assert "0.50 (1/2)" in line
    assert "1.00 of 1" in line


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 200])
def test_figures_fit_whatever_the_width(width: int) -> None:
    sets = [
        (name, agent, [passed(), record(known_failure="x"), SKIPPED])
        for name in ("Short", "日本語 " * 4, "n" * 90)
        for agent in "ab"
    ]
    lines = lines_of(run_of(*sets), width=width)
    figures = lines[: lines.index(next(line for line in lines if line.startswith("run ")))]
    assert max(map(cell_width, figures)) <= max(width, 40)
    assert sum("total" in line for line in figures) == 1


def test_figures_of_six_sets_fit_eighty_columns_in_one_line_each() -> None:
    lines = lines_of(run_of(*((f"Test set number {n}", "shop", [passed()] * 100) for n in range(6))))
    assert [line.startswith("Test set number") for line in lines[1:7]] == [True] * 6
    assert max(map(cell_width, lines)) <= 80


def test_columns_of_wide_characters_are_aligned() -> None:
    lines = lines_of(run_of(("日本語", "shop", [passed()]), ("abc", "shop", [passed()])))
    assert len({cell_width(line) for line in lines[:4]}) == 1


def test_the_worst_failures_come_first_and_errors_after_them() -> None:
    records = [record(score=score) for score in (0.5, 0.1, 0.9)] + [error()]
    lines = lines_of(run_of(("One", "shop", records)))
    assert lines[lines.index("worst failures:") + 1 :][:4] == [
        "  score 0.10 < 1.00 (exact_match)  One.eval.yaml:4 case-1",
        "  score 0.50 < 1.00 (exact_match)  One.eval.yaml:3 case-0",
        "  score 0.90 < 1.00 (exact_match)  One.eval.yaml:5 case-2",
        "  error (agent): KeyError: '42'  One.eval.yaml:6 case-3",
    ]


def test_many_failures_are_named_when_asked_for() -> None:
    run = run_of(("One", "shop", [record()] * 9))
    assert "  ... and 4 more (-vv lists all)" in lines_of(run)
    assert sum("case-" in line for line in lines_of(run, verbosity=2)) == 9


def test_quiet_is_one_line() -> None:
    run = run_of(("One", "shop", [passed(), record(), SKIPPED]))
    (line,) = lines_of(run, verbosity=-1)
    assert line == (
        "eval: 3 cases, 1 passed, 1 failed, 0 errors, 1 skipped, pass rate 0.50 (1/2), mean score 0.50 of 2, "
        "p50 1.5 ms, p95 1.5 ms"
    )


def test_trouble_is_said_at_any_verbosity() -> None:
    run = run_of(("One", "shop", [passed()]), status="cancelled", error_message="interrupted\nmore")
    for verbosity in (-1, 0):
        lines = lines_of(run, verbosity=verbosity, problems=["cannot write x"])
        assert lines.count("run cancelled: interrupted") == 1
        assert lines.count("problem: cannot write x") == 1


def test_names_cannot_command_the_terminal() -> None:
    run = run_of(("::error::\x1b[2J", "\u202eagent", [record()]), name="\x1b]52;c;x\x07")
    for width in (40, 80, 200):
        for line in lines_of(run, width=width, files=["\x1b.json"]):
            assert line.isprintable()
            assert not line.lstrip().startswith("::")


@pytest.mark.parametrize(
    ("records", "colour"),
    [
        ([passed()], "green"),
        ([record(known_failure="x"), passed()], "green"),
        ([record()], "red"),
        ([SKIPPED], "yellow"),
    ],
)
def test_colours_say_whether_there_is_anything_to_do(records: list[dict[str, object]], colour: str) -> None:
    lines = summary_lines(run_of(("One", "shop", records)), verbosity=0, width=80)
    assert lines[1][1] == {colour: True}
