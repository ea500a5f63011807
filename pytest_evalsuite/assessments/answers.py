"""What of a run can be assessed: each attempt's answer is a trace, of which spans may be known."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from pytest_evalsuite.errors import AssessmentError
from pytest_evalsuite.runs.run import CaseKey, Run
from pytest_evalsuite.runs.traces import Traces
from pytest_evalsuite.tracing.span import span_id

__all__ = ["Answer", "Answers", "answer_digest"]

ANSWERED: Final = frozenset({"passed", "failed", "error"})
NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """One attempt at a case, and the trace that assessments of it name.

    ``told`` is what the record says of this attempt (the record itself where there is one only), ``number`` counts
    from 1.
    """

    key: CaseKey
    number: int
    trace_id: str
    record: Mapping[str, Any]
    told: Mapping[str, Any]

    @property
    def is_shown(self) -> bool:
        """Whether the record shows this answer as that of the case."""
        return answer_digest(self.told) == answer_digest(self.record)


class Answers:
    """The answers of one run, by trace."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.run_id = str(run.info["id"])
        self._traces = Traces(run, folder)
        self._by_trace: dict[str, Answer] = {}
        self._by_case: dict[CaseKey, list[Answer]] = {}
        for answer in _answers_of(run):
            if answer.trace_id in self._by_trace:  # its agent gives several answers one id
                answer = replace(answer, trace_id=_made_up(self.run_id, answer.key, answer.number))  # noqa: PLW2901
            self._by_trace[answer.trace_id] = answer
            self._by_case.setdefault(answer.key, []).append(answer)

    def __iter__(self) -> Iterator[Answer]:
        return iter(self._by_trace.values())

    def get(self, trace_id: str) -> Answer | None:
        """The answer whose trace this is, or None."""
        return self._by_trace.get(trace_id)

    def of_case(self, key: CaseKey) -> Sequence[Answer]:
        """The answers to a case, none where it was not put to its agent."""
        return self._by_case.get(key, ())

    def root_of(self, trace_id: str) -> str:
        """The id of the root span of a trace of this run."""
        trace = self._traces.get(trace_id)
        return span_id(trace_id) if trace is None else trace.root.span_id

    def name_of(self, trace_id: str, span: str) -> str:
        """What a span is called, or its id where the trace does not have it."""
        trace = self._traces.get(trace_id)
        found = None if trace is None else trace.get(span)
        return span if found is None else found.name

    def span_of(self, trace_id: str, span: str | None) -> str:
        """The id of the span that is meant: by its id, or a name that one span of the trace alone has; else the root.

        Raises AssessmentError where the run has no such trace, or the trace no such span.
        """
        if trace_id not in self._by_trace:
            raise AssessmentError(f"run {self.run_id} has no trace {trace_id!r}{self._known()}")
        root = self.root_of(trace_id)
        trace = self._traces.get(trace_id)
        if span is None or span == root:
            return root
        spans = [] if trace is None else list(trace.spans)
        if any(one.span_id == span for one in spans):
            return span
        named = [one.span_id for one in spans if one.name == span]
        if len(named) == 1:
            return named[0]
        if named:
            raise AssessmentError(f"trace {trace_id} has {len(named)} spans named {span!r}: give the id of one")
        known = [f"{one.span_id} ({one.name})" for one in spans] or [f"{root} (the root)"]
        raise AssessmentError(f"trace {trace_id} has no span {span!r}: it has {_listed(known)}")

    def _known(self) -> str:
        known = [f"{one.trace_id} ({one.key.case_id})" for one in self]
        return f": it has {_listed(known)}" if known else ": no case of it was put to an agent"


def _answers_of(run: Run) -> Iterator[Answer]:
    """Every attempt of a run, in its order."""
    for evaluation in run.evaluations:
        for record in run.records(evaluation):
            yield from _answers_in(record, str(run.info["id"]))


def _answers_in(record: Mapping[str, Any], run_id: str) -> Iterator[Answer]:
    """Every attempt that a record tells of; none of a case that was not put to its agent."""
    if record["status"] not in ANSWERED or "execution_time_ms" not in record:
        return
    key = CaseKey(record["test_set"], record["case_id"], record["agent"])
    for number, told in enumerate(record.get("attempts") or (record,), 1):
        trace_id = told.get("trace_id")
        if not isinstance(trace_id, str) or not trace_id:  # kept by a version that gave none
            trace_id = _made_up(run_id, key, number)
        yield Answer(key, told.get("number", number), trace_id, record, told)


def _made_up(run_id: str, key: CaseKey, number: int) -> str:
    """An id for the trace of an answer that has none of its own, the same each time."""
    return _derived(16, run_id, *key, str(number))


def answer_digest(told: Mapping[str, Any]) -> str | None:
    """A digest of what was answered, its text or its structure, nothing else; None where there was no answer."""
    if "actual_output" in told:
        return _derived(16, "output", json.dumps(told["actual_output"], sort_keys=True))
    text = told.get("actual_response")
    return None if text is None else _derived(16, "text", text)


def _derived(size: int, *parts: str) -> str:
    text = json.dumps(parts)
    return blake2b(text.encode(), digest_size=size).hexdigest()


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
