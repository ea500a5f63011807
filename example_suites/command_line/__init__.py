"""An agent that calls tools, and what can be said of the calls."""
