from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pytest_evalsuite.agents.reply import AgentReply, ToolCall
from pytest_evalsuite.errors import CaseTimeout, MethodError
from pytest_evalsuite.methods import Answer, Score
from pytest_evalsuite.methods.reliability import Reliability

Check = Callable[..., Score]
NAMES = st.lists(st.sampled_from("abc"), max_size=5)


def call(name: str, error: str | None = None, **arguments: Any) -> ToolCall:
    return ToolCall(name=name, arguments=arguments, error=error)


def calls(names: Sequence[str]) -> list[ToolCall]:
    """Calls by name; a name that begins with ! ended in an error."""
    return [call(name.lstrip("!"), "broke" if name.startswith("!") else None) for name in names]


@pytest.fixture(scope="module")
def check(answer: Callable[..., Answer]) -> Check:
    """Score tool calls with options; the calls are names or ToolCalls."""

    def run(made: Sequence[str | ToolCall], **options: Any) -> Score:
        method = Reliability(**options)
        assert method.problem(expected_responses=(), expected=None) is None
        done = [calls([one])[0] if isinstance(one, str) else one for one in made]
        return method.score(answer("done", reply=AgentReply("done", tool_calls=done)))

    return run


@pytest.mark.parametrize(
    ("made", "options", "value"),
    [
        (["a", "b"], {"expected_tool_calls": ["b", "a"]}, 1.0),
        (["a"], {"expected_tool_calls": ["a", "b"]}, 2 / 3),
        (["a", "c"], {"expected_tool_calls": ["a"]}, 1 / 2),
        (["a", "!c"], {"expected_tool_calls": ["a"]}, 1 / 2),
        (["a", "c"], {"expected_tool_calls": ["a"], "allow_additional_tool_calls": True}, 1.0),
        (["!a"], {"expected_tool_calls": ["a"]}, 1 / 2),
        (["!a", "!a", "a"], {"expected_tool_calls": ["a"]}, 1.0),
        (["a", "a", "a"], {"expected_tool_calls": ["a"]}, 1.0),
        (["a"], {"expected_tool_calls": ["a", "a"]}, 2 / 3),
        (["a", "a"], {"expected_tool_calls": ["a", "a"]}, 1.0),
        ([], {"expected_tool_calls": []}, 1.0),
        (["a"], {"expected_tool_calls": []}, 0.0),
        (["!a"], {"expected_tool_calls": []}, 0.0),
        (["a", "a"], {"expected_tool_calls": [{"name": "a", "count": 2}]}, 1.0),
        (["a", "a", "a"], {"expected_tool_calls": [{"name": "a", "count": 2}]}, 1 / 2),
        (["a", "!a"], {"expected_tool_calls": [{"name": "a", "count": 2}]}, 1 / 2),
        (["a"], {"forbidden_tools": ["b", "c"]}, 1.0),
        (["!b"], {"forbidden_tools": ["b", "c"]}, 1 / 2),
        (["a", "!a"], {"max_calls": 1}, 0.0),
        (["a", "!a"], {"max_calls": 2}, 1.0),
        (["a", "!a"], {"min_calls": 2}, 0.0),
        ([], {"max_calls": 0}, 1.0),
    ],
)
def test_what_ran_is_held_against_what_is_expected(
    check: Check, made: list[str], options: dict[str, Any], value: float
) -> None:
    scored = check(made, **options)
    assert scored.value == pytest.approx(value)
    assert scored.evidence["eval_status"] == ("PASSED" if value == 1.0 else "FAILED")


@pytest.mark.parametrize(
    ("made", "order", "right"),
    [
        ("ab", "in_order", True),
        ("ba", "in_order", False),
        ("aab", "in_order", True),
        ("bab", "in_order", True),
        (["a", "!b", "b"], "exact", True),
        ("ab", "exact", True),
        ("aab", "exact", False),
        ("ba", "exact", False),
    ],
)
def test_order(check: Check, made: Sequence[str], order: str, right: bool) -> None:
    scored = check(list(made), expected_tool_calls=["a", "b"], order=order)
    assert scored.value == pytest.approx(1.0 if right else 3 / 4)
    assert ("order: expected a, b; ran" in scored.reason) is not right


def test_other_calls_may_come_between_where_they_are_allowed(check: Check) -> None:
    options: dict[str, Any] = {"expected_tool_calls": ["a", "b"], "order": "in_order"}
    assert check(["a", "c", "b"], allow_additional_tool_calls=True, **options).value == 1.0


def test_the_order_of_equal_tools_is_that_of_their_arguments(check: Check) -> None:
    expected = [{"name": "get", "arguments": {"id": 1}}, {"name": "get", "arguments": {"id": 2}}]
    scored = check([call("get", id=2), call("get", id=1)], expected_tool_calls=expected, order="in_order")
    assert scored.reason == "5 of 6 checks: order: expected get(id=1), get(id=2); ran get(id=2), get(id=1)"


