"""An agent behind an HTTP address: a service of the suite's own, started by a fixture."""
