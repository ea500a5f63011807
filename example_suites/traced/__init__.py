"""An agent that tells its steps through OpenTelemetry, and cases that look at them."""
