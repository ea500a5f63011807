"""Libraries that only some methods need, and that are installed only when asked for."""

from __future__ import annotations

from importlib.util import find_spec

__all__ = ["missing_library"]


def missing_library(method: str, module: str, extra: str) -> str | None:
    """Say what to install where the module that a method needs is not there, or None; imports nothing."""
    if find_spec(module) is not None:
        return None
    return f"{method} needs {module}, which is not installed: pip install 'pytest-evalsuite[{extra}]'"
