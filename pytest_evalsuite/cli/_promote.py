"""``evalsuite assess promote``: what people have corrected or approved becomes what is expected."""

from __future__ import annotations

from typing import Any

__all__ = ["add_parser"]


def add_parser(verbs: Any) -> None:
    """Add the verb."""
