"""Runs that are kept, made by hand, for tests of what finds and changes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from records import passed, record, run_of

from pytest_evalsuite.runs.artifact import run_summary

__all__ = ["FIRST", "SECOND", "THIRD", "keep", "keep_three"]

FIRST = "20260101T000000Z-aaaa0001"
SECOND = "20260102T000000Z-aaaa0002"
THIRD = "20260103T000000Z-bbbb0003"


def keep(root: Path, run_id: str, *, name: str | None = None, **changes: Any) -> Path:
    """Keep a run of one passed and one failed case; changes to its ``run.json`` of ``...`` leave a field out."""
    path = root / ".evalsuite" / "runs" / run_id
    path.mkdir(parents=True)
    day, _, time = run_id.partition("T")
    started = f"{day[:4]}-{day[4:6]}-{day[6:]}T{time[:2]}:{time[2:4]}:{time[4:6]}.000Z"
    run = run_of(("refunds", "echo", [passed(), record()]), id=run_id, name=name, started_at=started)
    content = {**run_summary(run), "duration_seconds": 1.5, **changes}
    (path / "run.json").write_text(json.dumps({key: value for key, value in content.items() if value is not ...}))
    return path


def keep_three(root: Path) -> Path:
    """Keep three runs, the first two of one name; gives the project's folder."""
    keep(root, FIRST, name="baseline")
    keep(root, SECOND, name="baseline")
    keep(root, THIRD)
    return root
