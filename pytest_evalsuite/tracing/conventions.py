"""What attributes of spans mean, in the conventions that people's libraries follow.

The names of the OpenTelemetry semantic conventions for generative AI come first, with those that they had in earlier
releases; then those of OpenInference and OpenLLMetry.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["input_of", "input_tokens_of", "kind_of", "model_of", "output_of", "output_tokens_of", "tool_name_of"]

Attributes = Mapping[str, Any]

KIND_KEYS: Final = ("gen_ai.operation.name", "openinference.span.kind", "traceloop.span.kind", "llm.request.type")

KINDS: Final[Mapping[str, str]] = {
    "chat": "llm",
    "completion": "llm",
    "generate_content": "llm",
    "text_completion": "llm",
    "execute_tool": "tool",
    "invoke_agent": "agent",
    "create_agent": "agent",
    "invoke_workflow": "chain",
    "workflow": "chain",
    "task": "chain",
    "embeddings": "embedding",
    "retriever": "retrieval",
    "reranker": "rerank",
}
"""What is called otherwise here; other names stand for themselves, in lower case."""

MODEL_KEYS: Final = ("gen_ai.response.model", "gen_ai.request.model", "llm.model_name", "embedding.model_name")
PROVIDER_KEYS: Final = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")
TOOL_KEYS: Final = ("gen_ai.tool.name", "tool.name")
INPUT_TOKEN_KEYS: Final = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt")
OUTPUT_TOKEN_KEYS: Final = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
)
INPUT_KEYS: Final = (
    "gen_ai.tool.call.arguments",
    "tool_arguments",
    "gen_ai.input.messages",
    "gen_ai.retrieval.query.text",
    "input.value",
    "traceloop.entity.input",
)
OUTPUT_KEYS: Final = (
    "gen_ai.tool.call.result",
    "tool_response",
    "gen_ai.output.messages",
    "gen_ai.retrieval.documents",
    "output.value",
    "traceloop.entity.output",
)


def kind_of(attributes: Attributes) -> str:
    """What the span does, empty where nothing tells."""
    told = _first(attributes, KIND_KEYS)
    if not isinstance(told, str):
        return "tool" if _first(attributes, TOOL_KEYS) is not None else ""
    return KINDS.get(told.lower(), told.lower())


def model_of(attributes: Attributes) -> str | None:
    """The model that was asked, behind its provider's name where that is told: ``openai/gpt-5-mini``."""
    model, provider = _first(attributes, MODEL_KEYS), _first(attributes, PROVIDER_KEYS)
    return None if model is None else f"{provider}/{model}" if provider else str(model)


def tool_name_of(attributes: Attributes) -> str | None:
    """The tool that was run."""
    name = _first(attributes, TOOL_KEYS)
    return name if isinstance(name, str) else None


def input_tokens_of(attributes: Attributes) -> int | None:
    """Tokens that went into a model."""
    return _count(_first(attributes, INPUT_TOKEN_KEYS))


def output_tokens_of(attributes: Attributes) -> int | None:
    """Tokens that a model gave."""
    return _count(_first(attributes, OUTPUT_TOKEN_KEYS))


def input_of(attributes: Attributes) -> Any:
    """What went in: JSON that was put into text is read."""
    return _value(_first(attributes, INPUT_KEYS))


def output_of(attributes: Attributes) -> Any:
    """What came out."""
    return _value(_first(attributes, OUTPUT_KEYS))


def _first(attributes: Attributes, keys: Sequence[str]) -> Any:
    return next((attributes[key] for key in keys if attributes.get(key) is not None), None)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _value(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value, parse_constant=str)
        except (ValueError, RecursionError):
            return value
    return value
