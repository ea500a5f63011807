"""Functions that a model may call: what it is told of them, and how they are run."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pytest_evalsuite.agents.environment import clipped
from pytest_evalsuite.errors import ConfigurationError

__all__ = ["described", "outcome", "validated"]


def described(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    """A function in OpenAI's form, from signature and docstring. Raises ConfigurationError where they give none."""
    from pydantic import TypeAdapter

    annotated: Any = function
    try:
        schema = TypeAdapter[Any](annotated).json_schema()
    except Exception as error:  # noqa: BLE001 - an annotation may be any expression
        raise ConfigurationError(
            f"the signature of the function {name!r} gives no schema ({clipped(str(error), 200)}); annotate its "
            "parameters with plain types, or say its schema in `tools`"
        ) from None
    if schema.get("type") != "object":
        raise ConfigurationError(f"the function {name!r}: a model gives arguments by name only")
    about = inspect.getdoc(function)
    return {
        "type": "function",
        "function": {"name": name, **({"description": about} if about else {}), "parameters": schema},
    }


def validated(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, called with what its annotations make of JSON values. The other way is a ValidationError."""
    from pydantic import TypeAdapter

    annotated: Any = function
    call = TypeAdapter[Any](annotated).validate_python

    @functools.wraps(function)
    def validating(**arguments: Any) -> Any:
        return call(arguments)

    return validating


async def outcome(function: Callable[..., Any], arguments: Mapping[str, Any]) -> tuple[Any, str | None]:
    """What the function gave, and what it failed with. One that is no coroutine function runs in a thread."""
    if inspect.iscoroutinefunction(function):
        result, error = _called(function, arguments)
    else:
        result, error = await asyncio.to_thread(_called, function, arguments)
    if not inspect.isawaitable(result):
        return result, error
    try:
        return await result, None
    except (Exception, SystemExit) as failure:  # noqa: BLE001 - the model is told, as it would be in service
        return None, _said(failure)


def _called(function: Callable[..., Any], arguments: Mapping[str, Any]) -> tuple[Any, str | None]:
    try:
        return function(**arguments), None
    except (Exception, SystemExit) as failure:  # noqa: BLE001 - a StopIteration would never leave a thread
        return None, _said(failure)


def _said(failure: BaseException) -> str:
    from pydantic import ValidationError

    if isinstance(failure, ValidationError):
        return "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in failure.errors())
    return f"{type(failure).__name__}: {failure}"
