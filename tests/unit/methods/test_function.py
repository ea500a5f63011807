from __future__ import annotations

import asyncio
import functools
import math
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import pytest
from pydantic import ValidationError

from pytest_evalsuite.errors import ConfigurationError, MethodError
from pytest_evalsuite.methods import Answer, Method, MethodRegistry, Score

if TYPE_CHECKING:
    from types import SimpleNamespace as OnlyForTypeCheckers


def method(function: Callable[..., Any], **options: Any) -> Method:
    return MethodRegistry().register("custom", function)(**options)


def test_known_parameters_are_filled_by_name(score: Callable[..., Score]) -> None:
    seen = {}

    def look(*, question, inputs, actual, output, answer, reply, metadata, expected_responses, expected):  # type: ignore[no-untyped-def]
        seen.update(locals())
        return True

    score(method(look), {"a": 1}, "x", "y", metadata={"owner": "billing"})
    assert seen.pop("seen") is seen
    answer, reply = seen.pop("answer"), seen.pop("reply")
    assert isinstance(answer, Answer)
    assert answer.reply is reply
    assert seen == {
        "question": "What?",
        "inputs": {"tier": "gold"},
        "actual": "{'a': 1}",
        "output": {"a": 1},
        "metadata": {"owner": "billing"},
        "expected_responses": ("x", "y"),
        "expected": "x",
    }


def test_the_other_parameters_are_validated_options(score: Callable[..., Score]) -> None:
    def within(actual: str, limit: int, *, unit: Literal["word", "character"] = "word", note=None) -> bool:  # type: ignore[no-untyped-def]
        return len(actual.split() if unit == "word" else actual) <= limit

    assert score(method(within, limit=2), "two words").value == 1.0
    assert score(method(within, limit=2, unit="character", note=[1]), "two words").value == 0.0
    for wrong in ({}, {"limit": "2"}, {"limit": 2, "unit": "line"}, {"limit": 2, "limt": 3}):
        with pytest.raises(ValidationError):
            method(within, **wrong)


def test_text_options_keep_their_text() -> None:
    def f(actual: str, code: str, codes: list[str], maybe: str | None = None, count: int = 1) -> bool:
        return True

    assert MethodRegistry().register("custom", f).text_options() == {"code", "codes", "maybe"}


@pytest.mark.parametrize(
    ("returned", "value", "raw"),
    [(True, 1.0, True), (False, 0.0, False), (0.25, 0.25, None), (1, 1.0, None), (Score(0.5, "half", 3), 0.5, 3)],
)
def test_a_bool_a_number_or_a_score_is_a_score(
    score: Callable[..., Score], returned: Any, value: float, raw: Any
) -> None:
    scored = score(method(lambda actual: returned), "x")
    assert (scored.value, scored.raw) == (value, raw)


