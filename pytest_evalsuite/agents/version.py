"""What tells one state of an agent from another: results of different ones must not be mixed."""

from __future__ import annotations

import functools
import inspect
from hashlib import blake2b
from pathlib import Path
from typing import Any

__all__ = ["described", "version_of"]


def version_of(target: Any) -> str | None:
    """The agent's version: what its attribute ``eval_version`` says, else a digest of the file that defines it.

    The digest is 8 hex digits. None where neither can be had: a built-in, an object that was made at a prompt.
    """
    declared = getattr(target, "eval_version", None)
    if isinstance(declared, (str, int, float)):
        return str(declared)
    try:
        path = inspect.getsourcefile(_definition(target))
        return None if path is None else blake2b(Path(path).read_bytes(), digest_size=4).hexdigest()
    except (OSError, TypeError, ValueError):
        return None


def described(target: Any) -> str:
    """Where the agent is from, as ``module:name`` of its function or class."""
    definition = _definition(target)
    return f"{definition.__module__}:{getattr(definition, '__qualname__', type(definition).__name__)}"


def _definition(target: Any) -> Any:
    """The function, class or module that the target is, or the class of what it is, behind partials and decorators."""
    while isinstance(target, functools.partial):
        target = target.func
    target = inspect.unwrap(target)
    if any(is_one(target) for is_one in (inspect.ismethod, inspect.isfunction, inspect.isclass, inspect.ismodule)):
        return target
    return type(target)
