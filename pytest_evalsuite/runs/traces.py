"""The traces of a run: those whose spans were kept beside its results, and of every other call the call itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_evalsuite.errors import StoreError
from pytest_evalsuite.runs.encoding import decode
from pytest_evalsuite.runs.reading import read_run
from pytest_evalsuite.runs.run import Run
from pytest_evalsuite.tracing.span import Trace, root_span, span_id

__all__ = ["KeptTraces", "Traces", "read_traces"]


class KeptTraces:
    """Traces of which spans were kept, in the folders of runs, by their id; read when one is first asked for."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    @cached_property
    def _lines(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for folder in self._folders:
            for path in sorted(folder.glob("spans*.jsonl")) if folder.is_dir() else ():
                try:
                    lines = path.read_bytes().split(b"\n")
                except OSError as error:
                    raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
                for line in lines:
                    if (trace_id := _id_of(line)) is not None:
                        found[trace_id] = line
        return found

    def line(self, trace_id: str) -> str | None:
        """The trace as its line of JSON, or None where no spans of it were kept."""
        line = self._lines.get(trace_id)
        return None if line is None else line.decode()

    def get(self, trace_id: str) -> Trace | None:
        """The trace, or None where no spans of it were kept. Raises StoreError for what is none."""
        line = self._lines.get(trace_id)
        if line is None:
            return None
        try:
            return Trace.from_json(decode(line))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StoreError(f"trace {trace_id} cannot be read: {error}") from None


class Traces:
    """The traces of a run. Every call is one: of a call without spans, it has the call itself alone."""

    def __init__(self, run: Run, folder: Path) -> None:
        self._run = run
        self._kept = KeptTraces([folder])

    def get(self, trace_id: str) -> Trace | None:
        """The trace of this id, or None."""
        record = self._records.get(trace_id)
        if record is None:
            return self._kept.get(trace_id)
        return next(trace for trace in self.of(record) if trace.trace_id == trace_id)

    def of(self, record: Mapping[str, Any]) -> Iterator[Trace]:
        """The traces of a result, one for each attempt that was made."""
        for number, answered in enumerate(record.get("attempts") or (record,), 1):
            if "trace_id" in answered:
                kept = self._kept.get(answered["trace_id"])
                yield kept or _bare(record, answered, answered.get("number", number))

    def __iter__(self) -> Iterator[Trace]:
        """All traces, in the order of the results."""
        for evaluation in self._run.evaluations:
            for record in self._run.records(evaluation):
                yield from self.of(record)

    @cached_property
    def _records(self) -> dict[str, dict[str, Any]]:
        return {
            answered["trace_id"]: record
            for evaluation in self._run.evaluations
            for record in self._run.records(evaluation)
            for answered in record.get("attempts") or (record,)
            if "trace_id" in answered
        }


def read_traces(path: Path) -> Traces:
    """The traces of the run in this folder, or of an artifact, which has no spans. Raises StoreError."""
    return Traces(read_run(path), path)


def _bare(record: Mapping[str, Any], answered: Mapping[str, Any], number: int) -> Trace:
    """The call itself, as the record tells it."""
    trace_id = str(answered["trace_id"])
    cause, took = answered.get("cause"), answered.get("execution_time_ms")
    asked = next((record[key] for key in ("question", "mapped_input", "inputs") if record.get(key) is not None), None)
    root = root_span(
        record["agent"],
        span_id(trace_id),
        asked=asked,
        answer=answered.get("actual_output", answered.get("actual_response")),
        error=None if cause is None or answered["status"] != "error" else cause["message"],
        started_at=_seconds(record.get("started_at")) if number == 1 else None,
        seconds=None if took is None else took / 1000,
    )
    place = {"test_set": record["test_set"], "case_id": record["case_id"], "agent": record["agent"]}
    return Trace(trace_id, [root], **place, number=number)


def _seconds(moment: Any) -> float | None:
    try:
        return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
    except (AttributeError, ValueError):
        return None


def _id_of(line: bytes) -> str | None:
    """The id of the trace that a line holds; None for one that was cut off."""
    try:
        trace_id = decode(line)["trace_id"] if line else None
    except (KeyError, TypeError, ValueError):
        return None
    return trace_id if isinstance(trace_id, str) else None
