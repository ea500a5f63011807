"""What happened while an agent was called: a trace of spans, its own or those of OpenTelemetry."""
