"""A mistake before it has a place: which value is wrong, and how."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_evalsuite.testsets.values import Path, Refused

__all__ = ["Problem", "label", "refusals"]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the value at ``path`` (or with its key), the keys as they are written in the file."""

    path: Path
    message: str
    on_key: bool = False


def label(path: Path) -> str:
    """Name a path as a reader would: ``checks[0].keywords[1]``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def refusals(refused: Refused, *prefix: str | int) -> list[Problem]:
    """Give what was refused under ``prefix`` as problems."""
    return [Problem((*prefix, *path), message) for path, message in refused.problems]
