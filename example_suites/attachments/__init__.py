"""An agent that reads what is attached, and the test sets that it is evaluated with."""
