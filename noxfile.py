"""The test suite on every supported Python and pytest, and on the oldest dependencies that we claim to support."""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["tests", "lowest"]

PROJECT = nox.project.load_toml("pyproject.toml")
TEST = nox.project.dependency_groups(PROJECT, "test", "beside", "frameworks")
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]


@nox.session(python=PYTHONS)
@nox.parametrize("pytest", ["pytest~=8.4.0", "pytest~=9.0.0", "pytest"], ids=["8.4", "9.0", "newest"])
def tests(session: nox.Session, pytest: str) -> None:
    """The whole suite."""
    session.install(".", pytest, *TEST)
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(python=PYTHONS)
def lowest(session: nox.Session) -> None:
    """The whole suite with each direct dependency at its lower bound."""
    bounds = [requirement.replace(">=", "==") for requirement in PROJECT["project"]["dependencies"]]
    session.install(".", *bounds, *TEST)
    session.run("python", "-m", "pytest", *session.posargs)
