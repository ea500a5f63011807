"""Tables of texts on a terminal, as reports have them."""

from __future__ import annotations

from pytest_evalsuite.reporting.tables import moment, shortened, table

__all__ = ["moment", "shortened", "table"]
