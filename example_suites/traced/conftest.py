"""Names the agent of this folder, and sets OpenTelemetry up as an application does."""

from __future__ import annotations

from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from .agent import clerk

exporter = InMemorySpanExporter()
"""Stands for the exporter of the application: it gets every span too."""


def pytest_evalsuite_agents() -> dict[str, Any]:
    """The clerk, and where its spans go."""
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        provider = TracerProvider(resource=Resource.create({"service.name": "library"}), shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        trace.set_tracer_provider(provider)
    return {"library_clerk": clerk}
