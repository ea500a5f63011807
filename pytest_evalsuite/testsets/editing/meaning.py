"""What a value means to the loader, whichever way it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_evalsuite.testsets.fields import CASE, CHECK, Table
from pytest_evalsuite.testsets.options import Methods
from pytest_evalsuite.testsets.scalars import Plain
from pytest_evalsuite.testsets.values import Refused, json_value, kept_text

__all__ = ["as_json", "given", "meaning", "same"]


def given(value: Any) -> Any:
    """Take a value from Python as one from a file: tuples are lists. Raises TypeError for what no file can hold."""
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"keys are text, not {next(key for key in value if not isinstance(key, str))!r}")
        return {str(key): given(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [given(part) for part in value]
    if value is None or isinstance(value, (bool, int, float, Plain)):
        return value
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"a test set holds texts, numbers, true, false, lists and mappings, not {type(value).__name__}")


def same(one: Any, other: Any) -> bool:
    """Whether two values as they stand in files are the same, but for how unquoted scalars are written."""
    if type(one) is dict and type(other) is dict:
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if type(one) is list and type(other) is list:
        return len(one) == len(other) and all(map(same, one, other))
    if type(one) is Plain and type(other) is Plain:
        return one.text == other.text
    one, other = _typed(one), _typed(other)
    return type(one) is type(other) and bool(one == other)


def _typed(value: Any) -> Any:
    try:
        return value.value() if type(value) is Plain else value
    except ValueError:
        return value


def meaning(key: str, value: Any, methods: Methods, table: Table = CASE) -> Any:
    """Give what the loader makes of the value of a case's (or check's) key; of a bad one, how it is written."""
    if key == "checks" and table is CASE and type(value) is list:
        return [_of_check(check, methods) for check in value]
    try:
        if key in table.by_key:
            return table.by_key[key][1](value)
        return kept_text(value) if _is_text(key, methods) else json_value(value)
    except Refused:
        return _written(value)


def as_json(key: str, value: Any, methods: Methods, table: Table = CASE) -> Any:
    """Give a value as JSON can hold it, so that it means the same."""
    if key == "checks" and table is CASE and type(value) is list:
        return [
            {name: as_json(name, part, methods, CHECK) for name, part in check.items()}
            if type(check) is dict
            else _typed_all(check)
            for check in value
        ]
    typed = _typed_all(value)
    if _same_meaning(key, value, typed, methods, table):
        return typed
    text = _texts(value)
    return text if _same_meaning(key, value, text, methods, table) else typed


def _same_meaning(key: str, one: Any, other: Any, methods: Methods, table: Table) -> bool:
    first, second = meaning(key, one, methods, table), meaning(key, other, methods, table)
    return type(first) is type(second) and bool(first == second)


def _of_check(check: Any, methods: Methods) -> Any:
    if type(check) is not dict:
        return _written(check)
    return {key: meaning(key, value, methods, CHECK) for key, value in check.items()}


def _is_text(option: str, methods: Methods) -> bool:
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
