"""What a value means to the loader, whichever way it is written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from pytest_evalsuite.errors import EditError
from pytest_evalsuite.methods._base import Method
from pytest_evalsuite.testsets.fields import CASE, CHECK, Table
from pytest_evalsuite.testsets.options import Methods, takes
from pytest_evalsuite.testsets.scalars import Plain
from pytest_evalsuite.testsets.values import Refused, json_value, kept_text

__all__ = ["as_json", "given", "meaning", "method_of", "same"]

METHOD_KEYS: Final = ("test_method", "method", "eval_type")


def given(value: Any) -> Any:
    """Take a value from Python as one from a file. Raises TypeError, or EditError, for what no file can hold."""
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"keys are text, not {next(key for key in value if not isinstance(key, str))!r}")
        return {str(key): given(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [given(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise EditError(f"{value} is no number that a file can hold")
    if value is None or isinstance(value, (bool, int, float, Plain)):
        return value
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise EditError(f"{value[:60]!r} holds half of a surrogate pair, which no file can hold") from None
        return str(value)
    raise TypeError(f"a test set holds texts, numbers, true, false, lists and mappings, not {type(value).__name__}")


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same, but for how unquoted scalars are written; 1, 1.0 and true are not."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if type(one) is Plain and type(other) is Plain:
        return one.text == other.text
    one, other = _typed(one), _typed(other)
    return type(one) is type(other) and bool(one == other)


def _typed(value: Any) -> Any:
    try:
        return value.value() if type(value) is Plain else value
    except ValueError:
        return value


def method_of(raw: Mapping[str, Any], methods: Methods) -> type[Method] | None:
    """Give the method that a case or a check names, if there is such a one."""
    name = next((raw[key] for key in METHOD_KEYS if key in raw), None)
    try:
        return None if name is None else methods.find(str(name))
    except Refused:
        return None


def meaning(key: str, value: Any, methods: Methods, method: type[Method] | None = None, table: Table = CASE) -> Any:
    """Give what the loader makes of the value of a case's (or check's) key; of a bad one, how it is written."""
    try:
        if key in table.by_key:
            return table.by_key[key][1](value)
        return kept_text(value) if _is_text(key, methods, method) else json_value(value)
    except Refused:
        return _written(value)


def as_json(key: str, value: Any, methods: Methods, method: type[Method] | None = None, table: Table = CASE) -> Any:
    """Give a value as JSON can hold it, so that it means the same."""
    if key == "checks" and table is CASE and type(value) is list:
        return [
            {name: as_json(name, part, methods, method_of(check, methods), CHECK) for name, part in check.items()}
            if type(check) is dict
            else _typed_all(check)
            for check in value
        ]
    wanted = meaning(key, value, methods, method, table)
    typed = _typed_all(value)
    if same(meaning(key, typed, methods, method, table), wanted):
        return typed
    text = _texts(value)
    return text if same(meaning(key, text, methods, method, table), wanted) else typed


def _is_text(option: str, methods: Methods, method: type[Method] | None) -> bool:
    if method is not None and takes(method, option):
        return option in method.text_options()
    return any(option in methods.find(name).text_options() for name in methods.owners(option))


def _typed_all(value: Any) -> Any:
    if type(value) is dict:
        return {key: _typed_all(part) for key, part in value.items()}
    if type(value) is list:
        return [_typed_all(part) for part in value]
    typed = _typed(value)
    return typed.text if type(typed) is Plain else typed


def _texts(value: Any) -> Any:
    if type(value) is dict:
        return {key: _texts(part) for key, part in value.items()}
    if type(value) is list:
        return [_texts(part) for part in value]
    return value.text if type(value) is Plain else value


def _written(value: Any) -> Any:
    return ["as written", repr(value)]
