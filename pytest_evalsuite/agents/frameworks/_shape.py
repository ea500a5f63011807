"""What the frameworks have in common: prompts of text, arguments as JSON text, counts that may be missing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import to_jsonable_python

from pytest_evalsuite.agents.reply import Usage

__all__ = ["arguments_of", "is_a", "plain", "prompt", "usage_of"]


def is_a(value: Any, package: str, *names: str) -> bool:
    """Whether the value's class, or one that it derives from, is one of these classes of the package."""
    return any(base.__name__ in names and base.__module__.partition(".")[0] == package for base in type(value).__mro__)


def prompt(question: str | None, inputs: Mapping[str, Any] | None) -> str:
    """The question, then the inputs as JSON; whichever there are."""
    written = json.dumps(plain(inputs), ensure_ascii=False) if inputs else None
    return "\n\n".join(part for part in (question, written) if part is not None)


def plain(value: Any) -> Any:
    """The value as JSON values; what has no such form becomes the text that it prints as."""
    if value is None or isinstance(value, str):
        return value
    found = to_jsonable_python(value, serialize_unknown=True, bytes_mode="base64")
    return json.loads(json.dumps(found), parse_constant=str)  # NaN and infinity have no such form either


def arguments_of(raw: Any) -> dict[str, Any]:
    """A tool call's arguments by name; what a model wrote that is no JSON object is kept as ``arguments``."""
    if isinstance(raw, str):
        try:
            raw = json.loads(raw or "{}")
        except ValueError:
            return {"arguments": raw}
    if raw is None:
        return {}
    return plain(raw) if isinstance(raw, Mapping) else {"arguments": plain(raw)}


def usage_of(counts: Iterable[tuple[Any, Any]]) -> Usage | None:
    """The sum of (input tokens, output tokens); None when there are none, for a model that does not tell says 0."""
    pairs = list(counts)
    taken, given = (sum(pair[side] or 0 for pair in pairs) for side in (0, 1))
    return Usage(input_tokens=taken, output_tokens=given) if taken or given else None