@given(NAMES, NAMES)
def test_strict_passes_exactly_when_the_tools_are_these_and_each_often_enough(
    check: Check, expected: list[str], made: list[str]
) -> None:
    scored = check(made, expected_tool_calls=expected)
    enough = all(made.count(name) >= expected.count(name) for name in expected)
    assert (scored.value == 1.0) == (enough and set(made) <= set(expected))


@given(NAMES, NAMES.filter(bool))
def test_only_named_orders_look_at_the_order(check: Check, made: list[str], expected: list[str]) -> None:
    found = {check(list(some), expected_tool_calls=expected).value for some in permutations(made)}
    assert len(found) == 1


def test_the_evidence_bears_the_names_that_agno_gives_it(check: Check) -> None:
    scored = check(
        [call("search", q="x"), call("pay", "declined", eur=5), call("delete")],
        expected_tool_calls=[{"name": "search", "arguments": {"q": "y"}}, "pay"],
        expected_tool_call_arguments={"search": [{"q": "x"}], "pay": {"eur": 5}},
    )
    assert scored.evidence == {
        "eval_status": "FAILED",
        "passed_tool_calls": ["search"],
        "failed_tool_calls": ["delete"],
        "missing_tool_calls": ["pay"],
        "additional_tool_calls": [],
        "passed_argument_checks": ["search(q='x')"],
        "failed_argument_checks": ["search(q='y')"],
        "faults": [
            "no call search(q='y')",
            "missing pay, which was tried once and ended in an error",
            "not expected: delete",
        ],
    }
    assert scored.reason == f"2 of 6 checks: {'; '.join(scored.evidence['faults'])}"
    assert scored.raw is False


def test_tools_that_may_be_called_too_are_listed(check: Check) -> None:
    scored = check(["a", "c"], expected_tool_calls=["a"], allow_additional_tool_calls=True)
    assert scored.evidence["additional_tool_calls"] == ["c"]
    assert scored.evidence["failed_tool_calls"] == []


@pytest.mark.parametrize(
    ("wanted", "actual", "fits"),
    [
        ("EUR", "EUR", True),
        ("EUR", "eur", False),
        (1, True, False),
        (10, "10", False),
        (10, 10.0, True),
        ({"a": [1]}, {"a": [1]}, True),
        ({"a": [1]}, {"a": [1], "b": 2}, False),
        (None, None, True),
        ({"regex": r"^ORD-\d+$"}, "ORD-17", True),
        ({"regex": r"^ORD-\d+$"}, "ORD-x", False),
        ({"regex": "1"}, 1, False),
        ({"approx": "blue shoes"}, "Blue  shoe", True),
        ({"approx": "blue shoes"}, "red boots", False),
        ({"approx": "blue shoes", "similarity": 1}, "blue shoe", False),
        ({"approx": "blue"}, "blue" * 100_000, False),
        ({"near": 19.99, "tolerance": 0.01}, 20.0, True),
        ({"near": 19.99, "tolerance": 0.01}, 20.01, False),
        ({"near": 0, "tolerance": 1}, True, False),
        ({"near": 0, "tolerance": 1}, 10**400, False),
        ({"one_of": ["EUR", 5]}, 5, True),
        ({"one_of": ["EUR", 5]}, "5", False),
        ({"equals": {"near": "Paris"}}, {"near": "Paris"}, True),
    ],
)
def test_an_argument_is_a_value_or_has_a_form(check: Check, wanted: Any, actual: Any, fits: bool) -> None:
    made = [call("tool", key=actual, other="ignored")]
    expected = [{"name": "tool", "arguments": {"key": wanted}}]
    assert check(made, expected_tool_calls=expected).value == (1.0 if fits else pytest.approx(2 / 3))
    assert check(made, expected_tool_call_arguments={"tool": {"key": wanted}}).value == float(fits)


def test_an_argument_that_is_missing_is_not_null(check: Check) -> None:
    assert check([call("tool")], expected_tool_call_arguments={"tool": {"key": None}}).value == 0.0


def test_each_of_several_sets_of_arguments_needs_a_call(check: Check) -> None:
    cities = [{"city": "Paris"}, {"city": "Rome"}]
    both = [call("weather", city="Rome"), call("weather", city="Paris")]
    for options in (
        {"expected_tool_calls": [{"name": "weather", "arguments": cities}]},
        {"expected_tool_call_arguments": {"weather": cities}},
    ):
        assert check(both, **options).value == 1.0
        assert check(both[:1], **options).value < 1.0


