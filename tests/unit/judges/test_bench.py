from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from pytest_evalsuite.errors import ConfigurationError, JudgeError
from pytest_evalsuite.judges import Bench, JudgeRequest, Scale, Verdict
from pytest_evalsuite.judges._embedded import EmbeddedJudge


@pytest.fixture(autouse=True)
def a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-none")


class House:
    identity = "house rules 3"

    async def judge(self, request: JudgeRequest) -> Verdict:
        return Verdict(value=1.0, reason="fine", judge=self.identity)


def test_a_judge_is_found_by_each_kind_of_name() -> None:
    house = House()
    bench = Bench("small", {"small": "openai:tiny", "house": house, "fun": lambda answer: 1.0, "best": "house"})
    assert bench.get().identity.startswith("openai:tiny prompts:")
    assert bench.get() is bench.get(["small"]) is bench.get(["openai:tiny"])
    assert bench.get(["anthropic:opus"]).identity.startswith("anthropic:opus prompts:")
    assert bench.get(["house"]) is bench.get(["best"]) is house
    assert bench.get(["fun"]).identity == "fun"
    assert isinstance(bench.get(["embedded"]), EmbeddedJudge)
    assert bench.get(["house", "fun"], "mean").identity == "mean of house rules 3, fun"


def test_a_name_may_be_that_of_what_it_replaces() -> None:
    house = House()
    assert Bench(None, {"embedded": house}).get(["embedded"]) is house
    assert Bench(None, {"openai:x": "openai:x"}).get(["openai:x"]).identity.startswith("openai:x ")


def test_further_names_win_and_models_are_shared() -> None:
    bench = Bench("j", {"j": "openai:tiny"})
    house = House()
    other = bench.with_names({"j": house})
    assert other.get() is house
    assert bench.get() is other.get(["openai:tiny"])
    assert bench.with_names({}) is bench


@pytest.mark.parametrize(
    ("named", "name", "complaint"),
    [
        ({}, "opnai:gpt", r"unknown judge 'opnai:gpt'; did you mean openai:gpt\?"),
        ({"house": House()}, "hose", r"unknown judge 'hose'; did you mean house\? \(known: .*embedded, house, "),
        ({}, "openai:", "unknown judge 'openai:'"),
        ({}, "", "unknown judge ''"),
        ({"a": "b"}, "a", "unknown judge 'b'"),
        ({"a": "b", "b": "c", "c": "b"}, "a", "in a circle: a = b = c = b"),
        ({"a": "a"}, "a", "unknown judge 'a'"),
        ({"a": 3}, "a", "the judge 'a' is 3; expected a function, or an object with judge and identity"),
        ({"a": House}, "a", "the judge 'a' is the class House; name an instance"),
        ({"a": lambda actual: 1}, "a", "the judge 'a' requires 'actual'"),
    ],
)
def test_a_judge_that_cannot_be_had_is_refused(named: dict[str, Any], name: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        Bench(None, named).get([name])


def test_no_judge_at_all_names_the_ways_out() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Bench().get()
    for way in ("--eval-judge openai:<model>", "pytest_evalsuite_judges", "evalsuite_judge", "--eval-judge embedded"):
        assert way in str(caught.value)


def test_a_model_needs_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(ConfigurationError, match="openai:tiny needs OPENAI_API_KEY, or OPENAI_BASE_URL"):
        Bench("openai:tiny").get()
    with pytest.raises(ConfigurationError, match=r"anthropic:opus needs ANTHROPIC_API_KEY$"):
        Bench("anthropic:opus").get()
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert Bench("openai:tiny").get().identity


def test_a_model_needs_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_evalsuite.extras.find_spec", lambda name: None)
    missing = r"openai:tiny needs openai, which is not installed: pip install 'pytest-evalsuite\[judge\]'"
    with pytest.raises(ConfigurationError, match=missing):
        Bench("openai:tiny").get()
    with pytest.raises(ConfigurationError, match=r"pip install 'pytest-evalsuite\[anthropic\]'"):
        Bench("anthropic:opus").get()


def test_prompts_are_read_when_a_model_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "quality.md").write_text("no form", encoding="utf-8")
    bench = Bench("openai:tiny", prompts=tmp_path)
    with pytest.raises(ConfigurationError, match="must say"):
        bench.get()


def embedded(answer: str, *expected: str, kind: Any = "fraction", purpose: Any = "quality") -> Verdict:
    request = JudgeRequest(purpose=purpose, scale=Scale(kind=kind), answer=answer, expected=expected)
    return asyncio.run(EmbeddedJudge().judge(request))


def test_the_stand_in_compares_words_and_says_what_it_cannot_see() -> None:
    verdict = embedded("You can return it within 30 days.", "no idea", "30 days")
    assert verdict.value == 1.0
    assert "the words are 100% alike" in verdict.reason
    assert "a contradiction" in verdict.reason
    assert verdict.notes == ("words were compared: a contradiction, a wrong detail or a missing 'not' goes unseen",)
    assert embedded("bananas", "30 days").value < 0.4
    assert embedded("30 days", "30 days", kind="points", purpose="accuracy").value == 10


@pytest.mark.parametrize(("purpose", "expected"), [("criteria", ("30 days",)), ("quality", ()), ("rubric", ())])
def test_the_stand_in_judges_nothing_else(purpose: str, expected: tuple[str, ...]) -> None:
    with pytest.raises(JudgeError, match="need a model: --eval-judge openai:<model>"):
        embedded("30 days", *expected, purpose=purpose)
