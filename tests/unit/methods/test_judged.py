"""The methods that ask a judge: what they ask, and what they make of its verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pytest_evalsuite.agents.reply import Usage
from pytest_evalsuite.errors import JudgeError, TestSetError
from pytest_evalsuite.judges import Bench, JudgeRequest, Verdict
from pytest_evalsuite.methods import Answer, Method, Score
from pytest_evalsuite.methods._judged import points_to_score, says_nothing
from pytest_evalsuite.methods.accuracy import Accuracy
from pytest_evalsuite.methods.agent_as_judge import AgentAsJudge
from pytest_evalsuite.methods.llm_judge import LlmJudge
from pytest_evalsuite.methods.rubric import Rubric
from pytest_evalsuite.methods.semantic_quality import SemanticQuality
from pytest_evalsuite.testsets import load_test_set

MakeAnswer = Callable[..., Answer]


class Recorder:
    """Gives one value to every request, and keeps them."""

    def __init__(self, value: Any, **more: Any) -> None:
        self.identity = "recorder"
        self.asked: list[JudgeRequest] = []
        self.verdict = Verdict(value=value, reason="because", judge=self.identity, **more)

    async def judge(self, request: JudgeRequest) -> Verdict:
        self.asked.append(request)
        return self.verdict


@pytest.fixture
def judged(answer: MakeAnswer) -> Callable[..., tuple[Score, JudgeRequest]]:
    """What a method makes of a verdict's value, and what it asked."""

    def run(method: Method, value: Any, *expected: str, **further: Any) -> tuple[Score, JudgeRequest]:
        judge = Recorder(value)
        made = answer("Within 30 days.", *expected, judges=Bench("r", {"r": judge}), **further)
        return asyncio.run(method.ascore(made)), judge.asked[0]

    return run


Judged = Callable[..., tuple[Score, JudgeRequest]]


@pytest.mark.parametrize(("points", "value"), [(1, 0.0), (5.5, 0.5), (7, 2 / 3), (10, 1.0)])
def test_points_are_spread_over_the_whole_scale(points: float, value: float) -> None:
    assert points_to_score(points) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", " \n", "...", "?!", "-", "$", "«»", "\u200b", "。", "\x00"])
def test_punctuation_says_nothing(text: str) -> None:
    assert says_nothing(text)


@pytest.mark.parametrize("text", ["a", "7", "👍", "✓", "はい", "ा अ", "½"])
def test_a_letter_a_digit_or_a_pictograph_says_something(text: str) -> None:
    assert not says_nothing(f" {text}.")


def test_semantic_quality_asks_for_a_fraction_against_what_is_expected(judged: Judged) -> None:
    found, asked = judged(SemanticQuality(), 0.8, "30 days", "a month", language="fr")
    assert (found.value, found.raw, found.reason, found.judge) == (0.8, 0.8, "because", "recorder")
    assert (asked.purpose, asked.scale.kind, asked.expected) == ("quality", "fraction", ("30 days", "a month"))
    assert (asked.question, asked.inputs, asked.answer, asked.language) == (
        "What?",
        {"tier": "gold"},
        "Within 30 days.",
        "fr",
    )


def test_guidelines_are_a_text_or_a_list(judged: Judged) -> None:
    assert judged(SemanticQuality(additional_guidelines="Be strict."), 1.0, "x")[1].guidelines == ("Be strict.",)
    assert judged(SemanticQuality(additional_guidelines=["a", "b"]), 1.0, "x")[1].guidelines == ("a", "b")


def test_llm_judge_follows_instructions_and_maps_labels(judged: Judged) -> None:
    found, asked = judged(LlmJudge(instructions="Is it polite?"), 0.4)
    assert (found.value, asked.purpose, asked.criteria, asked.scale.kind) == (
        0.4,
        "instructions",
        "Is it polite?",
        "fraction",
    )
    graded = LlmJudge(instructions="Polite?", labels={"yes": 1.0, "partly": 0.5, "no": 0.0})
    found, asked = judged(graded, "partly", "30 days")
    assert (found.value, found.raw, asked.scale.labels) == (0.5, "partly", ("yes", "partly", "no"))
    assert asked.expected == ("30 days",)


def test_accuracy_keeps_the_points(judged: Judged) -> None:
    found, asked = judged(Accuracy(additional_context="Spring sale"), 7, "30 days")
    assert (found.value, found.raw) == (points_to_score(7), 7)
    assert (asked.purpose, asked.scale.kind, asked.context) == ("accuracy", "points", "Spring sale")


def test_agent_as_judge_sees_no_expected_response(judged: Judged) -> None:
    found, asked = judged(AgentAsJudge(criteria="Is calm"), True, "30 days")
    assert (found.value, found.raw) == (1.0, True)
    assert (asked.purpose, asked.scale.kind, asked.criteria, asked.expected) == ("criteria", "passed", "Is calm", ())
    assert judged(AgentAsJudge(criteria="Is calm"), False)[0].value == 0.0
    found, asked = judged(AgentAsJudge(criteria="Is calm", scoring_strategy="numeric"), 10)
    assert (found.value, found.raw, asked.scale.kind) == (1.0, 10, "points")


