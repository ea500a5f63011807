"""Extension points of pytest-evalsuite, for a ``conftest.py`` or another plugin.

They are called only under ``--eval-suite``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

__all__ = [
    "pytest_evalsuite_agents",
    "pytest_evalsuite_judges",
    "pytest_evalsuite_methods",
    "pytest_evalsuite_on_fail",
    "pytest_evalsuite_secrets",
]


@pytest.hookspec
def pytest_evalsuite_agents(config: pytest.Config) -> Mapping[str, Any] | None:
    """Name agents: a mapping of name to a callable, a class, an object that runs, or ``"module:attribute"``.

    A name given here wins over the same name in the ini value ``evalsuite_agents``. A ``conftest.py`` speaks for the
    test sets in its folder and below.
    """


@pytest.hookspec
def pytest_evalsuite_methods(config: pytest.Config) -> Mapping[str, Any] | None:
    """Name test methods: a mapping of name to a function or a `Method` subclass.

    A function takes by name what it wants of ``question``, ``expected``, ``actual``, ``output``, ``inputs``,
    ``reply``, ``metadata``; its other parameters are the method's options. It returns a bool, a number in 0..1 or a
    `Score`.
    """


@pytest.hookspec
def pytest_evalsuite_judges(config: pytest.Config) -> Mapping[str, Any] | None:
    """Name judges: a mapping of name to a function, an object with ``judge`` and ``identity``, or a judge's name.

    A function takes by name what it wants of ``question``, ``answer``, ``expected``, ``criteria``, ``guidelines``,
    ``inputs``, ``context``, ``language``, ``request``. It returns the value that is asked for (a bool, a number, a
    label), a mapping in the form of a verdict with a ``reason``, or a `Verdict`.
    """


@pytest.hookspec
def pytest_evalsuite_on_fail(record: Mapping[str, Any]) -> None:
    """Hear of a case that failed: to collect it, to open an issue, to send a message.

    It is called once for each, as soon as it is reported, in the process that reports (under xdist not in a worker;
    a ``conftest.py`` must lie in the root folder then). An error is no failure, and a case that is expected to fail
    is none. ``record`` is the case's result as the artifact holds it. What it raises becomes a warning.
    """


@pytest.hookspec
def pytest_evalsuite_secrets(
    config: pytest.Config,
) -> Iterable[str | re.Pattern[str]] | Mapping[str, str | re.Pattern[str]] | None:
    """Name secrets that no file and no terminal may show: values of four characters or more, compiled patterns.

    A mapping gives a value the name that stands for it. Of a pattern, the group ``secret`` is replaced, or all that it
    matches. It is called when the session starts and again when everything is collected, in workers of xdist too.
    """
