"""One case is put to its agent, and its answers are scored."""
