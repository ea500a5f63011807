"""Who assesses: whom the environment names, whom git knows, or the account."""

from __future__ import annotations

import contextlib
import getpass
import os
from pathlib import Path
from typing import Final

from pytest_evalsuite.comparison.git import user_email

__all__ = ["VARIABLE", "default_author"]

VARIABLE: Final = "EVALSUITE_AUTHOR"


def default_author(folder: Path) -> str | None:
    """The name under which to keep what is said in this folder; None where nobody is known."""
    named = os.environ.get(VARIABLE, "").strip() or user_email(folder)
    if named:
        return named
    with contextlib.suppress(OSError, KeyError, ImportError):  # an account without a name
        return getpass.getuser()
    return None
