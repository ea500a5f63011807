"""Whatever an agent returns is an answer, or is refused with a reason."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import json
import math
from collections import OrderedDict
from collections.abc import Iterator
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from pytest_evalsuite.agents import AgentReply, ToolCall, Usage, read_reply
from pytest_evalsuite.errors import ReplyError


@dataclasses.dataclass
class Point:
    x: int
    y: list[int]


class Label(BaseModel):
    category: str
    score: float = 0.5


class Message(BaseModel):
    content: str
    role: str = "assistant"


class Loud(str, enum.Enum):
    YES = "yes"


class Mute(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("no text")


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


@pytest.mark.parametrize(
    ("raw", "output"),
    [
        ("text", "text"),
        ("", ""),
        (Loud.YES, "yes"),
        (Mute("said"), "said"),
        (Mute("größer"), "größer"),
        ("a\ud800b", "a\ufffdb"),
        ("\U0001f600", "\U0001f600"),
        (7, 7),
        (0.5, 0.5),
        (True, True),
        ([1, "a", None], [1, "a", None]),
        ((1, 2), [1, 2]),
        ({}, {}),
        ({"a": {"b": (1,)}}, {"a": {"b": [1]}}),
        ({"a\udc00": ["\ud800"]}, {"a\ufffd": ["\ufffd"]}),
        ({1: "one", False: "no", None: "none"}, {"1": "one", "false": "no", "null": "none"}),
        (OrderedDict(a=1), {"a": 1}),
        (MappingProxyType({"a": MappingProxyType({"b": 1})}), {"a": {"b": 1}}),
        (Point(1, [2]), {"x": 1, "y": [2]}),
        ({"points": [Point(1, [2])]}, {"points": [{"x": 1, "y": [2]}]}),
        (Label(category="billing"), {"category": "billing", "score": 0.5}),
        ([Label(category="billing")], [{"category": "billing", "score": 0.5}]),
        (Message(content="hello"), "hello"),
        (SimpleNamespace(content="hello"), "hello"),
        (AgentReply("text"), "text"),
        (AgentReply({"a": 1}), {"a": 1}),
        (AgentReply(Message(content="hello")), "hello"),
        ({"output": "text"}, "text"),
        ({"output": {"a": 1}, "cost": 0.25}, {"a": 1}),
        ({"output": "text", "other": 1}, {"output": "text", "other": 1}),
    ],
)
def test_what_is_an_answer(raw: Any, output: Any) -> None:
    read = read_reply(raw).output
    assert read == output
    assert type(read) is type(output)


def generator() -> Iterator[str]:
    yield "part"


async def async_generator() -> Any:
    yield "part"


async def coroutine() -> Any:
    return "text"


def cyclic() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


def nested(levels: int) -> Any:
    value: Any = "leaf"
    for _ in range(levels):
        value = [value]
    return value


@dataclasses.dataclass
class Node:
    next: Any = None


def cyclic_dataclass() -> Node:
    node = Node()
    node.next = node
    return node


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (None, "the agent returned None"),
        (b"text", "the agent returned bytes"),
        (bytearray(b"text"), "the agent returned bytes"),
        (generator(), "the agent returned a generator"),
        (async_generator(), "the agent returned a generator"),
        (coroutine(), "the agent returned an awaitable inside its answer"),
        (object(), "the agent returned a object"),
        ({1, 2}, "the agent returned a set"),
        (Unprintable(), "the agent returned a Unprintable"),
        (Label, "the agent returned the class Label"),
        (math.nan, "is no JSON value"),
        ({"a": math.inf}, "is no JSON value"),
        ({"a": {1, 2}}, "it holds a set"),
        ({"a": b"x"}, "it holds a bytes"),
        ({"a": Unprintable()}, "it holds a Unprintable"),
        ({("a", "b"): 1}, "is no JSON value: keys must be str"),
        ({"n": 10**5000}, "is no JSON value"),
        (cyclic(), "is no JSON value: Circular reference"),
        (cyclic_dataclass(), "is no JSON value"),
        (nested(101), "nested more than 100 levels deep"),
        (nested(100_000), "is no JSON value"),
        ("x" * 1_000_001, "has 1,000,001 characters, more than 1,000,000; it begins 'xxx"),
        ({"a": "x" * 1_000_000}, "has 1,000,009 characters as JSON, more than"),
        (AgentReply(None), "the agent returned None"),
        ({"output": None}, "the agent returned None"),
    ],
)
def test_what_is_no_answer(raw: Any, message: str) -> None:
    with pytest.raises(ReplyError) as error:
        read_reply(raw)
    assert message in str(error.value)
    assert len(str(error.value)) < 300


def test_the_bounds_themselves_are_allowed() -> None:
    assert read_reply("x" * 1_000_000).output == "x" * 1_000_000
    assert read_reply(nested(100)).output == nested(100)


def test_a_reply_carries_what_is_known_of_its_making() -> None:
    reply = read_reply(
        AgentReply(
            "text",
            tool_calls=["search", {"name": "refund", "arguments": {"to": (1, 2)}}, ToolCall(name="x", error="broke")],  # type: ignore[list-item]
            usage=Usage(input_tokens=3, output_tokens=4),
            cost=0.5,
            trace_id="t\ud800",
            metadata={"model": "m"},
        )
    )
    search, refund, broken = reply.tool_calls or ()
    assert (search.name, refund.name, broken.name) == ("search", "refund", "x")
    assert refund.arguments == {"to": [1, 2]}
    assert broken.error == "broke"
    assert reply.usage is not None
    assert reply.usage.total_tokens == 7
    assert (reply.cost, reply.trace_id, reply.metadata) == (0.5, "t\ufffd", {"model": "m"})


def test_a_mapping_may_be_shaped_as_a_reply() -> None:
    reply = read_reply({"output": "text", "usage": {"input_tokens": 3}, "tool_calls": None, "metadata": None})
    assert (reply.output, reply.usage, reply.metadata) == ("text", Usage(input_tokens=3), {})
    assert not reply.tool_calls


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tool_calls": "search"}, "tool_calls must be a list, not a str"),
        ({"tool_calls": 3}, "tool_calls must be a list, not a int"),
        ({"tool_calls": [3]}, "a tool call must be a ToolCall, a name or a mapping with a name, not int"),
        ({"tool_calls": [{"tool": "x"}]}, "a tool call of the reply has the fields tool; known: name, arguments"),
        ({"tool_calls": [{"name": "x", "arguments": '{"a": 1}'}]}, "the arguments of tool call 'x' must be a mapping"),
        ({"tool_calls": [{"name": "x", "arguments": {"a": b""}}]}, "the arguments of tool call 'x' is no JSON value"),
        ({"usage": {"prompt_tokens": 3}}, "usage of the reply has the fields prompt_tokens; known: input_tokens,"),
        ({"usage": SimpleNamespace(prompt_tokens=3)}, "usage must be a Usage or a mapping with input_tokens"),
        ({"usage": {"input_tokens": -1}}, "token counts must be whole numbers, 0 or more, not -1"),
        ({"usage": {"input_tokens": True}}, "token counts must be whole numbers"),
        ({"usage": {"input_tokens": 1.5}}, "token counts must be whole numbers"),
        ({"cost": -0.1}, "cost must be a finite number, 0 or more"),
        ({"cost": math.nan}, "cost must be a finite number"),
        ({"cost": "0.1"}, "cost must be a finite number"),
        ({"trace_id": 7}, "trace_id must be text, not a int"),
        ({"metadata": ["m"]}, "the reply's metadata must be a mapping, not a list"),
        ({"metadata": {"m": object()}}, "the reply's metadata is no JSON value: it holds a object"),
    ],
)
def test_a_field_of_another_kind_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ReplyError) as error:
        read_reply({"output": "text", **fields})
    assert message in str(error.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(json_values.filter(lambda value: value is not None), st.text(alphabet=st.characters(), max_size=20))
def test_every_json_value_is_an_answer_that_can_be_written(value: Any, text: str) -> None:
    if not (isinstance(value, dict) and "output" in value):
        assert read_reply(value).output == value
    for raw in ({"a": [text]}, text):
        json.dumps(read_reply(raw).output, ensure_ascii=False).encode()


def test_a_coroutine_that_nobody_awaits_leaves_no_warning() -> None:
    made = coroutine()
    with pytest.raises(ReplyError):
        read_reply(made)
    assert inspect.getcoroutinestate(made) == inspect.CORO_CLOSED
