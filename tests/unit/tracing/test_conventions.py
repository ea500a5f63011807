"""Attributes mean the same whoever wrote them."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_evalsuite.tracing import conventions
from pytest_evalsuite.tracing.span import Span, described

KINDS: dict[str, list[dict[str, Any]]] = {
    "llm": [
        {"gen_ai.operation.name": "chat"},
        {"gen_ai.operation.name": "text_completion"},
        {"openinference.span.kind": "LLM"},
        {"llm.request.type": "chat"},
    ],
    "tool": [
        {"gen_ai.operation.name": "execute_tool"},
        {"gen_ai.tool.name": "look"},
        {"openinference.span.kind": "TOOL"},
        {"traceloop.span.kind": "tool"},
    ],
    "agent": [{"gen_ai.operation.name": "invoke_agent"}, {"traceloop.span.kind": "agent"}],
    "retrieval": [{"gen_ai.operation.name": "retrieval"}, {"openinference.span.kind": "RETRIEVER"}],
    "embedding": [{"gen_ai.operation.name": "embeddings"}, {"openinference.span.kind": "EMBEDDING"}],
    "chain": [{"openinference.span.kind": "CHAIN"}, {"traceloop.span.kind": "workflow"}],
    "": [{}, {"http.method": "GET"}, {"gen_ai.operation.name": 7}],
}


@pytest.mark.parametrize(("kind", "attributes"), [(kind, one) for kind, all_of in KINDS.items() for one in all_of])
def test_the_kind_of_a_span(kind: str, attributes: dict[str, Any]) -> None:
    assert conventions.kind_of(attributes) == kind


@pytest.mark.parametrize(
    ("attributes", "given", "came"),
    [
        ({"gen_ai.tool.call.arguments": '{"n": 1}', "gen_ai.tool.call.result": "[2]"}, {"n": 1}, [2]),
        ({"input.value": "plain", "output.value": "{broken"}, "plain", "{broken"),
        ({"traceloop.entity.input": '{"a": NaN}'}, {"a": "NaN"}, None),
        ({"gen_ai.input.messages": ["a", "b"]}, ["a", "b"], None),
        ({"input.value": "[" * 100_000}, "[" * 100_000, None),
    ],
)
def test_input_and_output(attributes: dict[str, Any], given: object, came: object) -> None:
    span = described(Span("s", attributes=attributes))
    assert (span.input, span.output) == (given, came)


def test_what_a_span_says_itself_stands() -> None:
    span = described(Span("s", kind="mine", input=0, output=False, attributes={"input.value": "x", "tool.name": "t"}))
    assert (span.kind, span.input, span.output) == ("mine", 0, False)


def test_models_and_tokens() -> None:
    newer = {"gen_ai.provider.name": "openai", "gen_ai.request.model": "m", "gen_ai.response.model": "m-2"}
    assert conventions.model_of(newer) == "openai/m-2"
    assert conventions.model_of({"llm.model_name": "m"}) == "m"
    assert conventions.model_of({}) is None
    assert conventions.input_tokens_of({"gen_ai.usage.prompt_tokens": 5}) == 5
    assert conventions.output_tokens_of({"llm.token_count.completion": 6}) == 6
    assert conventions.input_tokens_of({"gen_ai.usage.input_tokens": -5}) is None
    assert conventions.input_tokens_of({"gen_ai.usage.input_tokens": True}) is None
    assert conventions.tool_name_of({"tool.name": "look"}) == "look"
    assert conventions.tool_name_of({"tool.name": ["look"]}) is None
