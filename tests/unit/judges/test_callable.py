from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from pytest_evalsuite.errors import ConfigurationError, JudgeError
from pytest_evalsuite.judges import JudgeRequest, Scale, Verdict
from pytest_evalsuite.judges._callable import CallableJudge

PASSED, POINTS, FRACTION = Scale(kind="passed"), Scale(kind="points"), Scale(kind="fraction")
LABEL, RULES = Scale(kind="label", labels=("good", "bad")), Scale(kind="rules", rules=("one", "two"))


def ask(function: Any, scale: Scale = FRACTION, **changes: Any) -> Verdict:
    request = JudgeRequest(
        **{
            "purpose": "quality",
            "scale": scale,
            "answer": "Paris",
            "question": "Where?",
            "expected": ("P", "Q"),
            **changes,
        }
    )
    return asyncio.run(CallableJudge("house", function).judge(request))


@pytest.mark.parametrize(
    ("found", "scale", "value", "reason"),
    [
        (True, PASSED, True, "judged by house"),
        (7, POINTS, 7, "judged by house"),
        (0.5, FRACTION, 0.5, "judged by house"),
        (1, FRACTION, 1.0, "judged by house"),
        ("good", LABEL, "good", "judged by house"),
        ([True, False], RULES, (True, False), "2: judged by house"),
        ({"reason": "close", "score": 0.5}, FRACTION, 0.5, "close"),
        ('{"reason": "close", "label": "bad"}', LABEL, "bad", "close"),
    ],
)
def test_each_form_of_a_verdict_is_taken(found: Any, scale: Scale, value: Any, reason: str) -> None:
    verdict = ask(lambda answer: found, scale)
    assert (verdict.value, verdict.reason, verdict.judge) == (value, reason, "house")


def test_a_verdict_is_taken_as_it_is() -> None:
    verdict = Verdict(value=0.3, reason="r", judge="me", cost=0.01)
    assert ask(lambda: verdict) is verdict


@pytest.mark.parametrize(
    ("found", "scale", "complaint"),
    [
        (None, FRACTION, "it returned None"),
        (11, POINTS, "from 1 to 10, not 11"),
        (True, FRACTION, "not True"),
        (1, PASSED, "true or false, not 1"),
        (float("nan"), FRACTION, "NaN is no JSON"),
        ("fine", LABEL, "not one JSON object"),
        ([True], RULES, "rules 1 to 2 in order"),
        ({"score": 0.5}, FRACTION, '"reason" must be a text'),
        ({"reason": "r", "score": object()}, FRACTION, "no JSON"),
        (b"yes", PASSED, "no JSON"),
    ],
)
def test_anything_else_is_an_error(found: Any, scale: Scale, complaint: str) -> None:
    with pytest.raises(JudgeError, match=f"could not be judged: house gave no verdict: .*({complaint})"):
        ask(lambda answer: found, scale)


def test_a_function_gets_by_name_what_it_takes() -> None:
    got: dict[str, Any] = {}

    def judge(question: str, *, expected: str, tier: str = "none", **more: Any) -> float:
        got.update(more, question=question, expected=expected, tier=tier)
        return 1.0

    said = [{"role": "user", "content": "Hello."}]
    ask(judge, criteria="c", guidelines=("g",), inputs={"a": 1}, context="x", language="de", history=said)
    assert got.pop("request").answer == "Paris"
    assert got == {
        "question": "Where?",
        "expected": "P",
        "tier": "none",
        "answer": "Paris",
        "criteria": "c",
        "guidelines": ("g",),
        "inputs": {"a": 1},
        "context": "x",
        "history": said,
        "language": "de",
    }


def test_an_answer_without_expectation_gives_none() -> None:
    assert ask(lambda expected: 1.0 if expected is None else 0.0, expected=()).value == 1.0


def test_coroutine_functions_and_objects_that_await_are_awaited() -> None:
    async def judge(answer: str) -> float:
        await asyncio.sleep(0)
        return 0.25

    class Judge:
        async def __call__(self, answer: str) -> float:
            return 0.5

    assert ask(judge).value == 0.25
    assert ask(Judge()).value == 0.5
    assert ask(lambda answer: judge(answer), FRACTION).value == 0.25  # noqa: PLW0108 - no coroutine function itself


def test_a_plain_function_does_not_block_the_loop() -> None:
    assert ask(lambda: 1.0 if threading.current_thread() is not threading.main_thread() else 0.0).value == 1.0


def test_what_a_function_raises_is_a_judge_s_error() -> None:
    def judge() -> float:
        raise KeyError("price")

    with pytest.raises(JudgeError, match="could not be judged: house raised KeyError: 'price'"):
        ask(judge)

    def hopeless() -> float:
        raise JudgeError("no credit", hopeless=True)

    with pytest.raises(JudgeError, match=r"^no credit$"):
        ask(hopeless)


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (lambda actual: 1.0, "requires 'actual'; it can take by name answer, context, criteria, expected,"),
        (lambda answer, /: 1.0, "requires 'answer'"),
        (dict.fromkeys, "requires"),
        (type, "does not say what it takes|requires"),
    ],
)
def test_a_function_that_wants_something_else_is_refused(function: Any, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=f"the judge 'house' .*{complaint}"):
        CallableJudge("house", function)
