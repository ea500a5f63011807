"""Several machines evaluate parts of a suite, and the parts become the whole."""

from __future__ import annotations

from itertools import permutations

import pytest
from suites import Suite, without_varying

from pytest_evalsuite.cli.main import main


@pytest.fixture
def many(suite: Suite) -> Suite:
    suite.configure(agents=("echo = agents:echo", "other = agents:async_echo"))
    suite.cases(*(f"{number}: q{number} -> q{number % 7}" for number in range(12)), name="a.eval.yaml")
    suite.cases("only: one -> one", name="b.eval.yaml")
    return suite


def shards(suite: Suite, count: int, *options: str) -> list[str]:
    names = [f"{number}.json" for number in range(1, count + 1)]
    for number, name in enumerate(names, 1):
        suite.run(f"--eval-shard={number}/{count}", f"--eval-json={name}", "--eval-agent=echo", *options)
    return names


def merge(*names: str) -> int:
    return main(["merge", *names, "--output", "merged.json"])


@pytest.mark.parametrize("agents", [(), ("--eval-agent=other",)], ids=["one agent", "two agents"])
def test_shards_are_what_one_machine_would_have_given(many: Suite, agents: tuple[str, ...]) -> None:
    names = shards(many, 3, *agents)
    many.run("--eval-json=whole.json", "--eval-agent=echo", *agents)
    assert merge(*names) == 1, "cases failed"
    whole, merged = (without_varying(many.artifact(name)) for name in ("whole.json", "merged.json"))
    assert merged == whole
    counts = [len(many.results(name)) for name in names]
    assert sum(counts) == 13


def test_their_order_does_not_matter(many: Suite) -> None:
    names = shards(many, 3)
    texts = set()
    for order in permutations(names):
        merge(*order)
        texts.add((many.path / "merged.json").read_text().partition('"evaluations"')[2])
    assert len(texts) == 1


def test_a_shard_without_cases_is_a_shard(suite: Suite) -> None:
    suite.cases("a: one -> one")
    codes = [suite.run(f"--eval-shard={number}/4", f"--eval-json={number}.json").ret for number in range(1, 5)]
    assert codes == [0, 0, 0, 0]
    assert merge("1.json", "2.json", "3.json", "4.json") == 0
    assert suite.statuses("merged.json") == {"a": "passed"}


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ((1, 2), "shard 3 of 3 is missing"),
        ((1, 2, 3, 3), "shard 3 of 3 is there twice"),
    ],
)
def test_shards_that_do_not_make_a_whole_are_refused(
    many: Suite, chosen: tuple[int, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shards(many, 3)
    capsys.readouterr()
    assert merge(*(f"{number}.json" for number in chosen)) == 1
    assert message in capsys.readouterr().err
    assert not (many.path / "merged.json").exists()


def test_shards_of_different_suites_are_refused(many: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    shards(many, 2)
    many.cases("only: two -> two", name="b.eval.yaml")
    many.run("--eval-shard=2/2", "--eval-json=2.json", "--eval-agent=echo")
    capsys.readouterr()
    assert merge("1.json", "2.json") == 1
    assert "shards of different suites" in capsys.readouterr().err


def test_a_shard_that_was_not_finished_is_refused(many: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    shards(many, 2)
    many.run("--eval-shard=2/2", "--eval-json=2.json", "--eval-agent=echo", "-x")
    capsys.readouterr()
    assert merge("1.json", "2.json") == 1
    assert "is cancelled: go on with it before it is merged" in capsys.readouterr().err


def test_shards_are_named_as_any_run(many: Suite) -> None:
    for number in (1, 2):
        many.run(f"--eval-shard={number}/2", f"--eval-run-name=part-{number}", "--eval-agent=echo")
    many.run("--eval-json=whole.json", "--eval-agent=echo")
    assert merge("part-2", "part-1") == 1, "cases failed"
    assert without_varying(many.artifact("merged.json")) == without_varying(many.artifact("whole.json"))


def test_the_whole_is_held_to_the_gate_that_no_shard_was(many: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    text = (many.path / "a.eval.yaml").read_text()
    many.write("a.eval.yaml", "gate: {pass_rate: 0.9}\n" + text)
    merge(*shards(many, 2))
    gate = many.artifact("merged.json")["gate"]
    assert (gate["verdict"], gate["passed"], gate["fail_on"]) == ("failed", False, "any")
    assert [(bar["test_set"], bar["passed"]) for bar in gate["bars"]] == [("a.eval.yaml", False)]
    assert many.artifact("1.json")["gate"]["bars"] == []


def test_the_whole_is_a_run_to_compare_and_accept(many: Suite) -> None:
    merge(*shards(many, 2))
    many.run("--eval-json=whole.json", "--eval-agent=echo")
    assert main(["baseline", "accept", "merged.json", "--to", "base.json"]) == 0
    assert main(["compare", "base.json", "whole.json", "--fail-on", "regression"]) == 0
    assert main(["baseline", "accept", "1.json", "--to", "base.json"]) == 1, "it is but a part"


def test_what_is_no_shard_is_refused(many: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    many.run("--eval-json=whole.json", "--eval-agent=echo")
    capsys.readouterr()
    assert merge("whole.json") == 1
    assert "is no shard" in capsys.readouterr().err


def test_workers_and_shards_go_together(many: Suite) -> None:
    for number in (1, 2):
        many.run_subprocess(f"--eval-shard={number}/2", f"--eval-json={number}.json", "--eval-agent=echo", "-n2")
    merge("1.json", "2.json")
    assert len(many.results("merged.json")) == 13


@pytest.mark.parametrize("text", ["3/2", "0/2", "a/b", "1"])
def test_a_shard_that_cannot_be_is_a_usage_error(suite: Suite, text: str) -> None:
    suite.cases("a: one -> one")
    result = suite.run(f"--eval-shard={text}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--eval-shard: expected I/N*"])
