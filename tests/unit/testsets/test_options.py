# ruff: noqa: E501, RUF012 - a mistake and its message read best on one line; pydantic copies defaults
from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, field_validator

from pytest_evalsuite.errors import ConfigurationError
from pytest_evalsuite.methods import Method, MethodRegistry, Text, Texts
from pytest_evalsuite.testsets import TestSet, load_test_set
from pytest_evalsuite.testsets.csv_columns import read_header
from pytest_evalsuite.testsets.options import Methods, holds_list
from pytest_evalsuite.testsets.values import Refused

Write = Callable[..., Any]
Mistakes = Callable[..., list[str]]


class Call(BaseModel):
    """A mapping inside an option."""

    name: str
    times: int = 1


class Picky(Method):
    """A method with options of every kind."""

    method = "picky"
    needed: int
    some: Annotated[int, Field(ge=1, le=5)] = 1
    word: Annotated[str, Field(min_length=2, max_length=3)] = "ab"
    items: Annotated[list[int], Field(min_length=1, max_length=2)] = [1]
    kind: Literal["a", "b"] = "a"
    both: int | list[str] = 1
    flag: bool = False
    number: float = 0.5
    call: Call | None = None
    calls: dict[str, float] = {}
    text: Text = ""
    texts: Texts = []
    even: int = 0

    @field_validator("even")
    @classmethod
    def is_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("must be even")
        return value


def methods() -> Methods:
    registry = MethodRegistry()
    registry.register("picky", Picky)
    return Methods(registry)


def problems(options: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(Refused) as caught:
        methods().make(Picky, options)
    return caught.value.problems


@pytest.mark.parametrize(
    ("option", "value", "path", "message"),
    [
        ("some", 0, (), "expected a number of at least 1, not 0"),
        ("some", 9, (), "expected a number of at most 5, not 9"),
        ("some", 1.5, (), "expected a whole number, not 1.5"),
        ("some", "x", (), "expected a whole number, not 'x'"),
        ("some", True, (), "expected a whole number, not true"),
        ("word", "a", (), "is too short: at least 2 characters"),
        ("word", "abcd", (), "is too long: at most 3 characters"),
        ("word", 5, (), "expected text, not 5"),
        ("items", [], (), "is empty"),
        ("items", [1, 2, 3], (), "is too long: at most 2 items"),
        ("items", [1, "x"], (1,), "expected a whole number, not 'x'"),
        ("items", {"a": 1}, (), "expected a list, not a mapping"),
        ("kind", "c", (), "expected 'a' or 'b', not 'c'"),
        ("both", {}, (), "expected a whole number or a list, not {}"),
        ("flag", 1, (), "expected true or false, not 1"),
        ("number", "x", (), "expected a number, not 'x'"),
        ("call", 5, (), "expected a mapping, not 5"),
        ("call", {"name": "n", "times": "x"}, ("times",), "expected a whole number, not 'x'"),
        ("calls", {"a": None}, ("a",), "expected a number, not nothing"),
        ("text", None, (), 'is empty: write "" or leave the key out'),
        ("text", 5, (), 'expected text: write "5" in quotes'),
        ("texts", ["a", 5, None], (1,), 'expected text: write "5" in quotes'),
        ("even", 3, (), "must be even"),
    ],
)
def test_what_is_wrong_with_an_option(option: str, value: Any, path: tuple[str | int, ...], message: str) -> None:
    assert problems({"needed": 1, option: value})[0] == ((option, *path), message)


def test_an_option_that_is_needed() -> None:
    assert problems({}) == [((), "picky needs the option 'needed'")]
    assert problems({"needed": 1, "call": {}})[0] == (("call",), "'name' is missing")


def test_all_options_at_once() -> None:
    assert [path for path, _ in problems({"some": 0, "word": "a"})] == [(), ("some",), ("word",)]


def test_methods_of_a_registry_are_known_by_name_and_option(write: Write) -> None:
    registry = MethodRegistry()
    registry.register("picky", Picky)
    path = write("cases:\n- {question: q, expected_response: a, test_method: picky, needed: 1, text: 017}\n")
    found: TestSet = load_test_set(path, methods=registry)
    assert found.cases[0].checks[0].method == Picky(needed=1, text="017")
    columns, mistakes = read_header(["question", "TEXTS", "needed"], Methods(registry), extra=False)
    assert not mistakes
    assert [column.read("1|2") for column in columns if column][1] != "1|2"


def test_a_lookup_that_fails() -> None:
    def lookup(name: str) -> type[Method]:
        raise ConfigurationError(f"{name} cannot be loaded")

    with pytest.raises(Refused, match="x cannot be loaded"):
        Methods(lookup).find("x")


@pytest.mark.parametrize("annotation", [list[str], list[str] | None, Texts, tuple[int, ...], int | list[str], list])
def test_options_that_hold_lists(annotation: Any) -> None:
    assert holds_list(annotation)


@pytest.mark.parametrize("annotation", [str, int | None, dict[str, list[str]], Text, Literal["list"]])
def test_options_that_hold_none(annotation: Any) -> None:
    assert not holds_list(annotation)


FURTHER = {
    "defaults: {mapping: x}\ncases:\n- {question: q, expected_response: a}": "1:12: unknown default 'mapping': no method",
    "defaults: {threshold: 1, passing_score: 1}\ncases:\n- {question: q, expected_response: a}": "1:12: 'threshold' and",
    "cases:\n- {question: q, expected_response: a, threshold: 1, passing_score: 1}": "2:39: 'threshold' and 'passing_score'",
    "cases:\n- {question: q, expected_response: a, checks: [{method: contains}], nope: 1}": "2:69: unknown key 'nope'",
    "cases:\n- {question: q, expected_response: a, test_method: [x], nope: 1}": "2:52: test_method: expected text",
}


@pytest.mark.parametrize("text", FURTHER)
def test_further_mistakes(mistakes: Mistakes, text: str) -> None:
    assert mistakes(text)[0].startswith(FURTHER[text])