def test_a_wide_call_is_left_for_the_expectation_that_needs_it(check: Check) -> None:
    expected = ["get", {"name": "get", "arguments": {"id": 1}}]
    assert check([call("get", id=1), call("get", id=2)], expected_tool_calls=expected).value == 1.0
    assert check([call("get", id=1)], expected_tool_calls=expected).value < 1.0


def test_one_call_may_have_several_of_the_arguments_that_are_named_apart(check: Check) -> None:
    specs = {"get": [{"id": 1}, {"lang": "en"}]}
    assert check([call("get", id=1, lang="en")], expected_tool_call_arguments=specs).value == 1.0


def test_arguments_make_their_tool_expected_but_no_other_unexpected(check: Check) -> None:
    specs = {"get": {"id": 1}}
    assert check([call("get", id=1), call("x")], expected_tool_call_arguments=specs).value == 1.0
    assert check([call("get", id=1)], expected_tool_calls=[], expected_tool_call_arguments=specs).value == 1.0
    missing = check([], expected_tool_call_arguments=specs)
    assert (missing.reason, missing.evidence["failed_argument_checks"]) == ("0 of 1 checks: missing get", [])


def test_an_agent_that_does_not_tell_its_tool_calls_is_an_error(answer: Callable[..., Answer]) -> None:
    with pytest.raises(MethodError, match="return an AgentReply with tool_calls"):
        Reliability(expected_tool_calls=[]).score(answer("done"))


def test_a_pattern_that_runs_away_is_an_error(answer: Callable[..., Answer]) -> None:
    method = Reliability(expected_tool_call_arguments={"a": {"x": {"regex": r"^(a|aa)+(b|c)$"}}})
    reply = AgentReply("", tool_calls=[call("a", x="a" * 60 + "!" + "a" * 5000)])
    with pytest.raises(CaseTimeout, match=r"ran longer than 0\.05 s"):
        method.score(answer("", reply=reply, time_limit=0.05))


@pytest.mark.parametrize(
    "options",
    [{}, {"allow_additional_tool_calls": True}, {"expected_tool_calls": [], "allow_additional_tool_calls": True}],
)
def test_with_nothing_to_check_it_is_refused(options: dict[str, Any]) -> None:
    problem = Reliability(**options).problem(expected_responses=("text",), expected=None)
    assert problem is not None
    assert problem.startswith("reliability needs something to check: name expected_tool_calls ([] where no tool may")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"expected_tool_calls": ["a"], "forbidden_tools": ["a"]}, "a is both expected and forbidden"),
        ({"expected_tool_call_arguments": {"a": {"x": 1}}, "forbidden_tools": ["a"]}, "both expected and forbidden"),
        ({"order": "exact"}, "order exact needs expected_tool_calls"),
        (
            {"expected_tool_calls": ["a"], "order": "exact", "allow_additional_tool_calls": True},
            "leaves no room for allow_additional_tool_calls",
        ),
        ({"min_calls": 3, "max_calls": 2}, "min_calls 3 is above max_calls 2"),
        ({"expected_tool_calls": [5]}, "string"),
        ({"expected_tool_calls": [""]}, "at least 1 character"),
        ({"expected_tool_calls": [{"tool": "a"}]}, "name"),
        ({"expected_tool_calls": [{"name": "a", "count": 0}]}, "greater than or equal to 1"),
        ({"expected_tool_calls": [{"name": "a", "arguments": []}]}, "the list of arguments is empty"),
        ({"expected_tool_calls": [{"name": "a", "arguments": [{"x": 1}], "count": 2}]}, "count goes with one set"),
        ({"expected_tool_call_arguments": {"a": {}}}, "a has no arguments to check"),
        ({"expected_tool_call_arguments": {"a": {"x": {"regex": "("}}}}, "'x' of a: '\\(' is no regular expression"),
        ({"expected_tool_call_arguments": {"a": {"x": {"regex": 5}}}}, "regex needs a pattern"),
        ({"expected_tool_call_arguments": {"a": {"x": {"near": 5}}}}, "near needs a tolerance"),
        ({"expected_tool_call_arguments": {"a": {"x": {"near": "5", "tolerance": 1}}}}, "near needs a number"),
        ({"expected_tool_call_arguments": {"a": {"x": {"near": 5, "tolerance": -1}}}}, "tolerance is a number, 0 or"),
        ({"expected_tool_call_arguments": {"a": {"x": {"approx": " "}}}}, "approx needs a text"),
        ({"expected_tool_call_arguments": {"a": {"x": {"approx": "a", "similarity": 80}}}}, "at most 1"),
        ({"expected_tool_call_arguments": {"a": {"x": {"one_of": []}}}}, "one_of needs a list"),
        ({"expected_tool_call_arguments": {"a": {"x": {"near": 5, "radius": 1}}}}, "is written {equals: {...}}"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Reliability(**options)
