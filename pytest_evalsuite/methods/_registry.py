"""A test method is found by its name.

A built-in one is the module of this package that bears the name, so a new one needs no edit elsewhere and an unused
one is never imported. Further ones are registered by hand or offered by installed packages as entry points.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from typing import Any, Final

from pytest_evalsuite.errors import ConfigurationError
from pytest_evalsuite.methods._base import Method

__all__ = ["ENTRY_POINTS", "MethodRegistry", "get_method", "method_names"]

ENTRY_POINTS: Final = "pytest_evalsuite.methods"
"""The entry point group in which an installed package offers methods."""

ALIASES: Final = {
    "compare_meaning": "semantic_quality",
    "cosine_similarity": "semantic",
    "f1": "token_f1",
    "partial_match": "keyword_match",
    "text_similarity": "similarity",
}
"""What other systems call a built-in method."""

_PACKAGE: Final = "pytest_evalsuite.methods"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


class MethodRegistry:
    """The methods that one session knows: the built-in ones, those registered, those of installed packages.

    They are looked up in this order, so a name that is built in cannot be taken, and a registered method goes before
    an installed one. Instances share nothing that changes.
    """

    def __init__(self) -> None:
        self._given: dict[str, object] = {}
        self._methods: dict[str, type[Method]] = {}
        self._offered: dict[str, list[EntryPoint]] | None = None

    def register(self, name: str, method: type[Method] | Callable[..., Any]) -> type[Method]:
        """Make a Method subclass, or a function that scores an answer, known under ``name``; give its class.

        Registering the same object again changes nothing. Raises ConfigurationError when the name is malformed, built
        in or taken by another object, or when the object cannot be a method.
        """
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"a method's name is lower-case letters, digits and _, beginning with a letter; not {name!r}"
            )
        if name in _builtin_names():
            raise ConfigurationError(f"method {name!r} is built in: register yours under another name")
        if name in self._given:
            if self._given[name] is not method:
                raise ConfigurationError(f"method {name!r} is registered twice: {self._given[name]!r} and {method!r}")
            return self._methods[name]
        self._methods[name] = _as_method(name, method)
        self._given[name] = method
        return self._methods[name]

    def get(self, name: str) -> type[Method]:
        """Give the method of this name; raises ConfigurationError, with the nearest name, when there is none."""
        if name in self._methods:
            return self._methods[name]
        if ALIASES.get(name, name) in _builtin_names():
            return _builtin(ALIASES.get(name, name))
        if name in self._entry_points():
            return self.register(name, _load(self._entry_points()[name]))
        raise ConfigurationError(_unknown(name, self.names()))

    def names(self) -> tuple[str, ...]:
        """Names of all methods, sorted; importing none of them."""
        return tuple(sorted({*_builtin_names(), *self._given, *self._entry_points()}))

    def _entry_points(self) -> dict[str, list[EntryPoint]]:
        if self._offered is None:
            self._offered = {}
            for entry in entry_points(group=ENTRY_POINTS):
                self._offered.setdefault(entry.name, []).append(entry)
        return self._offered


_default: Final = MethodRegistry()


def get_method(name: str) -> type[Method]:
    """Give the built-in or installed method of this name; raises ConfigurationError when there is none."""
    return _default.get(name)


def method_names() -> tuple[str, ...]:
    """Names of the built-in and installed methods, sorted."""
    return _default.names()


@cache
def _builtin_names() -> frozenset[str]:
    folder = import_module(_PACKAGE).__path__
    return frozenset(module.name for module in iter_modules(folder) if not module.name.startswith("_"))


@cache
def _builtin(name: str) -> type[Method]:
    module = import_module(f"{_PACKAGE}.{name}")
    (found,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Method) and vars(value).get("method") == name
    )
    return found


def _as_method(name: str, method: object) -> type[Method]:
    if isinstance(method, type) and issubclass(method, Method):
        if getattr(method, "method", None) != name:
            raise ConfigurationError(f'class {method.__qualname__} must say method = "{name}" to be method {name!r}')
        return method
    if isinstance(method, type) or not callable(method):
        raise ConfigurationError(f"method {name!r} must be a function or a subclass of Method, not {method!r}")
    from pytest_evalsuite.methods._function import function_method

    return function_method(name, method)


def _load(offers: list[EntryPoint]) -> Any:
    entry = offers[0]
    if len({offer.value for offer in offers}) > 1:
        values = " and ".join(offer.value for offer in offers)
        raise ConfigurationError(f"method {entry.name!r} is offered by two installed packages: {values}")
    try:
        return entry.load()
    except Exception as error:
        raise ConfigurationError(
            f"method {entry.name!r} cannot be loaded from {entry.value}: {type(error).__name__}: {error}"
        ) from error


def _unknown(name: object, known: tuple[str, ...]) -> str:
    near = get_close_matches(str(name), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown method {name!r}{hint} (known: {', '.join(known)})"
