"""The trace of one attempt: what was captured of its steps below the call itself."""

from __future__ import annotations

from pytest_evalsuite.execution.call import Attempt
from pytest_evalsuite.execution.failure import describe_error
from pytest_evalsuite.testsets.model import Case
from pytest_evalsuite.tracing.span import Trace, root_span

__all__ = ["trace_of"]


def trace_of(case: Case, attempt: Attempt, *, test_set: str, agent: str) -> Trace:
    """The attempt's trace, with the call as its root."""
    asked = case.question if case.question is not None else case.inputs if case.mapped is None else case.mapped
    root = root_span(
        agent,
        attempt.trace.root_id,
        asked=asked,
        answer=None if attempt.reply is None else attempt.reply.output,
        error=None if attempt.error is None else describe_error(attempt.error)["message"],
        started_at=attempt.started_at,
        seconds=attempt.seconds,
    )
    traced = attempt.trace
    spans = [root, *(traced.spans or ())]
    return Trace(traced.trace_id, spans, test_set, case.id, agent, attempt.number, traced.dropped)