RULES = Rubric(criteria=[{"rule": "is short", "weight": 3.0}, "is kind"], must=["names a day"], must_not=["lies"])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("met", "value", "raw"),
    [
        ((True, True, True, True), 1.0, "4/4"),
        ((False, True, True, True), 0.5, "3/4"),
        ((True, False, True, True), pytest.approx(5 / 6), "3/4"),
        ((True, True, False, True), 0.0, "3/4"),
        ((True, True, True, False), 0.0, "3/4"),
    ],
)
def test_a_rubric_weighs_its_rules_and_some_must_be_met(judged: Judged, met: Any, value: Any, raw: str) -> None:
    found, asked = judged(RULES, met)
    assert (found.value, found.raw) == (value, raw)
    assert asked.scale.rules == ("is short", "is kind", "names a day", "The answer does not do this: lies")
    assert [rule["met"] for rule in found.evidence["rules"]] == list(met)
    assert [rule["required"] for rule in found.evidence["rules"]] == [False, False, True, True]


@given(st.lists(st.tuples(st.floats(1e-6, 1e6), st.booleans()), min_size=1, max_size=30))
def test_a_rubric_s_score_stays_in_range(rules: list[tuple[float, bool]]) -> None:
    rubric = Rubric(criteria=[{"rule": "r", "weight": weight} for weight, _ in rules])  # type: ignore[misc]
    value, _ = rubric.to_score(Verdict(value=tuple(met for _, met in rules), reason="r", judge="j"))
    assert 0.0 <= value <= 1.0
    assert (value == 1.0) >= all(met for _, met in rules)


@pytest.mark.parametrize("method", [SemanticQuality(), AgentAsJudge(criteria="Is calm"), RULES])
@pytest.mark.parametrize(("text", "reason"), [("", "the answer is empty"), (" ...", "the answer says nothing")])
def test_an_answer_that_says_nothing_scores_0_without_a_judge(
    answer: MakeAnswer, method: Method, text: str, reason: str
) -> None:
    found = asyncio.run(method.ascore(answer(text, "30 days")))
    assert (found.value, found.reason, found.judge) == (0.0, reason, None)


def test_without_a_judge_there_is_no_score(answer: MakeAnswer) -> None:
    with pytest.raises(JudgeError, match="could not be judged: there is no judge"):
        asyncio.run(SemanticQuality().ascore(answer("30 days", "30 days")))


@pytest.mark.parametrize(
    ("method", "value"),
    [
        (SemanticQuality(), 1.5),
        (SemanticQuality(), "1.0"),
        (SemanticQuality(), True),
        (SemanticQuality(), float("nan")),
        (Accuracy(), 0.5),
        (Accuracy(), 11),
        (AgentAsJudge(criteria="c"), "false"),
        (AgentAsJudge(criteria="c"), 1),
        (LlmJudge(labels={"a": 1.0, "b": 0.0}), "c"),
        (RULES, (True,)),
    ],
)
def test_a_value_beyond_the_scale_is_an_error(judged: Judged, method: Method, value: Any) -> None:
    with pytest.raises(JudgeError, match=r"could not be judged: recorder gave .*, which is no verdict"):
        judged(method, value, "30 days")


def test_what_the_judge_said_and_took_is_kept(answer: MakeAnswer) -> None:
    usage = Usage(input_tokens=1, output_tokens=2)
    judge = Recorder(0.5, usage=usage, cost=0.25, notes=("odd",), raw_reply="x" * 9_000)
    made = answer("30 days", "x", judges=Bench("r", {"r": judge}))
    found = asyncio.run(SemanticQuality().ascore(made))
    assert (found.usage, found.cost) == (usage, 0.25)
    assert found.evidence == {"notes": ["odd"], "judge_reply": "x" * 5_000}


def test_the_options_say_who_is_asked() -> None:
    assert SemanticQuality().judge_names() == ()
    assert SemanticQuality(judge="a").judge_names() == ("a",)
    assert SemanticQuality(judges=["a", "b"]).judge_names() == ("a", "b")


