"""What test sets may say one day: refused by name until then, never ignored.

To support one, delete its entry here.
"""

from __future__ import annotations

from typing import Final

__all__ = ["LATER_CASE_FIELDS", "LATER_SET_FIELDS"]

NOT_YET: Final = "is not supported yet"

LATER_SET_FIELDS: Final = frozenset(
    {
        "inputs_schema",
        "mapping",
        "outputs_schema",
    }
)
LATER_CASE_FIELDS: Final = frozenset({"mapping"})
