"""A run, told: on the terminal, as CSV."""