@pytest.mark.parametrize(
    ("method", "options", "complaint"),
    [
        (SemanticQuality, {"judge": "a", "judges": ["a", "b"]}, "'judge' names one judge, 'judges' several"),
        (SemanticQuality, {"judges": ["a", "b", "a"]}, "'judges' names a judge twice"),
        (SemanticQuality, {"judges": ["a"]}, "at least 2 items"),
        (SemanticQuality, {"vote": "best"}, "'majority' or 'mean'"),
        (SemanticQuality, {"additional_guidelines": " "}, "at least 1 character"),
        (SemanticQuality, {"criteria": "x"}, "Extra inputs"),
        (LlmJudge, {"instructions": "..."}, "the instructions say nothing"),
        (LlmJudge, {"labels": {"a": 1.0, "b": 1.0}}, "at least two different scores"),
        (LlmJudge, {"labels": {"a": 1.5, "b": 0.0}}, "less than or equal to 1"),
        (Accuracy, {"threshold": 11}, "less than or equal to 10"),
        (Accuracy, {"threshold": 7.5}, "valid integer"),
        (AgentAsJudge, {}, "Field required"),
        (AgentAsJudge, {"criteria": "!"}, "the criteria say nothing"),
        (AgentAsJudge, {"criteria": "c", "threshold": 7}, "a threshold is for scoring_strategy: numeric"),
        (AgentAsJudge, {"criteria": "c", "scoring_strategy": "stars"}, "'binary' or 'numeric'"),
        (Rubric, {}, "a rubric has 1 to 30 rules in criteria, must and must_not, not 0"),
        (Rubric, {"must": [f"rule {number}" for number in range(31)]}, "not 31"),
        (Rubric, {"criteria": [{"rule": "r", "weight": 0.0}]}, "greater than 0"),
        (Rubric, {"criteria": [{"rule": "r", "wight": 1.0}]}, "Extra inputs"),
        (Rubric, {"must": [" "]}, "at least 1 character"),
    ],
)
def test_options_that_cannot_be_are_refused(method: type[Method], options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        method(**options)


@pytest.mark.parametrize(
    ("method", "needs"),
    [
        (SemanticQuality(), True),
        (Accuracy(), True),
        (LlmJudge(), True),
        (LlmJudge(instructions="Polite?"), False),
        (AgentAsJudge(criteria="c"), False),
        (RULES, False),
    ],
)
def test_an_expected_response_is_wanted_where_it_is_needed(method: Method, needs: bool) -> None:
    problem = method.problem(expected_responses=(), expected=None)
    assert problem == (f"{method.method} needs an expected_response" if needs else None)


def bar(tmp_path: Path, case: str, defaults: str = "") -> float:
    """The passing score of the last check of a case."""
    path = tmp_path / "set.eval.yaml"
    path.write_text(
        f"defaults: {{{defaults}}}\ncases:\n  - {{id: a, question: q, expected_response: x, {case}}}\n",
        encoding="utf-8",
    )
    return load_test_set(path).cases[0].checks[-1].passing_score


NUMERIC = "test_method: agent_as_judge, criteria: c, scoring_strategy: numeric"


@pytest.mark.parametrize(
    ("case", "defaults", "expected"),
    [
        ("test_method: accuracy", "", points_to_score(7)),
        ("test_method: accuracy", "passing_score: 0.9", 0.9),
        ("test_method: accuracy, threshold: 8", "", points_to_score(8)),
        ("test_method: accuracy, threshold: 8", "passing_score: 0.9", points_to_score(8)),
        ("test_method: accuracy, passing_score: 0.5", "passing_score: 0.9", 0.5),
        (NUMERIC, "", points_to_score(7)),
        (f"{NUMERIC}, threshold: 9", "passing_score: 0.1", points_to_score(9)),
        (f"{NUMERIC}, passing_score: 0.5", "passing_score: 0.9", 0.5),
        ("test_method: agent_as_judge, criteria: c", "passing_score: 0.2", 1.0),
        ("test_method: semantic_quality, threshold: 0.6", "passing_score: 0.9", 0.6),
        ("test_method: rubric, must: [kind]", "", 0.7),
        ("passing_score: 0.5, checks: [{method: accuracy, threshold: 8}]", "", points_to_score(8)),
        ("passing_score: 0.5, checks: [{method: accuracy}]", "passing_score: 0.9", 0.5),
        ("checks: [{method: accuracy, passing_score: 0.4}]", "passing_score: 0.9", 0.4),
    ],
)
def test_the_bar_is_the_nearest_one(tmp_path: Path, case: str, defaults: str, expected: float) -> None:
    assert bar(tmp_path, case, defaults) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("case", "complaint"),
    [
        ("test_method: accuracy, threshold: 8, passing_score: 0.5", "mean the same: keep one"),
        ("test_method: accuracy, threshold: 0.7", "expected a whole number, not 0.7"),
        ("test_method: accuracy, threshold: 11", "expected a number of at most 10, not 11"),
        ("test_method: agent_as_judge", "agent_as_judge needs the option 'criteria'"),
        ("test_method: agent_as_judge, critera: c", "did you mean 'criteria'"),
        ("test_method: llm_judge, labels: {good: 2, bad: 0}", "labels.good: expected a number of at most 1.0, not 2"),
        ("test_method: semantic_quality, vote: best", "'majority' or 'mean', not 'best'"),
        ("test_method: rubric", "a rubric has 1 to 30 rules"),
    ],
)
def test_mistakes_are_told_as_a_test_set_s(tmp_path: Path, case: str, complaint: str) -> None:
    with pytest.raises(TestSetError, match=complaint):
        bar(tmp_path, case)


def test_labels_and_texts_are_kept_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "set.eval.yaml"
    path.write_text(
        "cases: [{id: a, question: q, test_method: llm_judge, instructions: 017, labels: {yes: 1, no: 0}}]",
        encoding="utf-8",
    )
    method = load_test_set(path).cases[0].checks[0].method
    assert isinstance(method, LlmJudge)
    assert (method.instructions, method.labels) == ("017", {"yes": 1.0, "no": 0.0})
