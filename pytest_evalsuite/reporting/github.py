"""What GitHub Actions shows of a run: the job's summary, and marks in the files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.reporting.escape import UNSAFE, visible
from pytest_evalsuite.reporting.failure import case_file, headline
from pytest_evalsuite.runs.encoding import decode
from pytest_evalsuite.runs.run import Run

__all__ = ["annotation_commands", "append_to_step_summary"]

SUMMARY: Final = "GITHUB_STEP_SUMMARY"
SHOWN: Final = 10
"""Errors that GitHub shows of one step."""


def append_to_step_summary(text: str) -> None:
    """Append Markdown to the summary of the job. Raises StoreError outside GitHub Actions, or where it fails."""
    name = os.environ.get(SUMMARY)
    if not name:
        raise StoreError(f"--eval-github summary: ${SUMMARY} is not set; GitHub Actions sets it")
    try:
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
    except OSError as error:
        raise StoreError(f"--eval-github summary: cannot write {name}: {error.strerror or error}") from error


def annotation_commands(run: Run) -> Iterator[str]:
    """A workflow command for each case that fails the run, ten at most, and one that counts the others."""
    count = 0
    for evaluation in run.evaluations:
        for key in evaluation.keys:
            brief = run.results.brief(key)
            if brief.gate_status not in ("failed", "error") or brief.known_failure or brief.tolerated:
                continue
            count += 1
            if count <= SHOWN:
                record = decode(run.results.line(key))
                place = f"file={_property(case_file(record))},line={record['line']}"
                yield f"::error {place},title={_property(key.case_id)}::{_message(headline(record))}"
    if count > SHOWN:
        yield f"::notice::{count - SHOWN:,} more cases fail the run"


def _message(text: str) -> str:
    return UNSAFE.sub(visible, text).replace("%", "%25")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
