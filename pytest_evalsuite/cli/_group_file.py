"""Group files on the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_evalsuite.errors import GroupError, TestSetError

if TYPE_CHECKING:
    from pytest_evalsuite.groups.file import GroupFile

__all__ = ["is_file", "read_file"]


def is_file(reference: str) -> bool:
    """Whether a group file is meant, there or not."""
    return Path(reference).suffix.lower() in {".yaml", ".yml"}


def read_file(path: Path, root: Path) -> GroupFile:
    """Read a group file. Raises GroupError with all of its mistakes."""
    from pytest_evalsuite.groups.file import load_group_file

    try:
        return load_group_file(path.absolute(), root=root, display_path=os.fspath(path))
    except TestSetError as error:
        raise GroupError(str(error)) from None
