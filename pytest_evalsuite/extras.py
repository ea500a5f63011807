"""Libraries that only some parts need, and that are installed only when asked for."""

from __future__ import annotations

from importlib.util import find_spec

from pytest_evalsuite.errors import ConfigurationError

__all__ = ["missing_library", "require"]


def missing_library(what: str, extra: str, *modules: str) -> str | None:
    """Say what to install where a module that something needs is not there, or None; imports nothing."""
    missing = [module for module in modules if find_spec(module) is None]
    if not missing:
        return None
    are = "which is not installed" if len(missing) == 1 else "which are not installed"
    return f"{what} needs {' and '.join(missing)}, {are}: pip install 'pytest-evalsuite[{extra}]'"


def require(what: str, extra: str, *modules: str) -> None:
    """Raise ConfigurationError where a module is not there, with what to install; imports nothing."""
    if (missing := missing_library(what, extra, *modules)) is not None:
        raise ConfigurationError(missing)
