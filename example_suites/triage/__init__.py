"""An agent that sorts support mail, and the test sets that it is evaluated with."""
