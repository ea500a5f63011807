"""Libraries that only some agents need, and that are installed only when asked for."""

from __future__ import annotations

from importlib.util import find_spec

from pytest_evalsuite.errors import ConfigurationError

__all__ = ["require"]


def require(what: str, extra: str, *modules: str) -> None:
    """Raise ConfigurationError that says what to install where a module is not there; imports nothing."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise ConfigurationError(
            f"{what} needs {' and '.join(missing)}, which is not installed: pip install 'pytest-evalsuite[{extra}]'"
        )
