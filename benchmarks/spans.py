"""What listening to OpenTelemetry costs, beside what its SDK takes by itself to make the same spans."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from _measure import Command, Row, in_turn, inner, median, script

MOST = 60.0
"""Microseconds a span above the SDK's own cost."""

SPANS = 20
"""Of one call: a chat with tools, and what lies below them."""

MAKE = """
import json, sys, time
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

calls, spans = map(int, sys.argv[1:])
provider = TracerProvider()
trace.set_tracer_provider(provider)
tracer = provider.get_tracer("bench")
TOLD = {
    "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "look", "gen_ai.tool.call.id": "call_17",
    "gen_ai.tool.call.arguments": '{"what": "tea", "top": 3}', "gen_ai.tool.call.result": '["green", "black"]',
}

def agent():
    for number in range(spans // 2):
        with tracer.start_as_current_span(f"step {number}"):
            with tracer.start_as_current_span("execute_tool look", attributes=TOLD):
                pass

def timed(call):
    for _ in range(20):
        call()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(calls):
        call()
    print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))
"""

BARE = """
timed(agent)
"""

CAPTURED = """
from pytest_evalsuite.tracing.capture import Capture

def call():
    capture = Capture("agent")
    with capture.active():
        agent()
    assert len(capture.close().spans) == spans

timed(call)
"""

KEPT = """
from pytest_evalsuite.runs.encoding import encode
from pytest_evalsuite.tracing.capture import Capture
from pytest_evalsuite.tracing.span import Trace, root_span

out = open("spans.jsonl", "wb", buffering=0)

def call():
    capture = Capture("agent")
    with capture.active():
        agent()
    trace = capture.close()
    root = root_span("agent", trace.root_id, asked="", answer="", error=None, started_at=1.0, seconds=1.0)
    out.write(encode(Trace(trace.trace_id, [root, *trace.spans]).as_json()).encode())

timed(call)
"""


def measure(quick: bool) -> list[Row]:
    """CPU microseconds a span, above those of the SDK: taken, and taken and written."""
    calls, rounds = (50, 1) if quick else (1000, 5)
    with tempfile.TemporaryDirectory() as name:

        def command(code: str) -> Command:
            return Command([sys.executable, "-c", MAKE + code, str(calls), str(SPANS)], Path(name))

        costs = in_turn({"bare": command(BARE), "captured": command(CAPTURED), "kept": command(KEPT)}, rounds)
    took = {contender: inner(each) for contender, each in costs.items()}

    def a_span(contender: str) -> float:
        return median(took[contender], "cpu") / (calls * SPANS) * 1e6

    def row(contender: str, what: str) -> Row:
        above = a_span(contender) - a_span("bare")
        shown = f"{a_span(contender):.1f} µs", f"{a_span('bare'):.1f} µs SDK"
        return Row(
            f"a span of OpenTelemetry {what}, above the SDK",
            *shown,
            f"{above:.1f} µs",
            f"≤ {MOST:g} µs",
            above <= MOST,
        )

    return [row("captured", "taken"), row("kept", "taken and written")]


if __name__ == "__main__":
    script(measure)
