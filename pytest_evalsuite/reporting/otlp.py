"""Traces in OpenTelemetry's JSON, as its collector and the systems behind that read it.

The form is that of the OTLP specification 1.x (JSON Protobuf encoding, ids in hexadecimal digits).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pytest_evalsuite.runs.encoding import encode
from pytest_evalsuite.tracing.span import Span, Trace, span_id
from pytest_evalsuite.version import __version__

__all__ = ["otlp_parts"]

INTERNAL: Final = 1
STATUS: Final = {"ok": 1, "error": 2, "unfinished": 0}
MICRO: Final = 1_000_000
HEX_TRACE: Final = 32


def otlp_parts(traces: Iterable[Trace]) -> Iterator[str]:
    """The text of a ``TracesData`` document, piece by piece."""
    resource = encode({"attributes": [_attribute("service.name", "pytest-evalsuite")]})
    scope = encode({"name": "pytest_evalsuite", "version": __version__})
    yield f'{{"resourceSpans":[{{"resource":{resource},"scopeSpans":[{{"scope":{scope},"spans":['
    comma = ""
    for trace in traces:
        for span in trace.spans:
            yield comma + encode(_span(span, trace))
            comma = ","
    yield "]}]}]}\n"


def _span(span: Span, trace: Trace) -> dict[str, Any]:
    attributes = {**span.attributes, **_told(span)}
    if span is trace.root:
        attributes |= {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": trace.agent,
            "evalsuite.test_set": trace.test_set,
            "evalsuite.case_id": trace.case_id,
            "evalsuite.attempt": trace.number,
        }
    shown: dict[str, Any] = {"traceId": _trace_id(trace.trace_id), "spanId": span.span_id}
    if span.parent_id is not None:
        shown["parentSpanId"] = span.parent_id
    status: dict[str, Any] = {"code": STATUS[span.status]}
    if span.message is not None:
        status["message"] = span.message
    return {
        **shown,
        "name": span.name,
        "kind": INTERNAL,
        "startTimeUnixNano": _nano(span.started_at),
        "endTimeUnixNano": _nano(span.ended_at),
        "attributes": [_attribute(key, value) for key, value in attributes.items()],
        "events": [
            {
                "name": str(event.get("name", "")),
                "timeUnixNano": _nano(event.get("at")),
                "attributes": [_attribute(key, value) for key, value in (event.get("attributes") or {}).items()],
            }
            for event in span.events
        ],
        "status": status,
    }


def _told(span: Span) -> dict[str, Any]:
    """Kind, input and output, where no attribute tells them already."""
    told: dict[str, Any] = {}
    if span.kind and not any(key.endswith(("operation.name", "span.kind")) for key in span.attributes):
        told["openinference.span.kind"] = span.kind.upper()
    for key, value in (("input.value", span.input), ("output.value", span.output)):
        if value is not None and key not in span.attributes:
            told[key] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return told


def _trace_id(trace_id: str) -> str:
    """32 hex digits: those of another system's id that has another form are made of it."""
    is_one = len(trace_id) == HEX_TRACE and not set(trace_id) - set("0123456789abcdef")
    return trace_id if is_one else span_id(trace_id, "high") + span_id(trace_id, "low")


def _nano(moment: Any) -> str:
    """Nanoseconds, in the digits of a microsecond; 0: not known."""
    known = isinstance(moment, (int, float)) and not isinstance(moment, bool) and moment > 0
    return str(round(moment * MICRO) * 1000) if known else "0"


def _attribute(key: str, value: Any) -> dict[str, Any]:
    return {"key": key, "value": _value(value)}


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int) and abs(value) < 2**63:
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, (list, tuple)):
        return {"arrayValue": {"values": [_value(part) for part in value]}}
    if isinstance(value, Mapping):
        return {"kvlistValue": {"values": [_attribute(str(key), part) for key, part in value.items()]}}
    return {} if value is None else {"stringValue": str(value)}
