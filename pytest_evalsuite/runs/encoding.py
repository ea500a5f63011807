"""Records as JSON text: one line, valid everywhere, whatever a custom method put into its evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import PydanticSerializationError, from_json, to_json

from pytest_evalsuite.redaction import may_hold, redact, redact_values

__all__ = ["decode", "encode"]

ADDRESS: Final = re.compile(r" at 0x[0-9A-Fa-f]+")
"""Where an object lies is different in every process."""


FOUND_BY: Final = ("test_set", "case_id", "agent", "fingerprint", "key", "cases")
"""What a record, a plan or a kept answer is found by: names that a test set's author has given."""


def encode(record: Any) -> str:
    """The record as one line of JSON, without secrets.

    Values that JSON has no form for become their text; NaN and infinity too.
    """
    text = _encoded(record)
    return _encoded(_redacted(decode(text))) if may_hold(text) else text


def _encoded(record: Any) -> str:
    try:
        return to_json(record, inf_nan_mode="strings", fallback=_text_of).decode()
    except (PydanticSerializationError, ValueError, RecursionError):
        return to_json(_plain(record), inf_nan_mode="strings").decode()


def _redacted(value: Any) -> Any:
    if not isinstance(value, dict):
        return redact_values(value)
    kept = {name: value[name] for name in FOUND_BY if name in value}
    if isinstance(value.get("evaluations"), list):
        kept["evaluations"] = [_redacted(evaluation) for evaluation in value["evaluations"]]
    return {**redact_values({name: one for name, one in value.items() if name not in kept}), **kept}


def decode(text: str | bytes) -> Any:
    """The value of a JSON text. Raises ValueError when it is none."""
    try:
        return from_json(text, allow_inf_nan=False)
    except (TypeError, ValueError):  # TypeError: half a character in a text that came from no file
        try:
            return _whole(json.loads(text, parse_constant=_refuse))  # slower, but knows no limit of 200 levels
        except RecursionError:
            raise ValueError("nested too deeply") from None


def _whole(value: Any) -> Any:
    """The value; raises ValueError for half a character, which JSON can write and nothing else can hold."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair is no character") from None
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _text_of(value: Any) -> str:
    try:
        text = repr(value)
    except Exception as error:
        text = f"<{type(value).__name__}: repr() raised {type(error).__name__}>"
    return _clean(ADDRESS.sub(" at 0x...", redact(text)[:1000]))


def _clean(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _plain(value: Any, depth: int = 0) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return _clean(value)
    if depth > 50:
        return "..."
    if isinstance(value, Mapping):
        return {_clean(str(key)): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1) for item in value]
    return _text_of(value)
