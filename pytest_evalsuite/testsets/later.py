"""What test sets may say one day: refused by name until then, never ignored.

To support one, delete its entry here.
"""

from __future__ import annotations

from typing import Final

__all__ = ["LATER_CASE_FIELDS", "LATER_MODES", "LATER_SET_FIELDS"]

NOT_YET: Final = "is not supported yet"

LATER_SET_FIELDS: Final = frozenset(
    {
        "conversations",
    }
)
LATER_CASE_FIELDS: Final = frozenset({"file_mime_type", "file_url"})
LATER_MODES: Final = frozenset({"scenario"})