@pytest.mark.parametrize(
    ("returned", "named"),
    [
        (None, "None"),
        (11, "11, which is not in 0..1"),
        (-0.1, "-0.1, which is not in 0..1"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        ("0.5", "a str"),
        ({"score": 1}, "a dict"),
        (Decimal("0.5"), "a Decimal"),
    ],
)
def test_anything_else_is_an_error_that_names_it(score: Callable[..., Score], returned: Any, named: str) -> None:
    with pytest.raises(MethodError, match=f"^method 'custom' returned {named}; expected True or False"):
        score(method(lambda actual: returned), "x")


def test_an_expectation_is_needed_only_where_a_parameter_has_no_default() -> None:
    nothing: dict[str, Any] = {"expected_responses": (), "expected": None}
    structured: dict[str, Any] = {"expected_responses": (), "expected": {"a": 1}}
    assert method(lambda actual: True).problem(**nothing) is None
    assert method(lambda actual, expected="x": True).problem(**nothing) is None
    wants = method(lambda actual, expected: True)
    assert wants.problem(**nothing) == "custom needs an expected_response, or expected"
    assert wants.problem(**structured) is None
    texts = method(lambda actual, expected_responses: True)
    assert texts.problem(**structured) == "custom needs an expected_response"
    assert texts.problem(expected_responses=("a",), expected=None) is None


def test_a_default_expectation_stands_where_the_case_has_none(score: Callable[..., Score]) -> None:
    same = method(lambda actual, expected="yes": actual == expected)
    assert score(same, "yes").value == 1.0
    assert score(same, "yes", "no").value == 0.0


def test_any_one_of_several_expected_responses_is_right(score: Callable[..., Score]) -> None:
    calls = []

    def same(actual: str, expected: str) -> float:
        calls.append(expected)
        return 1.0 if actual == expected else 0.5

    assert score(method(same), "b", "a", "b", "c").value == 1.0
    assert calls == ["a", "b"]
    assert score(method(same), "z", "a", "b").value == 0.5


def test_an_async_function_is_awaited(answer: Callable[..., Answer]) -> None:
    async def same(actual: str, expected: str) -> bool:
        await asyncio.sleep(0)
        return actual == expected

    made = method(same)
    assert made.is_async
    assert made.score(answer("b", "a", "b")).value == 1.0
    assert asyncio.run(made.ascore(answer("c", "a", "b"))).value == 0.0


def test_a_plain_function_can_be_awaited_too(answer: Callable[..., Answer]) -> None:
    made = method(lambda actual: True)
    assert not made.is_async
    assert asyncio.run(made.ascore(answer("x"))).value == 1.0


def test_a_coroutine_from_a_plain_function_is_named(answer: Callable[..., Answer]) -> None:
    async def late(actual: str) -> bool:
        return True

    with pytest.raises(MethodError, match="returned a coroutine: declare its function with async def"):
        method(lambda actual: late(actual[:1])).score(answer("x"))


class WithinLimit:
    async def __call__(self, actual: str, limit: int = 3) -> bool:
        return len(actual) <= limit


def test_callable_objects_and_partials_are_functions_too(score: Callable[..., Score]) -> None:
    assert method(WithinLimit()).is_async
    assert score(method(WithinLimit(), limit=1), "x").value == 1.0

    def longer(actual: str, limit: int) -> bool:
        return len(actual) > limit

    assert score(method(functools.partial(longer, limit=5)), "abc").value == 0.0
    assert score(method(functools.partial(longer, limit=5), limit=1), "abc").value == 1.0


def test_types_of_filled_parameters_need_not_exist_at_run_time(score: Callable[..., Score]) -> None:
    def f(answer: OnlyForTypeCheckers, limit: int = 1) -> bool:
        return True

    assert score(method(f, limit=2), "x").value == 1.0


def test_what_a_function_raises_passes_through(score: Callable[..., Score]) -> None:
    def broken(actual: str) -> bool:
        raise LookupError("no table")

    with pytest.raises(LookupError, match="no table"):
        score(method(broken), "x")


class Plain: ...


def unusable_type(actual: str, limit: Plain) -> bool:
    return True


def missing_type(actual: str, limit: OnlyForTypeCheckers) -> bool:
    return True


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda question, response: True, "never sees the answer"),
        (lambda *args: True, "takes '\\*args': all parameters must be named"),
        (lambda actual, **options: True, "takes '\\*\\*options'"),
        (lambda actual, score=1: True, "an option 'score', which is reserved"),
        (lambda actual, copy=1: True, "an option 'copy', which is reserved"),
        (lambda actual, _x=1: True, "an option '_x', which is reserved"),
        (unusable_type, "method 'custom' has an option of an unusable type"),
        (missing_type, "type of an option of method 'custom' cannot be resolved: name 'OnlyForTypeCheckers'"),
    ],
)
def test_a_function_that_cannot_be_a_method_is_refused_when_registered(
    function: Callable[..., Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        MethodRegistry().register("custom", function)
